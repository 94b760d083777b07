import type { Knex } from 'knex'
import { named } from '../database/named.ts'
import { sweepBefore } from '../database/sweep.ts'
import type { Attachment, DevMail, KeptMail, Posted, Wanted } from './model.ts'

type Row = {
  id: string
  recipient: string
  subject: string
  body_text: string
  body_html: string
  at: Date
  attachments: Attachment[]
}

/** So many mails /dev/mail keeps: the newest. */
const KEPT = 200

/** Keeps a mail for /dev/mail; the same id twice is one mail (jobs come at least once). Older ones make room. */
export async function keepDevMail(db: Knex, id: string, mail: DevMail): Promise<void> {
  await db('dev_mails')
    .insert({
      id,
      recipient: mail.to,
      subject: mail.subject,
      body_text: mail.text,
      body_html: mail.html,
      at: mail.at,
      attachments: JSON.stringify(mail.attachments),
    })
    .onConflict('id')
    .ignore()
  const newest = db('dev_mails').select('id').orderBy('at', 'desc').limit(KEPT)
  await db('dev_mails').whereNotIn('id', newest).delete()
}

/** Newest first. */
export async function devMails(db: Knex): Promise<KeptMail[]> {
  const rows = await db<Row>('dev_mails').select('*').orderBy('at', 'desc').limit(KEPT)
  return rows.map(({ id, recipient, subject, body_text, body_html, at, attachments }) => {
    return { id, to: recipient, subject, text: body_text, html: body_html, at, attachments }
  })
}

type NoticeRow = {
  id: string
  resident_id: string
  kind: string
  must_read: boolean
  values: unknown
  link: string | null
  once: string | null
  posted_at: Date
  read_at: Date | null
}

const fromRow = (row: NoticeRow): Posted => ({
  id: row.id,
  kind: row.kind,
  mustRead: row.must_read,
  values: row.values,
  link: row.link,
  postedAt: row.posted_at,
  readAt: row.read_at,
})

/** Lays notices down; one with a mark its resident has already is left out. @returns how many are new */
export async function insertNotices(
  db: Knex,
  rows: readonly Omit<NoticeRow, 'read_at'>[],
): Promise<number> {
  if (!rows.length) return 0
  const added = await db('resident_notices')
    .insert(rows.map((row) => ({ ...row, values: JSON.stringify(row.values) })))
    .onConflict(db.raw('(resident_id, once) where once is not null'))
    .ignore()
    .returning('id')
  return added.length
}

/** Newest first. */
export async function noticesOf(
  db: Knex,
  residentId: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ notices: Posted[]; total: number }> {
  const mine = db<NoticeRow>('resident_notices').where('resident_id', residentId)
  const rows = await mine
    .clone()
    .orderBy([{ column: 'posted_at', order: 'desc' }, 'id'])
    .limit(limit)
    .offset(offset)
  const counted = await mine.clone().count<{ n: string }[]>({ n: '*' })
  return { notices: rows.map(fromRow), total: Number(counted[0]?.n ?? 0) }
}

/** One of this resident, read from now on; the first reading counts. */
export async function open(
  db: Knex,
  residentId: string,
  id: string,
  at: Date,
): Promise<Posted | undefined> {
  const [row] = await db<NoticeRow>('resident_notices')
    .where({ id, resident_id: residentId })
    .update({ read_at: db.raw('coalesce(read_at, ?)', [at]) as unknown as Date })
    .returning('*')
  return row && fromRow(row)
}

const UNREAD = {
  name: 'notices_unread',
  text: `select id, kind, must_read, "values", link, posted_at, read_at, (count(*) over ())::int as n
    from resident_notices where resident_id = $1 and read_at is null
    order by must_read desc, posted_at desc limit 5`,
}

/** What is unread: how many, and the newest of them, those first that must be read. One statement a page. */
export async function unread(
  db: Knex,
  residentId: string,
): Promise<{ count: number; notices: Posted[] }> {
  const { rows } = await named<NoticeRow & { n: number }>(db, UNREAD, [residentId])
  return { count: rows[0]?.n ?? 0, notices: rows.map(fromRow) }
}

/** No row: everything is wanted. */
export async function wanted(db: Knex, residentId: string): Promise<Wanted> {
  const row = await db<Wanted>('notice_settings')
    .where('resident_id', residentId)
    .first('digest', 'reminder')
  return row ?? { digest: true, reminder: true }
}

export async function setWanted(
  db: Knex,
  residentId: string,
  { digest, reminder }: Wanted,
  at: Date,
): Promise<void> {
  await db('notice_settings')
    .insert({ resident_id: residentId, digest, reminder, at })
    .onConflict('resident_id')
    .merge()
}

/** Notices that were read before then; what nobody read stays. */
export async function deleteReadBefore(db: Knex, before: Date): Promise<void> {
  await sweepBefore(db, 'resident_notices', 'read_at', before)
}

/** Nothing of it is evidence, so nothing stays of a closed account. */
export async function forget(db: Knex, residentIds: readonly string[]): Promise<void> {
  for (const table of ['resident_notices', 'notice_settings'])
    await db(table)
      .whereIn('resident_id', [...residentIds])
      .delete()
}

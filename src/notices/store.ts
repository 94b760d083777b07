import type { Knex } from 'knex'
import type { DevMail } from './model.ts'

type Row = { recipient: string; subject: string; body_text: string; body_html: string; at: Date }

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
    })
    .onConflict('id')
    .ignore()
  const newest = db('dev_mails').select('id').orderBy('at', 'desc').limit(KEPT)
  await db('dev_mails').whereNotIn('id', newest).delete()
}

/** Newest first. */
export async function devMails(db: Knex): Promise<DevMail[]> {
  const rows = await db<Row>('dev_mails').select('*').orderBy('at', 'desc').limit(KEPT)
  return rows.map(({ recipient, subject, body_text, body_html, at }) => {
    return { to: recipient, subject, text: body_text, html: body_html, at }
  })
}

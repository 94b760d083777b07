import type { Knex } from 'knex'
import type { PartialDraft } from './draft_schema.ts'

/** Whether another service of the company, or another draft of it that is still open, has this key. */
export async function isKeyTaken(
  db: Knex,
  { clientId, key, memberId }: { clientId: string; key: string; memberId: string },
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `select 1 from services where client_id = :clientId
     union all
     select 1 from proposals p
     join proposal_revisions r on r.proposal_id = p.id and r.revision = p.revision
     where p.kind = 'service' and p.member_id = :memberId
       and p.state in ('draft', 'submitted', 'returned', 'proposed')
       and r.body -> 'asked' ->> 'key' = :key`,
    { clientId, key, memberId },
  )
  return rows.length > 0
}

/** Of two drafts of one service begun at once, one sees the other; held until the transaction ends. */
export async function lockSubject(db: Knex, id: string): Promise<void> {
  await db.raw(`select pg_advisory_xact_lock(hashtextextended('service draft ' || :id, 0))`, { id })
}

export type LogoRow = { sha256: string; memberId: string; png: Buffer; at: Date }

/** Keeps a logo; the same picture of the same company is kept once. */
export async function keepLogo(db: Knex, row: LogoRow): Promise<void> {
  const { sha256, memberId, png, at } = row
  await db('service_logos')
    .insert({ sha256, member_id: memberId, png, created_at: at })
    .onConflict(['sha256', 'member_id'])
    .ignore()
}

export async function hasLogo(db: Knex, sha256: string, memberId: string): Promise<boolean> {
  return (
    (await db('service_logos').where({ sha256, member_id: memberId }).first('sha256')) !== undefined
  )
}

/** The picture itself: content-addressed, so its address is known only to whom it was shown. */
export async function logo(db: Knex, sha256: string): Promise<Buffer | undefined> {
  const row = await db('service_logos').where({ sha256 }).first<{ png: Buffer } | undefined>('png')
  return row?.png
}

/** What is asked for of a stored proposal body. */
export const askedIn = (body: { [key: string]: unknown }) => body['asked'] as PartialDraft

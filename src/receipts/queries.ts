import type { Knex } from 'knex'
import type { ConsentRow, Entry } from './model.ts'

const select = `
  select c.id, c.agreement_id as "agreementId", c.version, c.kind, c.service_id as "serviceId",
    c.service_version_id as "serviceVersionId", c.contract_version_id as "contractVersionId",
    (select v.id from member_versions v where v.member_id = c.member_id
      order by (v.created_at <= c.agreed_at) desc,
        case when v.created_at <= c.agreed_at then v.version end desc nulls last, v.version
      limit 1) as "memberVersionId",
    c.template, c.template_version as "templateVersion", encode(c.template_hash, 'hex') as "templateHash",
    c.language, encode(c.page_hash, 'hex') as "pageHash", c.shown_at as "shownAt", c.agreed_at as "agreedAt",
    c.items, c.declined, c.subject_type as "subjectType", c.ends_at as "endsAt",
    c.deletion_requested as "deletionRequested", c.acted_by as "actedBy", c.on_request as "onRequest",
    encode(c.leaf_hash, 'hex') as "leafHash"
  from consents c`

/** A page of a resident's receipts, newest first, and how many there are. */
export async function list(
  db: Knex,
  residentId: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: ConsentRow[]; total: number }> {
  const { rows } = await db.raw<{ rows: ConsentRow[] }>(
    `${select} where c.resident_id = :residentId order by c.agreed_at desc, c.id
     limit :limit offset :offset`,
    { residentId, limit, offset },
  )
  const counted = await db('consents')
    .where({ resident_id: residentId })
    .count<{ n: string }[]>({ n: '*' })
  return { rows, total: Number(counted[0]?.n ?? 0) }
}

/** One receipt of this resident. */
export async function byId(
  db: Knex,
  residentId: string,
  id: string,
): Promise<ConsentRow | undefined> {
  const { rows } = await db.raw<{ rows: ConsentRow[] }>(
    `${select} where c.id = :id and c.resident_id = :residentId`,
    { id, residentId },
  )
  return rows[0]
}

/**
 * When the receipt with this number and this leaf hash was made, and the first signed state of the ledger it is in:
 * of anybody's, and nothing else of it.
 */
export async function entry(
  db: Knex,
  { id, hash }: { id: string; hash: Buffer },
): Promise<Entry | undefined> {
  const { rows } = await db.raw<{ rows: Entry[] }>(
    `select c.agreed_at as at, s.at as "signedAt" from consents c
     left join ledger_leaves l on l.tree = 'provisions' and l.entry_id = c.id and l.leaf_hash = c.leaf_hash
     left join lateral (select at from ledger_checkpoints
       where tree = 'provisions' and size > l.index order by size limit 1) s on true
     where c.id = :id and c.leaf_hash = :hash`,
    { id, hash },
  )
  return rows[0]
}

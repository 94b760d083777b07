/** Reading what is past its term, and what holds it. */
import type { Knex } from 'knex'
import type { Hold } from './model.ts'

/** The months that have records of their own table, oldest first: `2026-11`. */
export async function months(db: Knex): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { month: string }[] }>(
    `select replace(right(c.relname, 7), '_', '-') as month from pg_inherits i
     join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'provision_records'::regclass and c.relname ~ '^provision_records_\\d{4}_\\d\\d$' order by 1`,
  )
  return rows.map(({ month }) => month)
}

type Range = { from: Date; until: Date }

export async function counted(
  db: Knex,
  range: Range,
): Promise<{ entries: number; oldest: Date | null; newest: Date | null }> {
  const { rows } = await db.raw<{
    rows: { entries: string; oldest: Date | null; newest: Date | null }[]
  }>(
    `select count(*) as entries, min(at) as oldest, max(at) as newest from provision_records
     where at >= :from and at < :until`,
    range,
  )
  const found = rows[0]
  return {
    entries: Number(found?.entries ?? 0),
    oldest: found?.oldest ?? null,
    newest: found?.newest ?? null,
  }
}

/**
 * What keeps a month although its term is over: holds that were set, and whatever is open and about somebody whose
 * records are in it – leaks and other duties of a company, requests of a resident.
 */
export async function holds(db: Knex, { from, until }: Range): Promise<Hold[]> {
  const { rows } = await db.raw<{
    rows: { kind: Hold['kind']; id: string; number: string; reason: string }[]
  }>(
    `select 'set' as kind, h.id, '' as number, h.reason from retention_holds h
     where :from::date between h.from_month and h.until_month
       and not exists (select from retention_hold_ends e where e.hold_id = h.id)
     union all
     select case d.kind when 'leak' then 'leak' else 'duty' end, d.id, coalesce(d.number, ''), '' from duty_cases d
     where d.closed_at is null and d.kind in ('leak', 'claim', 'audit') and (d.member_id is null or exists (
       select from provision_records p where p.at >= :from and p.at < :until and p.member_id = d.member_id))
     union all
     select 'request', c.id, c.number, '' from rights_cases c join rights_standing s on s.case_id = c.id
     where s.ended_at is null and exists (
       select from provision_records p where p.at >= :from and p.at < :until and p.resident_id = c.resident_id)
     order by 1, 3, 2`,
    { from, until },
  )
  return rows.map(({ kind, id, number, reason }) =>
    kind === 'set' ? { kind, id, reason } : { kind, number },
  )
}

export type Placed = { index: number; hash: Buffer }

/** Records of a range with their places, in batches by (at, id); `place` null: it has none yet. */
export async function placedAfter(
  db: Knex,
  { from, until }: Range,
  after: { at: Date; id: string } | undefined,
  limit: number,
): Promise<{ id: string; at: Date; index: number | null; hash: Buffer }[]> {
  const { rows } = await db.raw<{
    rows: { id: string; at: Date; index: string | null; hash: Buffer }[]
  }>(
    `select p.id, p.at, l.index, p.leaf_hash as hash from provision_records p
     left join ledger_leaves l on l.tree = 'provisions' and l.entry_id = p.id and l.leaf_hash = p.leaf_hash
     where p.at >= :from and p.at < :until and (:at::timestamptz is null or (p.at, p.id) > (:at, :id::uuid))
     order by p.at, p.id limit :limit`,
    { from, until, at: after?.at ?? null, id: after?.id ?? null, limit },
  )
  return rows.map((row) => ({ ...row, index: row.index === null ? null : Number(row.index) }))
}

/** The places of provision records between two indexes. */
export async function provisionIndexes(db: Knex, first: number, last: number): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { index: string }[] }>(
    `select index from ledger_leaves where tree = 'provisions' and source = 'provisions'
     and index between :first and :last`,
    { first, last },
  )
  return rows.map(({ index }) => Number(index))
}

/** Whether the newest signed state of the tree holds this entry. */
export async function isSigned(db: Knex, entryId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `select from ledger_leaves l where l.tree = 'provisions' and l.entry_id = :entryId
     and exists (select from ledger_checkpoints s where s.tree = l.tree and s.size > l.index)`,
    { entryId },
  )
  return rows.length > 0
}

export type HoldRow = { id: string; from: string; until: string; reason: string; at: Date }

/** The holds that somebody set and nobody ended. */
export async function openHolds(db: Knex): Promise<HoldRow[]> {
  const { rows } = await db.raw<{ rows: HoldRow[] }>(
    `select id, to_char(from_month, 'YYYY-MM') as from, to_char(until_month, 'YYYY-MM') as until, reason, at
     from retention_holds h where not exists (select from retention_hold_ends e where e.hold_id = h.id) order by at, id`,
  )
  return rows
}

import type { Knex } from 'knex'
import type { Closure } from './model.ts'

/** One at a time proposes, approves or closes, until the transaction ends. */
export async function lock(db: Knex): Promise<void> {
  await db.raw(`select pg_advisory_xact_lock(hashtextextended('retention', 0))`)
}

export async function insertHold(
  db: Knex,
  row: { id: string; from: Date; until: Date; reason: string; by: string; at: Date },
): Promise<void> {
  await db('retention_holds').insert({
    id: row.id,
    from_month: row.from,
    until_month: row.until,
    reason: row.reason,
    set_by: row.by,
    at: row.at,
  })
}

/** @returns false where there is no such hold, or it is over */
export async function endHold(
  db: Knex,
  row: { id: string; by: string; at: Date },
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `insert into retention_hold_ends (hold_id, ended_by, at)
     select id, :by, :at from retention_holds where id = :id on conflict do nothing`,
    row,
  )
  return rowCount === 1
}

export type ClosureRow = {
  id: string
  proposalId: string
  from: Date
  until: Date
  entries: number
  first: number
  last: number
  others: number[]
  root: Buffer
  approval: Buffer
  at: Date
  canonical: string
  leafHash: Buffer
  signature: Buffer
}

export async function insertClosure(db: Knex, row: ClosureRow): Promise<void> {
  await db('retention_closures').insert({
    id: row.id,
    proposal_id: row.proposalId,
    month: row.from.toISOString().slice(0, 10),
    from_at: row.from,
    until_at: row.until,
    entries: row.entries,
    first_index: row.first,
    last_index: row.last,
    others: row.others,
    root: row.root,
    approval_hash: row.approval,
    at: row.at,
    canonical: row.canonical,
    leaf_hash: row.leafHash,
    signature: row.signature,
  })
}

type Row = {
  id: string
  proposal_id: string
  month: string
  entries: string
  root: Buffer
  at: Date
  dropped_at: Date | null
}

/** Every closed month, the oldest first. */
export async function closures(db: Knex): Promise<Closure[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select c.id, c.proposal_id, to_char(c.month, 'YYYY-MM') as month, c.entries, c.root, c.at, d.at as dropped_at
     from retention_closures c left join retention_drops d on d.closure_id = c.id order by c.month`,
  )
  return rows.map((row) => ({
    id: row.id,
    proposalId: row.proposal_id,
    month: row.month,
    entries: Number(row.entries),
    root: row.root,
    at: row.at,
    droppedAt: row.dropped_at ?? undefined,
  }))
}

/** So many at once: few enough for the time a statement has. */
const AT_ONCE = 2000

/** Takes away what was asked for and not given, once its term is over, by the owner's hand. @returns how many went */
export async function sweepRefusals(db: Knex): Promise<number> {
  let gone = 0
  for (let swept = AT_ONCE; swept === AT_ONCE; gone += swept) {
    const { rows } = await db.raw<{ rows: { swept: number }[] }>(
      'select sweep_provision_refusals(:most) as swept',
      { most: AT_ONCE },
    )
    swept = rows[0]?.swept ?? 0
  }
  return gone
}

/** Drops the records of a closed month, by the owner's hand. @returns false where they were gone */
export async function drop(db: Knex, closureId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { dropped: boolean }[] }>(
    'select drop_closed_month(:closureId) as dropped',
    { closureId },
  )
  return rows[0]?.dropped ?? false
}

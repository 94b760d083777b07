/**
 * A status that turns at a moment that was set: the row keeps what it turns to, and every reader asks `status_at`, so
 * that it counts from that moment on with nobody acting (S-51). Settling writes down later what counts already.
 */
import type { Knex } from 'knex'

/** Whose status: a table with `status`, `turns_to`, `turns_at`, and the table of its changes. */
export type Turning = { table: string; changes: string; key: string }

export const MEMBERS: Turning = {
  table: 'members',
  changes: 'member_status_changes',
  key: 'member_id',
}
export const SERVICES: Turning = {
  table: 'services',
  changes: 'service_status_changes',
  key: 'service_id',
}

/** SQL of the status that counts at a moment. @param at SQL of a timestamptz */
export const statusAt = (alias: string, at: string) =>
  `status_at(${alias}.status, ${alias}.turns_to, ${alias}.turns_at, ${at})`

/** SQL for the update of a row's status: where it was stopped, it returns at this moment. */
export const returnedAt = (db: Knex, at: Date): Knex.Raw =>
  db.raw(`case when status in ('suspended', 'excluded') then ?::timestamptz else returned_at end`, [
    at,
  ])

export type Change = { id: string; status: string; reason: string | null; at: Date }

export type Status = {
  /** What counts now. */
  status: string
  /** What it will turn to, and when; undefined where nothing is set. */
  next: { status: string; at: Date } | undefined
}

/**
 * The status of one row, held until the transaction ends; a turn whose moment has come is written down.
 *
 * @param changeId id of the change that may have to be written
 */
export async function holdStatus(
  db: Knex,
  of: Turning,
  { id, at, changeId }: { id: string; at: Date; changeId: string },
): Promise<Status | undefined> {
  const row = await db(of.table)
    .where({ id })
    .forUpdate()
    .first<{ status: string; turns_to: string | null; turns_at: Date | null } | undefined>(
      'status',
      'turns_to',
      'turns_at',
    )
  if (!row) return undefined
  if (row.turns_to === null || row.turns_at === null) return { status: row.status, next: undefined }
  if (row.turns_at > at)
    return { status: row.status, next: { status: row.turns_to, at: row.turns_at } }
  await turn(db, of, id, { id: changeId, status: row.turns_to, reason: null, at: row.turns_at })
  return { status: row.turns_to, next: undefined }
}

/**
 * Turns a status now; what was set to come is called off.
 *
 * @param returns a suspension is lifted: what was issued before never works again
 */
export async function turn(
  db: Knex,
  of: Turning,
  id: string,
  change: Change,
  returns = false,
): Promise<void> {
  await db(of.table)
    .where({ id })
    .update({
      status: change.status,
      turns_to: null,
      turns_at: null,
      ...(returns && { returned_at: change.at }),
    })
  await db(of.changes).insert({
    id: change.id,
    [of.key]: id,
    status: change.status,
    reason: change.reason,
    at: change.at,
  })
}

/** Sets a status to turn at a later moment. */
export async function plan(
  db: Knex,
  of: Turning,
  id: string,
  { status, at }: { status: string; at: Date },
): Promise<void> {
  await db(of.table).where({ id }).update({ turns_to: status, turns_at: at })
}

/** Calls off what was set to come. */
export async function callOff(db: Knex, of: Turning, id: string): Promise<void> {
  await db(of.table).where({ id }).update({ turns_to: null, turns_at: null })
}

/** Rows whose moment has come and is not written down yet. */
export async function due(db: Knex, of: Turning, at: Date): Promise<string[]> {
  const rows = await db(of.table).where('turns_at', '<=', at).limit(100).pluck<string[]>('id')
  return rows
}

/**
 * The gate of a resident's data (K8). Every release passes it, many at once; whoever stops or changes what may leave
 * closes it until their transaction ends, and comes next: with row locks alone, a service that never stops asking keeps a
 * withdrawal waiting for ever. First in a transaction, before any row is locked.
 */
import type { Knex } from 'knex'

/** @param residentId SQL for the resident's uuid */
const keyOf = (residentId: string) => `hashtextextended('release ' || (${residentId})::text, 0)`

/** SQL that passes the gate, and holds it open until the transaction ends. */
export const passGate = (residentId: string) => `pg_advisory_xact_lock_shared(${keyOf(residentId)})`

/** @param memberId SQL for the company's uuid */
const stopKeyOf = (memberId: string) => `hashtextextended('stop ' || (${memberId})::text, 0)`

/**
 * SQL that keeps a company from being stopped until the transaction ends. After `passGate`, never before it: who waits
 * for a resident must not keep a stop waiting.
 */
export const passStopGate = (memberId: string) =>
  `pg_advisory_xact_lock_shared(${stopKeyOf(memberId)})`

/** Waits for the releases to a company that are under way, and keeps new ones waiting until the transaction ends. */
export async function closeStopGate(db: Knex, memberId: string): Promise<void> {
  await db.raw(`select pg_advisory_xact_lock(${stopKeyOf(':memberId::uuid')})`, { memberId })
}

/** SQL that waits for the releases under way, and keeps new ones waiting until the transaction ends. */
export const shutGate = (residentId: string) => `pg_advisory_xact_lock(${keyOf(residentId)})`

/** Shuts the gate of one resident, for the transaction of `db`. */
export async function closeGate(db: Knex, residentId: string): Promise<void> {
  await db.raw(`select ${shutGate(':residentId::uuid')}`, { residentId })
}

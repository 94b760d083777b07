import type { Knex } from 'knex'
import type { Stop, StopReason } from './stopping_model.ts'

type Row = {
  id: string
  member_id: string
  service_id: string | null
  turned_to: Stop['turnedTo']
  was: string
  reason: StopReason
  for_residents: Stop['forResidents']
  for_company: string
  effective_at: Date
  approved_at: Date
}

const fromRow = (row: Row): Stop => ({
  id: row.id,
  memberId: row.member_id,
  serviceId: row.service_id,
  turnedTo: row.turned_to,
  was: row.was,
  reason: row.reason,
  forResidents: row.for_residents,
  forCompany: row.for_company,
  effectiveAt: row.effective_at,
  approvedAt: row.approved_at,
})

const open = (db: Knex) =>
  db<Row>('stops')
    .whereNotExists(db('stop_ends').whereRaw('stop_ends.stop_id = stops.id'))
    .orderBy('approved_at', 'desc')

/**
 * The stop of a company, or of one service whoever it belonged to then, that has not ended; also one that is still to
 * come.
 */
export async function current(
  db: Knex,
  { memberId, serviceId }: { memberId: string; serviceId: string | null },
): Promise<Stop | undefined> {
  const of = serviceId ? { service_id: serviceId } : { member_id: memberId, service_id: null }
  const row = await open(db).where(of).first()
  return row && fromRow(row as Row)
}

/** Every stop that counts at this moment, newest first. */
export async function inForce(db: Knex, at: Date): Promise<Stop[]> {
  const rows = await open(db).where('effective_at', '<=', at)
  return (rows as Row[]).map(fromRow)
}

export async function byId(db: Knex, id: string): Promise<Stop | undefined> {
  const row = await db<Row>('stops').where({ id }).first()
  return row && fromRow(row as Row)
}

/** Writes a stop, and that it has to be told from its moment on. */
export async function insert(db: Knex, proposalId: string, stop: Stop): Promise<void> {
  await db('stops').insert({
    id: stop.id,
    proposal_id: proposalId,
    member_id: stop.memberId,
    service_id: stop.serviceId,
    turned_to: stop.turnedTo,
    was: stop.was,
    reason: stop.reason,
    for_residents: JSON.stringify(stop.forResidents),
    for_company: stop.forCompany,
    effective_at: stop.effectiveAt,
    approved_at: stop.approvedAt,
  })
  await db('stop_tellings').insert({ stop_id: stop.id, what: 'stop', due_at: stop.effectiveAt })
}

/**
 * Ends a stop. Whoever was not told of it so far is not told any more.
 *
 * @param tell whether those who were told of it are told of its end
 */
export async function end(
  db: Knex,
  row: { stopId: string; proposalId: string; at: Date; tell: boolean },
): Promise<void> {
  const { stopId, proposalId, at, tell } = row
  await db('stop_ends').insert({ stop_id: stopId, proposal_id: proposalId, ended_at: at })
  await db('stop_tellings').where({ stop_id: stopId }).whereNull('done_at').update({ done_at: at })
  if (tell) await db('stop_tellings').insert({ stop_id: stopId, what: 'lift', due_at: at })
}

export type Telling = { stopId: string; what: 'stop' | 'lift' }

/** A telling that is due, held until the transaction ends; one that another node holds is passed over. */
export async function nextTelling(db: Knex, at: Date): Promise<Telling | undefined> {
  const { rows } = await db.raw<{ rows: Telling[] }>(
    `select stop_id as "stopId", what from stop_tellings
     where done_at is null and due_at <= :at order by due_at, stop_id limit 1 for update skip locked`,
    { at },
  )
  return rows[0]
}

export async function tellingDone(db: Knex, { stopId, what }: Telling, at: Date): Promise<void> {
  await db('stop_tellings').where({ stop_id: stopId, what }).update({ done_at: at })
}

/** Notes that a resident is told. @returns false where it was noted before */
export async function noteTold(
  db: Knex,
  { stopId, what }: Telling,
  residentId: string,
  at: Date,
): Promise<boolean> {
  const rows = await db('stop_notices')
    .insert({ stop_id: stopId, what, resident_id: residentId, at })
    .onConflict(['stop_id', 'what', 'resident_id'])
    .ignore()
    .returning('resident_id')
  return rows.length > 0
}

/** Messages that a service comes for itself (RFC 8936): handed out as often as it asks, until it acknowledges them. */
import type { Knex } from 'knex'

type Whose = { serviceId: string; memberId: string }
export type HandedOut = { jti: string; set: string }

/** The oldest that wait, in order; what is handed out stays. @param limit as many, and one more where there is one */
export async function waiting(
  db: Knex,
  { serviceId, memberId, limit }: Whose & { limit: number },
): Promise<HandedOut[]> {
  const { rows } = await db.raw<{ rows: HandedOut[] }>(
    `with due as (
       select id, jti, set, seq, row_number() over (order by seq) as n from event_messages
       where service_id = :serviceId and channel = 'poll' and state = 'waiting' and member_id = :memberId
       order by seq limit :limit + 1
     ),
     noted as (update event_messages m set attempts = m.attempts + 1 from due where m.id = due.id and due.n <= :limit)
     select jti, set from due order by seq`,
    { serviceId, memberId, limit },
  )
  return rows
}

/** Whether anything waits; cheap enough to ask again and again. */
export async function anyWaiting(db: Knex, { serviceId, memberId }: Whose): Promise<boolean> {
  const row = await db('event_messages')
    .where({ service_id: serviceId, channel: 'poll', state: 'waiting', member_id: memberId })
    .orderBy('seq')
    .first('id')
  return row !== undefined
}

/** Arrived. What is not this service's, or settled already, stays as it is. */
export async function acknowledge(
  db: Knex,
  { serviceId, memberId, jtis, at }: Whose & { jtis: readonly string[]; at: Date },
): Promise<void> {
  await own(db, { serviceId, memberId })
    .whereIn('jti', jtis)
    .update({ state: 'delivered', delivered_at: at, settled_at: at, last_error: null })
}

/** The service could not read it: somebody has to look. */
export async function refuse(
  db: Knex,
  { serviceId, memberId, jti, error, at }: Whose & { jti: string; error: string; at: Date },
): Promise<void> {
  await own(db, { serviceId, memberId })
    .where({ jti })
    .update({ state: 'dead', settled_at: at, last_error: error })
}

const own = (db: Knex, { serviceId, memberId }: Whose) =>
  db('event_messages')
    .where({ service_id: serviceId, member_id: memberId, state: 'waiting' })
    .whereNot({ channel: 'logout' })

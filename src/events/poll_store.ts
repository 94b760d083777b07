/** Messages that a service comes for itself (RFC 8936): handed out as often as it asks, until it acknowledges them. */
import type { Knex } from 'knex'
import { held } from './delivery_store.ts'

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

const BATCH = 5000

/** What nobody came for since a moment, in which the service might have come, is dead. @returns how many */
export async function giveUpPolls(
  db: Knex,
  { before, at }: { before: Date; at: Date },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update event_messages set state = 'dead', settled_at = :at, last_error = 'not_collected'
     where id in (select m.id from event_messages m
       join services s on s.id = m.service_id join members mb on mb.id = s.member_id
       where m.state = 'waiting' and m.channel = 'poll' and m.tries_from <= :before
         and not ${held(':at::timestamptz')} and coalesce(greatest(s.returned_at, mb.returned_at) <= :before, true)
       order by m.seq limit ${BATCH} for update of m skip locked)`,
    { before, at },
  )
  return rowCount
}

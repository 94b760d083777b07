/** The tables as the workers see them: who takes what, and what came of it. */
import type { Knex } from 'knex'
import { statusAt } from '../database/turns.ts'
import type { Delivery, Message } from './model.ts'

const COLUMNS = `m.id, m.seq, m.fact_id as "factId", m.service_id as "serviceId", m.member_id as "memberId",
  m.resident_id as "residentId", m.subject, m.channel, m.type, m.jti, m.sid, m.set, m.state, m.attempts,
  m.created_at as "createdAt", m.tries_from as "triesFrom", m.next_at as "nextAt", m.delivered_at as "deliveredAt",
  m.settled_at as "settledAt", m.last_error as "lastError"`

/** What a page may see. */
const SHOWN = `m.id, m.service_id as "serviceId", m.channel, m.type, m.jti, m.state, m.attempts,
  m.created_at as "createdAt", m.next_at as "nextAt", m.delivered_at as "deliveredAt", m.settled_at as "settledAt",
  m.last_error as "lastError"`

/** A service `s` that is suspended, or its company `mb` (S-51): what waits for it is held. @param at SQL of a moment */
export const held = (at: string) => `(${statusAt('s', at)}, ${statusAt('mb', at)})
  in (('suspended', 'active'), ('live', 'suspended'), ('suspended', 'suspended'))`

export type Claim = {
  at: Date
  leaseUntil: Date
  limit: number
  /** Messages to one receiver at the same time; one where it fails. */
  perReceiver: number
}

/**
 * Takes messages to send, with a lease: whoever dies holding one leaves it to the next when that is over. None is taken
 * while an earlier one of the same service, person and channel waits; none that another worker is taking; none to a
 * receiver whose turn has not come, or that is suspended.
 */
export async function claim(db: Knex, claim: Claim): Promise<Message[]> {
  const { rows } = await db.raw<{ rows: Message[] }>(
    `with recursive receivers as (
       (select service_id, channel from event_messages where state = 'waiting' order by service_id, channel limit 1)
       union all
       select next.service_id, next.channel from receivers r,
         lateral (select m.service_id, m.channel from event_messages m
           where m.state = 'waiting' and (m.service_id, m.channel) > (r.service_id, r.channel)
           order by m.service_id, m.channel limit 1) next
     ),
     free as (
       select r.service_id, r.channel,
         case when f.service_id is null then :perReceiver::int else 1 end
           - (select count(*) from event_messages l where l.state = 'waiting' and l.service_id = r.service_id
               and l.channel = r.channel and l.leased_until > :at)::int as slots
       from receivers r
       join services s on s.id = r.service_id join members mb on mb.id = s.member_id
       left join event_receivers f on f.service_id = r.service_id and f.channel = r.channel
       left join event_streams es on es.service_id = r.service_id and r.channel = 'push'
       where r.channel <> 'poll' and (f.next_at is null or f.next_at <= :at)
         and coalesce(es.status, 'enabled') = 'enabled' and not ${held(':at::timestamptz')}
     ),
     due as (
       select m.id from free, lateral (
         select o.id, o.next_at from event_messages o
         where o.service_id = free.service_id and o.channel = free.channel and o.state = 'waiting'
           and o.next_at <= :at and (o.leased_until is null or o.leased_until <= :at)
           and not exists (select from event_messages e where e.service_id = o.service_id
             and e.channel = o.channel and e.subject = o.subject and e.seq < o.seq and e.state = 'waiting')
         order by o.seq limit greatest(free.slots, 0)
       ) m
       order by m.next_at limit :limit
     ),
     held as (select id from event_messages where id in (select id from due) and state = 'waiting'
       and (leased_until is null or leased_until <= :at) for update skip locked)
     update event_messages m set leased_until = :leaseUntil, attempts = m.attempts + 1
     from held where m.id = held.id returning ${COLUMNS}`,
    claim,
  )
  return rows.sort((a, b) => Number(a.seq) - Number(b.seq))
}

export async function settle(
  db: Knex,
  id: string,
  settled: { state: 'delivered' | 'dead'; error: string | null; at: Date },
): Promise<void> {
  const { state, error, at } = settled
  await db('event_messages')
    .where({ id, state: 'waiting' })
    .update({
      state,
      settled_at: at,
      delivered_at: state === 'delivered' ? at : null,
      leased_until: null,
      last_error: error,
    })
}

export async function putOff(
  db: Knex,
  id: string,
  { nextAt, error }: { nextAt: Date; error: string },
): Promise<void> {
  await db('event_messages')
    .where({ id, state: 'waiting' })
    .update({ next_at: nextAt, leased_until: null, last_error: error })
}

type Receiver = Pick<Message, 'serviceId' | 'channel'>
const key = ({ serviceId, channel }: Receiver) => ({ service_id: serviceId, channel })

/** One failure more. @returns how many in a row */
export async function fails(
  db: Knex,
  receiver: Receiver,
  { error, at }: { error: string; at: Date },
): Promise<number> {
  const { rows } = await db.raw<{ rows: { failures: number }[] }>(
    `insert into event_receivers as r (service_id, channel, failures, next_at, failing_since, last_error)
       values (:service_id, :channel, 1, :at, :at, :error)
     on conflict (service_id, channel) do update set failures = r.failures + 1, last_error = excluded.last_error
     returning failures`,
    { ...key(receiver), error, at },
  )
  return rows[0]?.failures ?? 1
}

export async function waitUntil(db: Knex, receiver: Receiver, nextAt: Date): Promise<void> {
  await db('event_receivers').where(key(receiver)).update({ next_at: nextAt })
}

/** It answers again. */
export async function recovers(db: Knex, receiver: Receiver): Promise<void> {
  await db('event_receivers').where(key(receiver)).delete()
}

/** What waited for a receiver since before a moment, without success, is dead. @returns how many */
export async function giveUp(
  db: Knex,
  receiver: Receiver,
  { before, error, at }: { before: Date; error: string; at: Date },
): Promise<number> {
  return db('event_messages')
    .where({ ...key(receiver), state: 'waiting' })
    .where('tries_from', '<=', before)
    .update({ state: 'dead', settled_at: at, leased_until: null, last_error: error })
}

/** A resident's messages to one service, newest first. */
export async function ofResident(
  db: Knex,
  residentId: string,
  serviceId: string,
  limit: number,
): Promise<Delivery[]> {
  const { rows } = await db.raw<{ rows: Delivery[] }>(
    `select ${SHOWN} from event_messages m where m.resident_id = :residentId and m.service_id = :serviceId
     order by m.seq desc limit :limit`,
    { residentId, serviceId, limit },
  )
  return rows
}

export type DeadAsked = { memberId?: string | undefined; limit: number; offset: number }

/** A page of dead messages, newest first, of one company or of all. */
export async function dead(
  db: Knex,
  { memberId, limit, offset }: DeadAsked,
): Promise<{ rows: Delivery[]; total: number }> {
  const where = `m.state = 'dead' and (:memberId::uuid is null or m.member_id = :memberId)`
  const values = { memberId: memberId ?? null, limit, offset }
  const { rows } = await db.raw<{ rows: Delivery[] }>(
    `select ${SHOWN} from event_messages m where ${where}
     order by m.settled_at desc, m.seq desc limit :limit offset :offset`,
    values,
  )
  const count = await db.raw<{ rows: { total: number }[] }>(
    `select count(*)::int as total from event_messages m where ${where}`,
    values,
  )
  return { rows, total: count.rows[0]?.total ?? 0 }
}

/** Puts a dead one back to its place in the order. @returns its service, undefined where there is no such one */
export async function revive(
  db: Knex,
  id: string,
  { memberId, at }: { memberId?: string | undefined; at: Date },
): Promise<string | undefined> {
  const rows = await db('event_messages')
    .where({ id, state: 'dead', ...(memberId !== undefined && { member_id: memberId }) })
    .update({ state: 'waiting', settled_at: null, tries_from: at, next_at: at })
    .returning('service_id')
  return (rows as { service_id: string }[])[0]?.service_id
}

/** Services with dead messages, and how many. */
export async function deadByService(db: Knex): Promise<{ serviceId: string; count: number }[]> {
  const { rows } = await db.raw<{ rows: { serviceId: string; count: number }[] }>(
    `select service_id as "serviceId", count(*)::int as count from event_messages
     where state = 'dead' group by 1 order by 1`,
  )
  return rows
}

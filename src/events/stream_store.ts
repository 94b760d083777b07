/** How services take their events and how well that goes; and the messages that did not arrive, as lists show them. */
import type { Knex } from 'knex'
import { likeOf } from '../http/listing.ts'
import type { Both } from '../installation.ts'
import type { Channel, Delivery, Stream } from './model.ts'

/** One channel of one service. */
export type ChannelState = {
  channel: Channel
  waiting: number
  /** Since when the oldest waits. */
  waitingSince: Date | null
  dead: number
  lastDeliveredAt: Date | null
  failingSince: Date | null
  nextAt: Date | null
  lastError: string | null
}

/** The channels that services have used or use, by service. */
export async function channelStates(
  db: Knex,
  serviceIds: readonly string[],
): Promise<Map<string, ChannelState[]>> {
  const { rows } = await db.raw<{ rows: (ChannelState & { serviceId: string })[] }>(
    `select s.id as "serviceId", c.channel, w.waiting, w.since as "waitingSince", d.dead,
       l.delivered_at as "lastDeliveredAt", f.failing_since as "failingSince", f.next_at as "nextAt",
       f.last_error as "lastError"
     from unnest(:serviceIds::uuid[]) s(id)
     cross join unnest(array['push', 'poll', 'logout']) c(channel)
     cross join lateral (select count(*)::int as waiting, min(created_at) as since from event_messages
       where service_id = s.id and channel = c.channel and state = 'waiting') w
     cross join lateral (select count(*)::int as dead from event_messages
       where service_id = s.id and channel = c.channel and state = 'dead') d
     left join lateral (select delivered_at from event_messages
       where service_id = s.id and channel = c.channel and state = 'delivered' order by seq desc limit 1) l on true
     left join event_receivers f on f.service_id = s.id and f.channel = c.channel`,
    { serviceIds: [...serviceIds] },
  )
  return Map.groupBy(rows, ({ serviceId }) => serviceId)
}

export async function streams(db: Knex, serviceIds: readonly string[]): Promise<Stream[]> {
  return db('event_streams')
    .whereIn('service_id', serviceIds)
    .select<Stream[]>('service_id as serviceId', 'delivery', 'status')
}

export async function setStream(db: Knex, stream: Stream, at: Date): Promise<void> {
  const { serviceId, delivery, status } = stream
  await db('event_streams')
    .insert({ service_id: serviceId, delivery, status, changed_at: at })
    .onConflict('service_id')
    .merge(['delivery', 'status', 'changed_at'])
}

/** What waits goes on by the other way; what is being sent at this moment arrives by the one it took. */
export async function moveWaiting(
  db: Knex,
  { serviceId, to, at }: { serviceId: string; to: 'push' | 'poll'; at: Date },
): Promise<void> {
  await db('event_messages')
    .where({ service_id: serviceId, state: 'waiting' })
    .whereIn('channel', ['push', 'poll'])
    .update({ channel: to, next_at: at, tries_from: at })
}

/** What waits for a service that takes nothing any more is dead. */
export async function stopWaiting(db: Knex, serviceId: string, at: Date): Promise<void> {
  await db('event_messages')
    .where({ service_id: serviceId, state: 'waiting' })
    .whereIn('channel', ['push', 'poll'])
    .update({ state: 'dead', settled_at: at, leased_until: null, last_error: 'not_receiving' })
}

export async function forgetFailure(db: Knex, serviceId: string, channel: Channel): Promise<void> {
  await db('event_receivers').where({ service_id: serviceId, channel }).delete()
}

/** A message goes by the way its service takes now. */
export async function reroute(db: Knex, id: string, channel: 'push' | 'poll'): Promise<void> {
  await db('event_messages').where({ id }).whereIn('channel', ['push', 'poll']).update({ channel })
}

export async function serviceOf(db: Knex, messageId: string): Promise<string | undefined> {
  const row = await db('event_messages')
    .where({ id: messageId })
    .first<{ service_id: string } | undefined>('service_id')
  return row?.service_id
}

/** A receiver that failed is tried now, and not only when its turn comes. */
export async function tryNow(db: Knex, serviceId: string, at: Date): Promise<void> {
  await db('event_receivers')
    .where({ service_id: serviceId })
    .where('next_at', '>', at)
    .update({ next_at: at })
}

export type Undelivered = Delivery & { names: Both; company: Both }

export type UndeliveredAsked = {
  /** Of one company; undefined: all. */
  memberId?: string | undefined
  /** Of one service. */
  serviceId?: string | undefined
  state: 'dead' | 'waiting' | undefined
  q: string
  sort: 'at' | 'service'
  descending: boolean
  limit: number
  offset: number
}

/** Messages that are dead, or were tried and wait for another try; a page of them, and how many. */
export async function undelivered(
  db: Knex,
  asked: UndeliveredAsked,
): Promise<{ rows: Undelivered[]; total: number }> {
  const { memberId = null, serviceId = null, state = null, q, limit, offset } = asked
  const values = { memberId, serviceId, state, q, like: likeOf(q), limit, offset }
  const from = `with named as (
       select s.id, s.client_id, v.body -> 'names' as names, mv.body -> 'names' as company from services s
       join lateral (select body from service_versions v where v.service_id = s.id order by version desc limit 1) v on true
       join lateral (select body from member_versions x where x.member_id = s.member_id order by version desc limit 1) mv
         on true
     )
     select %s from event_messages m join named n on n.id = m.service_id
     where (m.state = 'dead' or (m.state = 'waiting' and m.attempts > 0 and m.channel <> 'poll'))
       and (:state::text is null or m.state = :state) and (:memberId::uuid is null or m.member_id = :memberId)
       and (:serviceId::uuid is null or m.service_id = :serviceId)
       and (:q::text = '' or n.names ->> 'ja' ilike :like::text escape '\\' or n.names ->> 'en' ilike :like::text escape '\\'
         or n.company ->> 'ja' ilike :like::text escape '\\' or n.client_id = :q::text or m.service_id::text = :q::text)`
  const direction = asked.descending ? 'desc' : 'asc'
  const order =
    asked.sort === 'at'
      ? `m.created_at ${direction}`
      : `n.names ->> 'ja' ${direction}, m.created_at`
  const columns = `m.id, m.service_id as "serviceId", m.channel, m.type, m.jti, m.state, m.attempts,
    m.created_at as "createdAt", m.next_at as "nextAt", m.delivered_at as "deliveredAt", m.settled_at as "settledAt",
    m.last_error as "lastError", n.names, n.company`
  const { rows } = await db.raw<{ rows: Undelivered[] }>(
    `${from.replace('%s', columns)} order by ${order}, m.seq limit :limit offset :offset`,
    values,
  )
  const count = await db.raw<{ rows: { total: number }[] }>(
    from.replace('%s', 'count(*)::int as total'),
    values,
  )
  return { rows, total: count.rows[0]?.total ?? 0 }
}

/** Of one company: services that something did not reach. */
export async function deadOfMember(
  db: Knex,
  memberId: string,
): Promise<{ serviceId: string; count: number }[]> {
  const { rows } = await db.raw<{ rows: { serviceId: string; count: number }[] }>(
    `select service_id as "serviceId", count(*)::int as count from event_messages
     where state = 'dead' and member_id = :memberId group by 1 order by 1`,
    { memberId },
  )
  return rows
}

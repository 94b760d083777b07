import type { Knex } from 'knex'
import { sweepBefore } from '../database/sweep.ts'
import type { Message, Stream } from './model.ts'

/** One sequencer at a time, until the transaction ends. @returns false where another one is at it */
export async function lock(db: Knex): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { locked: boolean }[] }>(
    `select pg_try_advisory_xact_lock(hashtextextended('events', 0)) as locked`,
  )
  return rows[0]?.locked ?? false
}

/** Until the transaction ends, no number is given out by anybody else: messages are visible in their order. */
export async function lockSequence(db: Knex): Promise<void> {
  await db.raw(`select pg_advisory_xact_lock(hashtextextended('events', 0))`)
}

export async function markTold(db: Knex, factIds: readonly string[], at: Date): Promise<void> {
  await db('event_facts')
    .whereIn('id', [...factIds])
    .update({ told_at: at })
}

/** Notes consents that ran out since `after`, each once. @returns how many */
export async function noteExpired(db: Knex, at: Date, after: Date): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `insert into event_facts (id, kind, resident_id, service_id, ref, at)
       select gen_random_uuid(), 'consent_expired', c.resident_id, c.service_id, c.id, c.ends_at
       from consents c join agreements a on a.id = c.agreement_id and a.ended_at is null
       where c.ends_at > :after and c.ends_at <= :at
         and c.version = (select max(n.version) from consents n where n.agreement_id = c.agreement_id)
         and not exists (select from event_facts f where f.ref = c.id and f.kind = 'consent_expired')
       order by c.ends_at limit 1000
     on conflict (ref) where kind = 'consent_expired' do nothing`,
    { at, after },
  )
  return rowCount
}

/** A fact could not be told: it waits, and with it all later ones of its resident. @returns how often by now */
export async function fails(db: Knex, factId: string): Promise<number> {
  const rows = await db('event_facts')
    .where({ id: factId })
    .update({ failures: db.raw('failures + 1') })
    .returning('failures')
  return (rows as { failures: number }[])[0]?.failures ?? 1
}

export async function putOff(db: Knex, factId: string, nextAt: Date): Promise<void> {
  await db('event_facts').where({ id: factId }).update({ next_at: nextAt })
}

/** A service that somebody signed in to, whose it was then, and as whom it knows them. */
export type SessionRow = {
  sessionUid: string
  serviceId: string
  residentId: string
  memberId: string
  subjectType: 'public' | 'pairwise'
  sid: string
  at: Date
}
export type SessionTold = Pick<SessionRow, 'serviceId' | 'memberId' | 'subjectType' | 'sid'>

/** Another sign-in of the same session to the same service: the newest counts. */
export async function noteSession(db: Knex, row: SessionRow): Promise<void> {
  await db('event_sessions')
    .insert({
      session_uid: row.sessionUid,
      service_id: row.serviceId,
      resident_id: row.residentId,
      member_id: row.memberId,
      subject_type: row.subjectType,
      sid: row.sid,
      at: row.at,
    })
    .onConflict(['session_uid', 'service_id'])
    .merge(['resident_id', 'member_id', 'subject_type', 'sid', 'at'])
}

/** Takes what a session, or all of a resident's, signed in to: told once, then forgotten. */
export async function takeSessions(
  db: Knex,
  of: { sessionUid: string } | { residentId: string },
): Promise<SessionTold[]> {
  const where = 'sessionUid' in of ? { session_uid: of.sessionUid } : { resident_id: of.residentId }
  const rows: SessionTold[] = await db('event_sessions')
    .where(where)
    .delete()
    .returning([
      'service_id as serviceId',
      'member_id as memberId',
      'subject_type as subjectType',
      'sid',
    ])
  // The release before wrote down neither: nobody knows any more whom it may be told to.
  const known = rows.filter(({ memberId }) => (memberId as string | null) !== null)
  return known.sort((a, b) => (a.serviceId < b.serviceId ? -1 : 1))
}

export async function stream(db: Knex, serviceId: string): Promise<Stream | undefined> {
  return db('event_streams')
    .where('service_id', serviceId)
    .first<Stream | undefined>('service_id as serviceId', 'delivery', 'status')
}

export type NewMessage = Pick<
  Message,
  | 'id'
  | 'factId'
  | 'serviceId'
  | 'memberId'
  | 'residentId'
  | 'subject'
  | 'channel'
  | 'type'
  | 'jti'
  | 'sid'
  | 'set'
>

/** @returns false where this fact was told to this receiver already */
export async function insertMessage(db: Knex, row: NewMessage, at: Date): Promise<boolean> {
  const inserted = await db('event_messages')
    .insert({
      id: row.id,
      fact_id: row.factId,
      service_id: row.serviceId,
      member_id: row.memberId,
      resident_id: row.residentId,
      subject: row.subject,
      channel: row.channel,
      type: row.type,
      jti: row.jti,
      sid: row.sid,
      set: row.set,
      created_at: at,
      tries_from: at,
      next_at: at,
    })
    .onConflict(['fact_id', 'service_id', 'channel'])
    .ignore()
    .returning('id')
  return inserted.length > 0
}

/** Gone for good: messages long settled, those of erased accounts sooner, facts once told, sessions long over. */
export async function sweep(
  db: Knex,
  before: { settled: Date; erased: Date; sessions: Date },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `delete from event_messages where ctid = any(array(select m.ctid from event_messages m
       join residents r on r.id = m.resident_id and r.closed_at < :erased
       where m.state <> 'waiting' and m.settled_at < :erased limit 5000))`,
    { erased: before.erased },
  )
  return (
    rowCount +
    (await sweepBefore(db, 'event_messages', 'settled_at', before.settled)) +
    (await sweepBefore(db, 'event_facts', 'told_at', before.settled)) +
    (await sweepBefore(db, 'event_sessions', 'at', before.sessions))
  )
}

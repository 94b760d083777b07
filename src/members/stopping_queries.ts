/** What a stop would reach, and whom it is told to: read-only joins across tables. */
import type { Knex } from 'knex'
import { statusAt } from '../database/turns.ts'
import type { Both } from '../installation.ts'
import { SESSION } from '../people/model.ts'
import type { DryRun, SubjectKind } from './stopping_model.ts'

/** One company, or one service of it. */
export type Reach = { memberId: string; serviceId: string | null }

/** Agreements that yield something but for the stop: not ended, not run out, not asleep (S-56), and with it (S-59). `:at`, `:memberId`, `:serviceId` */
const IN_FORCE = `
  select a.id, a.resident_id, a.service_id from agreements a
  join services s on s.id = a.service_id and s.member_id = :memberId
    and (:serviceId::uuid is null or s.id = :serviceId)
  join lateral (select ends_at, member_id from consents c where c.agreement_id = a.id order by version desc limit 1) c
    on c.ends_at > :at and c.member_id = :memberId
  join lateral (select given, at from resident_terms t
    where t.resident_id = a.resident_id and t.kind = 'provision' order by t.at desc, t.id limit 1) t
    on t.given and t.at <= a.started_at
  join residents r on r.id = a.resident_id and r.closed_at is null and r.test_member_id is null
  where a.ended_at is null`

/** A company or a service as something to be stopped, with the status that counts. */
export async function subject(
  db: Knex,
  kind: SubjectKind,
  id: string,
  at: Date,
): Promise<{ memberId: string; names: Both; status: string } | undefined> {
  const member = kind === 'member'
  const { rows } = await db.raw<{ rows: { memberId: string; names: Both; status: string }[] }>(
    `select ${member ? 'x.id' : 'x.member_id'} as "memberId", v.body -> 'names' as names,
       ${statusAt('x', ':at::timestamptz')} as status
     from ${member ? 'members' : 'services'} x
     join lateral (select body from ${member ? 'member_versions' : 'service_versions'} v
       where ${member ? 'v.member_id' : 'v.service_id'} = x.id order by v.version desc limit 1) v on true
     where x.id = :id`,
    { id, at },
  )
  return rows[0]
}

/** Whether a contract of the company was ever approved. */
export async function hasContract(db: Knex, memberId: string): Promise<boolean> {
  return (await db('contracts').where({ member_id: memberId }).first('id')) !== undefined
}

/** Who proposed what waits, by name. */
export async function operatorName(db: Knex, id: string): Promise<string> {
  const row = await db('operators').where({ id }).first<{ name: string } | undefined>('name')
  return row?.name ?? ''
}

type Counts = Omit<DryRun, 'services' | 'companyMails'>

/** Counts what a stop would reach at this moment. */
export async function dryRun(db: Knex, reach: Reach, at: Date): Promise<DryRun> {
  const whole = reach.serviceId === null
  const values = {
    ...reach,
    at,
    whole,
    idle: new Date(at.getTime() - SESSION.staff.idle * 1000),
    absolute: new Date(at.getTime() - SESSION.staff.absolute * 1000),
  }
  const { rows: services } = await db.raw<{
    rows: (DryRun['services'][number] & { consents: string })[]
  }>(
    `with held as (${IN_FORCE})
     select s.id, s.client_id as "clientId", v.body -> 'names' ->> 'ja' as ja, v.body -> 'names' ->> 'en' as en,
       ${statusAt('s', ':at::timestamptz')} as status,
       (select count(distinct h.resident_id) from held h where h.service_id = s.id) as consents
     from services s
     join lateral (select body from service_versions v where v.service_id = s.id order by version desc limit 1) v on true
     where s.member_id = :memberId and (:serviceId::uuid is null or s.id = :serviceId) and s.side = 'live'
     order by s.created_at, s.client_id`,
    values,
  )
  const { rows } = await db.raw<{ rows: Record<keyof Counts, string>[] }>(
    `with held as (${IN_FORCE}),
     tokens as (select t.kind, count(*) as n from oidc_tokens t
       join services s on s.client_id = t.client_id and s.member_id = :memberId
         and (:serviceId::uuid is null or s.id = :serviceId)
       left join agreements a on a.id::text = split_part(t.grant_id, '.', 1)
       where t.consumed_at is null and t.expires_at > :at and a.ended_at is null group by t.kind)
     select (select count(distinct resident_id) from held) as residents,
       coalesce((select n from tokens where kind = 'AccessToken'), 0) as "accessTokens",
       coalesce((select n from tokens where kind = 'RefreshToken'), 0) as "refreshTokens",
       (select count(*) from api_clients where :whole::boolean and member_id = :memberId and ended_at is null) as "apiClients",
       (select count(*) from staff where :whole::boolean and member_id = :memberId and ended_at is null) as staff,
       (select count(*) from staff_sessions x join staff f on f.id = x.holder_id
         where :whole::boolean and f.member_id = :memberId and x.ended_at is null
           and x.seen_at > :idle and x.opened_at > :absolute) as "staffSessions"`,
    values,
  )
  const counts = rows[0]
  if (!counts) throw new Error('a count without a row')
  return {
    services: services.map((row) => ({ ...row, consents: Number(row.consents) })),
    residents: Number(counts.residents),
    accessTokens: Number(counts.accessTokens),
    refreshTokens: Number(counts.refreshTokens),
    apiClients: Number(counts.apiClients),
    staff: Number(counts.staff),
    staffSessions: Number(counts.staffSessions),
    companyMails: (await companyAddresses(db, reach.memberId)).length,
  }
}

/** The company's contact and its managers, once each. */
export async function companyAddresses(db: Knex, memberId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { email: string }[] }>(
    `select v.body -> 'contact' ->> 'email' as email from member_versions v
       where v.member_id = :memberId and v.version =
         (select max(version) from member_versions where member_id = :memberId)
     union
     select email from staff where member_id = :memberId and role = 'manager' and ended_at is null`,
    { memberId },
  )
  return rows.map((row) => row.email)
}

/** What a company owes while it is stopped: a duty of its own that is not over, or an answer about erasing. */
export type Owed = {
  /** Of a duty: its kind; `deletion`: a resident asked it to erase. */
  kind: string
  /** As the company quotes it; null while a duty is a draft. */
  number: string | null
  /** The state of a duty. */
  state: string | null
  /** Exclusive; null: nothing runs. */
  dueAt: Date | null
}

/** The nearest deadline first. @param most so many; `total` counts all */
export async function owed(
  db: Knex,
  memberId: string,
  most: number,
): Promise<{ rows: Owed[]; total: number }> {
  const { rows } = await db.raw<{ rows: (Owed & { total: number })[] }>(
    `with owed as (
       select d.kind, d.number, d.state, d.due_at as "dueAt" from duty_cases d
       where d.member_id = :memberId and d.receiver = 'member' and d.closed_at is null
       union all
       select 'deletion', 'W-' || to_char(r.asked_at at time zone 'Asia/Tokyo', 'YYYYMMDD') || '-'
           || upper(left(r.consent_id::text, 8)), null, r.due_at
       from deletion_requests r
       where r.member_id = :memberId and not exists (select 1 from deletion_answers a where a.request_id = r.id))
     select *, count(*) over ()::int as total from owed order by "dueAt" nulls last, number limit :most`,
    { memberId, most },
  )
  return { rows, total: rows[0]?.total ?? 0 }
}

/** Everybody who works for a company, whose sessions end with it. */
export function staffIds(db: Knex, memberId: string): Promise<string[]> {
  return db('staff').where({ member_id: memberId }).pluck<string[]>('id')
}

/** A resident to be told, with the services it is about, in both languages. */
export type ToTell = { residentId: string; services: { ja: string; en: string }[] }

/**
 * Residents with a consent in force who are not told yet; of an end, those who were told of the stop.
 *
 * @param most so many at once
 */
export async function toTell(
  db: Knex,
  reach: Reach,
  asked: { stopId: string; what: 'stop' | 'lift'; at: Date; most: number },
): Promise<ToTell[]> {
  const { rows } = await db.raw<{ rows: ToTell[] }>(
    `with held as (${IN_FORCE}
       and not exists (select 1 from stop_notices n
         where n.stop_id = :stopId and n.what = :what and n.resident_id = a.resident_id)
       and (:what = 'stop' or exists (select 1 from stop_notices n
         where n.stop_id = :stopId and n.what = 'stop' and n.resident_id = a.resident_id))),
     next as (select distinct resident_id from held order by resident_id limit :most)
     select h.resident_id as "residentId",
       jsonb_agg(v.body -> 'names' order by v.body -> 'names' ->> 'ja') as services
     from held h join next using (resident_id)
     join lateral (select body from service_versions v where v.service_id = h.service_id order by version desc limit 1) v on true
     group by h.resident_id`,
    { ...reach, ...asked },
  )
  return rows
}

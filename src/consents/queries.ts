import type { Knex } from 'knex'
import { passGate, passStopGate } from '../database/gate.ts'
import { named } from '../database/named.ts'
import { statusAt } from '../database/turns.ts'
import type { Both } from '../installation.ts'
import type { MemberStatus } from '../members/model.ts'
import type { Terms } from '../residents/model.ts'
import type { ServiceStatus } from '../services/model.ts'
import type { Consent, Standing } from './model.ts'
import type { ProvisionPath } from './pages.ts'
import { consentFromRow, standingFromRow } from './store.ts'

export type StandingFacts = {
  standing: Standing
  /** The resident's shared user ID. */
  userId: string
  /** Whose test person it is; null: a resident. */
  testMemberId: string | null
  provision: Terms | undefined
  sessionLive: boolean | undefined
  /** Of the service and its company, read behind the gate (K8). */
  statuses: { service: ServiceStatus; member: MemberStatus }
}

const HOLD = {
  name: 'consents_hold',
  text: `select ${passGate('a.resident_id')}, ${passStopGate('s.member_id')}
    from agreements a join services s on s.id = a.service_id where a.id = $1`,
}

/**
 * Until the transaction ends, whoever withdraws, narrows, stops provision as a whole or ends the browser's sign-in
 * waits (K8). So does whoever stops the company.
 */
export async function hold(db: Knex, agreementId: string): Promise<void> {
  await named(db, HOLD, [agreementId])
}

const FACTS = {
  name: 'consents_facts',
  text: `select to_jsonb(a.*) as agreement, c.*, r.user_id, r.test_member_id, t.given as term_given, t.at as term_at,
      case when $2::text is null then null else (s.session_uid is not null and s.ended_at is null) end as session_live,
      ${statusAt('v', '$3::timestamptz')} as service_status, ${statusAt('m', '$3::timestamptz')} as member_status
    from agreements a
    join services v on v.id = a.service_id
    join members m on m.id = v.member_id
    join residents r on r.id = a.resident_id and r.closed_at is null
    join lateral (select * from consents c where c.agreement_id = a.id order by version desc limit 1) c on true
    left join lateral (select given, at from resident_terms t
      where t.resident_id = a.resident_id and t.kind = 'provision' order by t.at desc, t.id limit 1) t on true
    left join sign_ins s on s.session_uid = $2::text and s.resident_id = a.resident_id
    where a.id = $1`,
}

type Row = Parameters<typeof standingFromRow>[0] & {
  user_id: string
  test_member_id: string | null
  term_given: boolean | null
  term_at: Date | null
  session_live: boolean | null
  service_status: ServiceStatus
  member_status: MemberStatus
}

/** What the release decision needs to know about one agreement and, where given, the browser session of the credential. */
export async function factsOf(
  db: Knex,
  agreementId: string,
  sessionUid: string | null,
  at: Date,
): Promise<StandingFacts | undefined> {
  const { rows } = await named<Row>(db, FACTS, [agreementId, sessionUid, at])
  const row = rows[0]
  if (!row) return undefined
  return {
    standing: standingFromRow(row),
    userId: row.user_id,
    testMemberId: row.test_member_id,
    provision: row.term_at ? { given: row.term_given === true, at: row.term_at } : undefined,
    sessionLive: row.session_live ?? undefined,
    statuses: { service: row.service_status, member: row.member_status },
  }
}

/** Consents of one service that are alike in everything that decides about asking again, and how many there are. */
export type Alike = Pick<
  Consent,
  'items' | 'declined' | 'template' | 'templateVersion' | 'subjectType' | 'memberId'
> & { residents: number }

/** Consents in force and awake, gathered by what they say; some hundred thousand fold into a few rows. */
export async function inForceAlike(db: Knex, serviceId: string, at: Date): Promise<Alike[]> {
  const { rows } = await db.raw<{ rows: Alike[] }>(
    `select c.items, c.declined, c.template, c.template_version as "templateVersion",
       c.subject_type as "subjectType", c.member_id as "memberId", count(*)::integer as residents
     from agreements a
     join residents r on r.id = a.resident_id and r.closed_at is null
     join lateral (select * from consents c where c.agreement_id = a.id order by version desc limit 1) c on true
     join lateral (select given, at from resident_terms t where t.resident_id = a.resident_id
       and t.kind = 'provision' order by t.at desc, t.id limit 1) t on t.given and t.at <= a.started_at
     where a.service_id = :serviceId and a.ended_at is null and c.ends_at > :at
     group by 1, 2, 3, 4, 5, 6`,
    { serviceId, at },
  )
  return rows
}

export type CardRow = Standing & {
  /** The newest version that held items: what was agreed, also after the end. */
  content: Consent
  /** When the screen was last agreed to; a narrowing since then counts as no agreement. */
  answeredAt: Date
  /** When the service was last asked to erase, in whichever agreement. */
  deletionAskedAt: Date | null
  lastProvidedAt: Date | null
}

const CONTENT = `join lateral (select * from consents c where c.agreement_id = a.id and c.kind in ('given', 'changed')
  order by version desc limit 1) k on true`

/** What a list of services shows; when each last received something is asked for apart. */
export type ListedRow = Omit<CardRow, 'lastProvidedAt'>

/** One row per service the resident ever agreed to: the newest agreement, newest first. */
export async function cards(db: Knex, residentId: string, serviceId?: string): Promise<CardRow[]> {
  const rows = await listed(db, residentId, serviceId)
  const last = await lastProvided(
    db,
    residentId,
    rows.map(({ consent }) => consent),
  )
  return rows.map((row) => ({ ...row, lastProvidedAt: last.get(row.agreement.serviceId) ?? null }))
}

/** Service → when the company agreed with last received something; services without a provision are left out. */
export async function lastProvided(
  db: Knex,
  residentId: string,
  agreed: readonly Receiver[],
): Promise<Map<string, Date>> {
  if (!agreed.length) return new Map()
  const [serviceIds, memberIds] = [agreed.map((c) => c.serviceId), agreed.map((c) => c.memberId)]
  const { rows } = await db.raw<{ rows: { service_id: string; at: Date }[] }>(
    `select s.id as service_id, p.at from unnest(:serviceIds::uuid[], :memberIds::uuid[]) as s (id, member_id)
     join lateral (select at from provision_records p where p.resident_id = :residentId and p.service_id = s.id
       and p.member_id = s.member_id order by at desc limit 1) p on true`,
    { residentId, serviceIds, memberIds },
  )
  return new Map(rows.map((row) => [row.service_id, row.at]))
}

/** The same as `cards`, without the provisions. */
export async function listed(
  db: Knex,
  residentId: string,
  serviceId?: string,
): Promise<ListedRow[]> {
  const { rows } = await db.raw<{
    rows: (Parameters<typeof standingFromRow>[0] & {
      content: ConsentJson
      answered_at: Date
      deletion_asked_at: Date | null
    })[]
  }>(
    `select distinct on (a.service_id) to_jsonb(a.*) as agreement, c.*, to_jsonb(k.*) as content,
       (select max(g.agreed_at) from consents g where g.agreement_id = a.id and g.shown_at is not null) as answered_at,
       (select max(d.asked_at) from deletion_requests d
         where d.resident_id = a.resident_id and d.service_id = a.service_id
           and d.member_id = c.member_id) as deletion_asked_at
     from agreements a
     join lateral (select * from consents c where c.agreement_id = a.id order by version desc limit 1) c on true
     ${CONTENT}
     where a.resident_id = :residentId and (:serviceId::uuid is null or a.service_id = :serviceId::uuid)
     order by a.service_id, a.ended_at is null desc, a.started_at desc, a.id`,
    { residentId, serviceId: serviceId ?? null },
  )
  return rows
    .map((row) => ({
      ...standingFromRow(row),
      content: consentFromJson(row.content),
      answeredAt: row.answered_at,
      deletionAskedAt: row.deletion_asked_at,
    }))
    .sort((x, y) => y.answeredAt.getTime() - x.answeredAt.getTime())
}

type ConsentJson = Omit<
  Parameters<typeof consentFromRow>[0],
  'shown_at' | 'agreed_at' | 'ends_at' | 'template_hash' | 'page_hash'
> & {
  shown_at: string | null
  agreed_at: string
  ends_at: string
  template_hash: string
  page_hash: string | null
}

/** A version that came as JSON: its times and hashes as text. */
function consentFromJson(json: ConsentJson): Consent {
  const bytes = (text: string) => Buffer.from(text.slice(2), 'hex')
  return consentFromRow({
    ...json,
    shown_at: json.shown_at === null ? null : new Date(json.shown_at),
    agreed_at: new Date(json.agreed_at),
    ends_at: new Date(json.ends_at),
    template_hash: bytes(json.template_hash),
    page_hash: json.page_hash === null ? null : bytes(json.page_hash),
  })
}

/** Every version between the two, newest first. */
export async function versions(
  db: Knex,
  residentId: string,
  serviceId: string,
): Promise<Consent[]> {
  const rows = await db('consents')
    .where({ resident_id: residentId, service_id: serviceId })
    .orderBy([
      { column: 'agreed_at', order: 'desc' },
      { column: 'version', order: 'desc' },
    ])
  return rows.map(consentFromRow)
}

/** Who receives by a consent. What another company received for the same service before is not theirs (S-59). */
type Receiver = Pick<Consent, 'serviceId' | 'memberId'>

export type Provided = { item: string; first: Date; last: Date; times: number }

/** What the company agreed with has received for a service, by item. */
export async function provided(
  db: Knex,
  residentId: string,
  { serviceId, memberId }: Receiver,
): Promise<Provided[]> {
  const { rows } = await db.raw<{
    rows: { item: string; first: Date; last: Date; times: string }[]
  }>(
    `select item, min(at) as first, max(at) as last, count(*) as times
     from provision_records, unnest(items) as item
     where resident_id = :residentId and service_id = :serviceId and member_id = :memberId group by item`,
    { residentId, serviceId, memberId },
  )
  return rows.map((row) => ({ ...row, times: Number(row.times) }))
}

/** When the newest screen of an agreement was answered; undefined where there is none. */
export async function answeredAt(db: Knex, agreementId: string): Promise<Date | undefined> {
  const row = await db('consents')
    .where({ agreement_id: agreementId })
    .whereNotNull('shown_at')
    .max<{ at: Date | null }[]>({ at: 'agreed_at' })
  return row[0]?.at ?? undefined
}

export type Provision = { id: string; at: Date; items: string[]; path: ProvisionPath }

/** The last few provisions to the company agreed with for a service, and how many the service had of whichever company. */
export async function provisions(
  db: Knex,
  residentId: string,
  { serviceId, memberId }: Receiver,
  most: number,
) {
  const of = () => db('provision_records').where({ resident_id: residentId, service_id: serviceId })
  const [recent, count] = await Promise.all([
    of()
      .where({ member_id: memberId })
      .orderBy('at', 'desc')
      .limit(most)
      .select<Provision[]>('id', 'at', 'items', 'path'),
    of().count<{ count: string }[]>('* as count'),
  ])
  return { recent, total: Number(count[0]?.count ?? 0) }
}

export type AnswerRow = { decision: 'agree' | 'refuse'; at: Date; items: string[] }

/** The answer to a showing and, where it was agreed to, the items agreed. */
export async function answer(db: Knex, showingId: string): Promise<AnswerRow | undefined> {
  const { rows } = await db.raw<{ rows: AnswerRow[] }>(
    `select a.decision, a.at, coalesce(array(select i->>'item' from consents c, jsonb_array_elements(c.items) i
       where c.showing_id = a.showing_id and c.shown_at is not null), '{}') as items
     from showing_answers a where a.showing_id = :showingId`,
    { showingId },
  )
  return rows[0]
}

/**
 * The next residents, in the order of their ids, with a consent in force to an older version of a text, and the names of
 * the services it is for.
 */
export async function agreedToOlder(
  db: Knex,
  text: { template: string; version: number },
  { at, after, most }: { at: Date; after: string | undefined; most: number },
): Promise<{ residentId: string; services: Both[] }[]> {
  const { rows } = await db.raw<{ rows: { residentId: string; services: Both[] }[] }>(
    `select a.resident_id as "residentId", jsonb_agg(v.names order by a.started_at) as services
     from agreements a
     join lateral (select c.template, c.template_version, c.ends_at from consents c
       where c.agreement_id = a.id order by c.version desc limit 1) c on true
     join lateral (select jsonb_build_object('ja', s.body -> 'names' -> 'ja', 'en', s.body -> 'names' -> 'en') as names
       from service_versions s where s.service_id = a.service_id order by s.version desc limit 1) v on true
     where a.ended_at is null and c.ends_at > :at
       and c.template = :template and c.template_version < :version
       and (:after::uuid is null or a.resident_id > :after)
     group by a.resident_id order by a.resident_id limit :most`,
    { ...text, at, after: after ?? null, most },
  )
  return rows
}

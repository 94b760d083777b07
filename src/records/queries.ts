/** Reading provision records with what the law lists beside them; every statement is a piece, held by keys. */
import type { Knex } from 'knex'
import type { IdKind } from '../catalogue/model.ts'
import type { Both } from '../installation.ts'
import type { Cursor, Party, Path, Scope } from './model.ts'

/** A row as the tables have it; names of companies and items are put to it in reading.ts. */
export type Found = {
  residentId: string
  userId: string
  test: boolean
  serviceId: string
  service: Both
  memberId: string
  corporateNumber: string
  contract: string
  subjectType: IdKind
  items: string[]
  purposes: string[]
  consentId: string
  consentVersion: number
  agreedAt: Date
  template: string
  templateVersion: number
  /** Item → the version of its name that was agreed to. */
  agreedItems: { item: string; itemVersion: number }[]
}
export type FoundRaw = Found & { id: string; at: Date; path: Path }
export type FoundLump = Found & { from: Date; to: Date; times: number }

const BESIDE = `
  r.user_id as "userId", r.test_member_id is not null as test, sv.body -> 'names' as service,
  m.corporate_number as "corporateNumber", k.number as contract, kv.subject_type as "subjectType",
  c.version as "consentVersion", c.agreed_at as "agreedAt", c.template, c.template_version as "templateVersion",
  c.items as "agreedItems"`
const JOINS = `
  join residents r on r.id = p.resident_id
  join members m on m.id = p.member_id
  join consents c on c.id = p.consent_id
  join service_versions sv on sv.id = p.service_version_id
  join contract_versions kv on kv.id = p.contract_version_id
  join contracts k on k.id = kv.contract_id`

function held({ memberId, serviceId, from, to }: Scope) {
  const parts = ['p.at < :to::timestamptz']
  const values: Record<string, string | Date> = { to }
  if (memberId) {
    parts.push('p.member_id = :memberId::uuid')
    values['memberId'] = memberId
  }
  if (serviceId) {
    parts.push('p.service_id = :serviceId::uuid')
    values['serviceId'] = serviceId
  }
  if (from) {
    parts.push('p.at >= :from::timestamptz')
    values['from'] = from
  }
  return { where: parts.join(' and '), values }
}

export type Asked = Scope & {
  residentId?: string
  after: Cursor | undefined
  newestFirst?: boolean
  limit: number
}

/** Releases in the order of time, at most `limit`. */
export async function raw(db: Knex, asked: Asked): Promise<FoundRaw[]> {
  const { where, values } = held(asked)
  const { residentId, after, limit, newestFirst = false } = asked
  const [sign, order] = newestFirst ? ['<', 'desc'] : ['>', 'asc']
  const beyond = after
    ? `and p.at ${sign}= :afterAt::timestamptz and (p.at, p.id) ${sign} (:afterAt::timestamptz, :afterId::uuid)`
    : ''
  const whose = residentId ? 'and p.resident_id = :residentId::uuid' : ''
  const { rows } = await db.raw<{ rows: FoundRaw[] }>(
    `select p.id, p.at, p.path, p.resident_id as "residentId", p.service_id as "serviceId", p.member_id as "memberId",
       p.items, p.purposes, p.consent_id as "consentId", ${BESIDE}
     from (select p.* from provision_records p where ${where} ${whose} ${beyond}
       order by p.at ${order}, p.id ${order} limit :limit) p ${JOINS}
     order by p.at ${order}, p.id ${order}`,
    {
      ...values,
      limit,
      ...(residentId && { residentId }),
      ...(after && { afterAt: after.at, afterId: after.id }),
    },
  )
  return rows
}

/** The next residents by id, at most `limit`, whether anything was given about them or not. */
export async function residentsAfter(
  db: Knex,
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  const found = db('residents').orderBy('id').limit(limit)
  return after ? found.where('id', '>', after).pluck<string[]>('id') : found.pluck<string[]>('id')
}

/**
 * Continuous provision taken together: per person, service and consent, and anew from the day a party was named anew.
 *
 * @param between the first and the last resident of this piece
 * @param turn when the consortium's own phase turns; undefined: never
 */
export async function lumps(
  db: Knex,
  scope: Scope,
  between: { first: string; last: string; turn: Date | undefined },
): Promise<FoundLump[]> {
  const { where, values } = held(scope)
  const { rows } = await db.raw<{ rows: FoundLump[] }>(
    `with turns as materialized (
       select member_id, created_at as at from member_versions where version > 1 and created_at < :to::timestamptz
       union all select null, since from giver_versions where version > 1 and since < :to::timestamptz
       union all select null, :turn::timestamptz where :turn::timestamptz is not null),
     g as materialized (
       select p.resident_id, p.service_id, p.member_id, p.consent_id, p.contract_version_id,
         min(p.at) as first, max(p.at) as last, count(*)::int as times,
         (array_agg(p.service_version_id order by p.at desc))[1] as service_version_id,
         array(select distinct x from unnest(string_to_array(string_agg(array_to_string(p.items, ' '), ' '), ' ')) x
           order by x) as items,
         array(select distinct x from unnest(string_to_array(string_agg(array_to_string(p.purposes, ' '), ' '), ' ')) x
           order by x) as purposes
       from provision_records p
       where ${where} and p.resident_id between :first::uuid and :last::uuid
       group by p.resident_id, p.service_id, p.member_id, p.consent_id, p.contract_version_id,
         (select count(*) from turns t where (t.member_id is null or t.member_id = p.member_id) and t.at <= p.at))
     select p.first as "from", p.last as "to", p.times, p.resident_id as "residentId", p.service_id as "serviceId",
       p.member_id as "memberId", p.items, p.purposes, p.consent_id as "consentId", ${BESIDE}
     from g p ${JOINS}
     order by p.resident_id, p.first, p.consent_id`,
    {
      ...values,
      first: between.first,
      last: between.last,
      turn: between.turn ?? null,
    },
  )
  return rows
}

/** The first release in a scope; undefined where there is none. */
export async function firstAt(db: Knex, scope: Scope): Promise<Date | undefined> {
  const { where, values } = held(scope)
  const { rows } = await db.raw<{ rows: { at: Date }[] }>(
    `select p.at from provision_records p where ${where} order by p.at limit 1`,
    values,
  )
  return rows[0]?.at
}

export type Total = { memberId: string; serviceId: string; times: number; last: Date }

/** Releases by service. */
export async function totals(db: Knex, scope: Scope): Promise<Total[]> {
  const { where, values } = held(scope)
  const { rows } = await db.raw<{ rows: Total[] }>(
    `select p.member_id as "memberId", p.service_id as "serviceId", count(*)::int as times, max(p.at) as last
     from provision_records p where ${where} group by 1, 2`,
    values,
  )
  return rows
}

export type MemberVersion = Party & { memberId: string; since: Date }

/** Every version of these companies, oldest first. */
export async function memberVersions(
  db: Knex,
  memberIds: readonly string[],
): Promise<MemberVersion[]> {
  const { rows } = await db.raw<{ rows: MemberVersion[] }>(
    `select member_id as "memberId", created_at as since, body -> 'names' as names, body -> 'address' as address,
       body -> 'representative' as representative
     from member_versions where member_id = any(:memberIds::uuid[]) order by member_id, version`,
    { memberIds: [...memberIds] },
  )
  return rows
}

export type Named = { id: string; version: number; names: Both }

/** Items or purposes in every version of their names, oldest first. */
export async function names(db: Knex, table: 'items' | 'purposes'): Promise<Named[]> {
  return db(table).orderBy(['id', 'version']).select<Named[]>('id', 'version', 'names')
}

export type ServiceName = { id: string; memberId: string; names: Both; member: Both }

/** Services that may stand in a record, with the names of today; of one company or of all. */
export async function services(db: Knex, memberId: string | undefined): Promise<ServiceName[]> {
  const { rows } = await db.raw<{ rows: ServiceName[] }>(
    `select s.id, s.member_id as "memberId", v.body -> 'names' as names, mv.body -> 'names' as member
     from services s
     join lateral (select body from service_versions where service_id = s.id order by version desc limit 1) v on true
     join lateral (select body from member_versions where member_id = s.member_id
       order by version desc limit 1) mv on true
     where (:memberId::uuid is null or s.member_id = :memberId
       or exists (select 1 from provision_records p where p.service_id = s.id and p.member_id = :memberId))
     order by mv.body -> 'names' ->> 'ja', v.body -> 'names' ->> 'ja', s.id`,
    { memberId: memberId ?? null },
  )
  return rows
}

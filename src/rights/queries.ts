import type { Knex } from 'knex'
import type { IdKind } from '../catalogue/model.ts'
import type { Both } from '../installation.ts'
import { isUuid } from '../input/ids.ts'

/** A service as requests name it. */
export type Named = { id: string; names: Both; provider: Both; inForce: boolean }

/** Whom a reported entry was about; null where it does not say. */
export type Party = {
  memberId: string | null
  serviceVersionId: string | null
  subjectType: IdKind | null
}

/**
 * The newest consent before :at names service and company; what a company has since then got of another one is not what
 * was agreed (S-59). Without a consent, as they are at :at. A :member and a :version that are known go before.
 */
const named = `select s.id, sv.body -> 'names' as names, mv.body -> 'names' as provider`
const versions = `left join lateral (select member_id, service_version_id from consents
    where resident_id = :residentId and service_id = s.id and agreed_at <= :at
    order by agreed_at desc, version desc limit 1) c on true
  join lateral (select body from service_versions where service_id = s.id
    order by (id = coalesce(:version::uuid, c.service_version_id)) desc nulls last, version desc limit 1) sv on true
  join lateral (select body from member_versions where member_id = coalesce(:member::uuid, c.member_id, s.member_id)
    order by (created_at <= :at) desc, case when created_at <= :at then version end desc nulls last, version
    limit 1) mv on true`

/** The services a resident ever agreed to, and whether that is in force or paused. */
export async function servicesOf(db: Knex, residentId: string, at: Date): Promise<Named[]> {
  const { rows } = await db.raw<{ rows: Named[] }>(
    `${named}, f."inForce"
     from (select service_id, bool_or(ended_at is null or end_kind = 'paused') as "inForce"
       from agreements where resident_id = :residentId group by service_id) f
     join services s on s.id = f.service_id ${versions}
     order by sv.body -> 'names' ->> 'ja', s.id`,
    { residentId, at, member: null, version: null },
  )
  return rows
}

/**
 * Whom the entry was about that a report points at: kept with it, or, in cases of before that, by its screen, its consent,
 * or the newest consent before. undefined: none of these is known.
 */
export async function reportedParty(db: Knex, caseId: string): Promise<Party | undefined> {
  const { rows } = await db.raw<{ rows: Party[] }>(
    `with told as (select c.resident_id, c.service_id, c.received_at, t.body -> 'evidence' as e
       from rights_cases c join case_steps t on t.case_id = c.id and t.step = 'received'
       where c.id = :caseId and c.kind = 'report'),
     found as (
       select 1 as place, p ->> 'member' as member, p ->> 'version' as version,
         coalesce(p ->> 'id_kind', v.subject_type) as kind
       from (select e -> 'party' as p from told) k
         left join contract_versions v on v.id = (p ->> 'contract')::uuid where p is not null
       union all
       select 2, m.member_id::text, f.offer ->> 'service_version', f.offer ->> 'subject_type'
       from (select s.canonical::jsonb -> 'offer' as offer from told join showings s
           on s.id = (e ->> 'showing')::uuid and s.resident_id = told.resident_id) f
         join member_versions m on m.id = (f.offer ->> 'member_version')::uuid
       union all
       (select 3, k.member_id::text, k.service_version_id::text, k.subject_type from told join consents k
           on k.resident_id = told.resident_id and k.service_id = told.service_id
             and (k.id = (e ->> 'consent')::uuid or k.agreed_at <= coalesce((e ->> 'at')::timestamptz, received_at))
         order by (k.id = (e ->> 'consent')::uuid) desc nulls last, k.agreed_at desc, k.version desc limit 1))
     select member as "memberId", version as "serviceVersionId", kind as "subjectType"
     from found order by place limit 1`,
    { caseId },
  )
  return rows[0]
}

/** A service by id as this resident knew it, whatever became of it. */
export async function service(
  db: Knex,
  asked: { id: string; residentId: string; at: Date; party: Party | undefined },
): Promise<Omit<Named, 'inForce'> | undefined> {
  const { id, residentId, at, party } = asked
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: Named[] }>(
    `${named} from services s ${versions} where s.id = :id`,
    {
      id,
      residentId,
      at,
      member: party?.memberId ?? null,
      version: party?.serviceVersionId ?? null,
    },
  )
  return rows[0]
}

/** Since when each registered item stands as it does: the newest change of each. */
export async function changedSince(db: Knex, residentId: string): Promise<Map<string, Date>> {
  const { rows } = await db.raw<{ rows: { what: string; at: Date }[] }>(
    `select what, max(at) as at from resident_changes where resident_id = :residentId group by what`,
    { residentId },
  )
  return new Map(rows.map(({ what, at }) => [what, at]))
}

/** Privacy officers in office, to be written to. */
export async function privacyOfficers(db: Knex, today: string): Promise<{ email: string }[]> {
  const { rows } = await db.raw<{ rows: { email: string }[] }>(
    `select email from operators where 'privacy_officer' = any (roles) and ends_on >= :today order by email`,
    { today },
  )
  return rows
}

/** Whether this operator has seen what was written with a case, for a reason on record (operators.viewPerson). */
export async function hasRead(
  db: Knex,
  { caseId, operatorId }: { caseId: string; operatorId: string },
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `select 1 from rights_cases c join audit_events e on e.object_id = c.resident_id::text
       and e.act = 'operators.view_person' and e.actor_id = :operatorId and e.details ->> 'case' = c.id::text
     where c.id = :caseId limit 1`,
    { caseId, operatorId },
  )
  return rows.length > 0
}

/** How many provisions a disclosure of records covers. */
export async function provisionCount(
  db: Knex,
  asked: { residentId: string; serviceId: string | null; from: Date | undefined; to: Date },
): Promise<number> {
  const { rows } = await db.raw<{ rows: { n: number }[] }>(
    `select count(*)::int as n from provision_records
     where resident_id = :residentId and at >= coalesce(:from::timestamptz, '-infinity') and at < :to
       and (:serviceId::uuid is null or service_id = :serviceId)`,
    { ...asked, from: asked.from ?? null },
  )
  return rows[0]?.n ?? 0
}

/** The names of operators, to be shown beside their steps. */
export async function operatorNames(
  db: Knex,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await db.raw<{ rows: { id: string; name: string }[] }>(
    `select id::text as id, name from operators where id::text = any (:ids)`,
    { ids: [...ids] },
  )
  return new Map(rows.map(({ id, name }) => [id, name]))
}

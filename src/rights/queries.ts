import type { Knex } from 'knex'
import type { Both } from '../installation.ts'
import { isUuid } from '../input/ids.ts'

/** A service as requests name it. */
export type Named = { id: string; names: Both; provider: Both; inForce: boolean }

/**
 * The newest consent before :at names service and company; what a company has since then got of another one is not what
 * was agreed (S-59). Without a consent, as they are at :at.
 */
const named = `select s.id, sv.body -> 'names' as names, mv.body -> 'names' as provider`
const versions = `left join lateral (select member_id, service_version_id from consents
    where resident_id = :residentId and service_id = s.id and agreed_at <= :at
    order by agreed_at desc, version desc limit 1) c on true
  join lateral (select body from service_versions where service_id = s.id
    order by (id = c.service_version_id) desc nulls last, version desc limit 1) sv on true
  join lateral (select body from member_versions where member_id = coalesce(c.member_id, s.member_id)
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
    { residentId, at },
  )
  return rows
}

/** A service by id as this resident knew it, whatever became of it. */
export async function service(
  db: Knex,
  { id, residentId, at }: { id: string; residentId: string; at: Date },
): Promise<Omit<Named, 'inForce'> | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: Named[] }>(
    `${named} from services s ${versions} where s.id = :id`,
    { id, residentId, at },
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

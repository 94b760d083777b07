/** What the lines of one page say beside their own row; asked for that page alone. */
import type { Knex } from 'knex'
import type { IdKind } from '../catalogue/model.ts'
import type { Both } from '../installation.ts'
import { UUID_PATTERN } from '../input/ids.ts'
import type { Place } from './model.ts'

/** Consent → items the resident did not choose there. */
export async function declinedOf(db: Knex, ids: readonly string[]): Promise<Map<string, string[]>> {
  if (!ids.length) return new Map()
  const rows = await db('consents')
    .whereIn('id', ids)
    .select<{ id: string; declined: string[] }[]>('id', 'declined')
  return new Map(rows.map((row) => [row.id, row.declined]))
}

/** Showing → items that were asked for on it. */
export async function offeredOf(db: Knex, ids: readonly string[]): Promise<Map<string, string[]>> {
  if (!ids.length) return new Map()
  const { rows } = await db.raw<{ rows: { id: string; items: string[] }[] }>(
    `select s.id, array(select i->>'item' from jsonb_array_elements(s.canonical::jsonb -> 'offer' -> 'items') i) as items
     from showings s where s.id = any(:ids::uuid[])`,
    { ids },
  )
  return new Map(rows.map((row) => [row.id, row.items]))
}

/** Who looked: what they were at that moment, and for whom; never who. */
export type Viewer = {
  id: string
  kind: 'operator' | 'staff'
  act: string
  roles: string[]
  /** The company of staff. */
  company: { ja: string; en: string } | null
}

export async function viewersOf(db: Knex, ids: readonly string[]): Promise<Map<string, Viewer>> {
  if (!ids.length) return new Map()
  const { rows } = await db.raw<{ rows: Viewer[] }>(
    `select e.id, e.actor_kind as kind, e.act,
       case when kept.roles is not null then array(select jsonb_array_elements_text(kept.roles))
         else coalesce(o.roles, '{}') end as roles, company.names as company
     from audit_events e
     left join operators o on o.id = case when e.actor_kind = 'operator' and e.actor_id ~ :form then e.actor_id::uuid end
     left join lateral (select c.after -> 'roles' as roles from operator_changes c
       where c.operator_id = o.id and c.at <= e.at and jsonb_typeof(c.after -> 'roles') = 'array'
       order by c.at desc limit 1) kept on true
     left join staff s on s.id = case when e.actor_kind = 'staff' and e.actor_id ~ :form then e.actor_id::uuid end
     left join lateral (select v.body -> 'names' as names from member_versions v
       where v.member_id = s.member_id and v.created_at <= e.at order by v.version desc limit 1) company on true
     where e.id = any(:ids::uuid[])`,
    { ids, form: UUID_PATTERN },
  )
  return new Map(rows.map((row) => [row.id, row]))
}

export type CompanyNames = { since: Date; names: Both }

/** Company → its names, oldest first. */
export async function companyNames(
  db: Knex,
  ids: readonly string[],
): Promise<Map<string, CompanyNames[]>> {
  if (!ids.length) return new Map()
  const { rows } = await db.raw<{ rows: (CompanyNames & { id: string })[] }>(
    `select member_id as id, created_at as since, body -> 'names' as names from member_versions
     where member_id = any(:ids::uuid[]) order by version`,
    { ids },
  )
  return Map.groupBy(rows, ({ id }) => id)
}

/** Version of a service → its names. */
export async function serviceNames(db: Knex, ids: readonly string[]): Promise<Map<string, Both>> {
  if (!ids.length) return new Map()
  const { rows } = await db.raw<{ rows: { id: string; names: Both }[] }>(
    `select id, body -> 'names' as names from service_versions where id = any(:ids::uuid[])`,
    { ids },
  )
  return new Map(rows.map(({ id, names }) => [id, names]))
}

/** Version of a contract → which ID it lets a company receive. */
export async function idKinds(db: Knex, ids: readonly string[]): Promise<Map<string, IdKind>> {
  if (!ids.length) return new Map()
  const rows = await db('contract_versions')
    .whereIn('id', ids)
    .select<{ id: string; subject_type: IdKind }[]>('id', 'subject_type')
  return new Map(rows.map((row) => [row.id, row.subject_type]))
}

export type EverNamed = { id: string; names: Both & { kana?: string } }

/** Every name that services or companies ever had. */
export async function everNamed(db: Knex, what: 'service' | 'member'): Promise<EverNamed[]> {
  const { rows } = await db.raw<{ rows: EverNamed[] }>(
    `select distinct ${what}_id as id, body -> 'names' as names from ${what}_versions`,
  )
  return rows
}

/** Services this resident ever met: agreed to, or was asked for. */
export async function metServices(db: Knex, residentId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { service_id: string }[] }>(
    `select service_id from agreements where resident_id = :residentId
     union select service_id from showings where resident_id = :residentId`,
    { residentId },
  )
  return rows.map((row) => row.service_id)
}

/** The entry's hash in the ledger, hex; undefined for what is no entry of it. */
export async function leafHashOf(
  db: Knex,
  residentId: string,
  { at, id }: Place,
): Promise<string | undefined> {
  const { rows } = await db.raw<{ rows: { hash: Buffer }[] }>(
    `select leaf_hash as hash from consents where id = :id and resident_id = :residentId
     union all select leaf_hash from resident_terms where id = :id and resident_id = :residentId
     union all select leaf_hash from provision_records where at = :at and id = :id and resident_id = :residentId`,
    { id, at, residentId },
  )
  return rows[0]?.hash.toString('hex')
}

/** Since when requests without an answer from us are kept: this part of the record is younger than the rest. */
export async function refusalsKeptSince(db: Knex): Promise<Date | undefined> {
  const row = await db('knex_migrations')
    .where({ name: '20261121T1240_history.sql' })
    .first<{ migration_time: Date } | undefined>('migration_time')
  return row?.migration_time
}

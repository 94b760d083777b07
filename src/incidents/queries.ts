/** Reading for the pages of a round, and what one person had given away. */
import type { Knex } from 'knex'
import { namesByKind, type IdKind } from '../catalogue/model.ts'
import { isUuid } from '../input/ids.ts'
import type { Both } from '../installation.ts'
import type { Finding, Progress } from './model.ts'

export type ServiceName = { id: string; names: Both; member: Both }

/**
 * Services a leak may be about: those a company runs or ran before it handed them over (S-59), as the hand-overs that
 * were approved say, or the first record; all where the leak is the consortium's own; test sides left out. One that was
 * handed over has the name it had then. A company may have received millions of records: they are not gone through.
 */
export async function services(db: Knex, memberId: string | null): Promise<ServiceName[]> {
  const { rows } = await db.raw<{ rows: ServiceName[] }>(
    `with handed as materialized (
       select x.id::uuid as service_id, max(p.changed_at) as at from proposals p
       join proposal_revisions r on r.proposal_id = p.id and r.revision = p.revision
       cross join lateral jsonb_array_elements_text(r.body -> 'serviceIds') x (id)
       where p.member_id = :memberId::uuid and p.kind = 'hand_over' and p.state = 'approved' group by 1)
     select s.id, v.body -> 'names' as names, mv.body -> 'names' as member from services s
     left join handed h on h.service_id = s.id and s.member_id <> :memberId
     join lateral (select body from service_versions where service_id = s.id
       and (version = 1 or created_at <= coalesce(h.at, 'infinity')) order by version desc limit 1) v on true
     join lateral (select body from member_versions where member_id = s.member_id order by version desc limit 1) mv on true
     where s.side = 'live' and (:memberId::uuid is null or s.member_id = :memberId or h.service_id is not null
       or (select p.member_id from provision_records p where p.service_id = s.id order by p.at limit 1) = :memberId)
     order by mv.body -> 'names' ->> 'ja', v.body -> 'names' ->> 'ja', s.id`,
    { memberId },
  )
  return rows
}

/** The legal names of a company as they were then. */
export async function memberNames(db: Knex, memberId: string, at: Date): Promise<Both | undefined> {
  const { rows } = await db.raw<{ rows: { names: Both }[] }>(
    `select body -> 'names' as names from member_versions
     where member_id = :memberId and (version = 1 or created_at <= :at) order by version desc limit 1`,
    { memberId, at },
  )
  return rows[0]?.names
}

/** How far counting is: records looked at cannot be told apart from those to come, so it tells what was found. */
export async function found(db: Knex, incidentId: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { n: number }[] }>(
    'select count(*)::int as n from incident_findings where incident_id = :incidentId',
    { incidentId },
  )
  return rows[0]?.n ?? 0
}

/** How far the letters are; whose account was erased since its letter was posted can neither read nor be written to. */
export async function progress(db: Knex, incidentId: string, before: Date): Promise<Progress> {
  const { rows } = await db.raw<{ rows: Progress[] }>(
    `select
       (select coalesce(sum(persons) filter (where done_at is null), 0)::int from incident_batches
         where incident_id = :incidentId) as waiting,
       (select count(*)::int from incident_batches where incident_id = :incidentId and done_at is null) as "batchesLeft",
       count(*) filter (where outcome = 'posted')::int as posted,
       count(*) filter (where outcome = 'unreachable')::int as unreachable,
       count(mailed_at)::int as mailed, count(printed_at)::int as printed,
       count(*) filter (where waits and open and at > :before)::int as "mailWaits",
       count(*) filter (where waits and open and at <= :before)::int as "mailLate",
       count(*) filter (where waits and not open)::int as erased
     from (select l.*, outcome = 'posted' and mailed_at is null and printed_at is null as waits,
         r.closed_at is null and r.data_key is not null as open
       from incident_letters l join residents r on r.id = l.resident_id
       where l.incident_id = :incidentId) letters`,
    { incidentId, before },
  )
  if (!rows[0]) throw new Error('a count has no row')
  return rows[0]
}

export type LetterRow = {
  id: string
  incidentId: string
  residentId: string
  at: Date
  proposalId: string
  memberId: string | null
}

const LETTER = `
  select l.id, l.incident_id as "incidentId", l.resident_id as "residentId", l.at, i.proposal_id as "proposalId",
    i.member_id as "memberId"
  from incident_letters l join incidents i on i.id = l.incident_id`

/** A resident's own letter. */
export async function letterOf(
  db: Knex,
  id: string,
  residentId: string,
): Promise<LetterRow | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: LetterRow[] }>(
    `${LETTER} where l.id = :id and l.resident_id = :residentId and l.outcome = 'posted'`,
    { id, residentId },
  )
  return rows[0]
}

/** Of letters `l`: those to be printed. An erased account has neither name nor address. */
const TO_PRINT = `
  join residents r on r.id = l.resident_id and r.closed_at is null and r.data_key is not null
  where l.incident_id = :incidentId and l.outcome = 'posted' and l.mailed_at is null and l.printed_at is null
    and l.at <= :before`

/** Letters whose mail was not handed over since `before`, and that were not printed, by resident. */
export async function unmailed(
  db: Knex,
  asked: { incidentId: string; before: Date; limit: number },
): Promise<LetterRow[]> {
  const { rows } = await db.raw<{ rows: LetterRow[] }>(
    `${LETTER} ${TO_PRINT} order by l.resident_id limit :limit`,
    asked,
  )
  return rows
}

export async function unmailedCount(db: Knex, incidentId: string, before: Date): Promise<number> {
  const { rows } = await db.raw<{ rows: { n: number }[] }>(
    `select count(*)::int as n from incident_letters l ${TO_PRINT}`,
    { incidentId, before },
  )
  return rows[0]?.n ?? 0
}

type FindingRow = Omit<Finding, 'consents'> & {
  residentId: string
  consents: { id: string; agreedAt: string }[]
  itemId: string
  /** null: the consents are of both kinds. */
  subjectType: IdKind | null
}

/**
 * What these residents had given away, by service and item, with the consents it stood on; a service by the name it had
 * when it last received the item.
 */
export async function findings(
  db: Knex,
  incidentId: string,
  residentIds: readonly string[],
): Promise<Map<string, Finding[]>> {
  const { rows } = await db.raw<{ rows: FindingRow[] }>(
    `select f.resident_id as "residentId", v.body -> 'names' as service, i.names as item, f.item as "itemId",
       (select case when min(c.subject_type) = max(c.subject_type) then min(c.subject_type) end
         from consents c where c.id = any(f.consents)) as "subjectType",
       f.first_at as "firstAt", f.last_at as "lastAt", f.times,
       (select jsonb_agg(jsonb_build_object('id', c.id, 'agreedAt', c.agreed_at) order by c.agreed_at)
         from consents c where c.id = any(f.consents)) as consents
     from incident_findings f
     join lateral (select body from service_versions where service_id = f.service_id
       and (version = 1 or created_at <= f.last_at) order by version desc limit 1) v on true
     join lateral (select names, position from items where id = f.item order by version desc limit 1) i on true
     where f.incident_id = :incidentId and f.resident_id = any(:residentIds::uuid[])
     order by f.resident_id, v.body -> 'names' ->> 'ja', i.position`,
    { incidentId, residentIds: [...residentIds] },
  )
  const all = new Map<string, Finding[]>()
  for (const { residentId, consents, itemId, subjectType, ...row } of rows) {
    const one = {
      ...row,
      item: namesByKind(itemId, row.item, subjectType ?? undefined),
      consents: consents.map(({ id, agreedAt }) => ({ id, agreedAt: new Date(agreedAt) })),
    }
    all.set(residentId, [...(all.get(residentId) ?? []), one])
  }
  return all
}

export type ItemName = { id: string; names: Both }

/** The items of the catalogue, newest names, in their order; a round is of many contracts, so the ID has no kind. */
export async function items(db: Knex): Promise<ItemName[]> {
  const { rows } = await db.raw<{ rows: ItemName[] }>(
    `select id, names from (select distinct on (id) id, names, position from items order by id, version desc) x
     order by position`,
  )
  return rows.map(({ id, names }) => ({ id, names: namesByKind(id, names, undefined) }))
}

/** Numbers of cases, by id. */
export async function numbers(db: Knex, caseIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db('duty_cases')
    .whereIn('id', [...caseIds])
    .whereNotNull('number')
    .select<{ id: string; number: string }[]>('id', 'number')
  return new Map(rows.map(({ id, number }) => [id, number]))
}

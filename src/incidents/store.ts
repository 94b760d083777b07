import type { Knex } from 'knex'
import { isUuid } from '../input/ids.ts'
import type { Figures, Incident, State } from './model.ts'

const SELECT = `
  select id, case_id as "caseId", member_id as "memberId", state, services, items, since, until,
    counted_services as "countedServices", counted_to_at as "countedToAt", counted_to_id as "countedToId",
    counted_at as "countedAt", figures, proposal_id as "proposalId", opened_at as "openedAt",
    approved_at as "approvedAt", finished_at as "finishedAt"
  from incidents`

/** A round; `hold` locks it until the transaction ends, yet lets other batches refer to it. */
export async function find(db: Knex, id: string, hold = false): Promise<Incident | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: Incident[] }>(
    `${SELECT} where id = :id ${hold ? 'for no key update' : ''}`,
    { id },
  )
  return rows[0]
}

/** Newest first. */
export async function list(db: Knex, limit: number): Promise<Incident[]> {
  const { rows } = await db.raw<{ rows: Incident[] }>(
    `${SELECT} order by opened_at desc, id limit :limit`,
    { limit },
  )
  return rows
}

/** Rounds somebody still has something to do with. */
export async function open(db: Knex): Promise<Incident[]> {
  const { rows } = await db.raw<{ rows: Incident[] }>(
    `${SELECT} where state in ('counting', 'counted', 'sending') order by opened_at`,
  )
  return rows
}

/** @returns whether there was no other open round about this case */
export async function insert(
  db: Knex,
  row: Pick<Incident, 'id' | 'caseId' | 'memberId' | 'services' | 'items' | 'since' | 'until'> & {
    by: string
    at: Date
  },
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `insert into incidents (id, case_id, member_id, state, services, items, since, until, opened_by, opened_at, changed_at)
     values (:id, :caseId, :memberId, 'counting', :services, :items, :since, :until, :by, :at, :at)
     on conflict do nothing returning id`,
    { ...row, services: [...row.services], items: [...row.items] },
  )
  return rows.length > 0
}

type Change = Partial<{
  state: State
  counted_services: number
  counted_to_at: Date | null
  counted_to_id: string | null
  counted_at: Date
  figures: string
  proposal_id: string | null
  approved_at: Date
  finished_at: Date
}>

export async function update(db: Knex, id: string, change: Change, at: Date): Promise<void> {
  await db('incidents')
    .where({ id })
    .update({ ...change, changed_at: at })
}

type Piece = {
  incidentId: string
  service: string
  items: readonly string[]
  since: Date | null
  until: Date
  after: { at: Date; id: string } | undefined
  limit: number
}

/**
 * Counts the next records of one service into the findings.
 *
 * @returns how many records were looked at, and the last of them
 */
export async function countPiece(
  db: Knex,
  { incidentId, service, items, since, until, after, limit }: Piece,
): Promise<{ seen: number; at: Date | null; id: string | null }> {
  const behind = after ? 'and p.at >= :afterAt and (p.at, p.id) > (:afterAt, :afterId::uuid)' : ''
  const begun = since ? 'and p.at >= :since' : ''
  const { rows } = await db.raw<{ rows: { seen: number; at: Date | null; id: string | null }[] }>(
    `with piece as materialized (
       select p.at, p.id, p.resident_id, p.consent_id, p.items from provision_records p
       where p.service_id = :service and p.at < :until ${begun} ${behind}
       order by p.at, p.id limit :limit),
     put as (
       insert into incident_findings as f (incident_id, resident_id, service_id, item, first_at, last_at, times, consents)
       select :incidentId, p.resident_id, :service, item, min(p.at), max(p.at), count(*)::int,
         array_agg(distinct p.consent_id)
       from piece p
       join residents r on r.id = p.resident_id and r.test_member_id is null
       cross join unnest(p.items) item
       where item = any(:items::text[])
       group by p.resident_id, item
       on conflict (incident_id, resident_id, service_id, item) do update set
         first_at = least(f.first_at, excluded.first_at), last_at = greatest(f.last_at, excluded.last_at),
         times = f.times + excluded.times,
         consents = array(select distinct x from unnest(f.consents || excluded.consents) x))
     select count(*)::int as seen, max(at) as at, (array_agg(id order by at desc, id desc))[1] as id from piece`,
    {
      incidentId,
      service,
      items: [...items],
      until,
      limit,
      ...(since && { since }),
      ...(after && { afterAt: after.at, afterId: after.id }),
    },
  )
  return rows[0] ?? { seen: 0, at: null, id: null }
}

/** The next persons of a round by id. */
export async function personsAfter(
  db: Knex,
  incidentId: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select distinct resident_id as id from incident_findings
     where incident_id = :incidentId and resident_id > :after order by resident_id limit :limit`,
    { incidentId, after, limit },
  )
  return rows.map(({ id }) => id)
}

export type Batch = {
  incidentId: string
  number: number
  first: string
  last: string
  persons: number
}

export async function insertBatch(db: Knex, batch: Batch): Promise<void> {
  await db('incident_batches').insert({
    incident_id: batch.incidentId,
    number: batch.number,
    first_resident: batch.first,
    last_resident: batch.last,
    persons: batch.persons,
  })
}

/** A batch that is not done, held until the transaction ends; undefined where it is done. */
export async function holdBatch(
  db: Knex,
  incidentId: string,
  number: number,
): Promise<Batch | undefined> {
  const { rows } = await db.raw<{ rows: Batch[] }>(
    `select incident_id as "incidentId", number, first_resident as first, last_resident as last, persons
     from incident_batches where incident_id = :incidentId and number = :number and done_at is null for update`,
    { incidentId, number },
  )
  return rows[0]
}

export async function batchDone(db: Knex, { incidentId, number }: Batch, at: Date): Promise<void> {
  await db('incident_batches').where({ incident_id: incidentId, number }).update({ done_at: at })
}

/** Numbers of the batches that are not done. */
export async function batchesLeft(db: Knex, incidentId: string): Promise<number[]> {
  return db('incident_batches')
    .where({ incident_id: incidentId })
    .whereNull('done_at')
    .orderBy('number')
    .pluck<number[]>('number')
}

/** The persons of a batch. */
export async function personsBetween(
  db: Knex,
  { incidentId, first, last }: Pick<Batch, 'incidentId' | 'first' | 'last'>,
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select distinct resident_id as id from incident_findings
     where incident_id = :incidentId and resident_id between :first and :last order by resident_id`,
    { incidentId, first, last },
  )
  return rows.map(({ id }) => id)
}

export type NewLetter = { id: string; residentId: string; outcome: 'posted' | 'unreachable' }

/** @returns ids of the letters that are new: those somebody has already are left out */
export async function insertLetters(
  db: Knex,
  incidentId: string,
  letters: readonly NewLetter[],
  at: Date,
): Promise<Set<string>> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `insert into incident_letters (id, incident_id, resident_id, outcome, at)
     select l.id, :incidentId, l.resident, l.outcome, :at
     from unnest(:ids::uuid[], :residents::uuid[], :outcomes::text[]) l (id, resident, outcome)
     on conflict (incident_id, resident_id) do nothing returning id`,
    {
      incidentId,
      at,
      ids: letters.map(({ id }) => id),
      residents: letters.map(({ residentId }) => residentId),
      outcomes: letters.map(({ outcome }) => outcome),
    },
  )
  return new Set(rows.map(({ id }) => id))
}

/** The mail of a letter was handed to the mail server. */
export async function mailed(db: Knex, id: string, at: Date): Promise<void> {
  await db('incident_letters').where({ id }).whereNull('mailed_at').update({ mailed_at: at })
}

/** These letters were printed at the desk. */
export async function printed(
  db: Knex,
  incidentId: string,
  ids: readonly string[],
  at: Date,
): Promise<number> {
  return db('incident_letters')
    .where({ incident_id: incidentId, outcome: 'posted' })
    .whereIn('id', [...ids])
    .whereNull('printed_at')
    .update({ printed_at: at })
}

/** The figures of a stretch of persons, from the same rows the letters are made of. */
export async function figuresOf(
  db: Knex,
  { incidentId, first, last }: Pick<Batch, 'incidentId' | 'first' | 'last'>,
  at: Date,
): Promise<Figures> {
  const { rows } = await db.raw<{ rows: Figures[] }>(
    `with f as materialized (select * from incident_findings
       where incident_id = :incidentId and resident_id between :first and :last),
     persons as materialized (select p.resident_id,
         r.closed_at is null and r.data_key is not null and r.email_verified_at is not null as open,
         exists (select 1 from agreements a where a.resident_id = p.resident_id and a.ended_at is null
           and a.service_id in (select f.service_id from f where f.resident_id = p.resident_id)
           and (select c.ends_at from consents c where c.agreement_id = a.id order by c.version desc limit 1) > :at)
           as agreed
       from (select distinct resident_id from f) p join residents r on r.id = p.resident_id)
     select (select count(*)::int from persons) as persons,
       (select count(*)::int from persons where open) as reachable,
       (select count(*)::int from persons where not open) as unreachable,
       (select count(*)::int from persons where not agreed) as ended,
       (select coalesce(sum(times), 0)::int from f) as releases,
       (select coalesce(jsonb_agg(jsonb_build_object('id', item, 'persons', n)), '[]')
         from (select item, count(distinct resident_id) as n from f group by 1) x) as "byItem",
       (select coalesce(jsonb_agg(jsonb_build_object('id', service_id, 'persons', n)), '[]')
         from (select service_id, count(distinct resident_id) as n from f group by 1) x) as "byService",
       to_char(min(f.first_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as first,
       to_char(max(f.last_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as last
     from f`,
    { incidentId, first, last, at },
  )
  if (!rows[0]) throw new Error('nothing was counted')
  return rows[0]
}

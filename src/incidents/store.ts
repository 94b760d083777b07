import type { Knex } from 'knex'
import { isUuid } from '../input/ids.ts'
import type { Batch, Figures, Incident, State } from './model.ts'

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
  /** Whose leak: what this company received is counted, whoever runs the service now; null: what anybody received. */
  memberId: string | null
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
  { incidentId, memberId, service, items, since, until, after, limit }: Piece,
): Promise<{ seen: number; at: Date | null; id: string | null }> {
  const behind = after ? 'and p.at >= :afterAt and (p.at, p.id) > (:afterAt, :afterId::uuid)' : ''
  const begun = since ? 'and p.at >= :since' : ''
  const { rows } = await db.raw<{ rows: { seen: number; at: Date | null; id: string | null }[] }>(
    `with piece as materialized (
       select p.at, p.id, p.resident_id, p.member_id, p.consent_id, p.items from provision_records p
       where p.service_id = :service and p.at < :until ${begun} ${behind}
       order by p.at, p.id limit :limit),
     put as (
       insert into incident_findings as f (incident_id, resident_id, service_id, item, first_at, last_at, times, consents)
       select :incidentId, p.resident_id, :service, item, min(p.at), max(p.at), count(*)::int,
         array_agg(distinct p.consent_id)
       from piece p
       join residents r on r.id = p.resident_id and r.test_member_id is null
       cross join unnest(p.items) item
       where item = any(:items::text[]) and (:memberId::uuid is null or p.member_id = :memberId)
       group by p.resident_id, item
       on conflict (incident_id, resident_id, service_id, item) do update set
         first_at = least(f.first_at, excluded.first_at), last_at = greatest(f.last_at, excluded.last_at),
         times = f.times + excluded.times,
         consents = array(select distinct x from unnest(f.consents || excluded.consents) x))
     select count(*)::int as seen, max(at) as at, (array_agg(id order by at desc, id desc))[1] as id from piece`,
    {
      incidentId,
      memberId,
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

/**
 * The figures of a stretch of persons, from the same rows the letters are made of.
 *
 * @param memberId whose consents are looked at for those that have ended; null: those of any company
 */
export async function figuresOf(
  db: Knex,
  {
    incidentId,
    first,
    last,
    memberId,
  }: Pick<Batch, 'incidentId' | 'first' | 'last'> & Pick<Incident, 'memberId'>,
  at: Date,
): Promise<Figures> {
  const { rows } = await db.raw<{ rows: Figures[] }>(
    `with f as materialized (select * from incident_findings
       where incident_id = :incidentId and resident_id between :first and :last),
     persons as materialized (select p.resident_id,
         r.closed_at is null and r.data_key is not null and r.email_verified_at is not null as open,
         exists (select 1 from agreements a
           join lateral (select c.ends_at, c.member_id from consents c where c.agreement_id = a.id
             order by c.version desc limit 1) c on c.ends_at > :at
             and (:memberId::uuid is null or c.member_id = :memberId)
           where a.resident_id = p.resident_id and a.ended_at is null
             and a.service_id in (select f.service_id from f where f.resident_id = p.resident_id)) as agreed
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
    { incidentId, first, last, memberId, at },
  )
  if (!rows[0]) throw new Error('nothing was counted')
  return rows[0]
}

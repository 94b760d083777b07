/** Reading the audit record: searched, held to a span, sorted by time, paged by key (J10, L1). */
import type { Knex } from 'knex'
import type { Json } from '../audit/model.ts'
import { likeOf } from '../http/listing.ts'
import { isUuid, UUID_PATTERN } from '../input/ids.ts'
import type { ViewKept } from '../operators/model.ts'

export const ACTOR_KINDS = [
  'operator',
  'staff',
  'resident',
  'service',
  'system',
  'anonymous',
] as const
export type ActorKind = (typeof ACTOR_KINDS)[number]

/** The last line of a page: the next begins after it. */
export type Cursor = { at: Date; id: string }

export type Asked = {
  /** The beginning of an act, part of a name, or an id, whole. */
  q: string
  actorKind: ActorKind | undefined
  /** Inclusive. */
  from: Date | undefined
  /** Exclusive. */
  to: Date | undefined
  /** Oldest first instead of newest first. */
  oldestFirst: boolean
  after: Cursor | undefined
  limit: number
}

/** One event with who stands behind it. */
export type Event = {
  id: string
  at: Date
  actorKind: ActorKind
  actorId: string | null
  /** Of an operator or staff; null for others: a resident is an id here and nothing more. */
  actorName: string | null
  /** Company of staff, in Japanese. */
  actorCompany: string | null
  /** Of an operator at that moment, as far as changes were kept; of staff now. */
  actorRoles: string[] | null
  act: string
  objectKind: string | null
  objectId: string | null
  details: { [key: string]: Json }
  /** Why: as noted with the turn of a proposal, or by the deed itself. */
  reason: string | null
  /** The view of a person that it notes; why they looked is for `operators.viewReasons` to open. */
  view?: ViewKept
}

type Row = Omit<Event, 'view'> & {
  viewId: string | null
  viewOf: string
  viewReason: string | null
  viewSealed: Buffer | null
}

const SELECT = `
  select e.id, e.at, e.actor_kind as "actorKind", e.actor_id as "actorId", e.act,
    e.object_kind as "objectKind", e.object_id as "objectId", e.details,
    coalesce(o.name, s.name) as "actorName", company.name as "actorCompany",
    case when s.id is not null then array[s.role] when kept.roles is not null
      then array(select jsonb_array_elements_text(kept.roles)) else o.roles end as "actorRoles",
    coalesce(t.note, e.details ->> 'reason') as reason,
    w.id as "viewId", w.object_id as "viewOf", w.reason as "viewReason", w.reason_sealed as "viewSealed"
  from audit_events e
  left join operators o on o.id = case when e.actor_kind = 'operator' and e.actor_id ~ :idForm then e.actor_id::uuid end
  left join lateral (select c.after -> 'roles' as roles from operator_changes c
    where c.operator_id = o.id and c.at <= e.at and jsonb_typeof(c.after -> 'roles') = 'array'
    order by c.at desc limit 1) kept on true
  left join staff s on s.id = case when e.actor_kind = 'staff' and e.actor_id ~ :idForm then e.actor_id::uuid end
  left join lateral (select v.body -> 'names' ->> 'ja' as name from member_versions v
    where v.member_id = s.member_id order by v.version desc limit 1) company on true
  left join lateral (select t.note from proposal_turns t
    where t.proposal_id = case when e.object_kind like 'proposal.%' then e.object_id::uuid end
      and t.at <= e.at and 'reviews.' || t.turn = e.act order by t.at desc limit 1) t on true
  left join operator_views w on w.id = case when e.act = 'operators.view_person' then (e.details ->> 'view')::uuid end`

/** What is asked for, as SQL; names are looked up first, so that indexes serve. */
async function whereOf(db: Knex, asked: Asked) {
  const { q } = asked
  const values: Record<string, string | Date | string[]> = {}
  const parts = ['true']
  const isId: boolean = isUuid(q)
  if (isId) {
    parts.push('(e.actor_id = :q or e.object_id = :q)')
    values['q'] = q.toLowerCase()
  } else if (q) {
    parts.push(`(e.act like :act escape '\\' or e.actor_id = any(:actors) or e.object_id = :q)`)
    values['act'] = likeOf(q.toLowerCase()).slice(1)
    values['actors'] = await named(db, q)
    values['q'] = q
  }
  if (asked.actorKind) {
    parts.push('e.actor_kind = :actorKind')
    values['actorKind'] = asked.actorKind
  }
  if (asked.from) {
    parts.push('e.at >= :from')
    values['from'] = asked.from
  }
  if (asked.to) {
    parts.push('e.at < :to')
    values['to'] = asked.to
  }
  return { where: parts.join(' and '), values }
}

/** Ids of the operators and staff whose name or address holds a text. */
async function named(db: Knex, q: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select id::text from operators where name ilike :like escape '\\' or email ilike :like escape '\\'
     union all
     select id::text from staff where name ilike :like escape '\\' or email ilike :like escape '\\'
     limit 1000`,
    { like: likeOf(q) },
  )
  return rows.map(({ id }) => id)
}

/** Events in order, at most `limit`. */
export async function events(db: Knex, asked: Asked): Promise<Event[]> {
  const { where, values } = await whereOf(db, asked)
  const { after, oldestFirst, limit } = asked
  const [sign, direction] = oldestFirst ? ['>', 'asc'] : ['<', 'desc']
  const beyond = after ? `and (e.at, e.id) ${sign} (:at::timestamptz, :id::uuid)` : ''
  const { rows } = await db.raw<{ rows: Row[] }>(
    `${SELECT} where ${where} ${beyond} order by e.at ${direction}, e.id ${direction} limit :limit`,
    { ...values, idForm: UUID_PATTERN, limit, ...(after && { at: after.at, id: after.id }) },
  )
  return rows.map(({ viewId, viewOf, viewReason, viewSealed, ...event }) => ({
    ...event,
    ...(viewId && {
      view: { id: viewId, objectId: viewOf, reason: viewReason, sealed: viewSealed },
    }),
  }))
}

/** How many there are in all; more than `most` are not counted on. */
export async function count(db: Knex, asked: Asked, most: number): Promise<number> {
  const { where, values } = await whereOf(db, asked)
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*)::int as count from (select 1 from audit_events e where ${where} limit :most) x`,
    { ...values, most },
  )
  return rows[0]?.count ?? 0
}

/**
 * The timeline, read from where its entries stand: each source is held to the page's limit by itself, so that a page
 * touches few rows however long the history is (L1: keyset, no offset that a reader could choose, no counts).
 */
import type { Knex } from 'knex'
import { LEFT_AFTER_MS, type HistoryFilter, type HistoryRow, type Place } from './model.ts'
import { SOURCES, type Source } from './source_queries.ts'

/** A stretch of the timeline: what lies beyond `start`, and no farther than `until`. */
export type Stretch = {
  way: 'older' | 'newer'
  /** Exclusive. */
  start: Place | undefined
  /** Inclusive. */
  until: Place | undefined
  limit: number
  /** This entry alone. */
  entry?: string
}

/** Which sources can hold what is asked for. */
function sourcesFor({ kind, service }: HistoryFilter): Source[] {
  return SOURCES.filter(
    (source) =>
      (kind === undefined || source.kinds.includes(kind)) &&
      (service === undefined || source.ofService),
  )
}

function conditions(filter: HistoryFilter, stretch: Stretch): string {
  const [beyond, within] = stretch.way === 'older' ? ['<', '>='] : ['>', '<=']
  const parts = ['true']
  if (stretch.entry) parts.push('x.id = :entry::uuid')
  if (filter.kind) parts.push('x.kind = :kind')
  if (filter.service) parts.push('x.service_id = :service::uuid')
  if (filter.from) parts.push('x.at >= :from::timestamptz')
  if (filter.to) parts.push('x.at < :to::timestamptz')
  if (filter.item) parts.push('x.about && :item::text[]')
  if (filter.search)
    parts.push(
      `(x.kind = any(:kinds::text[]) or x.service_id = any(:services::uuid[]) or x.about && :about::text[]
        or x.details->'party'->>'member' = any(:companies::text[]))`,
    )
  if (stretch.start) parts.push(`(x.at, x.id) ${beyond} (:startAt::timestamptz, :startId::uuid)`)
  if (stretch.until) parts.push(`(x.at, x.id) ${within} (:untilAt::timestamptz, :untilId::uuid)`)
  return parts.join(' and ')
}

const bindings = (filter: HistoryFilter, stretch: Stretch, now: Date) => ({
  residentId: filter.residentId,
  residentText: filter.residentId,
  now,
  leftBefore: new Date(now.getTime() - LEFT_AFTER_MS),
  kind: filter.kind ?? null,
  service: filter.service ?? null,
  from: filter.from ?? null,
  to: filter.to ?? null,
  item: filter.item === undefined ? null : [filter.item],
  kinds: filter.search?.kinds ?? null,
  services: filter.search?.services ?? null,
  companies: filter.search?.companies ?? null,
  about: filter.search?.items ?? null,
  startAt: stretch.start?.at ?? null,
  startId: stretch.start?.id ?? null,
  untilAt: stretch.until?.at ?? null,
  untilId: stretch.until?.id ?? null,
  entry: stretch.entry ?? null,
  limit: stretch.limit,
})

/** The statement of `entries`, for the test that holds its plan to the promise. */
export function entriesSql(filter: HistoryFilter, stretch: Stretch, now: Date) {
  const order = stretch.way === 'older' ? 'desc' : 'asc'
  const where = conditions(filter, stretch)
  const each = sourcesFor(filter).map(
    ({ sql }) =>
      `(select x.id, x.at, x.kind, x.service_id, x.items, x.details from (${sql}) x where ${where}
        order by x.at ${order}, x.id ${order} limit :limit)`,
  )
  return {
    sql: `select * from (${each.join(' union all ')}) e order by e.at ${order}, e.id ${order} limit :limit`,
    bindings: bindings(filter, stretch, now),
  }
}

/** Entries of a stretch, in the order of its way; at most `limit`. */
export async function entries(
  db: Knex,
  filter: HistoryFilter,
  stretch: Stretch,
  now: Date,
): Promise<HistoryRow[]> {
  if (sourcesFor(filter).length === 0) return []
  const statement = entriesSql(filter, stretch, now)
  const { rows } = await db.raw<{ rows: HistoryRow[] }>(statement.sql, statement.bindings)
  return rows
}

/**
 * Where a look through the provision records has to rest: the place `window` records beyond the start. Undefined where
 * fewer are left, or where none are looked through.
 */
export async function restingPlace(
  db: Knex,
  filter: HistoryFilter,
  { way, start }: Pick<Stretch, 'way' | 'start'>,
  window: number,
): Promise<Place | undefined> {
  if (filter.kind && filter.kind !== 'provision') return undefined
  const [beyond, order] = way === 'older' ? ['<', 'desc'] : ['>', 'asc']
  const { rows } = await db.raw<{ rows: Place[] }>(
    `select p.at, p.id from provision_records p where p.resident_id = :residentId
       ${filter.service ? 'and p.service_id = :service::uuid' : ''}
       ${filter.from ? 'and p.at >= :from::timestamptz' : ''} ${filter.to ? 'and p.at < :to::timestamptz' : ''}
       ${start ? `and (p.at, p.id) ${beyond} (:startAt::timestamptz, :startId::uuid)` : ''}
     order by p.at ${order}, p.id ${order} offset :window limit 1`,
    {
      ...bindings(filter, { way, start, until: undefined, limit: 1 }, new Date(0)),
      window: window - 1,
    },
  )
  return rows[0]
}

/** The one entry at this place, of this resident. */
export async function entryAt(
  db: Knex,
  residentId: string,
  { at, id }: Place,
  now: Date,
): Promise<HistoryRow | undefined> {
  const filter = { ...EVERYTHING, residentId, from: at, to: new Date(at.getTime() + 1) }
  const stretch = { way: 'older', start: undefined, until: undefined, limit: 1, entry: id } as const
  return (await entries(db, filter, stretch, now))[0]
}

export const EVERYTHING = {
  service: undefined,
  kind: undefined,
  item: undefined,
  from: undefined,
  to: undefined,
  search: undefined,
}

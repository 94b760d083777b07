/** A page of the timeline: so many entries that match, from a place on, in one direction. */
import type { Env } from '../env.ts'
import {
  looksThrough,
  type Cursor,
  type HistoryFilter,
  type HistoryRow,
  type Place,
} from './model.ts'
import * as queries from './reading_queries.ts'

/** Records one statement looks through where each must be looked at, and how many such statements one request makes. */
const WINDOW = 5000
const WINDOWS = 10

export type Read = {
  /** Newest first. */
  rows: HistoryRow[]
  older: Cursor | undefined
  /** undefined: this is the newest page. */
  newer: Cursor | undefined
  /** The look through the records rested here: older ones were not looked at yet. */
  restedAt: Date | undefined
}

type Gathered = { rows: HistoryRow[]; restedAt: Place | undefined }

/** Matching entries beyond a place, in the order of the way; rests after so many windows. */
async function gather(
  env: Env,
  filter: HistoryFilter,
  { way, start, limit }: Omit<queries.Stretch, 'until'>,
): Promise<Gathered> {
  const rows: HistoryRow[] = []
  const through = looksThrough(filter)
  for (let from = start, turn = 0; ; turn++) {
    const stretch = { way, start: from }
    const until = through ? await queries.restingPlace(env.db, filter, stretch, WINDOW) : undefined
    const most = limit - rows.length
    rows.push(
      ...(await queries.entries(env.db, filter, { ...stretch, until, limit: most }, env.now())),
    )
    if (rows.length >= limit || !until) return { rows, restedAt: undefined }
    if (turn + 1 >= WINDOWS) return { rows, restedAt: until }
    from = until
  }
}

const matchesNothing = ({ search }: HistoryFilter) =>
  search !== undefined && Object.values(search).every((found) => found.length === 0)

/** Reads one page. @param cursor undefined: the newest entries */
export async function read(
  env: Env,
  filter: HistoryFilter,
  cursor: Cursor | undefined,
  limit: number,
): Promise<Read> {
  if (matchesNothing(filter))
    return { rows: [], older: undefined, newer: undefined, restedAt: undefined }
  if (cursor?.way === 'newer') {
    const found = await gather(env, filter, { way: 'newer', start: cursor, limit: limit + 1 })
    // Fewer than a page lie before it: that is the newest page, which is shown whole.
    if (found.rows.length <= limit && !found.restedAt) return read(env, filter, undefined, limit)
    const rows = found.rows.slice(0, limit).reverse()
    return {
      rows,
      older: place('older', rows.at(-1) ?? cursor),
      newer: place('newer', rows[0] ?? found.restedAt),
      restedAt: undefined,
    }
  }
  const found = await gather(env, filter, { way: 'older', start: cursor, limit: limit + 1 })
  const rows = found.rows.slice(0, limit)
  const more = found.rows.length > limit
  return {
    rows,
    older: more ? place('older', rows.at(-1)) : place('older', found.restedAt),
    newer: cursor && place('newer', rows[0] ?? cursor),
    restedAt: more ? undefined : found.restedAt?.at,
  }
}

const place = (way: Cursor['way'], at: Place | undefined): Cursor | undefined =>
  at && { way, at: at.at, id: at.id }

/** Every entry that matches, newest first, read piece by piece. */
export async function* readAll(
  env: Env,
  filter: HistoryFilter,
  piece: number,
): AsyncGenerator<HistoryRow[]> {
  let cursor: Cursor | undefined
  do {
    const found = await read(env, filter, cursor, piece)
    yield found.rows
    cursor = found.older
  } while (cursor)
}

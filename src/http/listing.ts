/** Lists that search, sort and page on the server: what the address asks for, held to what a list offers (L1). */
import type { Ctx } from './state.ts'

export type Listing<Sort extends string> = {
  /** What is searched for, trimmed; empty: everything. */
  q: string
  sort: Sort
  descending: boolean
  /** From 1. */
  page: number
  perPage: number
  /** The value of a filter the list offers; empty: all. */
  filter: string
}

export type Offers<Sort extends string> = {
  /** Sort keys; the first is the one at the beginning. */
  sorts: readonly [Sort, ...Sort[]]
  filters?: readonly string[]
  descending?: boolean
  perPage?: number
}

const QUERY_LENGTH = 100
const MAX_PAGE = 100_000

/**
 * What an address gives for one name, as one text of at most so many characters. What is given twice is put side by
 * side, and NUL stands for a character nobody writes: neither is ever what a list offers, nor mistaken for nothing.
 */
export function oneText(value: unknown, length: number): string {
  const text = Array.isArray(value) ? value.join(' ') : value
  return typeof text === 'string' ? text.replaceAll('\0', '\uFFFD').trim().slice(0, length) : ''
}

/** Reads `q`, `sort` (`-name` for descending), `page` and `filter`; what the list does not offer counts as not asked. */
export function readListing<Sort extends string>(ctx: Ctx, offers: Offers<Sort>): Listing<Sort> {
  const one = (name: string) => {
    const value = ctx.query[name]
    return typeof value === 'string' && !value.includes('\0') ? value : ''
  }
  const asked = one('sort')
  const sort = offers.sorts.find((key) => key === asked.replace(/^-/, ''))
  const page = /^[1-9]\d{0,5}$/.test(one('page')) ? Number(one('page')) : 1
  return {
    q: one('q').normalize('NFKC').trim().slice(0, QUERY_LENGTH),
    sort: sort ?? offers.sorts[0],
    descending: sort ? asked.startsWith('-') : (offers.descending ?? false),
    page: Math.min(page, MAX_PAGE),
    perPage: offers.perPage ?? 25,
    filter: offers.filters?.find((value) => value === one('filter')) ?? '',
  }
}

/** A page of a list that was read whole: for lists of some hundred rows; longer ones page in SQL. */
export type Paged<T> = { rows: T[]; total: number; page: number; pages: number }

export function paged<T>(all: readonly T[], { page, perPage }: Listing<string>): Paged<T> {
  const pages = Math.max(1, Math.ceil(all.length / perPage))
  const shown = Math.min(page, pages)
  const from = (shown - 1) * perPage
  return { rows: all.slice(from, from + perPage), total: all.length, page: shown, pages }
}

/**
 * A page that the database counted. Beyond the last page no row carries the count, so the first page is read instead.
 *
 * @param read the rows from `offset` on, at most `limit`, and how many there are in all
 */
export async function pageRead<T>(
  { page, perPage }: Pick<Listing<string>, 'page' | 'perPage'>,
  read: (at: { limit: number; offset: number }) => Promise<{ rows: T[]; total: number }>,
): Promise<Paged<T>> {
  const at = (number: number) => read({ limit: perPage, offset: (number - 1) * perPage })
  const found = await at(page)
  const shown = found.rows.length ? page : 1
  const { rows, total } = shown === page ? found : await at(shown)
  return { rows, total, page: shown, pages: Math.max(1, Math.ceil(total / perPage)) }
}

/** A text of SQL `ilike … escape '\'` that finds what holds `q` literally. */
export function likeOf(q: string): string {
  return `%${q.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`
}

/** The address of the same list with something else asked; for links of headings and pages. */
function listHref(path: string, listing: Listing<string>, other: Record<string, string>) {
  const now = {
    q: listing.q,
    filter: listing.filter,
    sort: `${listing.descending ? '-' : ''}${listing.sort}`,
    page: String(listing.page),
    ...other,
  }
  const query = new URLSearchParams(Object.entries(now).filter(([, value]) => value !== ''))
  return `${path}?${query.toString()}`
}

/** What views/parts/list_controls, list_heading and list_pages draw of a list: addresses ready, nothing to compute. */
export type ListView = {
  path: string
  q: string
  filter: string
  /** As in the address: `-name` is descending. */
  sort: string
  total: number
  page: number
  pages: number
  previousHref: string | undefined
  nextHref: string | undefined
  /** By sort key: where its heading leads, and how the list is sorted by it now. */
  headings: Record<string, { href: string; now: 'ascending' | 'descending' | undefined }>
}

/** The list's controls. `shown` is what `paged` gave, or the same counted in SQL. */
export function listView<Sort extends string>(
  path: string,
  listing: Listing<Sort>,
  shown: Pick<Paged<unknown>, 'total' | 'page' | 'pages'>,
  sorts: readonly Sort[],
): ListView {
  const at = (page: number) => listHref(path, listing, { page: String(page) })
  const heading = (key: Sort) => {
    const isNow = key === listing.sort
    const sort = isNow && !listing.descending ? `-${key}` : key
    const now = listing.descending ? ('descending' as const) : ('ascending' as const)
    return { href: listHref(path, listing, { sort, page: '' }), now: isNow ? now : undefined }
  }
  return {
    path,
    q: listing.q,
    filter: listing.filter,
    sort: `${listing.descending ? '-' : ''}${listing.sort}`,
    ...{ total: shown.total, page: shown.page, pages: shown.pages },
    previousHref: shown.page > 1 ? at(shown.page - 1) : undefined,
    nextHref: shown.page < shown.pages ? at(shown.page + 1) : undefined,
    headings: Object.fromEntries(sorts.map((key) => [key, heading(key)])),
  }
}

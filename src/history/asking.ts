/** What the address of a history page asks for, held to what the page offers (L1). */
import { itemNames } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import { oneText } from '../http/listing.ts'
import type { Ctx } from '../http/state.ts'
import { endOfDay, periodFaults, startOfDay } from '../input/days.ts'
import { messages } from '../locales/index.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { everNamed, type EverNamed } from './line_queries.ts'
import { KINDS, readCursor, type Cursor, type HistoryFilter, type Search } from './model.ts'
import type { Values } from './pages.ts'
import type { View } from './telling.ts'

const LENGTH = 100

/** Values of the address, and what is wrong with them: a filter we do not know never means the whole (L1). */
export function valuesOf(ctx: Ctx, view: View): { values: Values; fields: Fields } {
  const one = (name: keyof Values) => oneText(ctx.query[name], LENGTH)
  const values: Values = {
    q: one('q').normalize('NFKC'),
    service: view.services.has(one('service')) ? one('service') : '',
    item: view.catalogue.items.find((item) => item.id === one('item'))?.id ?? '',
    kind: KINDS.find((kind) => kind === one('kind')) ?? '',
    from: one('from'),
    to: one('to'),
  }
  const fields = periodFaults(values)
  for (const name of ['service', 'item', 'kind'] as const)
    if (one(name) && !values[name]) fields[name] = 'choose'
  return { values, fields }
}

/** The filter these values mean. Call where nothing is wrong with them. */
export async function filterOf(
  env: Env,
  values: Values,
  { residentId, view }: { residentId: string; view: View },
): Promise<HistoryFilter> {
  return {
    residentId,
    service: values.service || undefined,
    kind: values.kind || undefined,
    item: values.item || undefined,
    from: values.from ? startOfDay(values.from) : undefined,
    to: values.to ? endOfDay(values.to) : undefined,
    search: values.q ? await searchOf(env, values.q, view) : undefined,
  }
}

/**
 * What a word may mean: names of services, companies, items and kinds that hold it. A name of a former day counts, since
 * the entries of that day show it.
 */
async function searchOf(env: Env, q: string, view: View): Promise<Search> {
  const holds = (...texts: string[]) =>
    texts.some((text) => text.normalize('NFKC').toLowerCase().includes(q.toLowerCase()))
  const { kinds } = messages[view.language].history
  const called = (all: readonly EverNamed[]) => {
    const found = all.filter(({ names: { ja, en, kana } }) => holds(ja, en, kana ?? ''))
    return [...new Set(found.map(({ id }) => id))]
  }
  const [services, companies] = await Promise.all([
    everNamed(env.db, 'service'),
    everNamed(env.db, 'member'),
  ])
  return {
    kinds: KINDS.filter((kind) => holds(kinds[kind])),
    services: called(services),
    companies: called(companies),
    items: view.catalogue.items
      .filter(({ id }) => holds(...everyName(id, view)))
      .map(({ id }) => id),
  }
}

/** Entries call the ID by its kind: it is found by each of its names. */
const everyName = (id: string, { catalogue, language }: View) =>
  ([undefined, 'public', 'pairwise'] as const).map(
    (kind) => itemNames(catalogue.items, id, kind)[language],
  )

/**
 * The place the address names by its mark.
 *
 * @throws Refusal invalid_input where the mark is none of this resident's, or a page is asked for by its number
 */
export function cursorIn(ctx: Ctx, residentId: string): Cursor | undefined {
  const { mark, page } = ctx.query
  if (page !== undefined && page !== '1')
    throw new Refusal('invalid_input', { fields: { page: 'unknown' } })
  if (mark === undefined) return undefined
  const key = ctx.state.env.secrets.cursor
  const cursor = typeof mark === 'string' ? readCursor(key, residentId, mark) : undefined
  if (!cursor) throw new Refusal('invalid_input', { fields: { mark: 'not_valid' } })
  return cursor
}

/** The address of a page of the history with these values. */
export function hrefOf(path: string, values: Values, more: Record<string, string> = {}): string {
  const all = Object.entries({ ...values, ...more }).filter(([, value]) => value)
  return all.length ? `${path}?${new URLSearchParams(all).toString()}` : path
}

/** 「各サービスでのデータ利用」 (R5): searched, filtered and sorted here; what cannot be read is said, not guessed. */
import { isUnavailable } from '../database/faults.ts'
import type { Env } from '../env.ts'
import { oneText } from '../http/listing.ts'
import type { Ctx } from '../http/state.ts'
import { words } from '../locales/words.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import type { ServiceNow } from '../services/model.ts'
import { asAgreed } from './ending.ts'
import { cardOf, statusOf, type View } from './overview.ts'
import type * as pages from './pages.ts'
import * as queries from './queries.ts'
import { faceOf } from './screen.ts'

const SORTS = ['agreed', 'provided', 'until', 'name'] as const

type Found = { row: queries.ListedRow; last: Date | undefined; card: pages.ServiceCard }

/** Service → its last provision; undefined where the records cannot be read for the moment. */
async function lastProvided(
  ctx: Ctx,
  resident: Resident,
  rows: readonly queries.ListedRow[],
): Promise<Map<string, Date> | undefined> {
  const agreed = rows.map(({ consent }) => consent)
  try {
    return await queries.lastProvided(ctx.state.env.db, resident.id, agreed)
  } catch (error) {
    if (!isUnavailable(error)) throw error
    ctx.state.env.log.warn({ reference: ctx.state.reference }, 'provision records unreadable')
    return undefined
  }
}

const folded = (text: string) => text.normalize('NFKC').toLowerCase()
const matches = (card: pages.ServiceCard, q: string) =>
  folded(`${card.service.name} ${card.service.provider}`).includes(folded(q))

/** Newest first, soonest end first, or by name; what has no such time comes last. */
function sorted(found: readonly Found[], by: pages.ServiceSort, view: View): Found[] {
  if (by === 'name')
    return found.toSorted((a, b) =>
      a.card.service.name.localeCompare(b.card.service.name, view.language),
    )
  if (by === 'provided')
    return found.toSorted((a, b) => (b.last?.getTime() ?? 0) - (a.last?.getTime() ?? 0))
  if (by === 'until') {
    const end = ({ row, card }: Found) => (card.until ? row.consent.endsAt.getTime() : Infinity)
    return found.toSorted((a, b) => (end(a) === end(b) ? 0 : end(a) - end(b)))
  }
  return [...found]
}

/** The rows of services we know, each as it was agreed to (S-59). */
async function agreed<Row extends queries.ListedRow>(
  env: Env,
  resident: Resident,
  { rows, view }: { rows: readonly Row[]; view: View },
): Promise<{ row: Row; service: ServiceNow }[]> {
  const all = []
  for (const row of rows) {
    const { consent } = row
    const now = view.services.get(consent.serviceId)
    if (now) all.push({ row, service: await asAgreed(env, resident, { consent, service: now }) })
  }
  return all
}

export async function servicesPage(
  ctx: Ctx,
  resident: Resident,
  view: View,
): Promise<pages.ServicesPage> {
  const { env } = ctx.state
  const [rows, collection] = await Promise.all([
    queries.listed(env.db, resident.id),
    residents.collectionTerms(env, resident.id),
  ])
  const last = await lastProvided(ctx, resident, rows)
  const found: Found[] = []
  for (const { row, service } of await agreed(env, resident, { rows, view })) {
    const at = last?.get(row.agreement.serviceId)
    const card = cardOf({ ...row, lastProvidedAt: at ?? null }, service, view)
    const shown = { ...card, collects: collection?.given === true, isPart: !last }
    found.push({ row, last: at, card: shown })
  }
  const one = (name: string) => oneText(ctx.query[name], 100)
  const q = one('q')
  // A state we do not know is nobody's: nothing is found.
  const state = one('state')
  const sort = SORTS.find((known) => known === one('sort')) ?? 'agreed'
  const shown = found.filter(
    ({ card }) => (!q || matches(card, q)) && (!state || card.status === state),
  )
  return {
    asOf: words(view.language).dateTime(view.now),
    inUse: found.filter(({ card }) => card.status === 'in_use').length,
    provisionOff: view.provision?.given === false,
    isPart: !last,
    cards: sorted(shown, sort, view).map(({ card }) => card),
    total: found.length,
    search: { q, state, sort },
  }
}

/** The same as JSON, for the resident's own programs. */
export async function servicesJson(ctx: Ctx, resident: Resident, view: View) {
  const { env } = ctx.state
  const rows = await queries.cards(env.db, resident.id)
  return (await agreed(env, resident, { rows, view })).map(({ row, service }) => {
    const { id, name, provider } = faceOf(service, view.language)
    return {
      serviceId: id,
      name,
      provider,
      status: statusOf(row, view),
      items: row.content.items.map((item) => item.item),
      agreedAt: row.answeredAt,
      endsAt: row.consent.endsAt,
      lastProvidedAt: row.lastProvidedAt,
    }
  })
}

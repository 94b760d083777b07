/** Reads what a page of the timeline needs and puts it together. */
import type { Env } from '../env.ts'
import type { Ctx } from '../http/state.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Catalogue } from '../catalogue/model.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as retention from '../retention/actions.ts'
import * as services from '../services/actions.ts'
import { filterOf, hrefOf, cursorIn, valuesOf } from './asking.ts'
import * as line from './line_queries.ts'
import { KINDS, writeCursor, type Cursor, type HistoryRow } from './model.ts'
import type { Days, HistoryPage, Line, PrintPage, Told, Values } from './pages.ts'
import { namedIn } from './parties.ts'
import { read } from './reading.ts'
import { itemLabel, tell, type Around, type View } from './telling.ts'

export const PATH = '/account/history'
const PER_PAGE = 50
const PER_PRINT = 500

/** The resident of this request. @throws Refusal sign_in_required */
export async function residentIn(ctx: Ctx): Promise<Resident> {
  const signedIn = ctx.state.resident
  const resident = signedIn && (await residents.find(ctx.state.env, signedIn.residentId))
  if (!resident) throw new Refusal('sign_in_required')
  return resident
}

export async function viewOf(ctx: Ctx, catalogue: Catalogue): Promise<View> {
  const { env, language, site } = ctx.state
  const [all, noted, erasedUntil] = await Promise.all([
    services.list(env),
    line.refusalsKeptSince(env.db),
    retention.closedUntil(env),
  ])
  // What was not given goes after its term, whenever it began to be noted.
  const kept = retention.refusalsFrom(env.now())
  const reasonsSince = noted && noted > kept ? noted : kept
  return {
    language,
    w: words(language),
    catalogue,
    services: new Map(all.map((service) => [service.service.id, service])),
    consortium: (site ?? env.config.installation).consortium[language],
    reasonsSince,
    erasedUntil,
  }
}

/** What the lines of these rows say beside them. */
export async function aroundOf(env: Env, rows: readonly HistoryRow[], view: View): Promise<Around> {
  const ids = (kinds: readonly string[], id: (row: HistoryRow) => string | undefined) => [
    ...new Set(rows.filter((row) => kinds.includes(row.kind)).flatMap((row) => id(row) ?? [])),
  ]
  const own = ({ id }: HistoryRow) => id
  const [declined, offered, viewers, named] = await Promise.all([
    line.declinedOf(
      env.db,
      ids(['provision'], ({ details }) =>
        details.path === 'userinfo' ? details.consent : undefined,
      ),
    ),
    line.offeredOf(env.db, ids(['refusal', 'unanswered'], own)),
    line.viewersOf(env.db, ids(['view'], own)),
    namedIn(env.db, rows, view.services),
  ])
  return { declined, offered, viewers, named }
}

/** The rows in words, where their service is known. */
export async function toldOf(env: Env, rows: readonly HistoryRow[], view: View): Promise<Told[]> {
  const around = await aroundOf(env, rows, view)
  return rows.flatMap((row) => tell(row, around, view) ?? [])
}

export function lineOf(told: Told, view: View, onPaper = false): Line {
  const { w } = view
  const { history: h, consents, forms } = messages[view.language]
  const rest = told.rest.map(({ items, why }) => h.restOf(w.list(items), why))
  const nothingGiven = told.asked.length > 0 && told.given.length === 0
  const small = [
    ...(nothingGiven ? [h.askedFor(w.list(told.asked))] : []),
    ...(rest.length && !nothingGiven ? [h.notGiven(w.list(rest))] : []),
    ...(isWhole(told, view) ? [h.wholly] : []),
    ...(told.purposes.length
      ? [`${consents.screen.purposes}${forms.colon}${w.list(told.purposes)}`]
      : []),
    ...(told.path === undefined ? [] : [`${consents.detail.path}${forms.colon}${told.path}`]),
    ...told.notes,
  ]
  return {
    id: told.id,
    time: w.time(told.at),
    kind: told.kind,
    sentence: told.sentence,
    small,
    link: onPaper ? undefined : told.link,
    reportHref: onPaper ? undefined : `${PATH}/${told.id}/report?at=${told.at.getTime()}`,
  }
}

/** Everything that was asked for was given: only where it would have been noted otherwise. */
const isWhole = ({ kind, at, rest }: Told, { reasonsSince }: View) =>
  kind === 'provision' && rest.length === 0 && (reasonsSince === undefined || at >= reasonsSince)

function byDay(all: readonly Told[], view: View, onPaper = false): Days {
  const { w } = view
  const days: Days = []
  for (const told of all) {
    const date = w.dateWithWeekday(told.at)
    const last = days.at(-1)
    if (last?.date === date) last.lines.push(lineOf(told, view, onPaper))
    else days.push({ date, lines: [lineOf(told, view, onPaper)] })
  }
  return days
}

/** Since when the record is whole, what of it was erased, and what about it is younger. */
function sinceOf(resident: Resident, view: View): string[] {
  const { w, reasonsSince, erasedUntil } = view
  const { history: h } = messages[view.language]
  const isLater = (at: Date | undefined) => at !== undefined && at > resident.createdAt
  return [
    h.startsOn(w.date(resident.createdAt)),
    erasedUntil && isLater(erasedUntil) ? h.erasedBefore(w.date(erasedUntil)) : h.whole,
    ...(reasonsSince && isLater(reasonsSince) ? [h.refusalsSince(w.date(reasonsSince))] : []),
  ]
}

/** From when on nothing is missing. */
export const completeSince = (resident: Resident, { erasedUntil }: View): Date =>
  erasedUntil && erasedUntil > resident.createdAt ? erasedUntil : resident.createdAt

/** A mark for the address, for this resident alone. */
export const markOf = (env: Env, resident: Resident, cursor: Cursor) =>
  writeCursor(env.secrets.cursor, resident.id, cursor)

export async function historyPage(ctx: Ctx, resident: Resident, view: View): Promise<HistoryPage> {
  const { env } = ctx.state
  const { values, fields } = valuesOf(ctx, view)
  const isWrong = Object.keys(fields).length > 0
  const found = isWrong
    ? { rows: [], older: undefined, newer: undefined, restedAt: undefined }
    : await read(
        env,
        await filterOf(env, values, { residentId: resident.id, view }),
        cursorIn(ctx, resident.id),
        PER_PAGE,
      )
  const [told, met] = await Promise.all([
    toldOf(env, found.rows, view),
    line.metServices(env.db, resident.id),
  ])
  const at = (cursor: Cursor | undefined) =>
    cursor && hrefOf(PATH, values, { mark: markOf(env, resident, cursor) })
  return {
    days: byDay(told, view),
    values,
    fields,
    narrowed: isWrong || Object.values(values).some(Boolean),
    services: met.flatMap((id) => {
      const service = view.services.get(id)
      return service ? [{ id, name: service.version.names[view.language] }] : []
    }),
    items: view.catalogue.items.map(({ id }) => ({ id, label: itemLabel(id, undefined, view) })),
    kinds: KINDS,
    newestHref: found.newer && hrefOf(PATH, values),
    newerHref: at(found.newer),
    olderHref: at(found.older),
    restedOn: found.restedAt && view.w.date(found.restedAt),
    csvHref: hrefOf(`${PATH}.csv`, values),
    jsonHref: hrefOf(`${PATH}.json`, values),
    printHref: hrefOf(`${PATH}/print`, values),
    since: sinceOf(resident, view),
  }
}

/** @throws Refusal invalid_input where a filter of the address is none we know, or a day is none */
export async function askedIn(ctx: Ctx, resident: Resident, view: View) {
  const { values, fields } = valuesOf(ctx, view)
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  const whose = { residentId: resident.id, view }
  return { values, filter: await filterOf(ctx.state.env, values, whose) }
}

/** For paper: more on one page, and nothing to press. */
export async function printPage(ctx: Ctx, resident: Resident, view: View): Promise<PrintPage> {
  const { env } = ctx.state
  const { values, filter } = await askedIn(ctx, resident, view)
  const found = await read(env, filter, cursorIn(ctx, resident.id), PER_PRINT)
  const told = await toldOf(env, found.rows, view)
  const { w } = view
  return {
    days: byDay(told, view, true),
    person: ctx.state.resident?.displayName ?? resident.userId,
    asOf: w.dateTime(env.now()),
    narrowed: narrowedBy(values, view),
    since: sinceOf(resident, view),
    historyHref: hrefOf(PATH, values),
    nextHref:
      found.older && hrefOf(`${PATH}/print`, values, { mark: markOf(env, resident, found.older) }),
  }
}

/** The filter in words; empty where there is none. */
function narrowedBy(values: Values, view: View): string {
  const { history: h, forms } = messages[view.language]
  const service = view.services.get(values.service)?.version.names[view.language]
  const said = [
    [h.q, values.q],
    [h.service, service ?? ''],
    [h.item, values.item && itemLabel(values.item, undefined, view)],
    [h.kind, values.kind && h.kinds[values.kind]],
    [h.from, values.from],
    [h.to, values.to],
  ] as const
  return view.w.list(
    said.flatMap(([label, text]) => (text ? [`${label}${forms.colon}${text}`] : [])),
  )
}

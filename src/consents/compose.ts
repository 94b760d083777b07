/** Reads what a page of the resident's own needs and composes it. */
import type { Catalogue } from '../catalogue/model.ts'
import type { Ctx } from '../http/state.ts'
import { dayOf } from '../input/days.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import * as members from '../members/actions.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import { standing as serviceStanding, subjectOf, type ServiceNow } from '../services/model.ts'
import * as consents from './actions.ts'
import { shownDeletions } from './deletion_shown.ts'
import { isInForce, type Consent } from './model.ts'
import {
  agreedItems,
  cardOf,
  eventOf,
  itemLabel,
  labelsOf,
  showingHref,
  statusOf,
  stoppedOn,
  stopShown,
  untilOf,
  type View,
} from './overview.ts'
import type * as pages from './pages.ts'
import * as queries from './queries.ts'
import { faceOf } from './screen.ts'

const PER_PAGE = 50

/** The resident of this request. @throws Refusal sign_in_required */
export async function residentIn(ctx: Ctx): Promise<Resident> {
  const signedIn = ctx.state.resident
  const resident = signedIn && (await residents.find(ctx.state.env, signedIn.residentId))
  if (!resident) throw new Refusal('sign_in_required')
  return resident
}

export async function viewOf(ctx: Ctx, residentId: string, catalogue: Catalogue): Promise<View> {
  const { env, language } = ctx.state
  const [all, stops, provision] = await Promise.all([
    services.list(env),
    members.stopsInForce(env),
    residents.provisionTerms(env, residentId),
  ])
  return {
    language,
    now: env.now(),
    catalogue,
    provision,
    services: new Map(all.map((service) => [service.service.id, service])),
    stops,
  }
}

/** One service this resident has to do with. @throws Refusal consent_not_found */
export async function relation(ctx: Ctx, resident: Resident, view: View) {
  const id = String(ctx['params'].serviceId)
  const service = view.services.get(id)
  const [row] = service ? await queries.cards(ctx.state.env.db, resident.id, id) : []
  if (!service || !row) throw new Refusal('consent_not_found')
  return { service, row, status: statusOf(row, view) }
}

const matches = (card: pages.ServiceCard, q: string) =>
  `${card.service.name} ${card.service.provider}`
    .normalize('NFKC')
    .toLowerCase()
    .includes(q.normalize('NFKC').toLowerCase())

export async function servicesPage(
  ctx: Ctx,
  resident: Resident,
  view: View,
): Promise<pages.ServicesPage> {
  const rows = await queries.cards(ctx.state.env.db, resident.id)
  const cards = rows.flatMap((row) => {
    const service = view.services.get(row.agreement.serviceId)
    return service ? [cardOf(row, service, view)] : []
  })
  const q = String(ctx.query['q'] ?? '').slice(0, 100)
  const states = Object.keys(messages.ja.consents.status)
  const state = states.includes(String(ctx.query['state']))
    ? (ctx.query['state'] as pages.Status)
    : ''
  return {
    asOf: words(view.language).dateTime(view.now),
    inUse: cards.filter((card) => card.status === 'in_use').length,
    provisionOff: view.provision?.given === false,
    cards: cards.filter((card) => (!q || matches(card, q)) && (!state || card.status === state)),
    total: cards.length,
    search: { q, state },
  }
}

/** The same as JSON, for the resident's own programs. */
export async function servicesJson(ctx: Ctx, resident: Resident, view: View): Promise<object[]> {
  const rows = await queries.cards(ctx.state.env.db, resident.id)
  return rows.flatMap((row) => {
    const service = view.services.get(row.agreement.serviceId)
    if (!service) return []
    const { id, name, provider } = faceOf(service, view.language)
    return [
      {
        serviceId: id,
        name,
        provider,
        status: statusOf(row, view),
        items: row.content.items.map((item) => item.item),
        agreedAt: row.answeredAt,
        endsAt: row.consent.endsAt,
        lastProvidedAt: row.lastProvidedAt,
      },
    ]
  })
}

export async function servicePage(
  ctx: Ctx,
  resident: Resident,
  view: View,
  notice: pages.ServicePage['notice'],
): Promise<pages.ServicePage> {
  const { env, language } = ctx.state
  const { service, row, status } = await relation(ctx, resident, view)
  const { id } = service.service
  const [provided, recent, versions, deletions] = await Promise.all([
    queries.provided(env.db, resident.id, id),
    queries.provisions(env.db, resident.id, id, 5),
    queries.versions(env.db, resident.id, id),
    shownDeletions(ctx, resident.id, id),
  ])
  const changed = isInForce(row, view.provision, view.now)
    ? await consents.changedValues(env, resident, row)
    : []
  const w = words(language)
  const t = messages[language].consents
  const { version, member } = service
  return {
    service: faceOf(service, language),
    status,
    stoppedOn: stoppedOn(row, status, view),
    stop: stopShown(id, status, view),
    until: ['in_use', 'asleep', 'suspended'].includes(status)
      ? untilOf(row.consent, view)
      : undefined,
    items: agreedItems(
      row.content,
      { resident, subject: subjectOf(env.secrets.pairwise, resident.userId, service), changed },
      provided,
      view,
    ),
    declined: row.content.declined.map((item) => itemLabel(item, row.content, view)),
    agreed: {
      at: w.dateTime(row.answeredAt),
      language: row.content.language === 'en' ? 'en' : 'ja',
      text: t.textVersion(row.content.templateVersion),
      showingHref: showingHref(id, row.content.showingId),
    },
    idKind: t.idKinds[row.content.subjectType],
    keeping: version.retention[language],
    provisions: recent.recent.map((p) => ({
      at: w.dateTime(p.at),
      items: p.items.map((item) => itemLabel(item, row.content, view)),
      path: p.path,
    })),
    provisionsTotal: recent.total,
    deletions,
    versions: versions.map((v) => ({
      at: w.dateTime(v.agreedAt),
      kind: v.kind,
      showingHref: v.shownAt ? showingHref(id, v.showingId) : undefined,
    })),
    contact: { ...version.contact, desk: version.contact.desk[language] },
    company: { address: member.address[language], representative: member.representative[language] },
    termsUrl: version.termsUrl,
    policyUrl: version.policyUrl,
    isOpen: serviceStanding(service, view.now) === 'ok',
    notice,
  }
}

export type ChangeInput = {
  keep: readonly string[]
  until: string | undefined
  fields?: Record<string, string>
}

export function changePage(
  consent: Consent,
  service: ServiceNow,
  owner: { resident: Resident; subject: string },
  view: View,
  input?: ChangeInput,
): pages.ChangePage {
  const { language } = view
  const lastDay = dayOf(new Date(consent.endsAt.getTime() - 1))
  const keeps = (item: string) => !input || input.keep.includes(item)
  const dropped = consent.items.filter((item) => item.required && !keeps(item.item))
  return {
    service: faceOf(service, language),
    version: consent.version,
    items: agreedItems(consent, { ...owner, changed: [] }, [], view).map((item) => ({
      id: item.id,
      label: item.label,
      required: item.required,
      value: item.value,
      effect:
        service.version.items.find((asked) => asked.item === item.id)?.effects[language] ?? '',
      kept: keeps(item.id),
    })),
    until: {
      date: words(language).lastDay(consent.endsAt),
      earliest: dayOf(view.now),
      latest: lastDay,
      chosen: input?.until ?? lastDay,
    },
    fields: dropped.length ? undefined : input?.fields,
    fullStop: input ? labelsOf(dropped, consent, view) : [],
  }
}

const KINDS = Object.keys(messages.ja.consents.history.kinds) as pages.HistoryKind[]

function historyFilter(ctx: Ctx, resident: Resident, view: View): queries.HistoryFilter {
  const service = String(ctx.query['service'] ?? '')
  const kind = KINDS.find((k) => k === ctx.query['kind'])
  return {
    residentId: resident.id,
    serviceId: view.services.has(service) ? service : undefined,
    kind,
    now: view.now,
  }
}

const pageNumber = (ctx: Ctx) => {
  const text = String(ctx.query['page'] ?? '1')
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 1
}

export async function historyPage(
  ctx: Ctx,
  resident: Resident,
  view: View,
): Promise<pages.HistoryPage> {
  const { db } = ctx.state.env
  const filter = historyFilter(ctx, resident, view)
  const number = pageNumber(ctx)
  const from = (number - 1) * PER_PAGE
  const whole = { ...filter, serviceId: undefined, kind: undefined }
  const [rows, { total }, all] = await Promise.all([
    queries.events(db, filter, PER_PAGE, from),
    queries.extent(db, filter),
    queries.extent(db, whole),
  ])
  const w = words(view.language)
  const days: pages.HistoryPage['days'] = []
  for (const row of rows) {
    const event = eventOf(row, view)
    if (!event) continue
    const date = w.dateWithWeekday(row.at)
    const last = days.at(-1)
    if (last?.date === date) last.events.push(event)
    else days.push({ date, events: [event] })
  }
  const href = (page: number) =>
    `/account/history?${new URLSearchParams({ ...query(ctx), page: String(page) }).toString()}`
  const met = await queries.cards(db, resident.id)
  return {
    days,
    services: met.flatMap(({ agreement }) => {
      const service = view.services.get(agreement.serviceId)
      return service ? [{ id: service.service.id, name: faceOf(service, view.language).name }] : []
    }),
    filter: { service: filter.serviceId ?? '', kind: filter.kind ?? '' },
    kinds: KINDS,
    count: { total, from: Math.min(from + 1, total), to: Math.min(from + PER_PAGE, total) },
    newerHref: number > 1 ? href(number - 1) : undefined,
    olderHref: from + PER_PAGE < total ? href(number + 1) : undefined,
    startsOn: w.date(all.since ?? resident.createdAt),
  }
}

function query(ctx: Ctx): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of ['service', 'kind']) {
    const value = ctx.query[name]
    if (typeof value === 'string' && value) kept[name] = value
  }
  return kept
}

const JSON_PER_PAGE = 1000

/** The history as one list; more by `?page=`, named in the Link header (RFC 8288). */
export async function historyJson(ctx: Ctx, resident: Resident, view: View): Promise<object[]> {
  const number = pageNumber(ctx)
  const filter = historyFilter(ctx, resident, view)
  const rows = await queries.events(
    ctx.state.env.db,
    filter,
    JSON_PER_PAGE + 1,
    (number - 1) * JSON_PER_PAGE,
  )
  if (rows.length > JSON_PER_PAGE) {
    const next = new URLSearchParams({ ...query(ctx), page: String(number + 1) })
    ctx.set('Link', `</account/history?${next.toString()}>; rel="next"`)
  }
  return rows.slice(0, JSON_PER_PAGE).map((row) => {
    const service = row.service_id === null ? undefined : view.services.get(row.service_id)
    const { path, ends_at, deletion, given } = row.details
    return {
      id: row.id,
      kind: row.kind,
      at: row.at,
      ...(service && { serviceId: row.service_id, ...withoutId(faceOf(service, view.language)) }),
      items: row.items,
      ...(path !== undefined && { path }),
      ...(ends_at !== undefined && { endsAt: ends_at }),
      ...(deletion === true && { deletionRequested: true }),
      ...(given !== undefined && { given }),
    }
  })
}

const withoutId = ({ name, provider }: pages.Face) => ({ service: name, provider })

/** The console's list of services, one service, and the dictionary of items and purposes (A3, A4). */
import type { Router } from '@koa/router'
import { catalogue } from '../catalogue/actions.ts'
import { itemNames, purposeNames, type ItemId } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import { listView, paged, readListing, type Listing } from '../http/listing.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { skeleton } from '../input/spelling.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import * as operators from '../operators/actions.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import type { ServiceNow } from './model.ts'
import * as queries from './queries.ts'
import * as store from './review_store.ts'
import { saidIn } from './review_model.ts'
import { boundLines, ROW_STATES, type ServiceList, type ServiceRowStatus } from './review_pages.ts'

const SORTS = ['changed', 'name', 'company', 'status'] as const
type Sort = (typeof SORTS)[number]

/** views/services/review_one.eta */
export type ServiceView = {
  name: string
  provider: string
  memberHref: string
  status: ServiceRowStatus
  version: number
  reviewHref: string | undefined
  facts: [label: string, value: string][]
  items: { name: string; required: boolean; purposes: string[]; bounds: string[] }[]
  versions: {
    title: string
    at: string
    hash: string
    by: string
    reviewHref: string | undefined
  }[]
  history: { status: string; at: string; reason: string | undefined }[]
}

/** views/services/catalogue.eta */
export type CataloguePage = {
  items: {
    id: ItemId
    name: string
    claims: string[]
    scope: string
    grain: string
    sensitivity: string
    version: number
    used: number
  }[]
  purposes: { id: string; name: string; version: number; used: number }[]
}

const views = {
  list: page<ServiceList>('services/review_list'),
  one: page<ServiceView>('services/review_one'),
  catalogue: page<CataloguePage>('services/catalogue'),
}

export function listRoutes(router: Router<State>, guards: Guards): void {
  router.get('/admin/services', guards.operator(), showList)
  router.get('/admin/services/:id', guards.operator(), showOne)
  router.get('/admin/catalogue', guards.operator(), showCatalogue)
}

type Row = {
  href: string
  name: string
  names: string[]
  company: string
  status: ServiceRowStatus
  version: number
  changed: Date
  nextHref: string | undefined
}

/** Drafts are the company's own; everything else is here, each service once. */
async function rowsOf(env: Env, language: Language): Promise<Row[]> {
  const [all, proposals, changes, companies] = await Promise.all([
    queries.list(env.db, env.now()),
    reviews.list(env, { kinds: ['service'] }),
    queries.changedAt(env.db),
    members.names(env),
  ])
  const live = all.filter(({ service }) => service.side !== 'test')
  const waiting = proposals.filter(({ state }) => state === 'submitted' || state === 'proposed')
  const known = live.map(({ service, version, member }): Row => {
    const next = waiting.find(({ subjectId }) => subjectId === service.id)
    return {
      href: `/admin/services/${service.id}`,
      name: version.names[language],
      names: [version.names.ja, version.names.en, version.names.kana, service.clientId],
      company: member.names[language],
      status: service.status as ServiceRowStatus,
      version: version.version,
      changed: changes.get(service.id) ?? new Date(0),
      nextHref: next && `/admin/reviews/${next.id}`,
    }
  })
  const seen = new Set<string | null>(live.map(({ service }) => service.id))
  const fresh: Row[] = []
  for (const proposal of proposals) {
    if (seen.has(proposal.subjectId)) continue
    seen.add(proposal.subjectId)
    const company = companies.find(({ id }) => id === proposal.memberId)?.names[language] ?? ''
    const row = rowOfProposal(proposal, company, language)
    if (row) fresh.push(row)
  }
  return [...fresh, ...known]
}

function rowOfProposal(proposal: Proposal, company: string, language: Language): Row | undefined {
  const status = ROW_STATES.find((one) => one === proposal.state)
  const { names } = saidIn(proposal).asked as Partial<ReturnType<typeof saidIn>['asked']>
  if (!status || !names) return undefined
  return {
    href: `/admin/reviews/${proposal.id}`,
    name: names[language],
    names: [names.ja, names.en, names.kana],
    company,
    status,
    version: 1,
    changed: proposal.changedAt,
    nextHref: undefined,
  }
}

const order: Record<Sort, (a: Row, b: Row) => number> = {
  changed: (a, b) => a.changed.getTime() - b.changed.getTime(),
  name: (a, b) => a.name.localeCompare(b.name, 'ja'),
  company: (a, b) => a.company.localeCompare(b.company, 'ja'),
  status: (a, b) => ROW_STATES.indexOf(a.status as never) - ROW_STATES.indexOf(b.status as never),
}

function wanted(rows: readonly Row[], { q, filter, sort, descending }: Listing<Sort>): Row[] {
  const parts = q.split(/\s+/u).map(skeleton).filter(Boolean)
  const found = rows.filter(
    (row) =>
      (!filter || row.status === filter) &&
      parts.every((part) =>
        [...row.names, row.company].some((text) => skeleton(text).includes(part)),
      ),
  )
  const sorted = found.toSorted(order[sort])
  return descending ? sorted.toReversed() : sorted
}

async function showList(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const listing = readListing(ctx, { sorts: SORTS, filters: ROW_STATES, descending: true })
  const shown = paged(wanted(await rowsOf(env, language), listing), listing)
  const t = messages[language].reviewing.services
  views.list(ctx, {
    list: listView('/admin/services', listing, shown, SORTS),
    rows: shown.rows.map(({ href, name, company, status, version, changed, nextHref }) => ({
      ...{ href, name, company, status, nextHref },
      version: t.version(version),
      changed: words(language).date(changed),
    })),
  })
}

async function showOne(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const id = String((ctx as Ctx & { params: { id: string } }).params.id)
  const now = await queries.byId(env.db, id, env.now())
  if (!now || now.service.side === 'test') throw new Refusal('not_found')
  const proposals = await reviews.list(env, { kinds: ['service'], subjectId: id })
  const open = proposals.find(({ state }) => ['submitted', 'proposed', 'returned'].includes(state))
  const entries = await catalogue(env)
  views.one(ctx, {
    name: now.version.names[language],
    provider: now.member.names[language],
    memberHref: `/admin/members/${now.member.id}`,
    status: now.service.status as ServiceRowStatus,
    version: now.version.version,
    reviewHref: open && `/admin/reviews/${open.id}`,
    facts: await factsOf(env, now, language),
    items: now.version.items.map(({ item, required, purposes, bounds }) => ({
      name: itemNames(entries.items, item, now.contract.subjectType)[language],
      required,
      purposes: purposes.map((purpose) => purposeNames(entries.purposes, purpose)[language]),
      bounds: boundLines(bounds, language),
    })),
    versions: await versionsOf(env, now, language),
    history: (await store.history(env.db, id)).toReversed().map(({ status, at, reason }) => ({
      status,
      at: words(language).dateTime(at),
      reason: reason ?? undefined,
    })),
  })
}

async function factsOf(
  env: Env,
  { service, contract }: ServiceNow,
  language: Language,
): Promise<[string, string][]> {
  const t = messages[language].reviewing
  const issued = await store.secretIssuedAt(env.db, service.id)
  const keys = {
    private_key_jwt: t.one.keyCount(service.jwks?.keys.length ?? 0),
    client_secret_basic: issued
      ? t.one.secretKnown(words(language).date(issued))
      : t.one.secretNone,
    none: t.one.noKey,
  }[service.authMethod]
  return [
    [t.one.clientId, service.clientId],
    [t.one.kind, t.values[service.kind] ?? service.kind],
    [t.one.contract, contract.number],
    [t.one.method, t.values[service.authMethod] ?? service.authMethod],
    [t.one.keys, keys],
  ]
}

async function versionsOf(env: Env, { service }: ServiceNow, language: Language) {
  const [versions, approvals] = await Promise.all([
    store.versions(env.db, service.id),
    store.approvals(env.db, service.id),
  ])
  const names = await operators.names(env, [...new Set(approvals.map((one) => one.approvedBy))])
  const t = messages[language].reviewing
  return versions.map(({ id, version, hash, createdAt }) => {
    const approval = approvals.find(({ serviceVersionId }) => serviceVersionId === id)
    return {
      title: t.services.version(version),
      at: words(language).dateTime(createdAt),
      hash: hash.toString('hex').slice(0, 12),
      by: approval ? t.one.approvedBy(names.get(approval.approvedBy) ?? '—') : t.one.byFile,
      reviewHref: approval && `/admin/reviews/${approval.proposalId}`,
    }
  })
}

async function showCatalogue(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const [entries, all, sensitivity] = await Promise.all([
    catalogue(env),
    queries.list(env.db, env.now()),
    queries.sensitivities(env.db),
  ])
  const t = messages[language].reviewing.catalogue
  const live = all.filter(({ service }) => service.side !== 'test' && service.status === 'live')
  const using = (uses: (item: ServiceNow['version']['items'][number]) => boolean) =>
    live.filter(({ version }) => version.items.some(uses)).length
  views.catalogue(ctx, {
    items: entries.items.map(({ id, names, claims, scope, version }) => ({
      ...{ id, claims, scope, version },
      name: names[language],
      grain: t.grain[id],
      sensitivity: t.sensitivities[sensitivity.get(id) ?? ''] ?? '',
      used: using(({ item }) => item === id),
    })),
    purposes: entries.purposes.map(({ id, names, version }) => ({
      ...{ id, version },
      name: names[language],
      used: using(({ purposes }) => purposes.includes(id)),
    })),
  })
}

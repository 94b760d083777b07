import { Router } from '@koa/router'
import { dayOf } from '../input/days.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { listView, readListing } from '../http/listing.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { words } from '../locales/words.ts'
import { messages } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import { applicationOf } from './applying.ts'
import { changeOf } from './changing.ts'
import {
  differences,
  profileSections,
  staffLine,
  type CompaniesPage,
  type MemberPage,
} from './company_pages.ts'
import type { MemberStatus } from './model.ts'
import * as reading from './console_queries.ts'
import * as queries from './queries.ts'
import { reviewRoutes } from './review_routes.ts'
import { inviteAgain, staffOf } from './staffing.ts'

const views = {
  list: page<CompaniesPage>('members/companies'),
  one: page<MemberPage>('members/member'),
}

const OFFERS = {
  sorts: ['name', 'number', 'at', 'status'],
  filters: ['applied', 'approved', 'active', 'suspended', 'excluded', 'left', 'closed'],
} as const

/** The console's pages on companies (A2). */
export function consoleRoutes(router: Router<State>, guards: Guards): void {
  router.get('/admin/members', guards.operator(), showList)
  router.get('/admin/members/:id', guards.operator(), showOne)
  router.post(
    '/admin/members/:id/staff/:staffId/invite',
    guards.operator('registrar'),
    guards.confirmed,
    async (ctx) => {
      readForm(ctx, nothingSchema)
      const { id, staffId } = ctx['params'] as { id: string; staffId: string }
      const { env, operator, language } = ctx.state
      if (!operator) throw new Refusal('sign_in_required')
      await inviteAgain(env, { memberId: id, staffId, by: operator }, language)
      to(ctx, `/admin/members/${id}?invited=1`)
    },
  )
  reviewRoutes(router, guards)
}

async function showList(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const listing = readListing(ctx, OFFERS)
  const { rows, total } = await reading.companiesPage(env.db, listing, env.now())
  const pages = Math.max(1, Math.ceil(total / listing.perPage))
  const shown = { total, page: listing.page, pages }
  views.list(ctx, {
    list: listView('/admin/members', listing, shown, OFFERS.sorts),
    rows: rows.map(({ id, what, state, at, ...row }) => ({
      name: row.name,
      corporateNumber: row.corporateNumber,
      status: row.status,
      staff: row.staff,
      services: row.services,
      href: what === 'member' ? `/admin/members/${id}` : `/admin/applications/${id}`,
      application: what === 'application',
      state: (state as Proposal['state'] | null) ?? undefined,
      at: words(language).date(at),
    })),
  })
}

async function showOne(ctx: Ctx): Promise<void> {
  const { env, language, operator } = ctx.state
  const id = String(ctx['params']['id'])
  const found = await queries.oneById(env.db, id, env.now())
  if (!found) throw new Refusal('not_found')
  const { member } = found
  const today = dayOf(env.now())
  const { contracts, services } = await reading.belongings(env.db, id)
  views.one(ctx, {
    id,
    name: member.names[language],
    corporateNumber: member.corporateNumber,
    status: member.status,
    version: member.version,
    sections: profileSections(member, language),
    versions: await versionsOf(ctx, id),
    history: (await reading.turns(env.db, id)).map(({ status, reason, at }) => ({
      on: words(language).date(at),
      what: messages[language].members.turns[status as MemberStatus],
      reason: reason ?? undefined,
    })),
    people: (await staffOf(env, id)).map((one) => staffLine(one, { today, language })),
    contracts: contracts.map((one) => ({ ...one, href: `/admin/contracts/${one.id}` })),
    services: services.map((one) => ({ ...one, href: `/admin/services/${one.id}` })),
    proposals: await proposalsOf(ctx, id),
    registrar: operator?.roles.includes('registrar') ?? false,
    invited: ctx.query['invited'] === '1',
  })
}

/** The versions of a company, newest first, each with what it changed. */
export async function versionsOf(ctx: Ctx, memberId: string): Promise<MemberPage['versions']> {
  const { env, language } = ctx.state
  const all = await reading.versions(env.db, memberId)
  return all.map(({ version, body, at }, n) => {
    const before = all[n + 1]?.body
    return {
      version,
      at: words(language).dateTime(at),
      differences: before ? differences(before, body, language) : [],
    }
  })
}

async function proposalsOf(ctx: Ctx, memberId: string): Promise<MemberPage['proposals']> {
  const { env, language } = ctx.state
  const { member } = messages[language].companies
  const all = await reviews.list(env, { kinds: ['member'], subjectId: memberId })
  return all.map((proposal) => {
    const change = changeOf(proposal)
    const what =
      applicationOf(proposal) || !change ? member.application : member.changes[change.change]
    const at = words(language).date(proposal.changedAt)
    return { href: `/admin/applications/${proposal.id}`, what, state: proposal.state, at }
  })
}

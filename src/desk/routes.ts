/** The first pages of console and portal, the list of reviews, and the audit record. */
import { Router } from '@koa/router'
import type { Guards } from '../http/guards.ts'
import { listView, readListing } from '../http/listing.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { STEPS } from '../reviews/model.ts'
import type { OperatorHere, StaffHere } from '../persons.ts'
import * as desk from './actions.ts'
import { waitsFor } from './model.ts'
import {
  homePage,
  proposalRow,
  todayPage,
  type HomePage,
  type ProposalsPage,
  type TodayPage,
} from './pages.ts'
import * as queries from './queries.ts'
import { recordRoutes } from './record_routes.ts'

const views = {
  today: page<TodayPage>('desk/today'),
  home: page<HomePage>('desk/home'),
  proposals: page<ProposalsPage>('desk/proposals'),
}

/** States a list can be held to, in the order of a proposal's life. */
const STATES = [...new Set(['draft', ...Object.values(STEPS).map(({ to }) => to)])]

export function routes(guards: Guards): Router<State> {
  const router = new Router<State>()
  router.get('/admin', guards.operator(), showToday)
  router.get('/company', guards.staff(), showHome)
  router.get('/admin/proposals', guards.operator(), showProposals)
  recordRoutes(router, guards)
  return router
}

async function showToday(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const found = await desk.today(env, { operator: operatorHere(ctx), language })
  views.today(ctx, todayPage(found, language, env.now()))
}

async function showHome(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const staff = ctx.state.staff as StaffHere
  const found = await desk.home(env, { staff, language })
  views.home(ctx, homePage(found, { language, now: env.now(), role: staff.role }))
}

async function showProposals(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const { marks, roles } = operatorHere(ctx)
  const sorts = queries.PROPOSAL_SORTS
  const listing = readListing(ctx, { sorts, filters: STATES, descending: true })
  const { rows, total } = await queries.proposals(env.db, { language, marks, listing })
  const pages = Math.max(1, Math.ceil(total / listing.perPage))
  const shown = { total, pages, page: Math.min(listing.page, pages) }
  views.proposals(ctx, {
    list: listView('/admin/proposals', listing, shown, sorts),
    rows: rows.map((one) => proposalRow(one, language, waitsFor(one, roles))),
  })
}

/** Who is at the console; the guard saw to it. */
function operatorHere(ctx: Ctx): OperatorHere {
  const { operator } = ctx.state
  if (!operator) throw new Error('a route of the console without its guard')
  return operator
}

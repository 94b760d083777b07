/** `/company/services`: what staff prepare and hand in; of their own company only (J2). */
import type { Router } from '@koa/router'
import * as contracts from '../contracts/actions.ts'
import type { Env } from '../env.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { listView, paged, readListing } from '../http/listing.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { skeleton } from '../input/spelling.ts'
import type { StaffHere } from '../persons.ts'
import { found, givenOf, type Typed } from './draft_forms.ts'
import type { PartialDraft } from './draft_schema.ts'
import * as drafts from './drafts.ts'
import { keyRoutes } from './keys_routes.ts'
import { logoRoutes } from './logo_routes.ts'
import { faultsIn, staffOf } from './staff_doors.ts'
import { partRoutes } from './staff_part_routes.ts'
import { contractOptions, hrefOf, rowOf, type NewPage, type StaffListPage } from './staff_pages.ts'
import { newSchema } from './staff_schema.ts'
import { testRoutes } from './test_side_routes.ts'

const BASE = '/company/services'
const SORTS = ['name', 'changed'] as const
const FILTERS = [
  'draft',
  'submitted',
  'returned',
  'approved',
  'live',
  'suspended',
  'ended',
] as const

const views = {
  list: page<StaffListPage>('services/staff_list'),
  begin: page<NewPage>('services/staff_new'),
}

export function staffRoutes(router: Router<State>, env: Env, guards: Guards): void {
  router.get(BASE, guards.staff(), async (ctx) => list(ctx, staffOf(ctx)))
  router.get(`${BASE}/new`, guards.staff(), async (ctx) => showNew(ctx, staffOf(ctx), {}, {}))
  router.post(`${BASE}/new`, guards.staff(), async (ctx) => begin(ctx, staffOf(ctx)))
  router.post(`${BASE}/:id/next`, guards.staff(), async (ctx) => {
    readForm(ctx, nothingSchema)
    const id = ctx.params['id'] ?? ''
    await drafts.mine(ctx.state.env, id, staffOf(ctx).memberId)
    await drafts.next(ctx.state.env, id, staffOf(ctx))
    to(ctx, hrefOf(id, 'about'))
  })
  partRoutes(router, guards)
  logoRoutes(router, env, guards)
  keyRoutes(router, guards)
  testRoutes(router, guards)
}

async function list(ctx: Ctx, { memberId }: StaffHere): Promise<void> {
  const { env, language } = ctx.state
  const asked = readListing(ctx, { sorts: SORTS, filters: FILTERS })
  const all = (await drafts.ofCompany(env, memberId)).map((own) => rowOf(own, language))
  const q = skeleton(asked.q)
  const rows = all
    .filter(({ name }) => skeleton(name).includes(q))
    .filter(({ status, state }) => !asked.filter || [status, state].includes(asked.filter as never))
  rows.sort((a, b) =>
    asked.sort === 'name'
      ? a.name.localeCompare(b.name, language)
      : (a.changedAt?.getTime() ?? 0) - (b.changedAt?.getTime() ?? 0),
  )
  if (asked.descending) rows.reverse()
  const shown = paged(rows, asked)
  const hasContract = (await contracts.ofMember(env, memberId)).length > 0
  views.list(ctx, { list: listView(BASE, asked, shown, SORTS), rows: shown.rows, hasContract })
}

async function showNew(
  ctx: Ctx,
  { memberId }: StaffHere,
  values: Typed,
  fields: Record<string, string>,
): Promise<void> {
  const { env, language } = ctx.state
  const held = await contracts.ofMember(env, memberId)
  const options = contractOptions(held, { language, at: env.now() })
  const status = Object.keys(fields).length ? 422 : 200
  views.begin(ctx, { values, fields, contracts: options }, { status })
}

async function begin(ctx: Ctx, by: StaffHere): Promise<void> {
  const typed = (ctx.state.body ?? {}) as Typed
  try {
    const form = readForm(ctx, newSchema)
    const asked = { ...givenOf('about', form, []), key: form.key.trim() } as PartialDraft
    const { subjectId } = await drafts.begin(ctx.state.env, asked, by)
    to(ctx, hrefOf(String(subjectId), 'about'))
  } catch (error) {
    const faults = faultsIn(error)
    if (!faults) throw error
    const wrong = found(faults, {}).map(({ field, rule }) => [field, rule])
    await showNew(ctx, by, typed, Object.fromEntries(wrong))
  }
}

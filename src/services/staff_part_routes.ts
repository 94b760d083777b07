/** The tabs of one service: each part saves by itself; then it is submitted, taken back or thrown away. */
import type { Router } from '@koa/router'
import { catalogue } from '../catalogue/actions.ts'
import * as contracts from '../contracts/actions.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { Refusal } from '../refusal.ts'
import { found, givenOf, typedFaults, typedOf, type Found, type Typed } from './draft_forms.ts'
import { PARTS, type Part } from './draft_schema.ts'
import * as drafts from './drafts.ts'
import { faultsIn, headFor, own, staffOf } from './staff_doors.ts'
import { hrefOf, partPage, reviewPage, type PartPage, type ReviewPage } from './staff_pages.ts'
import { partSchema, seenSchema } from './staff_schema.ts'

const BASE = '/company/services/:id'
const views = {
  about: page<PartPage>('services/staff_about'),
  items: page<PartPage>('services/staff_items'),
  connection: page<PartPage>('services/staff_connection'),
  papers: page<PartPage>('services/staff_papers'),
}
const reviewView = page<ReviewPage>('services/staff_review')

export function partRoutes(router: Router<State>, guards: Guards): void {
  for (const part of Object.keys(PARTS) as Part[]) {
    const path = part === 'about' ? BASE : `${BASE}/${part}`
    router.get(path, guards.staff(), async (ctx) => show(ctx, part))
    router.post(path, guards.staff(), async (ctx) => save(ctx, part))
  }
  router.get(`${BASE}/review`, guards.staff(), async (ctx) => showReview(ctx))
  router.post(`${BASE}/submit`, guards.staff('manager'), async (ctx) => submit(ctx))
  router.post(`${BASE}/recall`, guards.staff(), async (ctx) => {
    const { serviceId } = await own(ctx)
    await drafts.recall(ctx.state.env, { serviceId, ...readSeen(ctx) }, staffOf(ctx))
    to(ctx, `${hrefOf(serviceId, 'review')}?done=recalled`)
  })
  router.post(`${BASE}/discard`, guards.staff('manager'), async (ctx) => {
    const { serviceId } = await own(ctx)
    await drafts.discard(ctx.state.env, { serviceId, ...readSeen(ctx) }, staffOf(ctx))
    to(ctx, '/company/services')
  })
}

const readSeen = (ctx: Ctx): { hash: string } => readForm(ctx, seenSchema) as { hash: string }

type Again = { values: Typed; wrong: readonly Found[]; meanwhile?: boolean }

async function show(ctx: Ctx, part: Part, again?: Again): Promise<void> {
  const { env, language } = ctx.state
  const mine = await own(ctx)
  const shown = {
    asked: mine.asked,
    values: again?.values ?? typedOf(mine.asked),
    wrong: again?.wrong ?? [],
    meanwhile: again?.meanwhile ?? false,
    saved: ctx.query['saved'] === '1',
    contracts: await contracts.ofMember(env, staffOf(ctx).memberId),
    catalogue: await catalogue(env),
    language,
    at: env.now(),
  }
  const data = partPage(await headFor(ctx, mine, part), part, shown)
  views[part](ctx, data, { status: again ? (again.meanwhile ? 409 : 422) : 200 })
}

/** What was typed is never lost: what is wrong, and what somebody else saved meanwhile, comes back with it. */
async function save(ctx: Ctx, part: Part): Promise<void> {
  const { env } = ctx.state
  const { serviceId } = await own(ctx)
  const items = (await catalogue(env)).items.map(({ id }) => id)
  const form = readForm(ctx, partSchema(part, items)) as Typed & { hash: string }
  const { hash, ...values } = form
  const unreadable = Object.entries(typedFaults(part, values))
  if (unreadable.length) {
    const wrong = unreadable.map(([field, rule]) => ({ part, field, rule }))
    return show(ctx, part, { values, wrong })
  }
  const given = givenOf(part, values, items)
  try {
    await drafts.savePart(env, { serviceId, part, given, hash }, staffOf(ctx))
    to(ctx, `${hrefOf(serviceId, part)}?saved=1`)
  } catch (error) {
    const faults = faultsIn(error)
    const meanwhile = error instanceof Refusal && error.reason === 'changed_meanwhile'
    if (!faults && !meanwhile) throw error
    await show(ctx, part, { values, wrong: found(faults ?? [], given), meanwhile })
  }
}

async function showReview(ctx: Ctx, status = 200): Promise<void> {
  const { env, language } = ctx.state
  const { memberId, role } = staffOf(ctx)
  const mine = await own(ctx)
  const asked = ctx.query['done']
  const page = reviewPage(await headFor(ctx, mine, 'review'), {
    own: mine,
    judged: mine.proposal ?? (await drafts.approvedLast(env, mine.serviceId, memberId)),
    faults: drafts.writable(mine) ? await drafts.missing(env, mine, memberId) : [],
    turns: await drafts.history(env, mine.serviceId, memberId),
    manager: role === 'manager',
    done: asked === 'submitted' || asked === 'recalled' ? asked : undefined,
    catalogue: await catalogue(env),
    language,
  })
  reviewView(ctx, page, { status })
}

async function submit(ctx: Ctx): Promise<void> {
  const { serviceId } = await own(ctx)
  try {
    await drafts.submit(ctx.state.env, { serviceId, ...readSeen(ctx) }, staffOf(ctx))
    to(ctx, `${hrefOf(serviceId, 'review')}?done=submitted`)
  } catch (error) {
    if (!faultsIn(error)) throw error
    await showReview(ctx, 422)
  }
}

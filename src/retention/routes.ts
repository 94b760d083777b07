/** `/admin/retention`: the terms, the dry run, the two persons, the legal holds (E-06, M9). */
import { Router } from '@koa/router'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { isUuid } from '../input/ids.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { decideSchema } from '../reviews/schema.ts'
import * as retention from './actions.ts'
import type { HoldForm } from './model.ts'
import { monthPage, retentionPage, type MonthPage, type RetentionPage } from './pages.ts'
import { holdSchema } from './schema.ts'

const views = {
  list: page<RetentionPage>('retention/list'),
  month: page<MonthPage>('retention/month'),
}
const BASE = '/admin/retention'

export function routes(guards: Guards): Router<State> {
  const router = new Router<State>()
  const reader = guards.operator('privacy_officer', 'approver', 'auditor')
  const officer = guards.operator('privacy_officer')
  const approver = guards.operator('approver')
  router.get(BASE, reader, (ctx) => showList(ctx))
  router.post(`${BASE}/holds`, officer, guards.confirmed, hold)
  router.post(`${BASE}/holds/:id/end`, officer, guards.confirmed, endHold)
  router.get(`${BASE}/:month`, reader, (ctx) => showMonth(ctx))
  router.post(`${BASE}/:month/propose`, officer, guards.confirmed, propose)
  router.post(`${BASE}/:month/approve`, approver, guards.confirmed, (ctx) => decide(ctx, 'approve'))
  router.post(`${BASE}/:month/refuse`, approver, guards.confirmed, (ctx) => decide(ctx, 'refuse'))
  router.post(`${BASE}/:month/withdraw`, officer, guards.confirmed, (ctx) =>
    decide(ctx, 'withdraw'),
  )
  return router
}

type Asked = Ctx & { params?: Record<string, string> }
const parameter = (ctx: Asked, name: string) => ctx.params?.[name] ?? ''
const doneOf = (ctx: Ctx, all: readonly string[]) =>
  all.find((one) => one === ctx.query['done']) ?? ''

function here(ctx: Ctx) {
  const { operator } = ctx.state
  if (!operator) throw new Refusal('sign_in_required')
  return operator
}

const EMPTY: HoldForm = { from: '', until: '', reason: '' }

async function showList(ctx: Ctx, form = EMPTY, fields: Fields = {}): Promise<void> {
  const { env, language, operator } = ctx.state
  const months = await retention.dueMonths(env)
  const closures = await retention.closures(env)
  const holds = await retention.openHolds(env)
  const done = doneOf(ctx, ['held', 'released'])
  const data = retentionPage(
    { months, closures, holds, operator, language },
    { form, fields, done },
  )
  ctx.status = Object.keys(fields).length ? 422 : 200
  views.list(ctx, data)
}

async function showMonth(ctx: Asked, said: { note?: string; fields: Fields } = { fields: {} }) {
  const { env, language, operator } = ctx.state
  const found = await retention.monthOf(env, parameter(ctx, 'month'))
  const done = doneOf(ctx, ['proposed', 'approved', 'refused', 'withdrawn'])
  const data = await monthPage(env, found, { operator, language }, { ...said, done })
  ctx.status = Object.keys(said.fields).length ? 422 : 200
  views.month(ctx, data)
}

async function propose(ctx: Asked): Promise<void> {
  readForm(ctx, nothingSchema)
  const month = parameter(ctx, 'month')
  await retention.propose(ctx.state.env, month, here(ctx))
  to(ctx, `${BASE}/${month}?done=proposed`)
}

const DONE = { approve: 'approved', refuse: 'refused', withdraw: 'withdrawn' } as const

async function decide(ctx: Asked, verb: keyof typeof DONE): Promise<void> {
  const { env } = ctx.state
  const { hash, note = '' } = readForm(ctx, decideSchema)
  const month = parameter(ctx, 'month')
  const { proposal } = await retention.monthOf(env, month)
  if (!proposal) throw new Refusal('not_found')
  const seen = { id: proposal.id, hash, by: here(ctx), note }
  try {
    if (verb === 'approve') await retention.approve(env, seen)
    else await retention.decline(env, verb, seen)
  } catch (error) {
    return showMonth(ctx, { note, fields: fieldsIn(error) })
  }
  to(ctx, `${BASE}/${month}?done=${DONE[verb]}`)
}

async function hold(ctx: Ctx): Promise<void> {
  const form = { ...EMPTY, ...(readForm(ctx, holdSchema) as Partial<HoldForm>) }
  try {
    await retention.hold(ctx.state.env, form, here(ctx))
  } catch (error) {
    return showList(ctx, form, fieldsIn(error))
  }
  to(ctx, `${BASE}?done=held`)
}

async function endHold(ctx: Asked): Promise<void> {
  readForm(ctx, nothingSchema)
  const id = parameter(ctx, 'id')
  if (!isUuid(id)) throw new Refusal('not_found')
  await retention.release(ctx.state.env, id, here(ctx))
  to(ctx, `${BASE}?done=released`)
}

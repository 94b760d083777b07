/** `/company/events` and `/admin/events`: how deliveries to services go, and what is done where they do not. */
import { Router } from '@koa/router'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { listView, pageRead, readListing } from '../http/listing.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { isUuid } from '../input/ids.ts'
import type { OperatorHere, StaffHere } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { deliverySchema } from './schema.ts'
import {
  rowOf,
  streamPage,
  undeliveredRow,
  type StreamPage,
  type StreamsPage,
  type UndeliveredPage,
} from './stream_pages.ts'
import * as store from './stream_store.ts'
import * as streams from './streams.ts'

const views = {
  streams: page<StreamsPage>('events/streams'),
  stream: page<StreamPage>('events/stream'),
  undelivered: page<UndeliveredPage>('events/undelivered'),
}

const STAFF = '/company/events'
const OPERATORS = '/admin/events'
const SORTS = ['at', 'service'] as const
/** Shown on a service's own page. */
const NEWEST = 50

export function routes(guards: Guards): Router<State> {
  const router = new Router<State>()
  router.get(STAFF, guards.staff(), async (ctx) => {
    const { env, language } = ctx.state
    const all = await streams.ofCompany(env, staffOf(ctx).memberId)
    views.streams(ctx, { rows: all.map((one) => rowOf(one, language)) })
  })
  router.get(`${STAFF}/:id`, guards.staff(), async (ctx) => show(ctx))
  router.post(`${STAFF}/:id`, guards.staff(), choose)
  router.post(`${STAFF}/:id/verify`, guards.staff(), async (ctx) => {
    readForm(ctx, nothingSchema)
    await streams.verify(ctx.state.env, idIn(ctx), staffOf(ctx))
    to(ctx, `${STAFF}/${idIn(ctx)}?done=verified`)
  })
  router.post(`${STAFF}/:id/messages/:messageId/resend`, guards.staff(), async (ctx) => {
    readForm(ctx, nothingSchema)
    await streams.resend(ctx.state.env, idIn(ctx, 'messageId'), staffOf(ctx))
    to(ctx, `${STAFF}/${idIn(ctx)}?done=resent`)
  })
  router.get(OPERATORS, guards.operator(), async (ctx) => list(ctx))
  router.post(
    `${OPERATORS}/:messageId/resend`,
    guards.operator('registrar', 'approver', 'privacy_officer', 'administrator'),
    async (ctx) => {
      readForm(ctx, nothingSchema)
      await streams.resend(ctx.state.env, idIn(ctx, 'messageId'), operatorOf(ctx))
      to(ctx, `${OPERATORS}?done=resent`)
    },
  )
  return router
}

function staffOf(ctx: Ctx): StaffHere {
  if (!ctx.state.staff) throw new Refusal('sign_in_required')
  return ctx.state.staff
}

function operatorOf(ctx: Ctx): OperatorHere {
  if (!ctx.state.operator) throw new Refusal('sign_in_required')
  return ctx.state.operator
}

const idIn = (ctx: Ctx, name = 'id') => (ctx['params'] as Record<string, string>)[name] ?? ''

const DONE = ['chosen', 'verified', 'resent'] as const

async function show(ctx: Ctx, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const { memberId } = staffOf(ctx)
  const seen = await streams.ofService(env, memberId, idIn(ctx))
  const dead = await store.undelivered(env.db, {
    ...{ memberId, serviceId: idIn(ctx), state: 'dead', q: '' },
    ...{ sort: 'at', descending: true, limit: NEWEST, offset: 0 },
  })
  const done = DONE.find((one) => one === ctx.query['done'])
  const { issuer } = env.config
  const page = streamPage(seen, { language, issuer, dead, done, fields })
  views.stream(ctx, page, { status: Object.keys(fields).length ? 422 : 200 })
}

async function choose(ctx: Ctx): Promise<void> {
  const { delivery } = readForm(ctx, deliverySchema)
  const serviceId = idIn(ctx)
  try {
    await streams.choose(ctx.state.env, { serviceId, delivery }, staffOf(ctx))
  } catch (error) {
    return show(ctx, fieldsIn(error))
  }
  to(ctx, `${STAFF}/${serviceId}?done=chosen`)
}

async function list(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const offers = { sorts: SORTS, filters: ['dead', 'waiting'], descending: true }
  const asked = readListing(ctx, offers)
  // A task on the desk leads to one service.
  const { service } = ctx.query
  const q = isUuid(service) ? service : asked.q
  const { sort, descending } = asked
  const state = (['dead', 'waiting'] as const).find((one) => one === asked.filter)
  const shown = await pageRead(asked, (at) =>
    store.undelivered(env.db, { q, state, sort, descending, ...at }),
  )
  views.undelivered(ctx, {
    list: listView(OPERATORS, { ...asked, q, page: shown.page }, shown, SORTS),
    rows: shown.rows.map((row) => undeliveredRow(row, language)),
    mayResend: operatorOf(ctx).roles.some((role) => role !== 'auditor'),
    resent: ctx.query['done'] === 'resent',
  })
}

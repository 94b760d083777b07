/** Requests to erase, in the portal: what was asked, until when, and the company's answer (M5). Its own only (J3). */
import type Router from '@koa/router'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { listView, pageRead, readListing } from '../http/listing.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { dayOf } from '../input/days.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as services from '../services/actions.ts'
import type { ServiceNow } from '../services/model.ts'
import * as consents from './actions.ts'
import { deletionState, numberOfDeletion, type DeletionRequest } from './deletion_model.ts'
import { answerShown } from './deletion_shown.ts'
import type { DeletionPage, DeletionRow, DeletionsPage } from './deletion_pages.ts'
import { answerDeletionSchema } from './schema.ts'

const views = {
  list: page<DeletionsPage>('consents/deletions'),
  one: page<DeletionPage>('consents/deletion'),
}

const BASE = '/company/deletions'
const SORTS = ['due'] as const

export function deletionRoutes(router: Router<State>, guards: Guards): void {
  router.get(BASE, guards.staff(), list)
  router.get(`${BASE}/:deletionId`, guards.staff(), async (ctx) => {
    const { memberId } = staffIn(ctx)
    await show(ctx, await consents.deletionOf(ctx.state.env, memberId, deletionIn(ctx)))
  })
  router.post(`${BASE}/:deletionId`, guards.staff(), async (ctx) => {
    const staff = staffIn(ctx)
    const where = { memberId: staff.memberId, id: deletionIn(ctx), by: staff }
    const request = await consents.deletionOf(ctx.state.env, where.memberId, where.id)
    try {
      await consents.answerDeletion(ctx.state.env, where, readForm(ctx, answerDeletionSchema))
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
      return show(ctx, request, error.details.fields ?? {})
    }
    to(ctx, `${BASE}/${request.id}`)
  })
}

const deletionIn = (ctx: Ctx) => String(ctx['params'].deletionId)

function staffIn(ctx: Ctx) {
  if (!ctx.state.staff) throw new Refusal('sign_in_required')
  return ctx.state.staff
}

async function list(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const { memberId } = staffIn(ctx)
  const listing = readListing(ctx, { sorts: SORTS, filters: ['open', 'answered'] })
  const open = listing.filter ? listing.filter === 'open' : null
  const shown = await pageRead(listing, async (at) => {
    const { requests: rows, total } = await consents.deletionsOf(env, memberId, { open, ...at })
    return { rows, total }
  })
  const known = new Map((await services.list(env)).map((one) => [one.service.id, one]))
  views.list(ctx, {
    list: listView(BASE, { ...listing, page: shown.page }, shown, SORTS),
    rows: shown.rows.map((one) => rowOf(one, known.get(one.serviceId), language, env.now())),
  })
}

function rowOf(
  request: DeletionRequest,
  service: ServiceNow | undefined,
  language: Language,
  now: Date,
): DeletionRow {
  const w = words(language)
  return {
    href: `${BASE}/${request.id}`,
    number: numberOfDeletion(request),
    service: service?.version.names[language] ?? '',
    askedAt: w.dateTime(request.askedAt),
    due: w.lastDay(request.dueAt),
    state: deletionState(request, now),
  }
}

async function show(ctx: Ctx, request: DeletionRequest, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const service = await services.byId(env, request.serviceId)
  const { answer } = request
  const { outcome, done_on: doneOn, reason } = ctx.state.body ?? {}
  const typed = (value: unknown) => (typeof value === 'string' ? value : '')
  views.one(
    ctx,
    {
      ...rowOf(request, service, language, env.now()),
      subject: request.subject,
      answer: answer && answerShown(answer, language),
      form: { outcome: typed(outcome), done_on: typed(doneOn), reason: typed(reason) },
      days: { from: dayOf(request.agreedAt), to: dayOf(env.now()) },
      firstDay: words(language).date(request.agreedAt),
      fields,
    },
    { status: Object.keys(fields).length ? 422 : 200 },
  )
}

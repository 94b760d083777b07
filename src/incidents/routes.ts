/** /admin/incidents: letters after a leak, from whom it concerns to what was sent. /account/letters: one's own. */
import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { answerCsv } from '../http/csv.ts'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { dayOf, endOfDay, isDay, startOfDay } from '../input/days.ts'
import { messages } from '../locales/index.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { decideSchema } from '../reviews/schema.ts'
import * as incidents from './actions.ts'
import { idOf, typedText, whoIs, type Here } from './asking.ts'
import type { Body, Incident } from './model.ts'
import { letterRoutes } from './letter_routes.ts'
import type { ListPage, NewPage, OnePage, PreviewPage } from './pages.ts'
import * as queries from './queries.ts'
import { scopeSchema } from './schema.ts'
import { figureLines, listPage, onePage, PATH, previewPage } from './showing.ts'
import { holderOf } from './sending.ts'
import * as store from './store.ts'
import { wordsRoutes } from './words_routes.ts'

const views = {
  list: page<ListPage>('incidents/list'),
  new: page<NewPage>('incidents/new'),
  one: page<OnePage>('incidents/one'),
  preview: page<PreviewPage>('incidents/preview'),
}

export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  const reads = guards.operator('privacy_officer', 'approver', 'auditor')
  const officer = guards.operator('privacy_officer')
  const approver = guards.operator('approver')
  router.get(PATH, reads, async (ctx) => {
    views.list(ctx, await listPage(env, ctx.state.language, await store.list(env.db, 100)))
  })
  router.get(`${PATH}/new`, officer, (ctx) => showNew(env, ctx, ctx.query['case'], {}))
  router.post(`${PATH}/new`, officer, (ctx) => open(env, ctx))
  router.get(`${PATH}/:id`, reads, (ctx) => show(env, ctx))
  router.get(`${PATH}/:id/figures.csv`, reads, guards.confirmed, (ctx) => figures(env, ctx))
  router.get(`${PATH}/:id/preview`, reads, (ctx) => preview(env, ctx))
  wordsRoutes(router, env, guards)
  router.post(`${PATH}/:id/propose`, officer, (ctx) => decide(env, ctx, 'propose'))
  router.post(`${PATH}/:id/approve`, approver, guards.confirmed, (ctx) =>
    decide(env, ctx, 'approve'),
  )
  router.post(`${PATH}/:id/return`, approver, guards.confirmed, (ctx) =>
    decide(env, ctx, 'giveBack'),
  )
  router.post(`${PATH}/:id/refuse`, approver, guards.confirmed, (ctx) => decide(env, ctx, 'refuse'))
  router.post(`${PATH}/:id/withdraw`, officer, async (ctx) => {
    await incidents.withdraw(env, { id: idOf(ctx), by: whoIs(ctx) })
    to(ctx, `${PATH}/${idOf(ctx)}`)
  })
  router.post(`${PATH}/:id/resume`, officer, async (ctx) => {
    await incidents.resume(env, { id: idOf(ctx), by: whoIs(ctx) })
    to(ctx, `${PATH}/${idOf(ctx)}`)
  })
  letterRoutes(router, env, guards)
  return router
}

/** What was picked once is a text, twice a list. */
const picked = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter(
    (one): one is string => typeof one === 'string' && one !== '',
  )
async function showNew(env: Env, ctx: Ctx, caseId: unknown, fields: Fields): Promise<void> {
  const { language, body } = ctx.state
  const leak = await incidents.leakOf(env, typedText(caseId), whoIs(ctx))
  const services = await queries.services(env.db, leak.memberId)
  const t = messages[language].frame
  const known = leak.knownAt ?? env.now()
  const data: NewPage = {
    caseId: leak.id,
    number: leak.number ?? '—',
    caseHref: `/admin/duties/${leak.id}`,
    holder: (await holderOf(env, { ...leak, approvedAt: null }))[language],
    own: leak.memberId === null,
    services: services.map(({ id, names, member }) => ({
      value: id,
      label: leak.memberId ? names[language] : t.named(names[language], member[language]),
    })),
    catalogue: (await queries.items(env.db)).map(({ id, names }) => ({
      value: id,
      label: names[language],
    })),
    values: body
      ? {
          services: picked(body['services']),
          items: picked(body['items']),
          since: typedText(body['since']),
          until: typedText(body['until']),
        }
      : { services: [], items: [], since: '', until: dayOf(known < env.now() ? known : env.now()) },
    fields,
  }
  views.new(ctx, data, Object.keys(fields).length ? { status: 422 } : {})
}

async function open(env: Env, ctx: Ctx): Promise<void> {
  const typed = ctx.state.body ?? {}
  try {
    const form = readForm(ctx, scopeSchema) as Record<string, unknown>
    const [since, until] = [typedText(form['since']), typedText(form['until'])]
    const fields: Fields = {}
    if (since && !isDay(since)) fields['since'] = 'not_valid'
    if (!isDay(until)) fields['until'] = 'not_valid'
    if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
    const end = endOfDay(until)
    const today = until === dayOf(env.now())
    const scope = {
      services: picked(form['services']),
      items: picked(form['items']),
      since: since ? startOfDay(since) : null,
      until: today ? env.now() : end,
    }
    const asked = { caseId: typedText(form['case']), scope, by: whoIs(ctx) }
    to(ctx, `${PATH}/${await incidents.open(env, asked)}`)
  } catch (error) {
    await showNew(env, ctx, typed['case'], fieldsIn(error))
  }
}

async function show(env: Env, ctx: Here, fields: Fields = {}): Promise<void> {
  const incident = await incidents.find(env, idOf(ctx))
  const wrong = Object.keys(fields).length > 0
  const said = wrong ? { note: typedText(ctx.state.body?.['note']), fields } : undefined
  const at = { operator: whoIs(ctx), language: ctx.state.language, ...(said && { said }) }
  views.one(ctx, await onePage(env, incident, at), wrong ? { status: 422 } : {})
}

async function figures(env: Env, ctx: Here): Promise<void> {
  const incident = await incidents.find(env, idOf(ctx))
  const lines = await figureLines(env, incident, ctx.state.language)
  if (!lines.length) throw new Refusal('wrong_state')
  answerCsv(ctx, `leak-figures-${incident.id.slice(0, 8)}.csv`, each(lines))
}

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines
}

async function bodyIn(env: Env, incident: Incident): Promise<Body | undefined> {
  return (await incidents.wordsOf(env, incident))?.body as unknown as Body | undefined
}

async function preview(env: Env, ctx: Here): Promise<void> {
  const incident = await incidents.find(env, idOf(ctx))
  const body = await bodyIn(env, incident)
  if (!body) throw new Refusal('not_found')
  views.preview(ctx, await previewPage(env, incident, body, ctx.state.language))
}

async function decide(
  env: Env,
  ctx: Here,
  verb: 'propose' | 'approve' | 'giveBack' | 'refuse',
): Promise<void> {
  const { hash, note = '' } = readForm(ctx, decideSchema)
  const seen = { id: idOf(ctx), hash, by: whoIs(ctx) }
  try {
    if (verb === 'propose') await incidents.propose(env, seen)
    else if (verb === 'approve') await incidents.approve(env, seen)
    else await incidents.decline(env, verb, { ...seen, note })
  } catch (error) {
    return show(env, ctx, fieldsIn(error))
  }
  to(ctx, `${PATH}/${seen.id}`)
}

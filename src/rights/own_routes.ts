/** /account/requests (R10): which right → about what → the form → who asks → number, due date and answer. */
import { Router } from '@koa/router'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { dayOf } from '../input/days.ts'
import { isUuid } from '../input/ids.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as rights from './actions.ts'
import { fieldsOf, readFields, typedIn } from './fields.ts'
import { isAnsweredAtOnce } from './filing.ts'
import { fileRoutes } from './file_routes.ts'
import { confirmHere, confirmed } from './identity.ts'
import { isRight, type Right, type Subject } from './model.ts'
import { casePage, letterPage } from './case_pages.ts'
import {
  checkPage,
  formPage,
  PATH,
  requestsPage,
  residentIn,
  serviceName,
  subjectPage,
  toCase,
  top,
  type Form,
} from './own_pages.ts'
import type {
  CheckPage,
  LetterPage,
  OwnCasePage,
  RequestFormPage,
  RequestsPage,
  SubjectPage,
} from './pages.ts'
import * as queries from './queries.ts'
import { requestSchema } from './schema.ts'

const views = {
  requests: page<RequestsPage>('rights/requests'),
  subject: page<SubjectPage>('rights/subject'),
  form: page<RequestFormPage>('rights/form'),
  check: page<CheckPage>('rights/check'),
  one: page<OwnCasePage>('rights/case'),
  letter: page<LetterPage>('rights/letter'),
}

const DONE = ['sent', 'answered_now', 'confirmed', 'withdrawn'] as const

export function ownRoutes(router: Router<State>, guards: Guards): void {
  const only = guards.resident
  router.get(PATH, only, async (ctx) => {
    const { env, language } = ctx.state
    const { id } = await residentIn(ctx)
    views.requests(ctx, await requestsPage(env, id, language))
  })
  router.get(`${PATH}/new/:kind`, only, (ctx) => {
    const { service } = ctx.query
    const query = isUuid(service) ? `?service=${service}` : ''
    views.subject(ctx, subjectPage(kindIn(ctx), ctx.state.language, query))
  })
  router.get(`${PATH}/new/:kind/:subject`, only, async (ctx) => {
    const typed = typedIn({ service: ctx.query['service'], method: 'csv' })
    await showForm(ctx, { ...aboutIn(ctx), typed, once: ctx.state.env.newId() })
  })
  router.post(`${PATH}/new/:kind/:subject`, only, send)
  router.get(`${PATH}/:id`, only, showCase)
  router.get(`${PATH}/:id/letter`, only, showLetter)
  router.post(`${PATH}/:id/withdraw`, only, async (ctx) => {
    readForm(ctx, nothingSchema)
    const { env } = ctx.state
    const { id } = await residentIn(ctx)
    await rights.withdraw(env, id, param(ctx, 'id'))
    to(ctx, `${PATH}/${param(ctx, 'id')}?done=withdrawn`)
  })
  fileRoutes(router, guards)
}

const param = (ctx: Ctx, name: string): string =>
  (ctx as Ctx & { params: Record<string, string> }).params[name] ?? ''

/** @throws Refusal not_found */
function kindIn(ctx: Ctx): Right {
  const kind = param(ctx, 'kind')
  if (!isRight(kind)) throw new Refusal('not_found')
  return kind
}

function aboutIn(ctx: Ctx): { kind: Right; subject: Subject } {
  const [kind, subject] = [kindIn(ctx), param(ctx, 'subject')]
  if (!fieldsOf(kind, subject)) throw new Refusal('not_found')
  return { kind, subject: subject as Subject }
}

async function showForm(ctx: Ctx, form: Form, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const data = await formPage(env, await residentIn(ctx), { form, fields, language })
  views.form(ctx, data, { status: Object.keys(fields).length ? 422 : 200 })
}

/** The form, checked; then, with the password, the case. */
async function send(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const about = aboutIn(ctx)
  const typed = typedIn(ctx.state.body ?? {})
  const { step, once, password = '' } = readForm(ctx, requestSchema)
  const form: Form = { ...about, typed, once }
  if (step === 'edit') return showForm(ctx, form)
  const resident = await residentIn(ctx)
  const services = await queries.servicesOf(env.db, resident.id, env.now())
  const { filed, faults } = readFields(typed, {
    ...about,
    services: services.map(({ id }) => id),
    today: dayOf(env.now()),
  })
  if (Object.keys(faults).length) return showForm(ctx, form, faults)
  const here = { residentId: resident.id, sessionUid: ctx.state.resident?.sessionUid ?? '' }
  const known = await confirmed(env, here)
  const show = async (fields: Fields) => {
    const asked = { form, filed, confirmed: known !== undefined, fields, language }
    const status = Object.keys(fields).length ? 422 : 200
    views.check(ctx, await checkPage(env, resident, asked), { status })
  }
  if (step === 'check') return show({})
  try {
    const identityCheck = known ?? (await confirmHere(ctx, password))
    const of = await rights.file(env, resident, { filed: { ...filed, once }, identityCheck })
    to(ctx, `${PATH}/${of.id}?done=${isAnsweredAtOnce(of) ? 'answered_now' : 'sent'}`)
  } catch (error) {
    await show(fieldsIn(error))
  }
}

async function showCase(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const resident = await residentIn(ctx)
  const found = await rights.ownCase(env, resident.id, param(ctx, 'id'))
  const done = DONE.find((name) => name === ctx.query['done'])
  views.one(ctx, await casePage(env, resident, { ...found, done, language }))
}

async function showLetter(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const resident = await residentIn(ctx)
  const found = await rights.ownCase(env, resident.id, param(ctx, 'id'))
  const service = await serviceName(env, found.of, language)
  const trail = [top(language), toCase(found.of)]
  views.letter(ctx, letterPage(env, { ...found, resident, language, trail, service }))
}

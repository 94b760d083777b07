/** The governance phases at the console: what holds, the dry run, the proposal and its second person (S-57). */
import type { Router } from '@koa/router'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { dayOf, isDay } from '../input/days.ts'
import { messages } from '../locales/index.ts'
import * as operators from '../operators/actions.ts'
import { Refusal, type Fields } from '../refusal.ts'
import type { Proposal } from '../reviews/model.ts'
import { decideSchema } from '../reviews/schema.ts'
import { decideBox } from './deciding.ts'
import { AXES, SOURCES, type Axis, type PhaseBody } from './phase_model.ts'
import {
  phaseNow,
  resultOf,
  type PhaseForm,
  type PhaseFormPage,
  type PhasesPage,
} from './phase_pages.ts'
import * as phases from './phases.ts'

const views = {
  all: page<PhasesPage>('contracts/phases'),
  form: page<PhaseFormPage>('contracts/phase_form'),
}

const BASE = '/admin/phases'
const texts = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { type: 'string', maxLength: 1000 }]))
const source = {
  anyOf: [{ enum: SOURCES }, { type: 'array', maxItems: SOURCES.length, items: { enum: SOURCES } }],
}
const formSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...texts(['switchesOn', 'text_ja', 'text_en', 'liable_before', 'liable_after']),
    ...texts([
      'provider_before_ja',
      'provider_before_en',
      'provider_after_ja',
      'provider_after_en',
    ]),
    sources_before: source,
    sources_after: source,
  },
} as const

export function phaseRoutes(router: Router<State>, guards: Guards): void {
  router.get(BASE, guards.operator(), async (ctx: Ctx) => show(ctx, {}))
  router.get(`${BASE}/:axis`, guards.operator('registrar'), async (ctx) => {
    const axis = axisOf(ctx)
    const { env } = ctx.state
    const open = await phases.openPhase(env, axis)
    const now = (await phases.phasesAt(env, env.now()))[axis].body
    const body = open ? phases.readPhase(open.body) : now
    showForm(ctx, axis, formOf(axis, body, env.config.installation))
  })
  router.post(`${BASE}/:axis`, guards.operator('registrar'), async (ctx) => {
    const axis = axisOf(ctx)
    const form = readForm(ctx, formSchema) as PhaseForm
    if (!ctx.state.operator) throw new Refusal('sign_in_required')
    try {
      await phases.proposePhase(ctx.state.env, bodyBy(axis, form), ctx.state.operator)
    } catch (error) {
      return showForm(ctx, axis, form, fieldsIn(error))
    }
    ctx.redirect(`${BASE}?done=proposed`)
    ctx.status = 303
  })
  const approver = guards.operator('approver')
  router.post(`${BASE}/:axis/approve`, approver, guards.confirmed, (ctx) => decide(ctx, 'approve'))
  router.post(`${BASE}/:axis/return`, approver, guards.confirmed, (ctx) => decide(ctx, 'giveBack'))
  router.post(`${BASE}/:axis/refuse`, approver, guards.confirmed, (ctx) => decide(ctx, 'refuse'))
  router.post(`${BASE}/:axis/withdraw`, guards.operator('registrar'), (ctx) =>
    decide(ctx, 'withdraw'),
  )
}

const DONE = {
  approve: 'approved',
  giveBack: 'returned',
  refuse: 'refused',
  withdraw: 'withdrawn',
} as const

async function decide(
  ctx: Ctx & { params?: Record<string, string> },
  verb: keyof typeof DONE,
): Promise<void> {
  const { env, operator } = ctx.state
  const { hash, note = '' } = readForm(ctx, decideSchema)
  if (!operator) throw new Refusal('sign_in_required')
  const open = await phases.openPhase(env, axisOf(ctx))
  if (!open) throw new Refusal('wrong_state')
  const seen = { id: open.id, hash, by: operator, note: note.trim() }
  try {
    if (verb === 'approve') await phases.approvePhase(env, seen)
    else if (verb !== 'withdraw' && !seen.note)
      throw new Refusal('invalid_input', { fields: { note: 'note_required' } })
    else await phases.declinePhase(env, verb, seen)
  } catch (error) {
    return show(ctx, fieldsIn(error), 422)
  }
  ctx.redirect(`${BASE}?done=${DONE[verb]}`)
  ctx.status = 303
}

function axisOf(ctx: Ctx & { params?: Record<string, string> }): Axis {
  const axis = ctx.params?.['axis']
  if (!phases.isAxis(axis)) throw new Refusal('not_found')
  return axis
}

/** The state of both phases; with `?axis=…&on=…` also what a switch on that day would change. */
async function show(ctx: Ctx, fields: Fields, status = 200): Promise<void> {
  const { env, language, operator } = ctx.state
  const now = await phases.phasesAt(env, env.now())
  const open = {
    self_running: await phases.openPhase(env, 'self_running'),
    incorporation: await phases.openPhase(env, 'incorporation'),
  }
  const { axis, on } = ctx.query
  const tried = phases.isAxis(axis) && typeof on === 'string' ? { axis, on } : undefined
  const mayChange = operator?.roles.includes('registrar') ?? false
  const site = env.config.installation
  const axes = await Promise.all(
    AXES.map(async (axis) => {
      const proposal = open[axis]
      const base = `${BASE}/${axis}`
      const told = proposal && (await operators.told(env, proposal, language))
      const decide = told && decideBox(proposal, told, { operator, base }, { fields })
      return phaseNow(now[axis], { language, site, proposal, decide, mayChange })
    }),
  )
  const data: PhasesPage = {
    axes,
    fields: { ...fields, ...(tried && !isDay(tried.on) && { on: 'not_a_day' }) },
    done: ['proposed', ...Object.values(DONE)].find((one) => one === ctx.query['done']) ?? '',
    tried: { axis: tried?.axis ?? 'self_running', on: tried?.on ?? dayOf(env.now()) },
    result: tried && isDay(tried.on) ? await resultFor(ctx, tried, open[tried.axis]) : undefined,
  }
  views.all(ctx, data, { status })
}

async function resultFor(
  ctx: Ctx,
  { axis, on }: { axis: Axis; on: string },
  open: Proposal | undefined,
): Promise<PhasesPage['result']> {
  const { env, language } = ctx.state
  const now = (await phases.phasesAt(env, env.now()))[axis].body
  const body = open ? phases.readPhase(open.body) : now
  const site = env.config.installation
  const usual = phases.readPhase(bodyBy(axis, formOf(axis, body, site)))
  const basis = open ? 'proposed' : now ? 'decided' : 'assumed'
  return resultOf(await phases.dryRun(env, { body: usual, basis }, on), language)
}

function showForm(ctx: Ctx, axis: Axis, form: PhaseForm, fields: Fields = {}): void {
  const { language } = ctx.state
  const p = messages[language].contracts.phases
  const status = Object.keys(fields).length ? 422 : 200
  views.form(ctx, { axis, title: p.edit(p.axes[axis]), form, fields }, { status })
}

/** A phase as the form shows it; what nobody decided yet is as the document and the settings file have it. */
function formOf(
  axis: Axis,
  body: PhaseBody | undefined,
  site: { consortium: Record<'ja' | 'en', string>; leadMember?: Record<'ja' | 'en', string> },
): PhaseForm {
  const p = { ja: messages.ja.contracts.phases, en: messages.en.contracts.phases }
  const said = body?.text ?? { ja: p.ja.sides[axis].after, en: p.en.sides[axis].after }
  const form: PhaseForm = {
    switchesOn: body?.switchesOn ?? '',
    text_ja: said.ja,
    text_en: said.en,
  }
  if (axis === 'self_running') {
    form['sources_before'] = body?.sources?.before ?? ['sensor_installed', 'sensor_approved']
    form['sources_after'] = body?.sources?.after ?? [...SOURCES]
    return form
  }
  const before = body?.provider?.before ?? site.leadMember ?? site.consortium
  const after = body?.provider?.after ?? site.consortium
  form['provider_before_ja'] = before.ja
  form['provider_before_en'] = before.en
  form['provider_after_ja'] = after.ja
  form['provider_after_en'] = after.en
  form['liable_before'] = body?.liable?.before ?? 'jointly'
  form['liable_after'] = body?.liable?.after ?? 'consortium'
  return form
}

function bodyBy(axis: Axis, form: PhaseForm): { axis: Axis } & Record<string, unknown> {
  const one = (name: string) =>
    String(form[name] ?? '')
      .replaceAll(/\s+/g, ' ')
      .trim()
  const both = (name: string) => ({ ja: one(`${name}_ja`), en: one(`${name}_en`) })
  const many = (name: string) => [form[name] ?? []].flat()
  return {
    axis,
    ...(one('switchesOn') && { switchesOn: one('switchesOn') }),
    text: both('text'),
    ...(axis === 'self_running'
      ? { sources: { before: many('sources_before'), after: many('sources_after') } }
      : {
          provider: { before: both('provider_before'), after: both('provider_after') },
          liable: { before: one('liable_before'), after: one('liable_after') },
        }),
  }
}

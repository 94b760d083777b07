/** /admin/requests (A8): privacy officers answer, auditors read. */
import type Router from '@koa/router'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import type { CaseForm } from '../http/parts.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { dayOf } from '../input/days.ts'
import { messages } from '../locales/index.ts'
import * as operators from '../operators/actions.ts'
import type { OperatorHere } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import * as rights from './actions.ts'
import { decisionFaults, extensionTo, type Decision } from './deciding.ts'
import { decideForm, extendForm, unreadPage, type DeskTyped } from './desk_forms.ts'
import { DESK, deskCase, deskList, type Looking } from './desk_pages.ts'
import { DEEDS, GROUNDS, isRight, mayFollow, OUTCOMES, type CaseNow, type Ground } from './model.ts'
import { letterPage } from './case_pages.ts'
import { serviceName } from './own_pages.ts'
import type { DeskCasePage, DeskListPage, DeskUnreadPage, LetterPage } from './pages.ts'
import * as queries from './queries.ts'
import { askerFacts } from './shown.ts'
import { decideSchema, extendSchema, lookSchema } from './schema.ts'
import { textFault, tidy } from './wording.ts'

const views = {
  list: page<DeskListPage>('rights/desk_list'),
  one: page<DeskCasePage>('rights/desk_case'),
  form: page<CaseForm>('rights/desk_form'),
  unread: page<DeskUnreadPage>('rights/desk_unread'),
  letter: page<LetterPage>('rights/desk_letter'),
}

export function deskRoutes(router: Router<State>, guards: Guards): void {
  const readers = guards.operator('privacy_officer', 'auditor')
  const only = guards.operator('privacy_officer')
  const fresh = guards.confirmed
  const one = `${DESK}/:id`
  router.get(DESK, readers, async (ctx) => {
    views.list(ctx, await deskList(ctx.state.env, ctx))
  })
  router.get(one, readers, (ctx) => show(ctx, {}))
  router.get(`${one}/letter`, readers, showLetter)
  router.post(`${one}/letter`, only, fresh, wholeLetter)
  router.post(`${one}/person`, only, fresh, look)
  router.post(`${one}/take`, only, async (ctx) => {
    readForm(ctx, nothingSchema)
    await rights.takeOn(ctx.state.env, { id: idIn(ctx), by: self(ctx) })
    to(ctx, `${DESK}/${idIn(ctx)}`)
  })
  router.get(`${one}/decide`, only, fresh, async (ctx) => {
    const of = await open(ctx, 'decided')
    return (await isRead(ctx, of)) ? showDecide(ctx, of) : showUnread(ctx, of)
  })
  router.post(`${one}/decide`, only, fresh, decide)
  router.get(`${one}/extend`, only, fresh, async (ctx) =>
    showExtend(ctx, await open(ctx, 'extended')),
  )
  router.post(`${one}/extend`, only, fresh, extend)
  router.post(`${one}/close`, only, fresh, async (ctx) => {
    readForm(ctx, nothingSchema)
    await rights.closeErased(ctx.state.env, { id: idIn(ctx), by: self(ctx) })
    to(ctx, `${DESK}/${idIn(ctx)}`)
  })
}

const idIn = (ctx: Ctx): string => (ctx as Ctx & { params: { id?: string } }).params.id ?? ''

function self(ctx: Ctx): OperatorHere {
  if (!ctx.state.operator) throw new Refusal('sign_in_required')
  return ctx.state.operator
}

async function show(
  ctx: Ctx,
  { look = { reason: '', fields: {} }, seen = false }: { look?: Looking['look']; seen?: boolean },
): Promise<void> {
  const { env, language } = ctx.state
  const found = await rights.anyCase(env, idIn(ctx))
  const { roles } = self(ctx)
  const data = await deskCase(env, { ...found, language, roles, look, shown: seen })
  views.one(ctx, data, { status: Object.keys(look.fields).length ? 422 : 200 })
}

/** The person and their words, after the reason is written down (J10): the resident reads of it in their history. */
async function look(ctx: Ctx): Promise<void> {
  const fields = await reasonIn(ctx)
  if (fields) return show(ctx, { look: { reason: text(ctx, 'reason'), fields } })
  await show(ctx, { seen: true })
}

/** Writes the reason down. @returns what is wrong with it; undefined where it stands */
async function reasonIn(ctx: Ctx): Promise<Fields | undefined> {
  const { env } = ctx.state
  const { of } = await rights.anyCase(env, idIn(ctx))
  try {
    const { reason } = readForm(ctx, lookSchema)
    const object = { kind: 'resident', id: of.residentId }
    await operators.viewPerson(env, self(ctx).id, { object, reason, caseId: of.id })
    return undefined
  } catch (error) {
    return fieldsIn(error)
  }
}

const text = (ctx: Ctx, name: string): string => {
  const value = ctx.state.body?.[name]
  return typeof value === 'string' ? value : ''
}

/** A case on which this step may be taken. @throws Refusal not_found, wrong_state */
async function open(ctx: Ctx, step: 'decided' | 'extended'): Promise<CaseNow> {
  const { of, steps } = await rights.anyCase(ctx.state.env, idIn(ctx))
  if (!mayFollow(steps, step)) throw new Refusal('wrong_state')
  return of
}

function typedIn(ctx: Ctx, names: readonly string[]): DeskTyped {
  return Object.fromEntries(names.map((name) => [name, text(ctx, name)]))
}

const DECIDING = ['outcome', 'ground', 'deed', 'done_by', 'answer_ja', 'answer_en'] as const

const isRead = (ctx: Ctx, { id }: CaseNow): Promise<boolean> =>
  queries.hasRead(ctx.state.env.db, { caseId: id, operatorId: self(ctx).id })

/** Who has not read what was written does not answer it: the way there, and nothing to send. */
function showUnread(ctx: Ctx, of: CaseNow): void {
  views.unread(ctx, unreadPage(of, ctx.state.language), { status: 409 })
}

function showDecide(ctx: Ctx, of: CaseNow, fields: Fields = {}): void {
  const { env, language } = ctx.state
  const typed = typedIn(ctx, DECIDING)
  const today = dayOf(env.now())
  views.form(ctx, decideForm({ of, typed, language, fields, today }), {
    status: Object.keys(fields).length ? 422 : 200,
  })
}

async function decide(ctx: Ctx): Promise<void> {
  const { env } = ctx.state
  const of = await open(ctx, 'decided')
  if (!(await isRead(ctx, of))) return showUnread(ctx, of)
  try {
    readForm(ctx, decideSchema)
  } catch (error) {
    return showDecide(ctx, of, fieldsIn(error))
  }
  const found = decisionOf(of, typedIn(ctx, DECIDING), dayOf(env.now()))
  if ('faults' in found) return showDecide(ctx, of, found.faults)
  await rights.decide(env, { id: of.id, by: self(ctx), decision: found.decision })
  to(ctx, `${DESK}/${of.id}`)
}

/** Reads the form of a decision; what is wrong stands at its field. */
function decisionOf(
  of: CaseNow,
  typed: DeskTyped,
  today: string,
): { decision: Decision } | { faults: Fields } {
  const { outcome, ground, deed, done_by: doneBy, answer_ja: ja = '', answer_en: en = '' } = typed
  const known: readonly Ground[] = isRight(of.kind) ? GROUNDS[of.kind] : []
  const said = {
    outcome: OUTCOMES.find((one) => one === outcome),
    ground: known.find((one) => one === ground) ?? null,
    deed: DEEDS.find((one) => one === deed) ?? null,
    doneBy: doneBy || null,
  }
  const faults: Fields = said.outcome
    ? decisionFaults(of, { ...said, outcome: said.outcome }, today)
    : { outcome: 'choose' }
  const wrongJa = textFault(ja, true)
  const wrongEn = textFault(en, false)
  if (wrongJa) faults['answer_ja'] = wrongJa
  if (wrongEn) faults['answer_en'] = wrongEn
  if (Object.keys(faults).length || !said.outcome) return { faults }
  const answer = { ja: tidy(ja), en: tidy(en) }
  return { decision: { ...said, outcome: said.outcome, answer } }
}

const EXTENDING = ['until', 'reason_ja', 'reason_en'] as const

async function showExtend(ctx: Ctx, of: CaseNow, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const typed = typedIn(ctx, EXTENDING)
  const found =
    ctx.method === 'POST' ? await extensionTo(env, of, typed['until'] ?? '') : { days: 0 }
  const fault = 'fault' in found ? found.fault : undefined
  views.form(ctx, await extendForm(env, { of, typed, language, fault, fields }), {
    status: fault || Object.keys(fields).length ? 422 : 200,
  })
}

async function extend(ctx: Ctx): Promise<void> {
  const { env } = ctx.state
  const of = await open(ctx, 'extended')
  const typed = typedIn(ctx, EXTENDING)
  const fields: Fields = {}
  try {
    readForm(ctx, extendSchema)
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
    Object.assign(fields, error.details.fields)
  }
  const { until = '', reason_ja: ja = '', reason_en: en = '' } = typed
  for (const [name, fault] of [
    ['reason_ja', textFault(ja, true)],
    ['reason_en', textFault(en, false)],
  ] as const)
    if (fault) fields[name] = fault
  const wrong = 'fault' in (await extensionTo(env, of, until))
  if (wrong || Object.keys(fields).length) return showExtend(ctx, of, fields)
  const reason = { ja: tidy(ja), en: tidy(en) }
  await rights.extend(env, { id: of.id, by: self(ctx), until, reason })
  to(ctx, `${DESK}/${of.id}`)
}

/** The letter as it is filed: number, date, decision and article; the words for the resident stay sealed. */
async function showLetter(ctx: Ctx): Promise<void> {
  views.letter(ctx, await letterIn(ctx, { reason: '', fields: {} }))
}

/** The whole letter, to be sent on paper, after the reason is written down. */
async function wholeLetter(ctx: Ctx): Promise<void> {
  const fields = await reasonIn(ctx)
  if (!fields) return void views.letter(ctx, await letterIn(ctx, undefined))
  views.letter(ctx, await letterIn(ctx, { reason: text(ctx, 'reason'), fields }), { status: 422 })
}

/** @param look what was typed as a reason; undefined: it is written down */
async function letterIn(ctx: Ctx, look: Looking['look'] | undefined): Promise<LetterPage> {
  const { env, language, operator } = ctx.state
  const found = await rights.anyCase(env, idIn(ctx))
  const { of } = found
  const person = await residents.find(env, of.residentId)
  const resident = look ? undefined : person
  const trail = [
    { href: DESK, text: messages[language].rights.desk.title },
    { href: `${DESK}/${of.id}`, text: of.number },
  ]
  const service = await serviceName(env, of, language)
  const address = resident && askerFacts(resident, language)[1]?.[1]
  const asked = { ...found, resident, language, trail, service, sealed: Boolean(look), address }
  const mayLook = look && person && operator?.roles.includes('privacy_officer')
  return {
    ...letterPage(env, asked),
    look: mayLook ? { path: `${DESK}/${of.id}/letter`, ...look } : undefined,
  }
}

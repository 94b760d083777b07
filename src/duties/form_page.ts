/** The form of an act: its fields, what was written before, and what the rules will hold it to. */
import type { Env } from '../env.ts'
import type { Facts, Input } from '../http/parts.ts'
import { CalendarUnknown } from '../input/business_days.ts'
import { dayOf, endOfDay, startOfDay } from '../input/days.ts'
import { messages, type Language } from '../locales/index.ts'
import * as duties from './actions.ts'
import { earliestAudit, lastAudit } from './audits.ts'
import { factsOf, flowWords } from './documents.ts'
import {
  textOf,
  type Act,
  type Actor,
  type Around,
  type Case,
  type Faults,
  type Field,
  type Kind,
} from './model.ts'
import { NOUNS } from './nouns.ts'
import type { FormPage } from './pages.ts'
import { fieldsOf } from './paper.ts'
import * as queries from './queries.ts'
import { dayWords, PATHS, sentences } from './shown.ts'
import type { Area } from '../people/model.ts'
import * as store from './store.ts'

/** Fields as they were typed. */
export type Typed = { readonly [field: string]: unknown }

export type Asking = {
  area: Area
  language: Language
  actor: Actor
  kind: Kind
  name: string
  act: Act
  /** An operator registers what came on paper. */
  paper?: true
  path: string
  typed: Typed
  faults: Faults
}

/** The form that opens a case. @throws Refusal not_found for a report that is not theirs */
export async function openingForm(env: Env, asking: Asking): Promise<FormPage> {
  const { kind, actor, language, typed } = asking
  const t = messages[language].duties
  const { on } = NOUNS[kind]
  const after = typeof typed['after'] === 'string' ? typed['after'] : ''
  const flows = on === 'report' ? [] : await duties.flowsFor(env, kind, actor)
  const subject: Input[] = []
  const flowOptions = flows.map((flow) => ({ value: flow.id, label: flowWords(language, flow) }))
  if (on !== 'report' && (flows.length || on === 'flow'))
    subject.push(select(asking, { name: 'flow', must: on === 'flow', options: flowOptions }))
  if (kind === 'claim') {
    const services = await queries.services(env.db, actor.memberId)
    const options = services.map(({ id, names }) => ({ value: id, label: names[language] }))
    if (options.length) subject.push(select(asking, { name: 'service', must: false, options }))
  }
  const opening = { kind, subject: { after }, actor }
  const around = on === 'report' ? await duties.aroundOpening(env, opening) : undefined
  const form = formOf(asking, {
    notes: around ? auditNotes(around, language) : [],
    written: await writtenOf(env, around?.after, language),
    hidden: [
      ['once', typeof typed['once'] === 'string' ? typed['once'] : env.newId()],
      ...(on === 'report' ? [['after', after] as [string, string]] : []),
    ],
  })
  const nothing = on === 'flow' && !flows.length ? t.form.noFlows : undefined
  const inputs = around
    ? form.inputs.map((input) =>
        input.kind === 'day' ? { ...input, min: firstDay(around) } : input,
      )
    : form.inputs
  return { ...form, nothing, inputs: [...subject, ...inputs] }
}

/** The form of an act on a case. */
export async function actForm(
  env: Env,
  { of, around }: { of: Case; around: Around },
  asking: Asking,
): Promise<FormPage> {
  const { language } = asking
  return formOf(asking, {
    notes: await figures(env, of, { around, language }),
    written: await writtenOf(env, of, language),
    hidden: [],
  })
}

type Beside = { notes: string[]; written: Facts; hidden: [string, string][] }

function formOf(asking: Asking, { notes, written, hidden }: Beside): FormPage {
  const { area, language, kind, name, act, path, paper } = asking
  const t = messages[language].duties
  const words = (t.acts as Record<string, { title: string; button: string; lead: string }>)[
    `${kind}_${name}`
  ]
  return {
    ...{ area, path, notes, written, hidden },
    trail: [{ href: PATHS[area], text: t.title }],
    heading: paper ? t.case.paper(words?.title ?? '') : (words?.title ?? ''),
    lead: paper ? t.form.paperLead : (words?.lead ?? ''),
    clause: t.clauses[kind],
    inputs: act.fields.map((field) => inputOf(field, asking)),
    button: paper ? t.form.paperButton : (words?.button ?? ''),
    keep: kind === 'leak' && name === 'notify' ? t.form.keep : undefined,
    nothing: undefined,
  }
}

function inputOf(field: Field, { language, typed, faults }: Asking): Input {
  const t = messages[language].duties
  const given = typed[field.name]
  const list = (Array.isArray(given) ? given : [given]).filter((one) => typeof one === 'string')
  const known = (words: object, key: string) => (words as Record<string, string>)[key]
  return {
    ...{ name: field.name, kind: field.kind, must: field.must },
    label: known(t.fields, field.name) ?? field.name,
    hint: known(t.hints, field.name),
    error: sentences(faults, language)[field.name],
    value: list[0] ?? '',
    values: list,
    options: (field.options ?? []).map((value) => ({
      value,
      label: known(t.options, value) ?? value,
    })),
  }
}

function select(
  asking: Asking,
  { name, must, options }: { name: string; must: boolean; options: Input['options'] },
): Input {
  const t = messages[asking.language].duties.form
  const input = inputOf({ name, kind: 'line', must }, asking)
  const first = { value: '', label: must ? t.choose : t.none }
  return { ...input, kind: 'select', options: [first, ...options] }
}

/** Days too near are greyed out by the browser's picker; the rule is held by the server alone. */
function firstDay(around: Around): string | undefined {
  try {
    return earliestAudit(around)
  } catch (error) {
    if (error instanceof CalendarUnknown) return undefined
    throw error
  }
}

function auditNotes(around: Around, language: Language): string[] {
  const t = messages[language].duties
  const day = firstDay(around)
  const count = around.flow?.auditNoticeDays ?? 1
  const notes = [day ? t.form.earliest(dayWords(day, language), count) : t.rules.calendar_unknown()]
  if (around.flow?.auditNoticeAssumed) notes.push(t.case.assumed)
  const held = lastAudit(around)
  notes.push(
    held
      ? t.form.lastAudit(dayWords(held.last, language), dayWords(held.next, language))
      : t.form.noAudit,
  )
  return notes
}

/** What the platform itself counted, beside a usage report. */
async function figures(
  env: Env,
  of: Case,
  { around, language }: { around: Around; language: Language },
): Promise<string[]> {
  const [from, to] = [textOf(around.soFar, 'period_from'), textOf(around.soFar, 'period_to')]
  if (of.kind !== 'report' || of.receiver !== 'member' || !of.memberId || !from || !to) return []
  const span = { memberId: of.memberId, from: startOfDay(from), to: endOfDay(to) }
  const count = await queries.provisions(env.db, span)
  return [messages[language].duties.form.figures(count.toLocaleString('ja-JP'))]
}

async function writtenOf(env: Env, of: Case | undefined, language: Language): Promise<Facts> {
  const steps = of ? await store.steps(env.db, of.id) : []
  return steps.flatMap((step) =>
    of ? factsOf(language, fieldsOf(of.kind, step.step), step.body) : [],
  )
}

/** A draft as a form shows it: moments as a browser's field wants them. */
export function typedOf(act: Act, { draft }: Case): Typed {
  return Object.fromEntries(
    act.fields.map(({ name, kind }) => {
      const value = draft?.[name]
      if (kind === 'moment' && typeof value === 'string') return [name, localMoment(value)]
      return [name, typeof value === 'number' ? String(value) : value]
    }),
  )
}

function localMoment(iso: string): string {
  const at = new Date(iso)
  const time = new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'Asia/Tokyo',
    hour: '2-digit',
    minute: '2-digit',
  }).format(at)
  return `${dayOf(at)}T${time}`
}

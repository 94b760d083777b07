/** 書面 (S-52): what a step says, written down once in both languages and never changed; numbered without a gap. */
import { createHash } from 'node:crypto'
import { canonical } from '../audit/model.ts'
import type { Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import type { Both } from '../installation.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import {
  otherSide,
  type Act,
  type Actor,
  type Case,
  type DocumentText,
  type Field,
  type FlowOf,
  type Kind,
  type Values,
} from './model.ts'
import * as store from './store.ts'

type Making = {
  of: Case
  name: string
  act: Act
  values: Values
  actor: Actor
  flow: FlowOf | undefined
  member: Both | undefined
}

/**
 * Writes the document of a step, in the caller's transaction: an aborted step leaves no number behind.
 *
 * @returns its id and number
 */
export async function issue(env: Env, making: Making): Promise<{ id: string; number: string }> {
  const { of, name, actor } = making
  const at = env.now()
  const year = Number(dayOf(at).slice(0, 4))
  const running = await store.nextNumber(env.db, year)
  const number = `D-${year}-${String(running).padStart(4, '0')}`
  const id = env.newId()
  const body = {
    ja: textIn('ja', env, making),
    en: textIn('en', env, making),
  }
  const kind = `${of.kind}.${name}`
  const hash = createHash('sha256')
    .update(canonical({ number, kind, sentAt: at.toISOString(), body }))
    .digest('hex')
  await store.insertDocument(env.db, {
    ...{ id, number, kind, caseId: of.id, memberId: of.memberId, sender: actor.side, body, hash },
    ...{ senderId: actor.person.id, sentAt: at, year, running },
  })
  return { id, number }
}

function textIn(language: Language, env: Env, making: Making): DocumentText {
  const { of, name, act, values, actor, flow, member } = making
  const t = messages[language].duties
  const party = (side: Actor['side']) =>
    side === 'consortium'
      ? env.config.installation.consortium[language]
      : (member?.[language] ?? t.noMember)
  return {
    title: titleOf(language, of.kind, name),
    to: party(otherSide(actor.side)),
    from: party(actor.side),
    clause: t.clauses[of.kind],
    facts: [...(flow ? flowFacts(language, flow) : []), ...factsOf(language, act.fields, values)],
  }
}

/** 「利用状況の報告の求め」 and the like. */
export function titleOf(language: Language, kind: Kind, name: string): string {
  const { acts } = messages[language].duties
  return (acts[`${kind}_${name}` as keyof typeof acts] as { title: string }).title
}

/** What was given to whom, for what, under which contract. */
export function flowFacts(language: Language, flow: FlowOf): [string, string][] {
  const t = messages[language].duties
  return [
    [t.contract, flow.contract],
    [t.flow, flowWords(language, flow)],
  ]
}

/** Who gives what to whom, for what, in the words of the catalogue. */
export function flowWords(language: Language, flow: FlowOf): string {
  const t = messages[language].duties
  const { list } = words(language)
  const items = flow.dataset ?? list(flow.itemNames.map((names) => names[language]))
  const purposes = list(flow.purposeNames.map((names) => names[language]))
  const side = (who: FlowOf['giver']) => (who === 'consortium' ? t.us : flow.member[language])
  return t.flowOf(side(flow.giver), side(flow.receiver), items, purposes)
}

const nameIn = (known: Readonly<Record<string, string>>, id: string): string =>
  (Object.hasOwn(known, id) ? known[id] : undefined) ?? id

/** Label and value of every field that was filled. */
export function factsOf(
  language: Language,
  fields: readonly Field[],
  values: Values,
): [string, string][] {
  const { fields: labels } = messages[language].duties
  return fields.flatMap((field) => {
    const value = values[field.name]
    return value === undefined
      ? []
      : [[nameIn(labels, field.name), valueWords(language, field, value)] as [string, string]]
  })
}

function valueWords(language: Language, field: Field, value: Values[string]): string {
  const t = messages[language].duties
  const { dateWithWeekday, dateTime, list } = words(language)
  if (typeof value === 'number') {
    const amount = value.toLocaleString(language === 'ja' ? 'ja-JP' : 'en-GB')
    return field.kind === 'yen' ? t.yen(amount) : t.persons(amount)
  }
  if (Array.isArray(value)) return list(value.map((one) => nameIn(t.options, one)))
  if (field.kind === 'day') return dateWithWeekday(new Date(`${value}T00:00:00+09:00`))
  if (field.kind === 'moment') return dateTime(new Date(value ?? ''))
  return field.kind === 'one' ? nameIn(t.options, value ?? '') : (value ?? '')
}

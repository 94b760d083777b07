/** What programs of a company see of a case and say of it (S-36…S-52): the portal's forms as JSON, made from the same fields. */
import type { Env } from '../env.ts'
import { messages } from '../locales/index.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { titleOf } from './documents.ts'
import {
  KINDS,
  type Act,
  type Around,
  type Case,
  type Field,
  type Side,
  type Values,
} from './model.ts'
import { NOUNS, offered } from './nouns.ts'
import * as queries from './queries.ts'
import { LONGEST, readValues } from './reading.ts'
import { known } from './sight.ts'
import * as store from './store.ts'

/** The acts a program of a side may take on a case now: not those that need a person's second factor. */
export const actsOf = (around: Around, side: Side): [name: string, act: Act][] =>
  around.case
    ? offered(around.case, side).filter(([, act]) => !act.fresh && (act.ready?.(around) ?? true))
    : []

/**
 * What a program says of an act, read by the rules of the portal's form.
 *
 * @throws Refusal not_found for an act that is not known; confirmation_needed for one that is a person's alone (J6);
 *   invalid_input, also for a field the act does not have or that is not of its type (J3)
 */
export function valuesFor(of: Case, name: string, form: { [field: string]: unknown }): Values {
  const act = known(of.kind, name)
  if (act.fresh) throw new Refusal('confirmation_needed')
  return valuesIn(act, form)
}

/** What a program says of a leak at once (S-49). @throws Refusal invalid_input */
export const leakValues = (notice: { [field: string]: unknown }): Values =>
  valuesIn(known('leak', NOUNS.leak.opens), notice)

function valuesIn(act: Act, form: { [field: string]: unknown }): Values {
  const wrong = Object.entries(form).flatMap(([name, given]): [string, string][] => {
    const field = act.fields.find((one) => one.name === name)
    if (!field) return [[name, 'unknown_field']]
    return isOfType(field, given) ? [] : [[name, 'wrong_type']]
  })
  const fields: Fields = Object.fromEntries(wrong)
  if (wrong.length) throw new Refusal('invalid_input', { fields })
  return readValues(act, form)
}

const isNumber = ({ kind }: Field) => kind === 'count' || kind === 'yen'

function isOfType(field: Field, given: unknown): boolean {
  if (typeof given === 'string') return true
  if (isNumber(field)) return Number.isSafeInteger(given)
  return (
    field.kind === 'many' && Array.isArray(given) && given.every((one) => typeof one === 'string')
  )
}

/** One turn of a case with the document it made, as it was written (S-52). */
export type Turn = {
  act: string
  side: Side
  at: Date
  values: Values
  document: queries.ShownDocument | undefined
}

/** The turns of a case, the oldest first. */
export async function turnsOf(env: Env, of: Pick<Case, 'id'>): Promise<Turn[]> {
  const steps = await store.steps(env.db, of.id)
  const documents = await queries.documents(env.db, of.id)
  return steps.map(({ step: act, side, at, body: values, documentId }) => ({
    ...{ act, side, at, values },
    document: documents.find(({ id }) => id === documentId),
  }))
}

const labels: Readonly<Record<string, string>> = messages.en.duties.fields

/** JSON Schema of a field. */
function fieldSchema(field: Field): object {
  const label = labels[field.name]
  return { ...(label !== undefined && { description: label }), ...typeSchema(field) }
}

function typeSchema({ kind, must, options = [] }: Field): object {
  if (kind === 'one') return { enum: options }
  if (kind === 'many')
    return {
      ...{ type: 'array', uniqueItems: true, minItems: must ? 1 : 0, maxItems: options.length },
      items: { enum: options },
    }
  if (kind === 'day') return { type: 'string', format: 'date' }
  if (kind === 'moment') return { type: 'string', maxLength: 35, format: 'date-time' }
  if (kind === 'count' || kind === 'yen')
    return { type: 'integer', minimum: 0, maximum: 999_999_999_999 }
  return { type: 'string', ...(must && { minLength: 1 }), maxLength: LONGEST[kind] }
}

/** JSON Schema of what an act says. */
function schemaOf({ fields }: Act) {
  return {
    type: 'object',
    additionalProperties: false,
    required: fields.filter(({ must }) => must).map(({ name }) => name),
    properties: Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)])),
  }
}

/** A leak notice as JSON (S-49). Only the time of discovery is needed. */
export const leakNoticeSchema = schemaOf(known('leak', NOUNS.leak.opens))

/** Every act a program may take on a case, with what it says: JSON Schema. */
export const actSchema = {
  anyOf: KINDS.flatMap((kind) =>
    Object.entries(NOUNS[kind].acts)
      .filter(([, { staff, fresh, from }]) => staff.length > 0 && !fresh && from.length > 0)
      .map(([name, act]) => ({
        ...{ title: `${kind}: ${name}`, description: titleOf('en', kind, name), type: 'object' },
        ...{ additionalProperties: false, required: ['act', 'values'] },
        properties: { act: { const: name }, values: schemaOf(act) },
      })),
  ),
}

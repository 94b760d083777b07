import { UUID_PATTERN } from '../input/ids.ts'
import type { Act, Field } from './model.ts'

const LONGEST = { line: 200, text: 4000, day: 10, moment: 16, count: 12, yen: 15 } as const

function shapeOf(field: Field): object {
  // An answer that was not chosen comes as an empty text.
  const options = [...(field.options ?? []), '']
  if (field.kind === 'one') return { enum: options }
  if (field.kind === 'many')
    return {
      anyOf: [
        { enum: options },
        { type: 'array', uniqueItems: true, maxItems: options.length, items: { enum: options } },
      ],
    }
  return { type: 'string', maxLength: LONGEST[field.kind] }
}

/** What names the thing a case is opened on; `once` is the id the new case will have. */
const subject = {
  once: { type: 'string', pattern: UUID_PATTERN },
  flow: { type: 'string', maxLength: 36 },
  after: { type: 'string', maxLength: 36 },
  service: { type: 'string', maxLength: 36 },
  keep: { enum: ['draft'] },
} as const

/** JSON Schema of the form of an act: its fields and nothing else (J3). */
function formOf(act: Act): object {
  const opens = act.from.length === 0
  const properties = Object.fromEntries(act.fields.map((field) => [field.name, shapeOf(field)]))
  return {
    type: 'object',
    additionalProperties: false,
    properties: opens ? { ...subject, ...properties } : properties,
  }
}

const made = new WeakMap<Act, object>()

/** The form of an act, always the same object for the same act. */
export function schemaOf(act: Act): object {
  let schema = made.get(act)
  if (!schema) made.set(act, (schema = formOf(act)))
  return schema
}

/** A leak has more than one door: a draft and its notice take the subject along. */
const leakSchemas = new WeakMap<Act, object>()
export function leakSchemaOf(act: Act): object {
  let schema = leakSchemas.get(act)
  if (!schema) leakSchemas.set(act, (schema = formOf({ ...act, from: [] })))
  return schema
}

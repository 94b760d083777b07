import { UUID_PATTERN } from '../input/ids.ts'
import { LEAK_KINDS, type Act, type Field } from './model.ts'

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

const text = { type: 'string', minLength: 1, maxLength: 4000 } as const

/** A leak notice as JSON, for programs of a company (S-49). Only the time of discovery is needed. */
export const leakNoticeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['discovered_at'],
  properties: {
    discovered_at: { type: 'string', maxLength: 35, format: 'date-time' },
    kinds: {
      type: 'array',
      uniqueItems: true,
      maxItems: LEAK_KINDS.length,
      items: { enum: LEAK_KINDS },
    },
    persons: { type: 'integer', minimum: 0, maximum: 1_000_000_000 },
    what: text,
    items: text,
    cause: text,
    secondary: text,
    told: text,
    published: text,
    prevention: text,
    other: text,
    measures: text,
  },
} as const

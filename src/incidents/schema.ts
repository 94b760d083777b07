import { PARTS } from './model.ts'

const some = (max: number) => ({
  anyOf: [
    { type: 'string', maxLength: 64 },
    { type: 'array', maxItems: max, uniqueItems: true, items: { type: 'string', maxLength: 64 } },
  ],
})

/** Whose data, and what of it. */
export const scopeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['case', 'services', 'items', 'until'],
  properties: {
    case: { type: 'string', maxLength: 36 },
    services: some(500),
    items: some(50),
    since: { type: 'string', maxLength: 10 },
    until: { type: 'string', minLength: 1, maxLength: 10 },
  },
} as const

const text = { type: 'string', minLength: 1, maxLength: 3000 } as const

/** The words, in both languages; `hash` is of the draft that was edited, empty for the first. */
export const letterSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['hash', ...PARTS.flatMap((part) => [`${part}_ja`, `${part}_en`])],
  properties: {
    hash: { type: 'string', pattern: '^([0-9a-f]{64})?$' },
    ...Object.fromEntries(
      PARTS.flatMap((part) => [
        [`${part}_ja`, text],
        [`${part}_en`, text],
      ]),
    ),
  },
} as const

/** The letters that were printed. */
export const printedSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['letters'],
  properties: { letters: some(100) },
} as const

const uuid = { type: 'string', format: 'uuid' } as const
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const

/** The form of a stop; what must be there depends on the aim, and is said field by field. */
export const stopSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    aim: { type: 'string', maxLength: 10 },
    reason: { type: 'string', maxLength: 20 },
    residents_ja: { type: 'string', maxLength: 200 },
    residents_en: { type: 'string', maxLength: 200 },
    company: { type: 'string', maxLength: 1000 },
    at: { type: 'string', maxLength: 16 },
  },
} as const

const seen = {
  type: 'object',
  additionalProperties: false,
  required: ['proposal', 'hash'],
  properties: { proposal: uuid, hash },
} as const

/** What is approved: the proposal, and the content that was seen. */
export const decideSchema = seen

export const refuseSchema = {
  ...seen,
  required: ['proposal', 'hash', 'note'],
  properties: { ...seen.properties, note: { type: 'string', minLength: 1, maxLength: 500 } },
} as const

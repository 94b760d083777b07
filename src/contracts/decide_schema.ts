import { UUID_PATTERN } from '../input/ids.ts'

const seen = {
  proposal: { type: 'string', pattern: UUID_PATTERN },
  hash: { type: 'string', pattern: '^[0-9a-f]{64}$' },
} as const

/** What every step of a proposal names: which one, and the very content that was seen. */
export const seenSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['proposal', 'hash'],
  properties: seen,
} as const

export const decideSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['proposal', 'hash', 'verdict'],
  properties: {
    ...seen,
    verdict: { enum: ['approve', 'return', 'refuse'] },
    note: { type: 'string', maxLength: 1000 },
  },
} as const

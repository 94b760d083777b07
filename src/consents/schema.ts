import { UUID_PATTERN } from '../input/ids.ts'

const one = { type: 'string', maxLength: 100 } as const

export const decisionSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { decision: { enum: ['withdraw', 'pause'] }, request_deletion: one },
} as const

export const changeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['version'],
  properties: {
    decision: { enum: ['change'] },
    version: { type: 'string', pattern: '^[0-9]{1,6}$' },
    until: { type: 'string', maxLength: 10 },
    item: { anyOf: [one, { type: 'array', items: one, maxItems: 50 }] },
  },
} as const

/** The answer to the consent screen, in an interaction and on the resident's own pages. */
export const answerSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    decision: { enum: ['agree', 'refuse'] },
    shown: { type: 'string', pattern: UUID_PATTERN },
    item: { anyOf: [one, { type: 'array', items: one, maxItems: 50 }] },
  },
} as const

/** An answer to a request to erase; which of the two fields it needs depends on the outcome (`answerFaults`). */
export const answerDeletionSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['outcome'],
  properties: {
    outcome: { enum: ['done', 'partly', 'refused'] },
    done_on: { type: 'string', maxLength: 10 },
    reason: { type: 'string', maxLength: 500 },
  },
} as const

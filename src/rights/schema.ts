import { passwordText } from '../input/bodies.ts'
import { UUID_PATTERN } from '../input/ids.ts'

/** Longer than any text that is taken, so that its field says so and keeps what was typed. */
const text = { type: 'string', maxLength: 20_000 } as const
const line = { type: 'string', maxLength: 100 } as const

export const requestSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['step', 'once'],
  properties: {
    step: { enum: ['check', 'send', 'edit'] },
    once: { type: 'string', pattern: UUID_PATTERN },
    service: line,
    item: { anyOf: [line, { type: 'array', maxItems: 20, items: line }] },
    from: line,
    to: line,
    method: line,
    what: text,
    reason: text,
    password: { type: 'string', maxLength: 1024 },
  },
} as const

export const passwordSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['password'],
  properties: {
    password: passwordText,
    file: { enum: ['csv', 'json', 'page'] },
  },
} as const

export const lookSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['reason'],
  properties: { reason: { type: 'string', maxLength: 500 } },
} as const

export const decideSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    outcome: line,
    ground: line,
    deed: line,
    done_by: line,
    answer_ja: text,
    answer_en: text,
  },
} as const

export const extendSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { until: line, reason_ja: text, reason_en: text },
} as const

import { UUID_PATTERN } from '../input/ids.ts'

/** 「この記録を報告する」: how long the text may be is the rule of requests. */
export const reportSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['once'],
  properties: {
    text: { type: 'string', maxLength: 10_000 },
    once: { type: 'string', pattern: UUID_PATTERN },
  },
} as const

import { FORMS, SIDES, TYPES } from './model.ts'

const filters = {
  from: { type: 'string', maxLength: 10 },
  to: { type: 'string', maxLength: 10 },
  service: { type: 'string', maxLength: 36 },
} as const
const kinds = {
  form: { enum: FORMS },
  type: { enum: TYPES },
} as const

/** An operator takes a record along: which, of whom, and why. */
export const operatorExport = {
  type: 'object',
  additionalProperties: false,
  required: ['side', 'form', 'type', 'reason'],
  properties: {
    ...filters,
    ...kinds,
    side: { enum: SIDES },
    reason: { type: 'string', minLength: 1, maxLength: 500 },
  },
} as const

/** A company takes its own along: always the receiver's. */
export const staffExport = {
  type: 'object',
  additionalProperties: false,
  required: ['form', 'type'],
  properties: { ...filters, ...kinds },
} as const

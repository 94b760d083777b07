import { OPERATOR_ROLES } from '../persons.ts'

const text = (maxLength: number) => ({ type: 'string', maxLength }) as const
const day = { type: 'string', maxLength: 10 } as const
const reason = text(500)
const id = { type: 'string', minLength: 1, maxLength: 64 } as const
const role = { enum: OPERATOR_ROLES } as const
/** Boxes of one name: one ticked is a text, several are a list. */
const roles = {
  anyOf: [role, { type: 'array', items: role, maxItems: OPERATOR_ROLES.length, uniqueItems: true }],
} as const

export const appointSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'email', 'ends'],
  properties: { name: text(80), email: text(320), number: text(40), roles, ends: day },
} as const

export const rightsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['ends', 'reason'],
  properties: { roles, ends: day, reason },
} as const

export const boxSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['role', 'ends', 'reason'],
  properties: { role, ends: day, reason },
} as const

export const reasonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['reason'],
  properties: { reason },
} as const

export const endBoxSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id },
} as const

export const lookUpSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['email', 'reason'],
  properties: { email: text(320), reason },
} as const

const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength }) as const
const code = { type: 'string', minLength: 1, maxLength: 20 } as const

export const loginSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['email', 'password'],
  properties: { email: text(320), password: text(4096) },
} as const

export const codeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['code'],
  properties: { code },
} as const

/** As the script posts it; empty where the browser gave none. */
const credential = { type: 'string', maxLength: 20_000 } as const

export const passkeySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['credential'],
  properties: { credential },
} as const

export const newPasswordSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['password', 'seed', 'code'],
  properties: { password: text(4096), seed: text(400), code },
} as const

export const whichSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: text(64) },
} as const

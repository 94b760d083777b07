const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength }) as const
const code = { type: 'string', minLength: 1, maxLength: 20 } as const

export const nothingSchema = { type: 'object', additionalProperties: false } as const

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

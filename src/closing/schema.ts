export const closeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['password'],
  properties: { password: { type: 'string', minLength: 1, maxLength: 1024 } },
} as const

export const keepSchema = { type: 'object', additionalProperties: false, properties: {} } as const

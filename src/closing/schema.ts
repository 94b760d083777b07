import { passwordText } from '../input/bodies.ts'

export const closeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['password'],
  properties: { password: passwordText },
} as const

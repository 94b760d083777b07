/** The form of the public check. */
export const verifySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['receipt'],
  properties: { receipt: { type: 'string', minLength: 1, maxLength: 30_000 } },
} as const

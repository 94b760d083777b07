/** The form of the public check of a signed text. */
export const verifySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['receipt'],
  properties: { receipt: { type: 'string', minLength: 1, maxLength: 30_000 } },
} as const

/** The form for what is printed: any text, for what is wrong gets the answer of what is unknown. */
export const entrySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['number', 'hash'],
  properties: {
    number: { type: 'string', maxLength: 200 },
    hash: { type: 'string', maxLength: 400 },
  },
} as const

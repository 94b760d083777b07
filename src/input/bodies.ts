/** What a posted body may carry, where it is the same in every room. */

/** A form that says nothing but that it was sent. */
export const nothingSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {},
} as const

/** A resident's password: 1 KB is the cap (H11); longer ones never reach the hash. */
export const passwordText = { type: 'string', minLength: 1, maxLength: 1024 } as const

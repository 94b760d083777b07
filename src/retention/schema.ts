/** What the forms of this room may hold. */
export const holdSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    from: { type: 'string', maxLength: 7 },
    until: { type: 'string', maxLength: 7 },
    reason: { type: 'string', maxLength: 500 },
  },
} as const

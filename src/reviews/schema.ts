/** What every step of a proposal names: the very content that was seen, and why. */
export const decideSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['hash'],
  properties: {
    hash: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    note: { type: 'string', maxLength: 2000 },
  },
} as const

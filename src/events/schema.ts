/** The staff's choice of how a service takes its events. */
export const deliverySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['delivery'],
  properties: { delivery: { enum: ['push', 'poll', 'none'] } },
} as const

const jti = { type: 'string', minLength: 1, maxLength: 100 } as const

/** A poll (RFC 8936 §2.2). */
export const pollSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    maxEvents: { type: 'integer', minimum: 0 },
    returnImmediately: { type: 'boolean' },
    ack: { type: 'array', maxItems: 1000, items: jti },
    setErrs: {
      type: 'object',
      maxProperties: 100,
      propertyNames: { maxLength: 100 },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['err'],
        properties: {
          err: { type: 'string', maxLength: 100 },
          description: { type: 'string', maxLength: 2000 },
        },
      },
    },
  },
} as const

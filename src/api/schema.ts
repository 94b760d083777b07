import { API_SCOPES } from '../persons.ts'

/** The form that makes an API client. */
export const clientForm = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'jwks', 'scope'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 60 },
    /** JSON of a JWK Set, as the developer's tool writes it. */
    jwks: { type: 'string', minLength: 1, maxLength: 20_000 },
    scope: {
      anyOf: [
        { enum: API_SCOPES },
        { type: 'array', minItems: 1, maxItems: 2, uniqueItems: true, items: { enum: API_SCOPES } },
      ],
    },
    dpop: { const: 'on' },
  },
} as const

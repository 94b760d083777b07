/** Events that a service comes for itself (RFC 8936). */
import * as events from '../events/actions.ts'
import { pollSchema } from '../events/schema.ts'
import type { ServiceEndpoint } from './endpoint.ts'

const polled = {
  type: 'object',
  additionalProperties: false,
  required: ['sets', 'moreAvailable'],
  properties: {
    sets: {
      type: 'object',
      description:
        'By `jti`, oldest first: Security Event Tokens (RFC 8417), signed with a key of /jwks.',
      additionalProperties: { type: 'string' },
    },
    moreAvailable: { type: 'boolean' },
  },
} as const

export const eventDoors: readonly ServiceEndpoint[] = [
  {
    operation: 'pollEvents',
    method: 'post',
    path: '/events/poll',
    scope: 'events',
    summary:
      'Acknowledge events and take the next ones (RFC 8936). Kept waiting up to 20 seconds where there are none, unless `returnImmediately`',
    body: pollSchema,
    declines: ['404'],
    answer: polled,
    run: (env, { service, body, gone }) =>
      events.poll(env, service, body as events.PollAsked, gone),
  },
]

/** The description of the API, made from its doors (OpenAPI 3.1): what is served is what there is. */
import { API_SCOPES, SERVICE_SCOPES } from '../persons.ts'
import { draftSoFar } from './draft_shapes.ts'
import type { Declined, Endpoint, Schema, ServiceEndpoint } from './endpoint.ts'
import { explained } from './formats.ts'

const problem: Schema = {
  type: 'object',
  description:
    'RFC 9457. `type` is a short lasting name; `errors` names each place and the rule it breaks.',
  required: ['type', 'title', 'status'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'rule'],
        properties: {
          field: {
            type: 'string',
            description:
              'A JSON Pointer (RFC 6901) into the body that was sent, empty for all of it; where a draft is handed in, into the draft. Of a query parameter its bare name.',
          },
          rule: { type: 'string' },
        },
      },
    },
  },
}

const ALWAYS = {
  '401': 'No valid access token.',
  '403': 'The token lacks the scope, or the act needs a person.',
  '422': 'A query parameter or a field of the body breaks a rule; `errors` says where.',
  '503': 'Not ready for the moment; `Retry-After` says in how many seconds to try again.',
}
const WITH_A_BODY = {
  '400': 'The body is not JSON that can be read in one way only; `errors` says where.',
  '413': 'The body is longer than 256 KiB.',
  '415': 'The body is not `application/json`, or is compressed.',
}
const SOME: Record<Declined, string> = {
  '404': 'Not there, or not yours: both are answered alike.',
  '409': 'The state has changed meanwhile.',
}

/** Schemas that several doors answer with. */
const NAMED = { draft: draftSoFar }

/** What a door may answer instead of what was asked for, by status. */
function declinedBy({ path, body, declines = [] }: Endpoint | ServiceEndpoint) {
  const some: Declined[] = path.includes('{') ? ['404', ...declines] : [...declines]
  return {
    ...ALWAYS,
    ...(body && WITH_A_BODY),
    ...Object.fromEntries(some.map((status) => [status, SOME[status]])),
  }
}

const WHAT_SCOPES_ARE: Record<(typeof API_SCOPES)[number], string> = {
  'company:read': 'Read what the company’s staff may read.',
  'company:write': 'Write drafts, submissions and reports in the company’s name.',
}

const WHAT_SERVICE_SCOPES_ARE: Record<(typeof SERVICE_SCOPES)[number], string> = {
  grant_management_query: 'Read what a resident agreed with the service.',
  grant_management_revoke: 'End what a resident agreed with the service.',
  events: 'Take the events about the service’s residents, and acknowledge them.',
}

const isForService = (endpoint: Endpoint | ServiceEndpoint): endpoint is ServiceEndpoint =>
  (SERVICE_SCOPES as readonly string[]).includes(endpoint.scope)

/** @param endpoints the doors, in the order they are shown */
export function openapi(issuer: string, endpoints: readonly (Endpoint | ServiceEndpoint)[]) {
  const paths: Record<string, Record<string, object>> = {}
  for (const endpoint of endpoints)
    (paths[`/api/v1${endpoint.path}`] ??= {})[endpoint.method] = operationOf(endpoint)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Machi ID company API',
      version: '1',
      description:
        'What the staff of a member company do at the portal, for its programs. Approvals, keys and going live need a person. At an address that is there, a method that is not there is 405 with `Allow`.',
    },
    servers: [{ url: issuer }],
    security: [{ company: [] }],
    paths,
    components: {
      securitySchemes: {
        company: {
          type: 'oauth2',
          description:
            'Client credentials with private_key_jwt (RFC 7523); tokens may be bound by DPoP (RFC 9449).',
          flows: {
            clientCredentials: { tokenUrl: `${issuer}/token`, scopes: WHAT_SCOPES_ARE },
          },
        },
        service: {
          type: 'oauth2',
          description:
            'Client credentials of the service itself, by the key or secret it signs residents in with.',
          flows: {
            clientCredentials: { tokenUrl: `${issuer}/token`, scopes: WHAT_SERVICE_SCOPES_ARE },
          },
        },
      },
      schemas: { problem, draft: explained(draftSoFar) },
    },
  }
}

function operationOf(endpoint: Endpoint | ServiceEndpoint) {
  const { operation, summary, scope, path, query, body, told = body ?? {} } = endpoint
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  }))
  const inQuery = Object.entries(query ?? {}).map(([name, description]) => ({
    name,
    in: 'query',
    required: false,
    description,
    schema: { type: 'string' },
  }))
  const declined = Object.fromEntries(
    Object.entries(declinedBy(endpoint)).map(([status, description]) => [
      status,
      {
        description,
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/problem' } },
        },
      },
    ]),
  )
  return {
    operationId: operation,
    summary,
    security: [{ [isForService(endpoint) ? 'service' : 'company']: [scope] }],
    ...(inPath.length + inQuery.length && { parameters: [...inPath, ...inQuery] }),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: explained(told) } } },
    }),
    responses: {
      ...done(endpoint),
      ...declined,
    },
  }
}

function done(endpoint: Endpoint | ServiceEndpoint) {
  const { answer } = endpoint
  if (!answer) return { '204': { description: 'Done.' } }
  return {
    ['creates' in endpoint && endpoint.creates ? '201' : '200']: {
      description: 'Done.',
      content: { 'application/json': { schema: explained(answer, NAMED) } },
    },
  }
}

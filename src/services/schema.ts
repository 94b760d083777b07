import { CLIENT_ID_PATTERN } from '../input/ids.ts'
import { jwksSchema } from '../input/jwk.ts'
import type { FromSchema } from 'json-schema-to-ts'
import { contractSchema } from '../contracts/schema.ts'
import {
  bothLines,
  email,
  memberProperties,
  memberRequired,
  phone,
  webAddress,
} from '../members/schema.ts'

export const name = { type: 'string', minLength: 1, maxLength: 200, format: 'name' } as const
const address = { type: 'string', minLength: 1, maxLength: 2000 } as const
const addresses = (maxItems: number) =>
  ({ type: 'array', uniqueItems: true, maxItems, items: address }) as const

/** How the service stands towards OpenID Connect. */
export const client = {
  type: 'object',
  additionalProperties: false,
  required: ['redirectUris'],
  properties: {
    applicationType: { enum: ['web', 'native'] },
    /** `private_key_jwt` where absent, `none` for a native application (C1). */
    authMethod: { enum: ['private_key_jwt', 'client_secret_basic', 'none'] },
    jwks: jwksSchema,
    /** SHA-256 of a secret of 256 bits, in hex; where absent the secret is made here and shown once. */
    secretSha256: { type: 'string', maxLength: 64, pattern: '^[0-9a-f]{64}$' },
    redirectUris: { ...addresses(20), minItems: 1 },
    postLogoutRedirectUris: addresses(20),
    landingOrigins: addresses(10),
    idTokenAlg: { enum: ['ES256', 'RS256'] },
    /** Where the service is told that a resident signed out, and of events. Never called before approval (L8). */
    backchannelLogoutUri: address,
    eventsUri: address,
  },
} as const

export const item = {
  type: 'object',
  additionalProperties: false,
  required: ['item', 'purposes', 'required', 'reasons', 'effects'],
  properties: {
    item: { type: 'string', maxLength: 60, pattern: '^[a-z][a-z0-9_.]*$' },
    purposes: {
      type: 'array',
      minItems: 1,
      maxItems: 10,
      uniqueItems: true,
      items: { type: 'string', maxLength: 60, pattern: '^[a-z][a-z0-9_]*$' },
    },
    required: { type: 'boolean' },
    reasons: bothLines(120),
    effects: bothLines(120),
  },
} as const

/** What an onboarding file says about a service (S-18, S-20, S-34; I-11: all of it before the service starts). */
const serviceSchema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'contract',
    'status',
    'names',
    'descriptions',
    'termsUrl',
    'policyUrl',
    'contact',
    'retention',
    'client',
    'items',
  ],
  properties: {
    /** Its lasting name in the file; the client id is made from it where none is given. */
    key: { type: 'string', maxLength: 40, pattern: '^[a-z][a-z0-9-]*$' },
    clientId: {
      type: 'string',
      minLength: 3,
      maxLength: 80,
      pattern: CLIENT_ID_PATTERN,
    },
    /** The number of a contract of the same company in this file. */
    contract: { type: 'string', maxLength: 40 },
    kind: { enum: ['third_party', 'own'] },
    status: { enum: ['draft', 'submitted', 'approved', 'live', 'suspended', 'ended'] },
    statusReason: { type: 'string', minLength: 1, maxLength: 200, format: 'line' },
    names: {
      type: 'object',
      additionalProperties: false,
      required: ['ja', 'en', 'kana'],
      properties: { ja: name, en: name, kana: { ...name, format: 'kana' } },
    },
    descriptions: bothLines(200),
    termsUrl: webAddress,
    policyUrl: webAddress,
    contact: {
      type: 'object',
      additionalProperties: false,
      required: ['desk', 'phone', 'email'],
      properties: { desk: bothLines(60), phone, email },
    },
    retention: bothLines(120),
    client,
    items: { type: 'array', minItems: 1, maxItems: 20, items: item },
  },
} as const

export type ServiceAsked = FromSchema<typeof serviceSchema>

/** The onboarding file: companies, each with its contracts and services. Published as docs/onboarding.schema.json. */
export const fileSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Machi ID onboarding file',
  type: 'object',
  additionalProperties: false,
  required: ['format', 'members'],
  properties: {
    $schema: { type: 'string', maxLength: 200 },
    format: { const: 'machi-id/onboarding/1' },
    members: {
      type: 'array',
      minItems: 1,
      maxItems: 200,
      items: {
        type: 'object',
        additionalProperties: false,
        required: [...memberRequired, 'contracts', 'services'],
        properties: {
          ...memberProperties,
          contracts: { type: 'array', maxItems: 50, items: contractSchema },
          services: { type: 'array', maxItems: 100, items: serviceSchema },
        },
      },
    },
  },
} as const

export type OnboardingFile = FromSchema<typeof fileSchema>
export type MemberEntry = OnboardingFile['members'][number]

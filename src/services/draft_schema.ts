/**
 * The body of a proposal of kind `service`, `asked`: what the staff wrote. It extends what an onboarding file says, so
 * that the same rules judge both. Each part of it is saved by itself; `draftSchema` is all of it, as it is submitted.
 */
import type { FromSchema } from 'json-schema-to-ts'
import { bothLines, email, phone, webAddress } from '../members/schema.ts'
import { CLAUSES } from './clauses.ts'
import { client, item, name } from './schema.ts'

const sha256 = { type: 'string', maxLength: 64, pattern: '^[0-9a-f]{64}$' } as const
const line = (maxLength: number) =>
  ({ type: 'string', minLength: 1, maxLength, format: 'line' }) as const

/** 概要 */
const about = {
  names: {
    type: 'object',
    additionalProperties: false,
    required: ['ja', 'en', 'kana'],
    properties: {
      ja: name,
      en: name,
      kana: { ...name, format: 'kana' },
      zhHans: name,
      zhHant: name,
      ko: { ...name, format: 'name-ko' },
    },
  },
  descriptions: bothLines(200),
  contact: {
    type: 'object',
    additionalProperties: false,
    required: ['desk', 'phone', 'email'],
    properties: { desk: bothLines(60), phone, email },
  },
  retention: bothLines(120),
} as const

/** 文面: the service's own texts, each as it was when it was handed in (S-06), and where they say what they must. */
const papers = {
  termsUrl: webAddress,
  termsVersion: line(40),
  /** Of the document, in hex. */
  termsSha256: sha256,
  policyUrl: webAddress,
  policyVersion: line(40),
  policySha256: sha256,
  clauses: {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(CLAUSES.map((clause) => [clause, line(200)])) as Record<
      (typeof CLAUSES)[number],
      ReturnType<typeof line>
    >,
  },
} as const

/** 接続 */
const connection = {
  ...client,
  properties: {
    applicationType: client.properties.applicationType,
    authMethod: client.properties.authMethod,
    jwks: client.properties.jwks,
    redirectUris: client.properties.redirectUris,
    postLogoutRedirectUris: client.properties.postLogoutRedirectUris,
    landingOrigins: client.properties.landingOrigins,
    idTokenAlg: client.properties.idTokenAlg,
    /** Why a secret and no key: asked of whoever wants `client_secret_basic` (C1). */
    secretReason: line(400),
    backchannelLogoutUri: client.properties.backchannelLogoutUri,
    eventsUri: client.properties.eventsUri,
  },
} as const

/** 項目 */
const asked = {
  ...item,
  properties: {
    ...item.properties,
    /** How long this item is kept, where that differs from the whole. */
    retention: bothLines(120),
  },
} as const

const properties = {
  /** The beginning of the client id; fixed by the first draft. */
  key: { type: 'string', maxLength: 40, pattern: '^[a-z][a-z0-9-]*$' },
  /** The number of one of the company's contracts. */
  contract: { type: 'string', minLength: 1, maxLength: 40 },
  /** `own` only by an operator, for the consortium's own company (S-58). */
  kind: { enum: ['third_party', 'own'] },
  ...about,
  ...papers,
  client: connection,
  items: { type: 'array', minItems: 1, maxItems: 20, items: asked },
  /** A logo in `service_logos` of the same company. */
  logo: sha256,
} as const

/** All of it, as it can be submitted and approved. */
export const draftSchema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'key',
    'contract',
    'kind',
    'names',
    'descriptions',
    'contact',
    'retention',
    'termsUrl',
    'termsVersion',
    'termsSha256',
    'policyUrl',
    'policyVersion',
    'policySha256',
    'clauses',
    'client',
    'items',
  ],
  properties,
} as const

export type ServiceDraft = FromSchema<typeof draftSchema>
export type DraftItem = ServiceDraft['items'][number]

/** What is there of a draft until all parts are saved. */
export type PartialDraft = Pick<ServiceDraft, 'key' | 'contract' | 'kind'> & Partial<ServiceDraft>

/** The parts of the page, with the fields each of them writes. */
export const PARTS = {
  about: ['names', 'descriptions', 'contact', 'retention', 'contract'],
  items: ['items'],
  connection: ['client'],
  papers: [
    'termsUrl',
    'termsVersion',
    'termsSha256',
    'policyUrl',
    'policyVersion',
    'policySha256',
    'clauses',
  ],
} as const satisfies Record<string, readonly (keyof ServiceDraft)[]>

export type Part = keyof typeof PARTS

import type { FromSchema } from 'json-schema-to-ts'
import { day, webAddress } from '../members/schema.ts'
import { AUDIT_LIMITS, FOREIGN_GROUNDS } from './model.ts'

const text = { type: 'string', minLength: 1, maxLength: 2000, format: 'line' } as const
const ids = {
  type: 'array',
  uniqueItems: true,
  maxItems: 30,
  items: { type: 'string', maxLength: 60, pattern: '^[a-z][a-z0-9_.]*$' },
} as const

const flow = {
  type: 'object',
  additionalProperties: false,
  required: ['giver', 'receiver', 'items', 'purposes', 'delivery'],
  properties: {
    giver: { enum: ['consortium', 'member'] },
    receiver: { enum: ['consortium', 'member'] },
    items: ids,
    /** What a member hands in (S-11); absent for registered items. */
    dataset: { type: 'string', maxLength: 60, pattern: '^[a-z][a-z0-9_.]*$' },
    purposes: { ...ids, minItems: 1 },
    delivery: { type: 'string', minLength: 1, maxLength: 200, format: 'line' },
    /** Within the contract's term; the whole term where absent. */
    from: day,
    to: day,
    /** 対価 (S-60). */
    consideration: { type: 'string', minLength: 1, maxLength: 200, format: 'line' },
  },
} as const

const short = { type: 'string', minLength: 1, maxLength: 200, format: 'line' } as const
const paper = { type: 'string', minLength: 1, maxLength: 60, format: 'line' } as const
const bearer = { enum: ['giver', 'receiver'] } as const

/** What a contract says beyond S-10: optional in a file, required of a person (`draftSchema`). */
const further = {
  retention: short,
  foreign: {
    type: 'object',
    additionalProperties: false,
    required: ['kind'],
    properties: {
      kind: { enum: ['none', 'country', 'unknown'] },
      country: short,
      ground: { enum: FOREIGN_GROUNDS },
      system: text,
      measures: text,
      link: webAddress,
      reason: text,
    },
  },
  auditNoticeDays: { type: 'integer', minimum: 1, maximum: 60 },
  auditLimit: { enum: AUDIT_LIMITS },
  bearers: {
    type: 'object',
    additionalProperties: false,
    required: ['giver_system', 'receiver_system', 'receiver_use', 'confirmed'],
    properties: {
      giver_system: bearer,
      receiver_system: bearer,
      receiver_use: bearer,
      confirmed: { type: 'boolean' },
    },
  },
  approvals: {
    type: 'array',
    maxItems: 30,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['kind', 'number', 'date', 'text'],
      properties: { kind: { enum: ['onward', 'other_purpose'] }, number: paper, date: day, text },
    },
  },
  template: { type: 'string', maxLength: 60, pattern: '^[a-z][a-z0-9-]*$' },
  documents: {
    type: 'array',
    maxItems: 30,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['number', 'date', 'title', 'sender'],
      properties: {
        number: paper,
        date: day,
        title: short,
        sender: short,
        sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
      },
    },
  },
} as const

/** What an onboarding file says about a contract: the fields of S-10, all of them required, and its flows (S-36). */
export const contractSchema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'number',
    'from',
    'to',
    'subjectType',
    'offlineAccess',
    'dataContent',
    'delivery',
    'rights',
    'confidentiality',
    'responsibility',
    'flows',
  ],
  properties: {
    number: { type: 'string', maxLength: 40, pattern: '^[A-Za-z0-9][A-Za-z0-9-]*$' },
    /** Days in Asia/Tokyo; the last one is included. */
    from: day,
    to: day,
    subjectType: { enum: ['public', 'pairwise'] },
    offlineAccess: { type: 'boolean' },
    dataContent: text,
    delivery: text,
    rights: text,
    confidentiality: text,
    responsibility: text,
    flows: { type: 'array', minItems: 1, maxItems: 50, items: flow },
    ...further,
  },
} as const

export type ContractAsked = FromSchema<typeof contractSchema>

/** What an operator says: the same, and nothing left out but the consent text, which the installation has. */
export const draftSchema = {
  ...contractSchema,
  required: [
    ...contractSchema.required,
    'retention',
    'foreign',
    'auditNoticeDays',
    'auditLimit',
    'bearers',
    'approvals',
    'documents',
  ],
} as const

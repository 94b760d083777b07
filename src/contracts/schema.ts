import type { FromSchema } from 'json-schema-to-ts'
import { day } from '../members/schema.ts'

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
  },
} as const

export type ContractAsked = FromSchema<typeof contractSchema>

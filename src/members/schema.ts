import type { FromSchema } from 'json-schema-to-ts'

const line = (maxLength: number) =>
  ({ type: 'string', minLength: 1, maxLength, format: 'line' }) as const

/** A line of text in both languages. */
export const bothLines = (maxLength: number) =>
  ({
    type: 'object',
    additionalProperties: false,
    required: ['ja', 'en'],
    properties: { ja: line(maxLength), en: line(maxLength) },
  }) as const

export const email = { type: 'string', maxLength: 254, format: 'email' } as const
export const phone = { type: 'string', maxLength: 20, pattern: '^\\+?[0-9][0-9-]{3,18}$' } as const
export const webAddress = { type: 'string', maxLength: 500, format: 'web-address' } as const
export const day = { type: 'string', maxLength: 10, format: 'day' } as const

/** A company's name: at most 40 characters. The longer limit lets the format name the exact rule. */
const name = { type: 'string', minLength: 1, maxLength: 200, format: 'name' } as const

/** What an onboarding file says about a company itself. */
export const memberProperties = {
  corporateNumber: { type: 'string', maxLength: 13, format: 'corporate-number' },
  status: { enum: ['applied', 'approved', 'active', 'suspended', 'excluded', 'left'] },
  /** First day of the status where it differs from the last one kept; the day of reading where absent. */
  statusSince: day,
  statusReason: line(200),
  names: {
    type: 'object',
    additionalProperties: false,
    required: ['ja', 'en'],
    properties: { ja: name, en: name },
  },
  address: bothLines(200),
  representative: bothLines(100),
  contact: {
    type: 'object',
    additionalProperties: false,
    required: ['desk', 'phone', 'email', 'url'],
    properties: { desk: bothLines(60), phone, email, url: webAddress },
  },
} as const

const memberSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['corporateNumber', 'status', 'names', 'address', 'representative', 'contact'],
  properties: memberProperties,
} as const

export type MemberAsked = FromSchema<typeof memberSchema>

/** The required ones of `memberProperties`. */
export const memberRequired = memberSchema.required

/** The shape of what the forms of this room may post (J3, L9). */
import { STAFF_ROLES } from '../persons.ts'
import { APPLY_FIELDS, CONTACT_FIELDS, PROFILE_FIELDS, QUESTIONS } from './application.ts'

/** What a browser may post: known fields only, each one text; what it says is read by application.ts (J3). */
const text = (maxLength: number) => ({ type: 'string', maxLength }) as const
const texts = (fields: object) =>
  Object.fromEntries(Object.keys(fields).map((field) => [field, text(2000)]))
const form = <P extends Record<string, object>>(
  properties: P,
  required: (keyof P & string)[] = [],
) => ({ type: 'object', additionalProperties: false, required, properties }) as const

const answers = Object.fromEntries(
  QUESTIONS.flatMap((question) => [
    [`q_${question}`, text(2000)],
    [`n_${question}`, text(2000)],
  ]),
)
/** The hash that was seen: what a decision binds to. */
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const

export const applySchema = form({ ...texts(APPLY_FIELDS), ...answers })
export const correctSchema = form({ ...texts(APPLY_FIELDS), ...answers, hash }, ['hash'])

export const profileChangeSchema = form({
  ...texts(PROFILE_FIELDS),
  ...texts(CONTACT_FIELDS),
  change: text(20),
  note: text(2000),
  hash,
})
export const contactSchema = form(texts(CONTACT_FIELDS))
export const leaveSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { note: text(2000), hash },
} as const
export const inviteSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { name: text(200), email: text(300), role: text(20), ends_on: text(20) },
} as const
export const staffSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['role'],
  properties: { role: { enum: STAFF_ROLES }, ends_on: text(20) },
} as const

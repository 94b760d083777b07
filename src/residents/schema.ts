import { passwordText } from '../input/bodies.ts'

/** What the forms of this room may carry. The rules of the values are in fields.ts: they need the clock. */
const short = { type: 'string', maxLength: 200 } as const
const email = { type: 'string', minLength: 1, maxLength: 320 } as const

/** The items a resident may register: sign-up, /account/profile, and in the middle of a consent. */
const profileProperties = {
  family_name: short,
  given_name: short,
  family_name_kana: short,
  given_name_kana: short,
  birth_year: short,
  sex: short,
  postal_code: short,
  region: short,
  locality: short,
  /** The button 「郵便番号から入れる」: shows the form again, filled. */
  lookup: short,
} as const

export const profileSchema = {
  type: 'object',
  additionalProperties: false,
  properties: profileProperties,
} as const

export const signUpSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['email', 'password'],
  properties: {
    ...profileProperties,
    email,
    password: passwordText,
    agree_provision: short,
    agree_collection: short,
  },
} as const

export const loginSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['email', 'password'],
  properties: {
    email,
    password: passwordText,
    to: { type: 'string', maxLength: 2000 },
  },
} as const

/** No decision: the page is shown again. */
export const newTermsSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { decision: { enum: ['agree', 'refuse'] } },
} as const

export const emailSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['email'],
  properties: { email },
} as const

/** The password is asked for where several sign-ups of the address wait. */
export const verifySchema = {
  type: 'object',
  additionalProperties: false,
  properties: { password: passwordText },
} as const

export const newPasswordSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['new_password'],
  properties: { new_password: passwordText, email: short },
} as const

export const changePasswordSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['current_password', 'new_password'],
  properties: { current_password: passwordText, new_password: passwordText, email: short },
} as const

export const changeEmailSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['new_email', 'password'],
  properties: { new_email: email, password: passwordText },
} as const

export const endSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { session: { type: 'string', maxLength: 100 } },
} as const

export const termsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'given'],
  properties: { kind: { enum: ['provision', 'collection'] }, given: { enum: ['yes', 'no'] } },
} as const

export const languageSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['language'],
  properties: { language: { enum: ['ja', 'en'] } },
} as const

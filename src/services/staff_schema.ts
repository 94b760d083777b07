/** What the forms of the portal may post: known fields only, each a text or several (J3). */
import { isItemId } from '../catalogue/model.ts'
import { CLAUSES } from './clauses.ts'
import { NAME_LANGUAGES } from './draft_forms.ts'
import type { Part } from './draft_schema.ts'

const text = { type: 'string', maxLength: 20_000 } as const
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const
const texts = {
  anyOf: [text, { type: 'array', maxItems: 20, items: { type: 'string', maxLength: 100 } }],
} as const

const form = (fields: readonly string[], more: Record<string, object> = {}) => ({
  type: 'object',
  additionalProperties: false,
  required: ['hash'],
  properties: { hash, ...Object.fromEntries(fields.map((field) => [field, text])), ...more },
})

const both = (name: string) => [`${name}_ja`, `${name}_en`]
const names = NAME_LANGUAGES.map((language) => `name_${language}`)

/** @param items ids of the catalogue */
export function partSchema(part: Part, items: readonly string[]): object {
  const known = items.filter(isItemId)
  return {
    about: () =>
      form([
        'contract',
        ...names,
        ...both('description'),
        ...both('desk'),
        'phone',
        'email',
        ...both('retention'),
      ]),
    connection: () =>
      form([
        'application_type',
        'auth_method',
        'secret_reason',
        'jwks',
        'redirect_uris',
        'post_logout_redirect_uris',
        'landing_origins',
        'id_token_alg',
        'backchannel_logout_uri',
        'events_uri',
      ]),
    papers: () =>
      form([
        'terms_url',
        'terms_version',
        'terms_sha256',
        'policy_url',
        'policy_version',
        'policy_sha256',
        ...CLAUSES.map((clause) => `clause_${clause}`),
      ]),
    items: () =>
      form(
        known.flatMap((id) => [
          `item_${id}`,
          `need_${id}`,
          ...both(`reason_${id}`),
          ...both(`effect_${id}`),
          ...both(`keep_${id}`),
        ]),
        Object.fromEntries(known.map((id) => [`purpose_${id}`, texts])),
      ),
  }[part]()
}

export const newSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['key', 'name_ja', 'name_kana', 'name_en'],
  properties: { key: text, contract: text, name_ja: text, name_kana: text, name_en: text },
} as const

export const seenSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['hash'],
  properties: { hash },
} as const

export const keysSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['jwks'],
  properties: { jwks: text },
} as const

export const testSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['redirect_uris', 'auth_method'],
  properties: { redirect_uris: text, auth_method: text },
} as const

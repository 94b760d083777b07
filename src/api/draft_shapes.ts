/** Drafts of services as the API takes and shows them: the portal's rules, but nothing has to be whole yet. */
import { draftSchema } from '../services/draft_schema.ts'
import type { Schema } from './endpoint.ts'

/** Its kind is never theirs to say (S-58). */
const { kind: _kind, ...settable } = draftSchema.properties
/** As the portal's, but nothing beyond the name of the thing is required until it is handed in. */
export const partial = {
  ...draftSchema,
  required: ['key', 'contract', 'names'],
  properties: settable,
}
const { key: _key, ...changeable } = settable
export const replacing = {
  type: 'object',
  additionalProperties: false,
  required: ['hash', 'draft'],
  properties: {
    /** Of the revision that was read. */
    hash: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    draft: {
      type: 'object',
      additionalProperties: false,
      required: ['contract', 'names'],
      properties: changeable,
    },
  },
} as const

/** What is there of a draft: as it is handed in, but anything may be missing yet. */
export const draftSoFar = soFar(draftSchema) as Schema

/** A schema without what it asks to be there. */
function soFar(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(soFar)
  if (typeof schema !== 'object' || schema === null) return schema
  const kept = Object.entries(schema).filter(
    ([keyword, value]) =>
      !(keyword === 'required' && Array.isArray(value)) &&
      !['minItems', 'minLength'].includes(keyword),
  )
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, soFar(value)]))
}

/** The front matter: what stands beside the texts of consent-templates/, as JSON Schemas. */

const name = { type: 'string', minLength: 1, maxLength: 200, pattern: '\\S' } as const

const both = {
  type: 'object',
  additionalProperties: false,
  required: ['ja', 'en'],
  properties: { ja: name, en: name },
} as const

/** `<template>/template.json`: what all versions of a text share. It is no part of what anybody agrees to. */
export const templateSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['kind'],
  properties: {
    kind: { enum: ['consent', 'id_terms', 'policy'] },
    /** Whose services a consent text is made for. */
    audience: { enum: ['company', 'municipality'] },
    /** Sections that every version must have, beside those of its kind. */
    requires: { type: 'array', uniqueItems: true, items: { type: 'string', pattern: '^[\\w-]+$' } },
  },
  allOf: [
    {
      if: { properties: { kind: { const: 'consent' } } },
      then: { required: ['audience'] },
      else: { properties: { audience: false } },
    },
  ],
} as const

/** `<template>/<version>/terms.json`: part of the hash that consents hold, so it never changes once published. */
export const termsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['effectiveOn', 'title', 'change'],
  properties: {
    /** First day in force, in Asia/Tokyo. */
    effectiveOn: { type: 'string', format: 'date' },
    title: both,
    change: { enum: ['ask', 'notice'] },
    /** Why fresh consent is asked, or why a notice is enough (D-12). From the second version on. */
    reason: both,
  },
} as const

/** What the formats of our schemas mean, for readers of the description: JSON Schema knows only some of them. */
import type { Format } from '../input/faults.ts'
import type { Schema } from './endpoint.ts'

type Own = Exclude<Format, 'email'>

const WORDS: Record<Own, string> = {
  line: 'One line of text: no line break, no control character, nothing invisible, not blank.',
  name: 'A name of at most 40 characters after NFKC: Japanese and Latin letters, digits and common signs; nothing invisible, no letter that passes for another.',
  kana: 'A reading of at most 40 characters: katakana, digits, blanks, ・ and ー.',
  'name-ko': 'A name of at most 40 characters in Hangul, Han and Latin letters.',
  'web-address': 'An https address of a public host, written normally: no user, no fragment.',
  day: 'A day that exists, YYYY-MM-DD, in Asia/Tokyo.',
  'corporate-number': 'A corporate number (法人番号): 13 digits, the first of them a check digit.',
}

/**
 * A schema with each format of ours put into words beside it.
 *
 * @param named what stands in the components of the description, by its name there: referred to, not repeated
 */
export function explained(schema: Schema, named: Record<string, Schema> = {}): Schema {
  return walk(schema, new Map(Object.entries(named).map(([name, one]) => [one, name]))) as Schema
}

function walk(part: unknown, named: ReadonlyMap<unknown, string>): unknown {
  if (Array.isArray(part)) return part.map((one) => walk(one, named))
  if (typeof part !== 'object' || part === null) return part
  const name = named.get(part)
  if (name) return { $ref: `#/components/schemas/${name}` }
  const { format } = part as { format?: unknown }
  const words = typeof format === 'string' ? WORDS[format as Own] : undefined
  const walked = Object.entries(part).map(([key, value]) => [key, walk(value, named)])
  return { ...(words && { description: words }), ...Object.fromEntries(walked) }
}

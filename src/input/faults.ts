/** What is wrong with a file somebody hands in: every fault at once, each with its place and the rule it breaks. */
import { isDay, isMoment } from './days.ts'
import type { ErrorObject } from 'ajv'
import { webAddressFault, type AddressRule } from './addresses.ts'
import { escaped } from './json.ts'
import { kanaFault, koreanNameFault, lineFault, nameFault, type SpellingRule } from './spelling.ts'

/** `path` is a JSON Pointer (RFC 6901) into the file. */
export type Fault<R extends string = string> = { path: string; rule: R }

export type ShapeRule =
  | SpellingRule
  | AddressRule
  | 'required'
  | 'unknown_field'
  | 'wrong_type'
  | 'not_one_of'
  | 'empty'
  | 'too_long'
  | 'twice'
  | 'not_a_day'
  | 'not_a_moment'
  | 'corporate_number'
  | 'not_an_email'
  | 'pattern'

/** Formats of the schemas beside ajv's own: each answers the rule that is broken, or undefined. */
const FORMATS: Record<string, (text: string) => ShapeRule | undefined> = {
  line: lineFault,
  name: nameFault,
  kana: kanaFault,
  'name-ko': koreanNameFault,
  'web-address': webAddressFault,
  day: (text) => (isDay(text) ? undefined : 'not_a_day'),
  'date-time': (text) => (isMoment(text) ? undefined : 'not_a_moment'),
  'corporate-number': (text) => (isCorporateNumber(text) ? undefined : 'corporate_number'),
  email: (text) =>
    /^[^\s@<>()",;:\\]{1,64}@[a-z0-9.-]{1,180}\.[a-z]{2,}$/i.test(text)
      ? undefined
      : 'not_an_email',
}

export type Format =
  'line' | 'name' | 'kana' | 'name-ko' | 'web-address' | 'day' | 'corporate-number' | 'email'

/** What is wrong with a text that was typed into a form. */
export function formatFault(format: Format, text: string): ShapeRule | undefined {
  return FORMATS[format]?.(text)
}

/** For `new Ajv({ formats })`. */
export const formats = Object.fromEntries(
  Object.entries(FORMATS).map(([name, fault]) => [
    name,
    (text: string) => fault(text) === undefined,
  ]),
)

/**
 * 法人番号: thirteen digits, the first a check digit over the other twelve.
 * 法人番号の指定等に関する省令 2: 9 − (Σ Pn·Qn mod 9), Qn = 1 for odd n and 2 for even, n from the right.
 */
export function isCorporateNumber(text: string): boolean {
  if (!/^[1-9]\d{12}$/.test(text)) return false
  const digits = text.slice(1).split('').reverse().map(Number)
  const sum = digits.reduce((total, digit, index) => total + digit * (index % 2 === 0 ? 1 : 2), 0)
  return Number(text[0]) === 9 - (sum % 9)
}

const BY_KEYWORD: Record<string, ShapeRule> = {
  type: 'wrong_type',
  enum: 'not_one_of',
  const: 'not_one_of',
  minLength: 'empty',
  minItems: 'empty',
  maxLength: 'too_long',
  maxItems: 'too_long',
  uniqueItems: 'twice',
  pattern: 'pattern',
}

/** ajv's errors as faults, one per place. `root` is the document that was checked. */
export function shapeFaults(errors: readonly ErrorObject[], root: unknown): Fault<ShapeRule>[] {
  const faults = new Map<string, Fault<ShapeRule>>()
  for (const error of errors) {
    const params = error.params as Record<string, string | undefined>
    const below = params['missingProperty'] ?? params['additionalProperty']
    const path =
      below === undefined ? error.instancePath : `${error.instancePath}/${escaped(below)}`
    if (!faults.has(path)) faults.set(path, { path, rule: ruleOf(error, params, root) })
  }
  return [...faults.values()]
}

function ruleOf(
  error: ErrorObject,
  params: Record<string, string | undefined>,
  root: unknown,
): ShapeRule {
  if (error.keyword === 'required') return 'required'
  if (error.keyword === 'additionalProperties') return 'unknown_field'
  const format = error.keyword === 'format' ? FORMATS[params['format'] ?? ''] : undefined
  if (format) return format(String(at(root, error.instancePath))) ?? 'pattern'
  return BY_KEYWORD[error.keyword] ?? 'wrong_type'
}

function at(root: unknown, path: string): unknown {
  let value = root
  for (const key of path.split('/').slice(1)) {
    value = (value as Record<string, unknown>)[key.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return value
}

/** JSON from outside, read without two readings (L9, L10): a key twice, a byte order mark or a deep nest is refused. */

export class JsonFault extends Error {
  readonly rule: JsonRule
  /** 1-based line of the fault. */
  readonly line: number
  /** JSON Pointer (RFC 6901) to the fault; empty where it is in no value but in the text as a whole. */
  readonly path: string
  constructor(rule: JsonRule, line: number, path = '') {
    super(`${rule} at line ${line}`)
    this.name = 'JsonFault'
    this.rule = rule
    this.line = line
    this.path = path
  }
}

export type JsonRule =
  | 'json_too_long'
  | 'json_byte_order_mark'
  | 'json_too_deep'
  | 'json_key_twice'
  | 'json_forbidden_key'
  | 'json_bad_text'
  | 'json_syntax'

const LONGEST = 2_000_000
const DEEPEST = 20
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Reads JSON (RFC 8259) strictly.
 *
 * @param text at most 2,000,000 characters
 * @throws JsonFault naming the rule, the line and the place
 */
export function parseStrict(text: string): unknown {
  if (text.length > LONGEST) throw new JsonFault('json_too_long', 1)
  if (text.startsWith('\uFEFF')) throw new JsonFault('json_byte_order_mark', 1)
  refuseTwoReadings(text)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new JsonFault('json_syntax', lineOfSyntaxFault(text))
  }
}

// One token at a time; the sticky flag keeps the walk linear.
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s"{}[\],:]+|\s+/gsy

/** Walks over the tokens; broken syntax is left to JSON.parse. */
function refuseTwoReadings(text: string): void {
  const open: Place[] = []
  let last = ''
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match
    let rule: JsonRule | undefined
    if (token === '{' || token === '[') {
      if (open.length >= DEEPEST) rule = 'json_too_deep'
      else
        open.push(token === '{' ? { keys: new Set(), at: undefined } : { keys: undefined, at: 0 })
    } else if (token === '}' || token === ']') open.pop()
    else if (token === ',') goOn(open.at(-1))
    else if (token === ':') rule = noteKey(open.at(-1), last)
    else if (token.startsWith('"')) rule = textFault(token)
    if (rule) throw new JsonFault(rule, lineAt(text, match.index), pointerTo(open))
    if (token.trim()) last = token
  }
}

/** An object or array that is open, and where in it the walk stands. */
type Place = { keys: Set<string> | undefined; at: string | number | undefined }

function goOn(place: Place | undefined): void {
  if (place) place.at = typeof place.at === 'number' ? place.at + 1 : undefined
}

function pointerTo(open: readonly Place[]): string {
  const steps = open.flatMap(({ at }) => (at === undefined ? [] : [escaped(String(at))]))
  return steps.map((step) => `/${step}`).join('')
}

function noteKey(place: Place | undefined, token: string): JsonRule | undefined {
  const key = unquote(token)
  if (!place?.keys || key === undefined) return undefined
  const { keys } = place
  place.at = key
  if (FORBIDDEN.has(key)) return 'json_forbidden_key'
  if (keys.has(key)) return 'json_key_twice'
  keys.add(key)
  return undefined
}

function textFault(token: string): JsonRule | undefined {
  const value = unquote(token) ?? ''
  return /[\0\u2028\u2029\uFFFD]/.test(value) || !value.isWellFormed() ? 'json_bad_text' : undefined
}

function unquote(token: string): string | undefined {
  try {
    const value = JSON.parse(token) as unknown
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** A step of a JSON Pointer (RFC 6901 §3). */
export const escaped = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')

const lineAt = (text: string, index: number) => text.slice(0, index).split('\n').length

/** JSON.parse names a position in most of its messages. */
function lineOfSyntaxFault(text: string): number {
  try {
    JSON.parse(text)
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1]
    if (position) return lineAt(text, Number(position))
  }
  return 1
}

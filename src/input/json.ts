/** JSON from outside, read without two readings (L9, L10): a key twice, a byte order mark or a deep nest is refused. */

export class JsonFault extends Error {
  readonly rule: JsonRule
  /** 1-based line of the fault. */
  readonly line: number
  constructor(rule: JsonRule, line: number) {
    super(`${rule} at line ${line}`)
    this.name = 'JsonFault'
    this.rule = rule
    this.line = line
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
 * @throws JsonFault naming the rule and the line
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
  const open: (Set<string> | null)[] = []
  let last = ''
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match
    let rule: JsonRule | undefined
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : null)
      if (open.length > DEEPEST) rule = 'json_too_deep'
    } else if (token === '}' || token === ']') open.pop()
    else if (token === ':') rule = noteKey(open.at(-1), last)
    else if (token.startsWith('"')) rule = textFault(token)
    if (rule) throw new JsonFault(rule, lineAt(text, match.index))
    if (token.trim()) last = token
  }
}

function noteKey(keys: Set<string> | null | undefined, token: string): JsonRule | undefined {
  const key = unquote(token)
  if (!keys || key === undefined) return undefined
  if (FORBIDDEN.has(key)) return 'json_forbidden_key'
  if (keys.has(key)) return 'json_key_twice'
  keys.add(key)
  return undefined
}

function textFault(token: string): JsonRule | undefined {
  const value = unquote(token) ?? ''
  return value.includes('\0') || value.includes('\uFFFD') || !value.isWellFormed()
    ? 'json_bad_text'
    : undefined
}

function unquote(token: string): string | undefined {
  try {
    const value = JSON.parse(token) as unknown
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

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

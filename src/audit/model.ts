/**
 * 監査記録 – who did what, and how a row of evidence is sealed.
 * Owns: audit events, the canonical form and leaf hash of every evidence row. Does not own: consents, provisions.
 * Law: APPI 29 (records of provision), 23 (security control). Design: docs/security.md, "The ledger".
 */
import { createHash, hash } from 'node:crypto'

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/**
 * RFC 8785 (JCS) for the values we use: sorted keys, no white space. Numbers must be integers.
 *
 * @throws TypeError for a number JCS would have to format
 */
export function canonical(value: Json): string {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new TypeError('only integers are canonical here')
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key] as Json)}`).join(',')}}`
}

/** RFC 9162 §2.1.1: SHA-256(0x00 ‖ entry). */
export function leafHash(entry: string): Buffer {
  return hash('sha256', `\0${entry}`, 'buffer')
}

/** SHA-256(salt ‖ value): says nothing about the value once the salt is gone (M8). */
export function commitment(salt: Buffer, value: string): string {
  return createHash('sha256').update(salt).update(value).digest('hex')
}

export type Evidence = { canonical: string; leafHash: Buffer }

/** The canonical form of an evidence row and its leaf hash. */
export function evidence(entry: Json): Evidence {
  const text = canonical(entry)
  return { canonical: text, leafHash: leafHash(text) }
}

type ActorKind = 'resident' | 'operator' | 'staff' | 'service' | 'system' | 'anonymous'

export type AuditEvent = {
  actor: { kind: ActorKind; id?: string }
  /** A short verb with its room: `residents.sign_in`, `consents.withdraw`. */
  act: string
  object?: { kind: string; id: string }
  /** Ids and counts only; never personal data. */
  details?: { [key: string]: Json }
}

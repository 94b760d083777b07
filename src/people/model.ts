/**
 * 担当者のサインイン – what operators and staff prove themselves with.
 * Owns: their sessions, second factors, invitations, step-up; the marks that show one person behind two accounts.
 * Does not own: roles and rights (operators, members), residents' sign-in (residents).
 * Rows: G3, G9, H13–H17, J4–J7, J11. Law: APPI 23, 24.
 */
import { keyed } from '../vault.ts'
import { skeleton } from '../input/spelling.ts'

export type Area = 'operator' | 'staff'

/** How long a session of the console or the portal lasts, in seconds (G3). */
export const SESSION: Record<Area, { idle: number; absolute: number }> = {
  operator: { idle: 15 * 60, absolute: 8 * 3600 },
  staff: { idle: 30 * 60, absolute: 8 * 3600 },
}

/** How long a shown second factor counts for what needs a fresh one, in seconds (J6). */
export const CONFIRMED_SECONDS = 300

export type Session = {
  /** SHA-256 of the bearer value, in hex. */
  id: string
  holderId: string
  device: string
  openedAt: Date
  seenAt: Date
  confirmedAt: Date
}

/** What of an account shows who is behind it. */
export type Identity = { email: string; name: string; number?: string | null }

/** The address without what people add to make a second one of it. */
function canonicalAddress(email: string): string {
  const [local = '', domain = ''] = email.normalize('NFKC').toLowerCase().split('@')
  return `${local.replace(/\+.*$/, '')}@${domain}`
}

/**
 * Keyed hashes of a person's address, name and staff number: two accounts that share one are one person (J4).
 * Two people of the same full name cannot approve for each other; a third one can.
 *
 * @param key secrets.people
 */
export function marksOf(key: Buffer, { email, name, number }: Identity): string[] {
  const mark = (kind: string, value: string) =>
    keyed(key, `mark:${kind}:${value}`).toString('base64url').slice(0, 22)
  const bare = skeleton(name.replace(/\s+/g, ''))
  return [
    mark('mail', canonicalAddress(email)),
    mark('name', bare),
    ...(number ? [mark('number', number.normalize('NFKC').trim())] : []),
  ]
}

/** Whether two lists of marks belong to one person. */
export function isSamePerson(one: readonly string[], other: readonly string[]): boolean {
  return one.some((mark) => other.includes(mark))
}

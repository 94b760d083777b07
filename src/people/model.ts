/**
 * 担当者のサインイン – what operators and staff prove themselves with.
 * Owns: their sessions, passkeys, passwords and codes, invitations, step-up; the marks that show one person behind two
 * accounts. Does not own: roles and rights (operators, members), residents' sign-in (residents).
 * Rows: G3, G9, H13–H17, J4–J7, J11. Law: APPI 23, 24.
 */
import { keyed } from '../vault.ts'
import { skeleton } from '../input/spelling.ts'

export type Area = 'operator' | 'staff'

/** Where the pages of an area are. */
export const BASE = { operator: '/admin', staff: '/company' } as const

/** The origin of an area's pages: what mails link to and passkeys are bound to (G9). */
export function originOf(
  config: { adminOrigin: string; companyOrigin: string },
  area: Area,
): string {
  return area === 'operator' ? config.adminOrigin : config.companyOrigin
}

/** How long a session of the console or the portal lasts, in seconds (G3). */
export const SESSION: Record<Area, { idle: number; absolute: number }> = {
  operator: { idle: 15 * 60, absolute: 8 * 3600 },
  staff: { idle: 30 * 60, absolute: 8 * 3600 },
}

/** How long a shown second factor counts for what needs a fresh one, in seconds (J6). */
export const CONFIRMED_SECONDS = 300

/** Between password and code, in seconds (H17). */
export const STEP_SECONDS = 300
/** Codes tried after one password. */
export const STEP_TRIES = 5
/** How long a passkey may be asked for on one page, in seconds. */
export const CHALLENGE_SECONDS = 600
/** How long an invitation works, in seconds; the one of the terminal is for now (J11). */
export const INVITATION_SECONDS = { mail: 72 * 3600, terminal: 30 * 60 } as const

export type Session = {
  /** SHA-256 of the bearer value, in hex. */
  id: string
  holderId: string
  device: string
  openedAt: Date
  seenAt: Date
  confirmedAt: Date
}

/** Somebody with an account of one area, as sign-in needs them. */
export type Holder = {
  id: string
  email: string
  name: string
  passwordHash: string | null
  /** The seed of the codes, sealed with the id as context; only where a first code was right (H15). */
  totpSealed: Buffer | null
}

export type Passkey = {
  id: string
  holderId: string
  /** base64url */
  credentialId: string
  /** COSE key. */
  publicKey: Buffer
  counter: number
  transports: string[]
  name: string
  createdAt: Date
  usedAt: Date | null
}

/** What of an account shows who is behind it. */
export type Identity = { email: string; name: string; number?: string | null }

/** The address without what people add to make a second one of it. */
function canonicalAddress(email: string): string {
  const [local = '', domain = ''] = email.normalize('NFKC').toLowerCase().split('@')
  return `${local.replace(/\+.*$/, '')}@${domain}`
}

function mark(key: Buffer, kind: 'mail' | 'name' | 'number', value: string): string {
  return keyed(key, `mark:${kind}:${value}`).toString('base64url').slice(0, 22)
}

/** The keyed hash of a staff number (職員番号): the number itself is kept nowhere. */
export function numberMarkOf(key: Buffer, number: string): string {
  return mark(key, 'number', number.normalize('NFKC').trim().toLowerCase())
}

/** The keyed hash of an address: two spellings of one mailbox have the same. */
function addressMarkOf(key: Buffer, email: string): string {
  return mark(key, 'mail', canonicalAddress(email))
}

/**
 * Keyed hashes of a person's address, name and staff number: two accounts that share one are one person (J4).
 * Two people of the same full name cannot approve for each other; a third one can.
 *
 * @param key secrets.people
 */
export function marksOf(key: Buffer, { email, name, number }: Identity): string[] {
  const bare = skeleton(name.replace(/\s+/g, ''))
  return [
    addressMarkOf(key, email),
    mark(key, 'name', bare),
    ...(number ? [numberMarkOf(key, number)] : []),
  ]
}

/** Whether two lists of marks belong to one person. */
export function isSamePerson(one: readonly string[], other: readonly string[]): boolean {
  return one.some((mark) => other.includes(mark))
}

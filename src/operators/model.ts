/**
 * 担当者 – people who work for the consortium.
 * Owns: operators, their roles, the last day of their rights, what became of both, and the record of who looked at whom.
 * Does not own: how they sign in (people), staff of companies (members). Law: APPI 24 (supervision of staff).
 * Rows: J1, J5, J7, J10, J11, P-10.
 */
import type { OperatorRole } from '../persons.ts'

/** Somebody who is to work for the consortium. */
export type OperatorAsked = {
  email: string
  name: string
  roles: OperatorRole[]
  /** As from `residents.passwordHash`. */
  passwordHash: string
  /** Base32, RFC 6238. */
  totpSecret: string
  /** Last day of the rights, YYYY-MM-DD. */
  endsOn: string
}

/** A role for a time, beside the lasting ones (P-10). */
export type BoxedRole = { id: string; role: OperatorRole; endsOn: string; reason: string }

export type Operator = {
  id: string
  email: string
  name: string
  /** The lasting roles and those for a time, as they stand. */
  roles: OperatorRole[]
  /** Last day of the rights, YYYY-MM-DD in Asia/Tokyo. */
  endsOn: string
  numberMark: string | null
}

/** An operator as the administrators see them. */
export type OperatorKept = Omit<Operator, 'roles'> & {
  /** The lasting ones. */
  lasting: OperatorRole[]
  /** Roles for a time that nobody took back; one may be over. */
  boxed: BoxedRole[]
  /** Whether they set up how they sign in. */
  equipped: boolean
  createdAt: Date
}

/** The roles that count on a day. */
export function rolesOn(kept: Pick<OperatorKept, 'lasting' | 'boxed'>, today: string) {
  const now = kept.boxed.filter((box) => today <= box.endsOn).map((box) => box.role)
  return [...new Set([...kept.lasting, ...now])]
}

/** Whether the rights still stand on this day; asked at every request, so that no job has to end them (J5). */
export function hasRights(operator: Pick<Operator, 'endsOn'>, today: string): boolean {
  return today <= operator.endsOn
}

/** Rights are given for two years at most, and then anew. */
export const LONGEST_DAYS = 731
/** A role for a time, for three months at most. */
export const LONGEST_BOX_DAYS = 92
/** Days before the last one on which a warning goes out (J5). */
export const WARNING_DAYS = [30, 7] as const

/** What two administrators decide about an operator: the body of a proposal of kind `operator`. */
export type OperatorChange =
  | {
      change: 'appoint'
      email: string
      name: string
      roles: OperatorRole[]
      endsOn: string
      /** Keyed hash of the staff number; the number is kept nowhere. */
      numberMark: string | null
    }
  | { change: 'rights'; roles: OperatorRole[]; endsOn: string; reason: string }
  | { change: 'boxed'; role: OperatorRole; endsOn: string; reason: string }
  | { change: 'renew'; reason: string }

/** Whom a change is about, where no operator has the id yet. */
export const newName = (body: { [key: string]: unknown }) =>
  typeof body['name'] === 'string' ? body['name'] : '—'

/** The roles that a change gives somebody who did not have them. */
export function rolesGiven(change: OperatorChange, before: readonly OperatorRole[]) {
  const after =
    change.change === 'boxed' ? [change.role] : change.change === 'renew' ? [] : change.roles
  return after.filter((role) => !before.includes(role))
}

/**
 * Nobody grants what they lack (J7): each role that is given must be held by one of the two administrators who give it.
 * `auditor` alone needs no holder: it does nothing, and shows nothing that administrators do not see.
 */
export function mayGive(given: readonly OperatorRole[], held: readonly OperatorRole[]): boolean {
  return given.every((role) => role === 'auditor' || held.includes(role))
}

/** What waits for an operator: a line on the desk. A room makes its own; the desk sorts them. */
export type Task = {
  /** Message key below `t.desk.tasks`. */
  kind: string
  /** What it is about, in the operator's words: a company, a service, a number. */
  name: string
  href: string
  /** Until when; undefined where nothing runs out. */
  dueAt?: Date
}

/** A view as kept: its reason in plain words where nobody was found, else sealed under the key of the person. */
export type ViewKept = {
  id: string
  objectId: string
  reason: string | null
  sealed: Buffer | null
}

/** Whether a text holds a mail address, a phone number, or nine digits and more in a row; NFKC is expected. */
export const namesContact = (text: string): boolean =>
  /[^\s@]@[^\s@]+\.[^\s@]|\d{9}|(?<![\w-])(?:\+81|0)[-\s(]*\d{1,4}[-\s()]{1,2}\d{1,4}[-\s()]{1,2}\d{3,4}(?!\d)/.test(
    text,
  )

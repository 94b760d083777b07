/**
 * 担当者 – people who work for the consortium.
 * Owns: operators, their roles and the last day of their rights. Does not own: how they sign in (people), staff of
 * companies (members). Law: APPI 24 (supervision of staff). Rows: J1, J5, J7, J11, P-10.
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

export type Operator = {
  id: string
  email: string
  name: string
  roles: OperatorRole[]
  /** Last day of the rights, YYYY-MM-DD in Asia/Tokyo. */
  endsOn: string
  numberMark: string | null
}

/** Whether the rights still stand on this day; asked at every request, so that no job has to end them (J5). */
export function hasRights(operator: Pick<Operator, 'endsOn'>, today: string): boolean {
  return today <= operator.endsOn
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

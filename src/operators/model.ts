/**
 * 担当者 – people who work for the consortium.
 * Owns: operators, their roles and the last day of their rights. Does not own: staff of companies (members).
 * Law: APPI 24 (supervision of staff). The operators' pages follow with the console.
 */
export type Role = 'reviewer' | 'approver' | 'desk' | 'auditor'

/** Somebody who is to work for the consortium. */
export type OperatorAsked = {
  email: string
  name: string
  roles: Role[]
  /** As from `residents.passwordHash`. */
  passwordHash: string
  /** Base32, RFC 6238. */
  totpSecret: string
  /** Last day of the rights, YYYY-MM-DD. */
  endsOn: string
}

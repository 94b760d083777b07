/** Who acts: the people of the consortium and of member companies, as guards, reviews and the audit name them. */

export const OPERATOR_ROLES = [
  'registrar',
  'approver',
  'privacy_officer',
  'auditor',
  'administrator',
] as const
/** registrar 受付・登録, approver 承認, privacy_officer 個人情報保護, auditor 監査（閲覧のみ）, administrator 管理者 */
export type OperatorRole = (typeof OPERATOR_ROLES)[number]

export const STAFF_ROLES = ['manager', 'developer'] as const
export type StaffRole = (typeof STAFF_ROLES)[number]

/** Somebody who acts. `applicant` is a company that has no staff account yet. */
export type Person = {
  kind: 'operator' | 'staff' | 'applicant'
  id: string
  /** Keyed hashes of what shows one person behind two accounts: staff number, address, name (J4). */
  marks: readonly string[]
}

/** A session of the console or the portal. */
type Here = Person & {
  name: string
  /** Hash of the session's id, in hex: never the bearer value itself. */
  session: string
  /** When a second factor was last shown: a step-up lasts five minutes from here (J6). */
  confirmedAt: Date
}

/** The operator signed in with this browser. */
export type OperatorHere = Here & { kind: 'operator'; roles: readonly OperatorRole[] }

/** The staff member signed in with this browser. */
export type StaffHere = Here & { kind: 'staff'; memberId: string; role: StaffRole }

export const API_SCOPES = ['company:read', 'company:write'] as const
/** What a program of a company may do under /api/v1. */
export type ApiScope = (typeof API_SCOPES)[number]

export const SERVICE_SCOPES = [
  'grant_management_query',
  'grant_management_revoke',
  'events',
] as const
/** What a service may do under /api/v1 for itself: about what residents agreed with it, and what happened since. */
export type ServiceScope = (typeof SERVICE_SCOPES)[number]

/** A service that stands, as its own token of `client_credentials` names it. */
export type ServiceHere = { serviceId: string; memberId: string }

/** A program of a company, as a token of `client_credentials` names it. */
export type CompanyHere = {
  memberId: string
  /** Row id of the API client. */
  apiClientId: string
  /** The staff member who answers for it: what it changes is theirs, and they cannot approve it elsewhere (J4). */
  by: Person
}

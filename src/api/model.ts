/**
 * API – what the staff of a company do at the portal, for their programs.
 * Owns: API clients and the doors under /api/v1. Does not own: what the doors lead to: each room's own actions, so that
 * the rules are the portal's. Law: APPI 23, 25. RFC 6749 §4.4, RFC 7523, RFC 9449, RFC 9457.
 */
import type { Jwk } from '../input/jwk.ts'
import type { MemberStatus } from '../members/model.ts'
import type { ApiScope } from '../persons.ts'

/** Ids of API clients begin so; no service's client id is looked up for them. */
export const API_CLIENT_PREFIX = 'api-'

export type ApiClient = {
  id: string
  memberId: string
  memberStatus: MemberStatus
  clientId: string
  name: string
  jwks: { keys: Jwk[] }
  scopes: ApiScope[]
  /** Whether every token must be bound to a key of the caller (DPoP). */
  dpop: boolean
  /** The staff member who answers for it. */
  createdBy: string
  createdAt: Date
  endedAt: Date | null
  /** When a suspension of the company was last lifted: nothing issued before works again (S-51). */
  returnedAt: Date | null
}

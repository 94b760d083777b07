/** What we decline on purpose, as a closed union of reasons (docs/architecture.md, "Errors"). */
export type Reason =
  | 'invalid_input'
  | 'not_json'
  | 'not_found'
  | 'csrf'
  | 'sign_in_required'
  | 'too_many_attempts'
  | 'link_expired'
  | 'under_age'
  | 'interaction_expired'
  | 'interaction_foreign'
  | 'already_answered'
  | 'service_not_available'
  | 'contract_not_in_force'
  | 'item_over_ceiling'
  | 'consent_not_found'
  | 'return_address_dead'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'method_not_allowed'
  | 'host_not_allowed'
  | 'not_ready'
  | 'wrong_state'
  | 'role_missing'
  | 'confirmation_needed'
  | 'second_person_needed'
  | 'last_administrator'
  | 'changed_meanwhile'
  | 'other_side'
  | 'token_invalid'
  | 'scope_missing'

/** Form field → message key of the locale (`locales/<lang>/fields`), with its parameters. */
export type Fields = Record<string, string>

type Details = {
  fields?: Fields
  code?: string
  /** With `method_not_allowed`: the methods that are allowed there (RFC 9110 §15.5.6). */
  allow?: string
  [more: string]: unknown
}

/** Thrown by actions and guards. `details` never holds personal data: it may be logged. */
export class Refusal extends Error {
  readonly reason: Reason
  readonly details: Details
  constructor(reason: Reason, details: Details = {}) {
    super(reason)
    this.name = 'Refusal'
    this.reason = reason
    this.details = details
  }
}

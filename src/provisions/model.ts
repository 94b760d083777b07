/**
 * 提供・提供記録 – the one exit of personal data.
 * Owns: release(), the only decision on what may leave, and the append-only provision records.
 * Does not own: consents, contracts. Law: APPI 27, 29 (giver's record), 30. Rows: S-28, S-31, S-36, S-56, K1–K4.
 */
import type { ItemId } from '../catalogue/model.ts'
import { coversPurposes, isAsleep, type AgreedItem, type Standing } from '../consents/model.ts'
import type { Terms } from '../residents/model.ts'
import { ceiling, standing as standingOf, type ServiceNow } from '../services/model.ts'

/** Everything the decision looks at, read at the moment of use. */
export type Facts = {
  at: Date
  standing: Standing | undefined
  /** The resident's shared user ID. */
  userId: string | undefined
  provision: Terms | undefined
  /** Whether the browser session the credential came from still stands; undefined where none is involved. */
  sessionLive: boolean | undefined
  service: ServiceNow | undefined
}

type WhyNot =
  | 'no_consent'
  | 'ended'
  | 'asleep'
  | 'expired'
  | 'session_ended'
  | 'service_not_available'
  | 'contract_not_in_force'
  | 'other_terms'

export type Decision = { items: AgreedItem[]; whyNot?: never } | { items: []; whyNot: WhyNot }

/**
 * The one decision: which items may leave now. Claims by any path ⊆ the result
 * = items agreed in a live consent ∩ approved items ∩ flows in term, while the sign-up consent to provision stands.
 *
 * @param asked narrows to these items; a request never widens
 */
export function release(facts: Facts, asked?: readonly ItemId[]): Decision {
  const whyNot = reasonAgainst(facts)
  if (whyNot || !facts.standing || !facts.service)
    return { items: [], whyNot: whyNot ?? 'no_consent' }
  const allowed = ceiling(facts.service, facts.at)
  const items = facts.standing.consent.items.filter((agreed) => {
    const approved = allowed.find((item) => item.item === agreed.item)
    if (!approved || !coversPurposes(agreed, approved)) return false
    return asked === undefined || agreed.item === 'user_id' || asked.includes(agreed.item)
  })
  if (!items.some((agreed) => agreed.item === 'user_id'))
    return { items: [], whyNot: 'other_terms' }
  return { items }
}

function reasonAgainst(facts: Facts): WhyNot | undefined {
  if (!facts.standing) return 'no_consent'
  const { agreement, consent } = facts.standing
  if (agreement.endedAt) return 'ended'
  if (isAsleep(agreement, facts.provision)) return 'asleep'
  if (consent.endsAt <= facts.at) return 'expired'
  if (facts.sessionLive === false) return 'session_ended'
  if (!facts.service) return 'service_not_available'
  const standing = standingOf(facts.service, facts.at)
  if (standing !== 'ok') return standing
  const { member, contract } = facts.service
  if (consent.memberId !== member.id || consent.subjectType !== contract.subjectType)
    return 'other_terms'
  return undefined
}

/** By which way something left. Introspection by the token's own client is no provision (domain.md). */
export type Path = 'userinfo' | 'id_token' | 'api' | 'event' | 'export'

export type Provision = { path: Path; items: ItemId[] }

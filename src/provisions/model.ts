/**
 * 提供・提供記録 – the one exit of personal data.
 * Owns: release(), the only decision on what may leave, and the append-only provision records.
 * Does not own: consents, contracts. Law: APPI 27, 29 (giver's record), 30. Rows: S-28, S-31, S-36, S-56, K1–K4.
 */
import type { ItemId } from '../catalogue/model.ts'
import {
  coversPurposes,
  isAsleep,
  pullsOf,
  type AgreedItem,
  type Standing,
} from '../consents/model.ts'
import type { Terms } from '../residents/model.ts'
import { ceiling, mayMeet, standing as standingOf, type ServiceNow } from '../services/model.ts'

/** Everything the decision looks at, read at the moment of use. */
export type Facts = {
  at: Date
  standing: Standing | undefined
  /** The resident's shared user ID. */
  userId: string | undefined
  /** The company whose test person it is; null or absent: a resident. */
  testMemberId?: string | null
  provision: Terms | undefined
  /** Whether the browser session the credential came from still stands; undefined where none is involved. */
  sessionLive: boolean | undefined
  service: ServiceNow | undefined
  /** How often each item of `counted()` has left this month; read only where there is one. */
  pulls?: Pulls
}

/** Item → releases to this service in the calendar month of Asia/Tokyo. */
export type Pulls = Readonly<Partial<Record<ItemId, number>>>

export type WhyNot =
  | 'no_consent'
  | 'ended'
  | 'asleep'
  | 'expired'
  | 'session_ended'
  | 'service_not_available'
  | 'contract_not_in_force'
  | 'other_terms'
  | 'other_side'

/** What may leave; `spent`: agreed and approved, but as often as its bound allows this month. */
export type Released = { items: AgreedItem[]; spent: AgreedItem[]; whyNot?: never }

export type Decision = Released | { items: []; spent?: never; whyNot: WhyNot }

/**
 * The one decision: which items may leave now. Claims by any path ⊆ the result
 * = items agreed in a live consent ∩ approved items ∩ flows in term ∩ not more often than their bound, while the sign-up
 * consent to provision stands.
 *
 * @param asked narrows to these items; a request never widens
 */
export function release(facts: Facts, asked?: readonly ItemId[]): Decision {
  const whyNot = reasonAgainst(facts)
  if (whyNot || !facts.standing || !facts.service)
    return { items: [], whyNot: whyNot ?? 'no_consent' }
  const allowed = ceiling(facts.service, facts.at)
  const items: AgreedItem[] = []
  const spent: AgreedItem[] = []
  for (const agreed of facts.standing.consent.items) {
    const approved = allowed.find((item) => item.item === agreed.item)
    if (!approved || !coversPurposes(agreed, approved)) continue
    if (asked && agreed.item !== 'user_id' && !asked.includes(agreed.item)) continue
    const list = isSpent(pullsOf(agreed, approved), facts.pulls?.[agreed.item]) ? spent : items
    list.push(agreed)
  }
  if (!items.some((agreed) => agreed.item === 'user_id'))
    return { items: [], whyNot: 'other_terms' }
  return { items, spent }
}

/** A bound without its count counts as used up: nothing leaves unseen. */
const isSpent = (bound: number | undefined, count: number | undefined) =>
  bound !== undefined && (count === undefined || count >= bound)

/** The items whose releases are counted: agreed ones with a bound, in the consent or at the service. */
export function counted(standing: Standing | undefined, service: ServiceNow | undefined): ItemId[] {
  const asked = service?.version.items ?? []
  return (standing?.consent.items ?? [])
    .filter((agreed) => {
      const now = asked.find((item) => item.item === agreed.item)
      return now !== undefined && pullsOf(agreed, now) !== undefined
    })
    .map((agreed) => agreed.item)
}

function reasonAgainst(facts: Facts): WhyNot | undefined {
  if (!facts.standing) return 'no_consent'
  const { agreement, consent } = facts.standing
  if (agreement.endedAt) return 'ended'
  if (isAsleep(agreement, facts.provision)) return 'asleep'
  if (consent.endsAt <= facts.at) return 'expired'
  if (facts.sessionLive === false) return 'session_ended'
  if (!facts.service) return 'service_not_available'
  if (!mayMeet(facts.service, facts.testMemberId ?? null)) return 'other_side'
  const standing = standingOf(facts.service, facts.at)
  if (standing !== 'ok') return standing
  const { member, contract } = facts.service
  if (consent.memberId !== member.id || consent.subjectType !== contract.subjectType)
    return 'other_terms'
  return undefined
}

/** By which way something left. Introspection by the token's own client is no provision (domain.md). */
export type Path = 'userinfo' | 'id_token' | 'api' | 'event' | 'export'

/** Agreed to and asked for, and yet not given: used up this month, not (or no longer) approved, nothing registered. */
export type Withheld = Partial<Record<ItemId, 'bound' | 'not_approved' | 'no_value'>>

export type Provision = { path: Path; items: ItemId[]; withheld?: Withheld }

/**
 * Why the rest of what a service asked for did not leave. What the resident did not agree to is no part of it: that
 * stands in the consent.
 *
 * @param asked items of the request
 * @param given items that are in the answer
 */
export function withheldOf(
  facts: Facts,
  asked: readonly ItemId[],
  given: readonly ItemId[],
): Withheld {
  const rest = (facts.standing?.consent.items ?? [])
    .map(({ item }) => item)
    .filter((item) => asked.includes(item) && !given.includes(item))
  if (!rest.length) return {}
  const decision = release(facts)
  const is = (list: readonly AgreedItem[] | undefined, id: ItemId) =>
    list?.some((agreed) => agreed.item === id) === true
  return Object.fromEntries(
    rest.map((item) => [
      item,
      is(decision.spent, item) ? 'bound' : is(decision.items, item) ? 'no_value' : 'not_approved',
    ]),
  )
}

/**
 * 同意 – what a resident agreed to let a service receive.
 * Owns: agreements, consent versions, showings, when to ask again. Does not own: the decision to release (provisions).
 * Law: APPI 27(1) (prior consent); a consent is a clear act, silence never is. Rows: S-05, S-20…S-34, D-12, P-02.
 */
import { dayOf } from '../input/days.ts'
import { canonical, type Json } from '../audit/model.ts'
import type { ItemId } from '../catalogue/model.ts'
import type { Terms } from '../residents/model.ts'
import {
  ceiling,
  subjectOf,
  type Bounds,
  type ServiceItem,
  type ServiceNow,
} from '../services/model.ts'
import type { Template } from '../templates/model.ts'

export type AgreedItem = {
  item: ItemId
  itemVersion: number
  purposes: string[]
  required: boolean
  /** What the review held the item to when this was agreed: part of what was agreed. */
  bounds?: Bounds
}

export type Agreement = {
  id: string
  residentId: string
  serviceId: string
  startedAt: Date
  endedAt: Date | null
  endKind: 'withdrawn' | 'paused' | 'expired' | 'superseded' | 'closed' | null
}

/** One append-only version of a consent. */
export type Consent = {
  id: string
  agreementId: string
  version: number
  kind: 'given' | 'changed' | 'paused' | 'withdrawn'
  residentId: string
  serviceId: string
  memberId: string
  serviceVersionId: string
  contractVersionId: string
  template: string
  templateVersion: number
  templateHash: Buffer
  language: string
  showingId: string | null
  pageHash: Buffer | null
  shownAt: Date | null
  agreedAt: Date
  items: AgreedItem[]
  declined: string[]
  subjectType: 'public' | 'pairwise'
  /** Exclusive. */
  endsAt: Date
  /** With a withdrawal: the company is asked to erase what it received (R7). */
  deletionRequested: boolean
  /** Who did it, where it was not the resident here: the service by its Grant API, or the consortium's desk. */
  actedBy?: 'service' | 'operator'
  /** Number of the resident's request that the desk granted by it (APPI 35). */
  onRequest?: string
}

/** What stands between a resident and a service: their newest agreement and its newest version. */
export type Standing = { agreement: Agreement; consent: Consent }

/**
 * The `sub` the company of this consent knows the resident by. The contract of now may say another kind, or another
 * company: nobody was asked for that yet, so that it is told to nobody (D6, S-59).
 *
 * @param key secrets.pairwise
 */
export function subjectOfConsent(
  key: Buffer,
  userId: string,
  consent: Pick<Consent, 'subjectType' | 'memberId'>,
): string {
  const { subjectType, memberId } = consent
  return subjectOf(key, userId, { contract: { subjectType }, member: { id: memberId } })
}

/** Why the screen is shown; each has its own heading. */
export type AskReason =
  | 'new'
  | 'more_items'
  | 'expired'
  | 'values_changed'
  | 'withdrawn'
  | 'terms_changed'
  | 'paused'
  | 'asked_by_service'

/** What a service would receive if the resident agreed now. */
export type Offer = {
  service: ServiceNow
  /** Asked, approved and under the ceiling; catalogue order. */
  items: ServiceItem[]
  template: Template
  subjectType: 'public' | 'pairwise'
  /** Exclusive. */
  endsAt: Date
}

/**
 * Makes the offer for the items asked for in this request.
 *
 * @param asked  items of the request; `user_id` is always among them
 */
export function offerOf(
  service: ServiceNow,
  asked: readonly ItemId[],
  template: Template,
  at: Date,
): Offer {
  const items = ceiling(service, at).filter(
    (item) => item.item === 'user_id' || asked.includes(item.item),
  )
  const year = oneYearFrom(at)
  const { endsAt: term, subjectType } = service.contract
  return { service, items, template, subjectType, endsAt: term < year ? term : year }
}

const TOKYO = 9 * 3600_000

/** The midnight in Asia/Tokyo after the same day next year: consents run one year at most (pages.md, common rules). */
export function oneYearFrom(at: Date): Date {
  const day = new Date(at.getTime() + TOKYO)
  return new Date(
    Date.UTC(day.getUTCFullYear() + 1, day.getUTCMonth(), day.getUTCDate() + 1) - TOKYO,
  )
}

/** The parts of an offer that must be the same when the answer comes as when it was shown. */
export function offerFacts(offer: Offer): { [key: string]: Json } {
  return {
    template: offer.template.template,
    template_version: offer.template.version,
    service: offer.service.service.id,
    service_version: offer.service.version.id,
    member_version: offer.service.member.versionId,
    contract_version: offer.service.contract.id,
    subject_type: offer.subjectType,
    items: offer.items.map((item) => ({
      item: item.item,
      version: item.itemVersion,
      required: item.required,
      purposes: item.purposes,
      ...(item.bounds && { bounds: item.bounds }),
    })),
  }
}

/** Whether `showing`, the canonical text of a recorded showing, still says what the offer says. */
export function isSameOffer(showing: string, offer: Offer): boolean {
  const recorded = JSON.parse(showing) as { offer: Json }
  return canonical(recorded.offer) === canonical(offerFacts(offer))
}

/** Whether this agreement yields anything now: in force, not asleep by the master switch (S-56), not expired. */
export function isInForce(standing: Standing, provision: Terms | undefined, at: Date): boolean {
  return (
    standing.agreement.endedAt === null &&
    !isAsleep(standing.agreement, provision) &&
    standing.consent.endsAt > at
  )
}

/** The master switch: off, or switched on again after the agreement began (waking asks). */
export function isAsleep(
  agreement: Pick<Agreement, 'startedAt'>,
  provision: Terms | undefined,
): boolean {
  return !provision?.given || provision.at > agreement.startedAt
}

/**
 * Why the resident must be asked, or undefined where the consent in force covers the offer.
 *
 * @param valuesDiffer whether a value of an agreed item differs from the one shown at the last agreement
 * @param asksSince the version of the offer's text from which on consent is asked afresh (`templates.asksSince`)
 */
export function reasonToAsk(
  last: Standing | undefined,
  offer: Offer,
  provision: Terms | undefined,
  at: Date,
  valuesDiffer: boolean,
  asksSince: number,
): AskReason | undefined {
  if (!last) return 'new'
  const { agreement, consent } = last
  if (agreement.endedAt) return endedReason(agreement)
  if (isAsleep(agreement, provision)) return 'paused'
  if (consent.endsAt <= at) return 'expired'
  if (hasOtherTerms(consent, offer, asksSince)) return 'terms_changed'
  if (offer.items.some((item) => isUnanswered(consent, item))) return 'more_items'
  return valuesDiffer ? 'values_changed' : undefined
}

function endedReason(agreement: Agreement): AskReason {
  if (agreement.endKind === 'withdrawn' || agreement.endKind === 'closed') return 'withdrawn'
  return agreement.endKind === 'paused' ? 'paused' : 'expired'
}

/** Another recipient (S-59), kind of ID, purpose, or a new text that asks for fresh consent (D-12). */
function hasOtherTerms(consent: Consent, offer: Offer, asksSince: number): boolean {
  if (consent.memberId !== offer.service.member.id || consent.subjectType !== offer.subjectType)
    return true
  if (consent.template !== offer.template.template) return true
  if (consent.templateVersion < asksSince) return true
  return offer.items.some((item) => {
    const agreed = consent.items.find((a) => a.item === item.item)
    return agreed !== undefined && !coversTerms(agreed, item)
  })
}

/** Whether what the service now does with an item lies within what was agreed; a release may be rarer, never freer. */
export function coversPurposes(agreed: AgreedItem, item: ServiceItem): boolean {
  return (
    agreed.itemVersion === item.itemVersion &&
    item.purposes.every((p) => agreed.purposes.includes(p)) &&
    coversWords(agreed.bounds, item.bounds) &&
    isWithin(agreed.bounds?.lifeDays, item.bounds?.lifeDays)
  )
}

/** The same with how often: a higher number asks again, and until the answer the agreed one holds (`pullsOf`). */
function coversTerms(agreed: AgreedItem, item: ServiceItem): boolean {
  return (
    coversPurposes(agreed, item) &&
    isWithin(agreed.bounds?.pullsPerMonth, item.bounds?.pullsPerMonth)
  )
}

const isWithin = (agreed: number | undefined, now: number | undefined) =>
  agreed === undefined || (now !== undefined && now <= agreed)

/** Words that were agreed are not exchanged for others; to say them where there were none narrows. */
function coversWords(agreed: Bounds | undefined, now: Bounds | undefined): boolean {
  const words = agreed?.purposeWords
  return !words || (words.ja === now?.purposeWords?.ja && words.en === now.purposeWords.en)
}

/** How often an item may leave in a month: the lower of what was agreed and what is approved now. */
export function pullsOf(agreed: AgreedItem, item: ServiceItem): number | undefined {
  const bounds = [agreed.bounds?.pullsPerMonth, item.bounds?.pullsPerMonth]
  const set = bounds.filter((bound) => bound !== undefined)
  return set.length ? Math.min(...set) : undefined
}

function isUnanswered(consent: Consent, item: ServiceItem): boolean {
  if (consent.items.some((agreed) => agreed.item === item.item)) return false
  return item.required || !consent.declined.includes(item.item)
}

/** What the resident may do to a consent in force without being asked anew: only narrow it. */
export type Narrowing = {
  /** Items that stay; all others are left out. */
  keep: readonly string[]
  /** Exclusive; undefined: as it is. */
  endsAt: Date | undefined
  /** The version the resident saw. */
  version: number
}

export type NarrowingFault = {
  field: 'item' | 'until'
  rule: 'required_item' | 'not_agreed' | 'until_not_earlier' | 'until_past'
}

/** Checks a narrowing against the consent it narrows. */
export function narrowingFault(
  consent: Consent,
  asked: Narrowing,
  at: Date,
): NarrowingFault | undefined {
  if (asked.keep.some((id) => !consent.items.some((item) => item.item === id)))
    return { field: 'item', rule: 'not_agreed' }
  if (consent.items.some((item) => item.required && !asked.keep.includes(item.item))) {
    return { field: 'item', rule: 'required_item' }
  }
  if (asked.endsAt && asked.endsAt > consent.endsAt)
    return { field: 'until', rule: 'until_not_earlier' }
  if (asked.endsAt && asked.endsAt <= at) return { field: 'until', rule: 'until_past' }
  return undefined
}

/** The number a resident can quote: kind, day in Asia/Tokyo, start of the id. */
export function numberOf(consent: Pick<Consent, 'id' | 'kind' | 'agreedAt'>): string {
  const letter = { given: 'C', changed: 'C', paused: 'P', withdrawn: 'W' }[consent.kind]
  const day = dayOf(consent.agreedAt).replaceAll('-', '')
  return `${letter}-${day}-${consent.id.slice(0, 8).toUpperCase()}`
}

/**
 * What each page about consents shows. Texts are ready to print in the reader's language: dates by locales/words.ts,
 * values by t.consents.values, legal wording from the template (filled). Pure types: the views hold no logic of law.
 *
 * Addresses: /account/services · …/:serviceId · …/:serviceId/{change,pause,resume,withdraw} ·
 * …/:serviceId/showings/:showingId · /account/services/withdraw-all
 */
import type { ItemId } from '../catalogue/model.ts'
import type { Language } from '../locales/index.ts'
import type { SectionChange } from '../templates/actions.ts'
import type { DeletionShown } from './deletion_pages.ts'
import type { AskReason } from './model.ts'

/** A service as a resident meets it. */
export type Face = {
  id: string
  name: string
  /** Legal name of the company that provides it. */
  provider: string
}

/** A section of the consent template, filled; each line is a paragraph. */
export type LegalText = { id: string; title: string; lines: string[] }

/** Who answers questions about a service (S-34). */
export type Contact = { desk: string; phone: string; email: string }

// ── the consent screen (R2) ──────────────────────────────────────────────────

/** One thing the review holds an item to; `was`: other than at the last agreement. */
export type Limit = { label: string; text: string; was: string | undefined }

export type ShownItem = {
  id: ItemId
  label: string
  /** The resident's own value in full; undefined: nothing is registered (or a record: values are not kept). */
  value: string | undefined
  required: boolean
  purposes: string[]
  /**
   * Why the service needs it (required), or what not choosing it means (optional) (K-13). Undefined where words fixed by
   * the review stand instead of the company's own reason.
   */
  note: string | undefined
  /** Ticked on the page that is shown anew; always false at first. Meaningless where required. */
  ticked: boolean
  /** Where a missing value can be registered; leads back to this page. */
  addHref: string | undefined
  /** Not part of the last agreement, and there was one. */
  isNew: boolean
  /** The value differs from the one shown at the last agreement; `then` where that one is still known. */
  changed: { then: string | undefined } | undefined
  /** Those of `purposes` that the last agreement did not hold. */
  newPurposes: string[]
  /** How often, how long, in which words. */
  limits: Limit[]
}

/** What else differs from the last agreement. `then` and `now` are short: names, 第2版. */
export type Change = {
  kind: 'provider' | 'id_kind' | 'text' | 'dropped'
  then: string
  now: string
}

/** How the text differs from the one agreed to, section by section (D-12). */
export type TextChange = {
  before: NamedText
  now: NamedText
  /** Why the version was made; the first version of a text may not say. */
  reason: string | undefined
  sections: SectionChange[]
}

type NamedText = { title: string; edition: string; href: string }

/** Everything a resident agrees to; the same on the consent screen, when resuming, and in the record of a showing. */
export type ConsentBody = {
  service: Face
  company: { address: string; representative: string }
  contact: Contact
  termsUrl: string
  policyUrl: string
  /** All items of the offer in catalogue order, required and optional mixed. */
  items: ShownItem[]
  /** What this service does not receive: labels of the catalogue's other items; the page adds what nobody receives. */
  notGiven: string[]
  texts: {
    intro: LegalText
    /** `own_service` for the operator's own services. */
    own: LegalText | undefined
    /** `provider_company` / `_association` / `_city`. */
    giver: LegalText
    recipient: LegalText
    /** `id_public` or `id_pairwise`. */
    idKind: LegalText
    until: LegalText
    keeping: LegalText
    /** Sections that only some texts have, `more_…`: the rights at a municipality. */
    more: LegalText[]
    /** note_terms, note_press, note_withdraw. */
    notes: LegalText[]
    questions: LegalText
    binding: LegalText
  }
}

/** views/interaction/consent and views/consents/resume. */
export type ConsentPage = ConsentBody & {
  /** The showing this page is recorded as: value of the hidden field `shown`. */
  shown: string
  reason: AskReason
  /** The day of the last agreement, its end or its withdrawal, whichever the reason speaks of; undefined for `new`. */
  since: string | undefined
  changes: Change[]
  /** The text is another than the one agreed to; undefined: the same, or nothing was agreed yet. */
  textChange: TextChange | undefined
  /**
   * stale: the answer came for an older showing; missing: agreed, but a required value is not registered;
   * provision_off: the master switch is off (S-56). Shown before everything else.
   */
  notice: 'stale' | 'missing' | 'provision_off' | undefined
  /** Who is signed in: name as registered, or the mail address. */
  person: string
  /** Use another ID; undefined on the resident's own pages. */
  switchHref: string | undefined
  /** Host (or app) the answer leads to; undefined on the resident's own pages. */
  destination: string | undefined
  /** 「渡さないとどうなるか」 (R3). */
  refuseHref: string
  /** Shown to staff or operators with an invented person: marked as such, and nothing can be answered. */
  /** `unregistered`: nothing of the service is public yet, so nothing leads there. */
  preview?: { links: { href: string; text: string }[]; unregistered?: boolean }
}

/** views/interaction/refuse: what refusing means, before the answer or when the return address is dead (R3). */
export type RefusePage = {
  service: Face
  /** `refusing` of the template. */
  text: LegalText
  /** Optional items and what not choosing them means: trying with fewer. */
  optional: { label: string; effect: string }[]
  /** answered: refused, but the service cannot be reached; else the showing that would be answered here. */
  shown: string | undefined
  /** The consent screen; the answer is posted there. */
  consentHref: string
  /** A page of the service to go on from when `shown` is undefined. */
  serviceHref: string | undefined
}

// ── each service (R5, R6) ────────────────────────────────────────────────────

/**
 * asleep: the master switch is off, or was on its way off and on again; suspended: by service, company or contract;
 * excluded: the company is no member any more.
 */
export type Status =
  'in_use' | 'paused' | 'suspended' | 'excluded' | 'expired' | 'withdrawn' | 'asleep'

/** Why the consortium stopped a service: the whole company or it alone. `text` may be empty. */
export type StopShown = { whole: boolean; reason: string; text: string }

export type Until = { date: string; daysLeft: number }

export type ServiceCard = {
  service: Face
  status: Status
  /** Labels of the items agreed, as they were where the agreement has ended. */
  items: string[]
  /** What the service hands over by its contract, and whether the resident agreed to that (S-08). */
  back: string[]
  collects?: boolean
  agreedOn: string
  lastProvided: string | undefined
  /** The records could not be read: nobody knows when it was last. */
  isPart?: boolean
  /** Only for in_use, asleep, suspended. */
  until: Until | undefined
  /** The day it was paused, suspended, expired or withdrawn; undefined where unknown or in use. */
  stoppedOn: string | undefined
  /** Where the consortium stopped it (S-51). */
  stop?: StopShown | undefined
  /** The company was asked to erase what it received; the answer stands on the page of the service. */
  deletionRequestedOn: string | undefined
}

/** By the newest agreement, the newest provision, the soonest end, or by name. */
export type ServiceSort = 'agreed' | 'provided' | 'until' | 'name'

/** views/consents/list (R5). */
export type ServicesPage = {
  /** Date and time of this view of things. */
  asOf: string
  /** Services that receive data now. */
  inUse: number
  /** The master switch is off: everything sleeps. */
  provisionOff: boolean
  cards: ServiceCard[]
  /** All consents the resident ever gave, before search and filter. */
  total: number
  /** `state` as asked for; empty: all. */
  search: { q: string; state: string; sort: ServiceSort }
  /** The records of provisions could not be read; all else is as of now. */
  isPart: boolean
}

export type AgreedItem = {
  id: ItemId
  label: string
  required: boolean
  purposes: string[]
  limits: Limit[]
  /** The value now; undefined: nothing is registered. */
  value: string | undefined
  /** The value shown when agreeing, where it differs; `then` where it is still known, `on`: day of the change. */
  former: { then: string | undefined; on: string | undefined } | undefined
  lastProvided: string | undefined
}

/** A newer version of the agreed text: since when, why, and whether it will be asked. */
export type TextNews = {
  title: string
  lines: string[]
  link: { href: string; text: string }
}

/** views/consents/detail (R6). */
export type ServicePage = {
  service: Face
  status: Status
  stoppedOn: string | undefined
  /** Where the consortium stopped it (S-51). */
  stop?: StopShown | undefined
  until: Until | undefined
  /** Items in force, or as they were at the end. */
  items: AgreedItem[]
  /** Labels of optional items the resident did not choose. */
  declined: string[]
  /** The newest agreement: when, in which language, by which text (「情報提供の同意文面（標準） 第1版」). */
  agreed: {
    at: string
    language: Language
    text: string
    /** The version agreed to, as it was published. */
    textHref: string
    showingHref: string | undefined
  }
  idKind: string
  /** How long the service keeps what it received. */
  keeping: string
  /** Newest first, a few only. */
  provisions: { at: string; items: string[]; path: ProvisionPath }[]
  provisionsTotal: number
  /** Earlier versions of this consent, newest first. */
  versions: {
    at: string
    kind: 'given' | 'changed' | 'paused' | 'withdrawn'
    showingHref: string | undefined
  }[]
  contact: Contact
  company: { address: string; representative: string }
  termsUrl: string
  policyUrl: string
  /** The text has a newer version than the one agreed to. */
  textNews: TextNews | undefined
  /** Whether the service may be started anew from its own side (live and under contract). */
  isOpen: boolean
  /** Requests to erase what it received, newest first (R7). */
  deletions: DeletionShown[]
  /** What the company was told of this resident. */
  told?: ToldPage
  /** Said at the top after a change. */
  notice: 'changed' | 'resumed' | undefined
}

/** collect: the company has to come for it. */
export type ToldState = 'delivered' | 'waiting' | 'collect' | 'dead'

export type ToldPage = {
  /** Whether the service takes notices at all. */
  takes: boolean
  /** Newest first; `type` names it below `t.events.types`. */
  messages: {
    type: string
    at: string
    state: ToldState | 'none'
    deliveredAt: string | undefined
  }[]
}

export type ProvisionPath = 'userinfo' | 'id_token' | 'api' | 'event' | 'export'

/**
 * views/consents/change. Posts `item` for each item kept, `until` (YYYY-MM-DD, the last day) and `decision=change`
 * with hidden `version` (of the consent that is changed).
 */
export type ChangePage = {
  service: Face
  version: number
  items: {
    id: ItemId
    label: string
    required: boolean
    value: string | undefined
    effect: string
    kept: boolean
  }[]
  /** Last day now, in words and as YYYY-MM-DD; `chosen` is what the field holds. */
  until: { date: string; earliest: string; latest: string; chosen: string }
  fields: Record<string, string> | undefined
  /** Labels of required items that were unticked: explains that this means a full stop. */
  fullStop: string[]
}

// ── stopping (R7) ────────────────────────────────────────────────────────────

/** What has been provided of one item: 2026年4月12日 〜 11月20日, how often. */
export type ProvidedItem = { label: string; when: string; times: number }

/** views/consents/withdraw. Posts `request_deletion` and `decision=withdraw`. */
export type WithdrawPage = {
  service: Face
  /** How many items stop. */
  count: number
  /** `withdraw_effects` of the template. */
  text: LegalText
  provided: ProvidedItem[]
  requestDeletion: boolean
  contact: Contact
}

/** views/consents/withdraw_all. Posts as withdraw. */
export type WithdrawAllPage = {
  services: { service: Face; items: string[]; lastProvided: string | undefined }[]
  requestDeletion: boolean
}

/** views/consents/withdrawn: after one service or all. */
export type WithdrawnPage = {
  at: string
  withdrawn: {
    service: Face
    number: string
    contact: Contact
    /** Whether the company knows; none: it takes no notices. */
    told?: ToldState | 'none'
  }[]
  deletionRequested: boolean
  /** Where the confirmation is mailed, masked: ha•••••@example.jp */
  mailedTo: string | undefined
}

/** views/consents/pause. Posts `decision=pause`. */
export type PausePage = { service: Face; count: number; until: Until }

/** views/consents/paused. */
export type PausedPage = { service: Face; at: string; number: string; until: Until }

// ── the record of a showing ──────────────────────────────────────────────────

/** views/consents/showing: the agreed text as it was; values are not kept, only commitments to them. */
export type ShowingPage = ConsentBody & {
  shownAt: string
  /** undefined: not answered. */
  answer: { decision: 'agree' | 'refuse'; at: string; agreed: ItemId[] } | undefined
  language: Language
  /** 情報提供の同意文面（標準） 第1版, and where it can be read as it was published. */
  text: string
  textHref: string
  /** SHA-256, hex: of the template and of the page as it was shown. */
  templateHash: string
  pageHash: string
}

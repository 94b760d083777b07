/** What each page of views/rights shows. */
import type { ListView } from '../http/listing.ts'
import type { Chip, Due, Facts, Link, Option, Rich } from '../http/parts.ts'
import type { Fields } from '../refusal.ts'
import type { FormFields, Typed } from './fields.ts'

/** A reported entry: words, and below them ids and the hash. */
export type EvidenceShown = { facts: Facts; codes: Facts }

/** views/rights/requests: which right, and the cases so far. */
export type RequestsPage = {
  cases: {
    id: string
    href: string
    number: string
    kind: string
    received: string
    due: Due | undefined
    state: Chip
  }[]
  kinds: { kind: string; name: string; does: string; self: Link[]; begin: Link }[]
}

/** views/rights/subject: what it is about. */
export type SubjectPage = {
  title: string
  does: string
  self: Link[]
  choices: { href: string; name: string; text: string }[]
}

/** views/rights/form: find the data, say what is asked. */
export type RequestFormPage = {
  title: string
  path: string
  back: Link
  kind: 'disclosure' | 'correction' | 'suspension' | 'stop_provision'
  once: string
  has: FormFields
  typed: Typed
  fields: Fields
  services: Option[]
  items: Option[]
  self: Link[]
  /** What is registered now, where the request is about it. */
  registered: Facts
  /** At the field for what to see, correct or stop. */
  whatHint: string
}

/** views/rights/check: everything once more, and who asks. */
export type CheckPage = {
  kind: string
  path: string
  trail: Link[]
  hidden: [name: string, value: string][]
  facts: Facts
  asker: Facts
  /** How the due date is counted; undefined: the answer comes at once. */
  sum: string[] | undefined
  /** The password was entered a moment ago. */
  confirmed: boolean
  fields: Fields
}

export type StepShown = { what: string; by: string; at: string; more: string[] }
export type AnswerShown = {
  outcome: string
  ground: string | undefined
  deeds: string[]
  paragraphs: string[]
  /** Not in the reader's language. */
  foreign: boolean
}

/** views/rights/case: receipt and state of one request. */
export type OwnCasePage = {
  heading: string
  number: string
  state: Chip
  done: 'sent' | 'answered_now' | 'confirmed' | 'withdrawn' | undefined
  due: Due | undefined
  late: string | undefined
  stands: string | undefined
  sum: string[]
  facts: Facts
  answer: AnswerShown | undefined
  letterHref: string | undefined
  /** `again`: what comes of asking for it once more. */
  receive: { lead: string[]; links: Link[]; again: string } | undefined
  objection: Rich | undefined
  steps: StepShown[]
  withdrawPath: string | undefined
}

/** views/rights/letter and views/rights/desk_letter: 決定通知書. */
export type LetterPage = {
  title: string
  trail: Link[]
  number: string
  date: string
  facts: Facts
  answer: AnswerShown
  objection: Rich
  /** At the desk: where the reason goes that opens name and words, for a letter on paper. */
  look: { path: string; reason: string; fields: Fields } | undefined
}

/** views/rights/confirm: the password once more, before a file. */
export type ConfirmPage = { path: string; trail: Link[]; file: string; fields: Fields }

/** views/rights/records: a disclosure of the records, for the screen and for paper. */
export type RecordsPage = {
  number: string
  trail: Link[]
  total: number
  /** What of it went at the end of its term. */
  removed: string | undefined
  rows: {
    at: string
    receiver: string
    facts: Facts
    proofHref: string
  }[]
  nextHref: string | undefined
}

/** views/rights/registered: a disclosure of the registered data. */
export type RegisteredPage = {
  number: string
  trail: Link[]
  head: Facts
  rows: { label: string; value: string; since: string }[]
}

/** views/rights/desk_list */
export type DeskListPage = {
  list: ListView
  filters: [value: string, label: string][]
  late: number
  rows: {
    id: string
    href: string
    number: string
    kind: string
    subject: string
    service: string
    received: string
    due: Due | undefined
    state: Chip
  }[]
}

/** views/rights/desk_case */
export type DeskCasePage = {
  path: string
  heading: string
  number: string
  state: Chip
  due: Due | undefined
  sum: string[]
  facts: Facts
  /** Nothing of the person is left. */
  erased: boolean
  acts: Link[]
  /** Steps that need no form. */
  deeds: { path: string; text: string }[]
  note: string | undefined
  /** Whether the reader may look at the person; the reason typed and what is wrong with it. */
  look: { reason: string; fields: Fields } | undefined
  person: { asker: Facts; words: Facts; answer: AnswerShown | undefined } | undefined
  /** What a report pointed at. */
  evidence: EvidenceShown | undefined
  letterHref: string | undefined
  steps: StepShown[]
}

/** views/rights/desk_unread: no deciding before reading. */
export type DeskUnreadPage = { trail: Link[]; heading: string; href: string }

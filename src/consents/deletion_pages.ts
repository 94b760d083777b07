/** What the pages about requests to erase show, to the company and to the resident. */
import type { Fields } from '../refusal.ts'
import type { ListView } from '../http/listing.ts'
import type { DeletionState, Outcome } from './deletion_model.ts'

export type DeletionRow = {
  href: string
  number: string
  service: string
  askedAt: string
  /** The last day to answer. */
  due: string
  state: DeletionState
}

/** views/consents/deletions. */
export type DeletionsPage = { list: ListView; rows: DeletionRow[] }

export type AnswerShown = {
  outcome: Outcome
  doneOn: string | undefined
  reason: string | undefined
  /** A reason was given, and went with the account. */
  gone: boolean
  at: string
}

/** views/consents/deletion: the person by the sub this company knows, and by nothing else. */
export type DeletionPage = DeletionRow & {
  subject: string
  answer: AnswerShown | undefined
  form: { outcome: string; done_on: string; reason: string }
  /** Between which days the erasure can have been, as YYYY-MM-DD. */
  days: { from: string; to: string }
  /** The first of these in words. */
  firstDay: string
  fields: Fields
}

/** The resident's own view of a request, on the page of its service (R7). */
export type DeletionShown = {
  number: string
  /** Whom it was asked of, where that is not the company the page is about (S-59). */
  company: string | undefined
  askedAt: string
  due: string
  state: DeletionState
  answer: AnswerShown | undefined
}

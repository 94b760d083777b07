/**
 * What the pages of the timeline show, ready to print in the reader's language.
 *
 * Addresses: /account/history · …/print · …/:entryId/report?at=<milliseconds> · /account/history.csv · /account/history.json
 */
import type { Rich } from '../http/parts.ts'
import type { Fields } from '../refusal.ts'
import type { HistoryKind } from './model.ts'

/** A service as a resident meets it. */
type Face = { id: string; name: string; provider: string }

/** An entry in words. Items, purposes and the path are labels. */
export type Told = {
  id: string
  at: Date
  kind: HistoryKind
  service: Face | undefined
  sentence: Rich
  asked: string[]
  given: string[]
  /** Asked for and not given, by reason. */
  rest: { items: string[]; why: string }[]
  purposes: string[]
  path: string | undefined
  notes: string[]
  link: { href: string; text: string } | undefined
}

/** One line of the timeline; `time` is 9:05, `small` are sentences below. */
export type Line = {
  id: string
  time: string
  kind: HistoryKind
  sentence: Rich
  small: string[]
  link: Told['link']
  /** undefined: on paper. */
  reportHref: string | undefined
}

export type Days = { date: string; lines: Line[] }[]

/** As asked for in the address; empty: not asked. */
export type Values = {
  q: string
  service: string
  item: string
  kind: HistoryKind | ''
  from: string
  to: string
}

/** views/history/list. Newest first; lines of one day together. */
export type HistoryPage = {
  days: Days
  values: Values
  fields: Fields
  narrowed: boolean
  services: { id: string; name: string }[]
  items: { id: string; label: string }[]
  kinds: readonly HistoryKind[]
  newestHref: string | undefined
  newerHref: string | undefined
  olderHref: string | undefined
  /** Looked back to this day and found no more so far. */
  restedOn: string | undefined
  csvHref: string
  jsonHref: string
  printHref: string
  /** Since when the record is whole, and what about it is younger. */
  since: string[]
}

/** views/history/print. */
export type PrintPage = {
  days: Days
  person: string
  asOf: string
  narrowed: string
  since: string[]
  historyHref: string
  nextHref: string | undefined
}

/** views/history/report. Posts `text` and `once`. */
export type ReportPage = {
  facts: { label: string; text: string }[]
  /** SHA-256, hex: the entry in the ledger; undefined for what is no entry of it. */
  hash: string | undefined
  proofHref: string | undefined
  text: string
  once: string
  fields: Fields
}

/** views/history/reported. */
export type ReportedPage = { number: string; due: string | undefined; caseHref: string }

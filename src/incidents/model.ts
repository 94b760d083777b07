/**
 * 漏えい等のお知らせ – after a leak, a letter to each person concerned.
 * Owns: rounds of letters, what each person had given away, drafts, sending and its progress. Does not own: the case
 * with its clocks and reports (duties), provision records (provisions), notices and mail (notices).
 * Law: APPI 26(2), 規則 10; 68(2), 規則 45. Rows: I-06, E-13, E-14.
 */
import { createHash } from 'node:crypto'
import { canonical, type Json } from '../audit/model.ts'
import type { Both } from '../installation.ts'

export type State = 'counting' | 'counted' | 'sending' | 'sent' | 'withdrawn'

/** What a letter says (規則 10 with 8(1)(i)(ii)(iv)(v)(ix)), and whom to ask. */
export const PARTS = ['overview', 'items', 'cause', 'secondary', 'other', 'contact'] as const
export type Part = (typeof PARTS)[number]
export type LetterText = Record<Part, string>
export type Letter = Record<keyof Both, LetterText>

/** For the authority's report; counted once, of the moment `countedAt`. */
export type Figures = {
  /** Persons concerned, test persons left out. */
  persons: number
  /** With an open account: they are told. */
  reachable: number
  /** Accounts erased meanwhile: counted, nobody to tell. */
  unreachable: number
  /** Of whom no consent to any of the services is in force any more. */
  ended: number
  /** Items received, release by release. */
  releases: number
  byItem: { id: string; persons: number }[]
  byService: { id: string; persons: number }[]
  first: string | null
  last: string | null
}

export type Scope = { services: string[]; items: string[]; since: Date | null; until: Date }

/** One round of letters about a leak. */
export type Incident = Scope & {
  id: string
  caseId: string
  /** Null: the consortium's own leak. */
  memberId: string | null
  state: State
  countedServices: number
  countedToAt: Date | null
  countedToId: string | null
  countedAt: Date | null
  figures: Figures | null
  proposalId: string | null
  openedAt: Date
  approvedAt: Date | null
  finishedAt: Date | null
}

/** Persons of one transaction of letters, by their ids. */
export type Batch = {
  incidentId: string
  number: number
  first: string
  last: string
  persons: number
}

/** How far the letters of a round are. */
export type Progress = {
  /** Persons of whom nothing was done yet. */
  waiting: number
  posted: number
  unreachable: number
  /** Of the posted ones. */
  mailed: number
  printed: number
  /** Neither mailed nor printed, posted within the day; posted before; and with an account erased since. */
  mailWaits: number
  mailLate: number
  erased: number
  /** Batches given up by the queue or not yet reached. */
  batchesLeft: number
}

/** What somebody had given away of it, by service and item. */
export type Finding = {
  service: Both
  item: Both
  firstAt: Date
  lastAt: Date
  times: number
  consents: { id: string; agreedAt: Date }[]
}

/** What is decided by two persons: this round, these figures, these words. */
export type Body = {
  incident: string
  scope: { services: string[]; items: string[]; since: string | null; until: string }
  figures: Figures
  letter: Letter
}

export const hashOf = (figures: Figures): string =>
  createHash('sha256')
    .update(canonical(figures as unknown as Json))
    .digest('hex')

export const sum = (one: Figures, other: Figures): Figures => ({
  persons: one.persons + other.persons,
  reachable: one.reachable + other.reachable,
  unreachable: one.unreachable + other.unreachable,
  ended: one.ended + other.ended,
  releases: one.releases + other.releases,
  byItem: added(one.byItem, other.byItem),
  byService: added(one.byService, other.byService),
  first: [one.first, other.first].filter((at) => at !== null).toSorted()[0] ?? null,
  last:
    [one.last, other.last]
      .filter((at) => at !== null)
      .toSorted()
      .at(-1) ?? null,
})

type Counted = { id: string; persons: number }

function added(one: readonly Counted[], other: readonly Counted[]): Counted[] {
  const all = new Map(one.map(({ id, persons }) => [id, persons]))
  for (const { id, persons } of other) all.set(id, (all.get(id) ?? 0) + persons)
  return [...all]
    .map(([id, persons]) => ({ id, persons }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

export const NOBODY: Figures = {
  persons: 0,
  reachable: 0,
  unreachable: 0,
  ended: 0,
  releases: 0,
  byItem: [],
  byService: [],
  first: null,
  last: null,
}

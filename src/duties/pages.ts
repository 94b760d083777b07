/** What the pages of this room show. Both areas, console and portal, see the same pages. */
import type { ListView } from '../http/listing.ts'
import type { CaseForm, Chip, Due, Facts, Link } from '../http/parts.ts'
import type { Area } from '../people/model.ts'

/** views/duties/list.eta */
export type ListPage = {
  area: Area
  list: ListView
  filters: [value: string, label: string][]
  rows: {
    id: string
    href: string
    number: string
    kind: string
    member: string
    bound: string
    state: Chip
    due: Due | undefined
    yours: boolean
  }[]
  /** How many are overdue, whatever is searched for. */
  late: number
  begin: Link[]
}

/** The two clocks of a leak, in words (E-13, E-14). */
export type ClocksPanel = {
  say: string
  tone: 'bad' | 'warn' | 'info'
  because: string[]
  threshold: string
  first: Due
  firstWords: string
  final: Due
  finalWords: string[]
  items: { name: string; written: boolean }[]
  left: string
  gap: string | undefined
}

/** views/duties/case.eta */
export type CasePage = {
  /** Of a leak, on the console: letters to the people concerned (incidents). */
  lettersHref?: string | undefined
  area: Area
  path: string
  heading: string
  number: string
  state: Chip
  due: Due | undefined
  facts: Facts
  clocks: ClocksPanel | undefined
  acts: Link[]
  note: string | undefined
  steps: { what: string; by: string; at: string; facts: Facts; document: Link | undefined }[]
  documents: {
    link: Link
    number: string
    sender: string
    sentAt: string
    readings: string[]
    /** To programs, which is no opening. */
    handed: string[]
    mails: string[]
  }[]
}

/** views/duties/form.eta */
export type FormPage = CaseForm & { area: Area }

/** views/duties/document.eta */
export type DocumentPage = {
  area: Area
  trail: Link[]
  number: string
  date: string
  title: string
  to: string
  from: string
  by: string
  clause: string
  facts: Facts
  hash: string
  proof: string[]
}

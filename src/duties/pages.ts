/** What the pages of this room show. Both areas, console and portal, see the same pages. */
import type { ListView } from '../http/listing.ts'
import type { Area } from '../people/model.ts'

export type Due = { date: string; badge: string; tone: 'late' | 'soon' | 'calm' }
export type Chip = { word: string; tone: 'good' | 'warn' | 'bad' | 'still' | 'must' | 'free' }
export type Link = { href: string; text: string }
export type Facts = [label: string, value: string][]

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
    mails: string[]
  }[]
}

export type Input = {
  name: string
  label: string
  kind: 'line' | 'text' | 'day' | 'moment' | 'count' | 'yen' | 'one' | 'many' | 'select'
  must: boolean
  hint: string | undefined
  error: string | undefined
  value: string
  values: readonly string[]
  /** The first day that can be chosen. */
  min?: string | undefined
  options: { value: string; label: string }[]
}

/** views/duties/form.eta */
export type FormPage = {
  area: Area
  path: string
  trail: Link[]
  heading: string
  lead: string
  clause: string
  notes: string[]
  written: Facts
  hidden: [name: string, value: string][]
  inputs: Input[]
  button: string
  keep: string | undefined
  /** There is nothing this could be about: no form then. */
  nothing: string | undefined
}

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

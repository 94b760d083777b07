/** What views/incidents/*.eta show. */
import type { Chip, Decide, Option, ShownTurn } from '../http/parts.ts'
import type { Fields } from '../refusal.ts'
import type { Part } from './model.ts'

/** views/incidents/list */
export type ListPage = {
  rounds: {
    href: string
    number: string
    holder: string
    state: Chip
    persons: string
    at: string
  }[]
}

/** views/incidents/new */
export type NewPage = {
  caseId: string
  number: string
  caseHref: string
  holder: string
  own: boolean
  services: Option[]
  catalogue: Option[]
  values: { services: string[]; items: string[]; since: string; until: string }
  fields: Fields
}

/** views/incidents/one */
export type OnePage = {
  path: string
  number: string
  caseHref: string
  holder: string
  state: Chip
  facts: [label: string, value: string][]
  /** Undefined while it counts. */
  figures:
    | { facts: [label: string, value: string][]; items: Count[]; services: Count[]; at: string }
    | undefined
  counting: string | undefined
  words: { label: string; text: string }[]
  /** Where the reader may go from here. */
  writeHref: string | undefined
  previewHref: string | undefined
  mayWithdraw: boolean
  mayResume: boolean
  printHref: string | undefined
  decide: Decide | undefined
  turns: ShownTurn[]
  progress: [label: string, value: string][]
}
type Count = { name: string; persons: string }

/** views/incidents/edit */
export type EditPage = {
  path: string
  backHref: string
  number: string
  hash: string
  values: Record<string, string>
  fields: Fields
}

/** views/incidents/letter: the letter as it is read and printed. */
export type LetterShown = {
  /** On top of the sheet; undefined where nothing of it is registered. */
  address: { postal: string | undefined; lines: string[]; name: string } | undefined
  userId: string
  at: string
  number: string
  holder: string
  sender: string
  words: Record<Part, string>
  findings: {
    service: string
    what: string
    first: string
    last: string
    times: string
    consents: string
  }[]
}

/** views/incidents/mine, views/incidents/preview */
export type MinePage = { letter: LetterShown }
export type PreviewPage = { letter: LetterShown; backHref: string; number: string }

/** views/incidents/print */
export type PrintPage = {
  path: string
  backHref: string
  number: string
  left: string
  letters: { id: string; letter: LetterShown }[]
}

/** What views/records/*.eta show. */
import type { Area } from '../people/model.ts'
import type { Fields } from '../refusal.ts'

type Choice = { value: string; label: string }
export type Filters = { from: string; to: string; service: string }

export type RecordsPage = {
  area: Area
  path: string
  values: Filters
  fields: Fields
  services: Choice[]
  totals: { company: string; service: string; times: string; last: string }[]
  all: string
  /** What of the period went at the end of its term. */
  removed: string | undefined
  /** Newest first; no names: people are numbers here. */
  entries: {
    at: string
    receiver: string
    service: string
    /** As the company knows the person; undefined on the console. */
    person: string | undefined
    items: string
    consent: string
    path: string
  }[]
  nextHref: string | undefined
  firstHref: string | undefined
  /** Where a file is made; undefined where the reader's role may not. */
  exportHref: string | undefined
}

export type ExportPage = {
  area: Area
  path: string
  backHref: string
  values: Filters & { side: string; form: string; type: string; reason: string }
  fields: Fields
  services: Choice[]
}

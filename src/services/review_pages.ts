/** What the console shows of services and their reviews (A3): pure, from what was read to a page in one language. */
import { itemNames, purposeNames, type Catalogue, type IdKind } from '../catalogue/model.ts'
import { permits } from '../contracts/model.ts'
import type { Decide, ShownTurn } from '../http/parts.ts'
import type { ListView } from '../http/listing.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import { CLAUSES, type Clause } from './clauses.ts'
import { differencesOf, matrixOf, type Mark } from './diff.ts'
import type { Bounds, Proposed } from './model.ts'
import { RESULTS, type Result, type ServiceProposal } from './review_model.ts'

/** views/services/review_list.eta */
export type ServiceList = {
  list: ListView
  rows: {
    href: string
    name: string
    company: string
    status: ServiceRowStatus
    version: string
    changed: string
    /** A review of its next version is open. */
    nextHref: string | undefined
  }[]
}

export const ROW_STATES = [
  'submitted',
  'proposed',
  'returned',
  'approved',
  'live',
  'suspended',
  'ended',
  'refused',
] as const
export type ServiceRowStatus = (typeof ROW_STATES)[number] | 'draft'

export type ShownDifference = { what: string; mark: Mark; before: string[]; after: string[] }

export type ShownMatrix = {
  purposes: { name: string; added: boolean }[]
  rows: {
    name: string
    added: boolean
    cells: ({ required: boolean; added: boolean } | undefined)[]
    within: boolean
    result: Result | undefined
  }[]
}

/** One item of the application, and the fields of its result as they were typed or decided. */
export type AskedItem = {
  id: string
  name: string
  required: boolean
  purposes: { id: string; name: string; ticked: boolean }[]
  reason: string
  effect: string
  kept: string | undefined
  result: Result | ''
  note: string
  optional: boolean
  pulls: string
  life: string
  wordsJa: string
  wordsEn: string
  bounds: string[]
  error: string | undefined
}

export type ShownClause = {
  id: Clause
  company: string | undefined
  found: boolean
  place: string
  checked: string | undefined
  error: string | undefined
}

/** views/services/review.eta */
export type ReviewPage = {
  id: string
  title: string
  names: string
  provider: string
  version: number
  /** The version in force, which the difference is to. */
  beforeVersion: number | undefined
  state: string
  memberHref: string
  serviceHref: string | undefined
  again: { inForce: string; again: string; count: number; reasons: string[] } | undefined
  matrix: ShownMatrix
  /** Of a first version: everything it says beside its items and clauses, so that nothing is approved unseen. */
  differences: ShownDifference[]
  /** SHA-256 of the picture, at /admin/logos (F8). */
  logo: string | undefined
  items: AskedItem[]
  clauses: ShownClause[]
  kind: 'third_party' | 'own'
  warnings: string[]
  previews: { href: string; text: string }[]
  /** The registrar may write results. */
  mayExamine: boolean
  hash: string
  fields: Fields
  done: string
  decide: Decide
  turns: ShownTurn[]
}

/** What a bound says, in words. */
export function boundLines(bounds: Bounds | undefined, language: Language): string[] {
  const t = messages[language].consents.limits
  if (!bounds) return []
  const { pullsPerMonth, lifeDays, purposeWords } = bounds
  return [
    ...(purposeWords ? [`${t.use} ${purposeWords[language]}`] : []),
    ...(pullsPerMonth ? [`${t.often} ${t.pulls(pullsPerMonth)}`] : []),
    ...(lifeDays ? [`${t.kept} ${t.days(lifeDays)}`] : []),
  ]
}

export function shownMatrix(
  { now, before, at }: Proposed,
  said: ServiceProposal,
  catalogue: Catalogue,
  language: Language,
): ShownMatrix {
  const order = catalogue.purposes.map(({ id }) => id)
  const asked = said.asked.items
  const matrix = matrixOf(asked, before?.version.items, order)
  return {
    purposes: matrix.purposes.map(({ id, added }) => ({
      name: purposeNames(catalogue.purposes, id)[language],
      added,
    })),
    rows: matrix.rows.map(({ item, added, cells }, n) => ({
      name: itemNames(catalogue.items, item, now.contract.subjectType)[language],
      added,
      cells,
      within: permits(now.contract.flows, asked[n] ?? { item, purposes: [] }, at),
      result: said.results?.[item]?.result,
    })),
  }
}

/** The difference field by field, in words; of a first version without items and clauses, which the page shows anyway. */
export function shownDifferences(
  { now, before }: Proposed,
  catalogue: Catalogue,
  language: Language,
): ShownDifference[] {
  const { reviewing } = messages[language]
  const label = (part: string) => reviewing.diff.fields[part] ?? part
  const text = (place: string, value: string | undefined): string[] => {
    if (value === undefined) return []
    const lines = value.split('\n')
    if (place.endsWith('.purposes'))
      return lines.map((id) => purposeNames(catalogue.purposes, id)[language])
    return lines.map((line) => reviewing.values[line] ?? line)
  }
  const shown = differencesOf(before, now).filter(
    ({ place }) => before !== undefined || !/^(items|clauses)\./.test(place),
  )
  return shown.map(({ place, mark, before, after }) => {
    const parts = place.split('.')
    const [first = '', second = '', ...rest] = parts
    const what =
      first === 'items'
        ? [
            itemNames(catalogue.items, second, now.contract.subjectType)[language],
            ...rest.map(label),
          ]
        : first === 'clauses'
          ? [label('clauses'), reviewing.clauses.names[second as Clause] ?? second]
          : parts.map(label)
    const join = language === 'ja' ? '・' : ' – '
    return { what: what.join(join), mark, before: text(place, before), after: text(place, after) }
  })
}

/** What stands in the form: as typed where it is shown again, else as decided before, else as asked. */
export function askedItems(
  said: ServiceProposal,
  shown: {
    catalogue: Catalogue
    /** Of the contract the application names. */
    idKind: IdKind
    language: Language
    typed: Typed | undefined
    fields: Fields
  },
): AskedItem[] {
  const { catalogue, language, typed, fields } = shown
  return said.asked.items.map((asked): AskedItem => {
    const id = asked.item
    const known = said.results?.[id]
    const one = (name: string, decided: string | undefined) =>
      typed ? (typed[`${name}_${id}`]?.[0] ?? '') : (decided ?? '')
    const ticked = typed?.[`purposes_${id}`] ?? known?.purposes ?? asked.purposes
    const result = RESULTS.find((one_) => one_ === one('result', known?.result))
    const fault = Object.entries(fields).find(([place]) =>
      `${place}.`.startsWith(`results.${id}.`),
    )?.[1]
    return {
      id,
      name: itemNames(catalogue.items, id, shown.idKind)[language],
      required: asked.required,
      purposes: asked.purposes.map((purpose) => ({
        id: purpose,
        name: purposeNames(catalogue.purposes, purpose)[language],
        ticked: ticked.includes(purpose),
      })),
      reason: asked.reasons[language],
      effect: asked.effects[language],
      kept: asked.retention?.[language],
      result: result ?? '',
      note: one('note', known?.note),
      optional: one('need', known && !known.required && asked.required ? 'optional' : '') !== '',
      pulls: one('pulls', known?.bounds?.pullsPerMonth?.toString()),
      life: one('life', known?.bounds?.lifeDays?.toString()),
      wordsJa: one('words_ja', known?.bounds?.purposeWords?.ja),
      wordsEn: one('words_en', known?.bounds?.purposeWords?.en),
      bounds: boundLines(known?.bounds, language),
      error: fault,
    }
  })
}

/** A posted form, every field as a list. */
export type Typed = Record<string, string[] | undefined>

export function shownClauses(
  said: ServiceProposal,
  shown: {
    language: Language
    typed: Typed | undefined
    fields: Fields
    operators: ReadonlyMap<string, string>
    /** The company's own place stands ready in the form; it is none that was checked. */
    mayExamine: boolean
  },
): ShownClause[] {
  const { language, typed, fields, operators, mayExamine } = shown
  const t = messages[language].reviewing.clauses
  return CLAUSES.map((id): ShownClause => {
    const known = said.clauses?.find(({ clause }) => clause === id)
    const company = said.asked.clauses?.[id]
    return {
      id,
      company,
      found: typed ? typed[`found_${id}`] !== undefined : (known?.found ?? false),
      place: typed
        ? (typed[`place_${id}`]?.[0] ?? '')
        : (known?.place ?? (mayExamine ? company : undefined) ?? ''),
      checked:
        known &&
        t.checked(operators.get(known.checker) ?? '—', words(language).date(new Date(known.on))),
      error: fields[`clauses.${id}`],
    }
  })
}

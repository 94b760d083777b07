/** What the contract pages show. */
import { itemNames, purposeNames, type Catalogue } from '../catalogue/model.ts'
import type { ListView } from '../http/listing.ts'
import type { Decide, ShownTurn } from '../http/parts.ts'
import { startOfDay } from '../input/days.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import { CAUSES, DEFAULT_BEARERS } from './model.ts'
import type { Form } from './form.ts'
import type { ContractAsked } from './schema.ts'

/** In whose words a contract is shown. */
export type Reader = {
  language: Language
  catalogue: Catalogue
  /** The consent texts that may be chosen: name of the folder → title. */
  templates: ReadonlyMap<string, string>
  /** Title of the installation's own choice. */
  usualTemplate: string
}

type Fact = [label: string, value: string]

/** A contract as it is read: the same on the operators' page, the staff's and on paper. */
export type Shown = {
  number: string
  term: string
  sections: { id: string; title: string; facts: Fact[] }[]
  flows: { title: string; receiver: string; facts: Fact[] }[]
  approvals: string[]
  documents: { number: string; date: string; title: string; sender: string; sha256: string }[]
  /** Whether the bearers are still 要確認. */
  unconfirmed: boolean
}

type Asked = Partial<ContractAsked> & Pick<ContractAsked, 'number' | 'from' | 'to' | 'flows'>

/** Builds `Shown` of what a draft or a version says. */
export function shown(asked: Asked, reader: Reader): Shown {
  const c = messages[reader.language].contracts
  const f = c.fields
  const w = words(reader.language)
  const day = (text: string) => w.dateWithWeekday(startOfDay(text))
  const facts = (pairs: [string, string | undefined][]): Fact[] =>
    pairs.filter((pair): pair is Fact => pair[1] !== undefined && pair[1] !== '')
  const bearers = asked.bearers ?? DEFAULT_BEARERS
  const sections = [
    {
      id: 'basics',
      facts: facts([
        [f.number, asked.number],
        [f.from, day(asked.from)],
        [f.to, day(asked.to)],
        [f.subjectType, asked.subjectType && c.subjectTypes[asked.subjectType]],
        [f.offlineAccess, asked.offlineAccess ? c.yes : c.no],
        [f.template, templateOf(asked.template, reader)],
      ]),
    },
    {
      id: 'handling',
      facts: facts([
        [f.dataContent, asked.dataContent],
        [f.delivery, asked.delivery],
        [f.rights, asked.rights],
        [f.confidentiality, asked.confidentiality],
        [f.responsibility, asked.responsibility],
        [f.retention, asked.retention],
      ]),
    },
    { id: 'foreign', facts: facts(foreignFacts(asked.foreign, reader.language)) },
    {
      id: 'duties',
      facts: facts([
        ...CAUSES.map((cause): [string, string] => [
          f[`bearer_${cause}`],
          c.bearers[bearers[cause]],
        ]),
        [f.bearers_confirmed, bearers.confirmed ? c.confirmedYes : c.confirmedNo],
        [f.auditNoticeDays, asked.auditNoticeDays?.toString()],
        [f.auditLimit, asked.auditLimit && c.auditLimits[asked.auditLimit]],
      ]),
    },
  ] as const
  return {
    number: asked.number,
    term: c.term(day(asked.from), day(asked.to)),
    sections: sections.map((section) => ({ ...section, title: c.sections[section.id] })),
    flows: asked.flows.map((flow, n) => ({
      title: `${c.flow(n + 1)} ${c.directions[flow.giver]}`,
      receiver: c.sides[flow.receiver],
      facts: flowFacts(flow, asked.subjectType, reader),
    })),
    approvals: (asked.approvals ?? []).map(
      (one) => `${c.approvalKinds[one.kind]} ${one.number} ${day(one.date)} ${one.text}`,
    ),
    documents: (asked.documents ?? []).map((one) => ({
      ...one,
      date: day(one.date),
      sha256: one.sha256 ?? '',
    })),
    unconfirmed: !bearers.confirmed,
  }
}

function templateOf(
  template: string | undefined,
  { language, templates, usualTemplate }: Reader,
): string {
  if (template === undefined)
    return messages[language].contracts.installationTemplate(usualTemplate)
  return templates.get(template) ?? template
}

function foreignFacts(
  foreign: ContractAsked['foreign'],
  language: Language,
): [string, string | undefined][] {
  const c = messages[language].contracts
  const said = foreign ?? { kind: 'none' as const }
  return [
    [c.fields.foreign_kind, c.foreignKinds[said.kind]],
    [c.fields.foreign_country, said.country],
    [c.fields.foreign_ground, said.ground && c.grounds[said.ground]],
    [c.fields.foreign_system, said.system],
    [c.fields.foreign_measures, said.measures],
    [c.fields.foreign_link, said.link],
    [c.fields.foreign_reason, said.reason],
  ]
}

type FlowAsked = ContractAsked['flows'][number]

function flowFacts(
  flow: FlowAsked,
  kind: Asked['subjectType'],
  { language, catalogue }: Reader,
): Fact[] {
  const c = messages[language].contracts
  const w = words(language)
  const day = (text: string | undefined) => text && w.dateWithWeekday(startOfDay(text))
  const items = flow.items.map((id) => itemNames(catalogue.items, id, kind)[language])
  const purposes = flow.purposes.map((id) => purposeNames(catalogue.purposes, id)[language])
  const pairs: [string, string | undefined][] = [
    [c.flowFields.items, items.length ? w.list(items) : undefined],
    [c.flowFields.dataset, flow.dataset],
    [c.flowFields.purposes, w.list(purposes)],
    [c.flowFields.delivery, flow.delivery],
    [c.flowFields.from, day(flow.from)],
    [c.flowFields.to, day(flow.to)],
    [c.flowFields.consideration, flow.consideration],
  ]
  return pairs.filter((pair): pair is Fact => pair[1] !== undefined)
}

export type Difference = { what: string; was: string; will: string }

/** What is different between two versions, field by field, and within flows item by item. */
export function differences(was: Asked, will: Asked, reader: Reader): Difference[] {
  const [before, after] = [linesOf(was, reader), linesOf(will, reader)]
  const { nothing } = messages[reader.language].contracts.detail
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((what) => {
    const [one, other] = [before.get(what) ?? nothing, after.get(what) ?? nothing]
    return one === other ? [] : [{ what, was: one, will: other }]
  })
}

function linesOf(asked: Asked, reader: Reader): Map<string, string> {
  const { language, catalogue } = reader
  const c = messages[language].contracts
  const lines = new Map<string, string>()
  const view = shown(asked, reader)
  for (const { facts } of view.sections) for (const [label, value] of facts) lines.set(label, value)
  asked.flows.forEach((flow, n) => {
    const head = (label: string) =>
      c.detail.flowLine(c.flow(n + 1), c.directions[flow.giver], label)
    for (const [label, value] of flowFacts({ ...flow, items: [], purposes: [] }, undefined, reader))
      if (value !== '') lines.set(head(label), value)
    // The kind of ID is a line of its own: an item is no other one because of it.
    const each = [
      [c.flowFields.items, flow.items.map((id) => itemNames(catalogue.items, id, undefined))],
      [c.flowFields.purposes, flow.purposes.map((id) => purposeNames(catalogue.purposes, id))],
    ] as const
    for (const [label, all] of each) {
      for (const names of all)
        lines.set(c.detail.entry(head(label), names[language]), c.detail.includes)
    }
  })
  view.approvals.forEach((text, n) => lines.set(c.rowOf(c.sections.approvals, n + 1), text))
  view.documents.forEach(({ number, date, title, sender, sha256 }, n) =>
    lines.set(
      c.rowOf(c.sections.documents, n + 1),
      [number, date, title, sender, sha256].join(' ').trim(),
    ),
  )
  return lines
}

/** A page of the console or the portal with contracts in a list. */
export type ListRow = {
  href: string
  number: string
  company: string
  term: string
  state: keyof typeof CHIPS
  /** State of an open proposal. */
  open: string
  /** Last day, where it ends within 90 days and nothing follows. */
  ending: { date: string; daysLeft: number } | undefined
}

/** The chip of each state. */
const CHIPS = { draft: 'free', coming: 'must', in_force: 'good', ended: 'still' } as const

export type ListPage = { rows: ListRow[]; list: ListView; mayDraft: boolean }

export type ChoosePage = { companies: { id: string; name: string }[] }

export type FormPage = {
  title: string
  action: string
  company: string
  memberId: string
  /** Of the proposal that is rewritten. */
  hash: string
  form: Form
  /** Numbers of the rows; not `rows`, which parts/field reads. */
  lines: Record<'flow' | 'approval' | 'document', number[]>
  items: { value: string; label: string }[]
  purposes: { value: string; label: string }[]
  templates: { value: string; label: string }[]
  numberFixed: boolean
  fields: Fields
  labels: Record<string, string>
  back: string
}

type ServiceRow = {
  name: string
  status: string
  residents: number
  over: string[]
  lost: string[]
}

export type DetailPage = {
  id: string
  number: string
  company: { name: string; href: string }
  state: keyof typeof CHIPS
  ending: string
  done: string
  contract: Shown | undefined
  version: number
  hash: string
  proposal:
    | {
        state: string
        shown: Shown
        differences: Difference[]
        turns: ShownTurn[]
        decide: Decide
        /** Only while it is open. */
        affected: { services: number; residents: number; lost: string[] } | false
        mayEdit: boolean
      }
    | undefined
  versions: { title: string; term: string; made: string; differences: Difference[] }[]
  services: ServiceRow[]
  mayDraft: boolean
  fields: Fields
}

export type PrintPage = {
  consortium: string
  company: string
  contract: Shown
  version: string
  hash: string
  printed: string
  back: string
}

export type StaffRow = ListRow

export type StaffPage = {
  number: string
  state: keyof typeof CHIPS
  contract: Shown
  version: string
  /** Flows that are open now, with the days left. */
  open: {
    title: string
    receiver: string
    facts: Fact[]
    until: { date: string; daysLeft: number }
  }[]
  print: string
}

/** What the portal shows of a service: pure, from what is there to pages in one language. */
import { itemNames, type Catalogue } from '../catalogue/model.ts'
import type { Contract } from '../contracts/model.ts'
import { turnOf } from '../contracts/model.ts'
import type { ListView } from '../http/listing.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { State, Turn } from '../reviews/model.ts'
import { found, type Found, type Typed } from './draft_forms.ts'
import type { Part, PartialDraft } from './draft_schema.ts'
import { writable, type Mine } from './drafts.ts'
import type { Fault } from '../input/faults.ts'
import type { ServiceStatus } from './model.ts'
import type { Result } from './review_model.ts'

const TABS = ['about', 'items', 'connection', 'papers', 'review', 'keys', 'test'] as const
export type Tab = (typeof TABS)[number]

/** What every page of one service begins with. */
export type Head = {
  id: string
  name: string
  provider: string
  tab: Tab
  logo: string | undefined
  /** What a program of the service calls itself (OAuth); undefined until something was approved. */
  clientId: string | undefined
  /** Of what is in force; undefined until something was approved. */
  status: ServiceStatus | undefined
  version: number | undefined
  /** Of what is on its way. */
  state: State | undefined
  /** The step that is being taken, from 0. */
  step: number
  /** Of the draft: what a decision binds to; empty where there is none. */
  hash: string
  writable: boolean
  /** Whether the next version may be begun. */
  mayBegin: boolean
}

export function headOf(
  own: Mine,
  { tab, provider, language }: { tab: Tab; provider: string; language: Language },
): Head {
  const { now, proposal, asked } = own
  const name = asked.names?.[language] ?? asked.names?.ja ?? asked.key
  const ended = now?.service.status === 'ended'
  return {
    id: own.serviceId,
    name,
    provider,
    tab,
    logo: asked.logo,
    clientId: now?.service.clientId,
    status: now?.service.status,
    version: now?.version.version,
    state: proposal?.state,
    step: stepOf(own),
    hash: proposal?.hash ?? '',
    writable: writable(own) !== undefined,
    mayBegin: now !== undefined && !proposal && !ended,
  }
}

function stepOf({ now, proposal }: Mine): number {
  if (proposal && ['draft', 'returned'].includes(proposal.state)) return 0
  if (proposal?.state === 'submitted') return 1
  if (proposal?.state === 'proposed') return 2
  const status = now?.service.status ?? 'draft'
  if (status === 'draft') return 0
  if (status === 'submitted') return 1
  return status === 'approved' ? 3 : 4
}

export type PartPage = {
  head: Head
  part: Part
  values: Typed
  /** Field → rule. */
  fields: Record<string, string>
  /** Field → label, with the line of a field of several. */
  labels: Record<string, string>
  /** What the draft was changed to meanwhile by somebody else: this form can be saved over it. */
  meanwhile: boolean
  saved: boolean
  contracts: { value: string; label: string }[]
  items: { id: string; name: string; claims: string; allowed: string | undefined }[]
  purposes: { value: string; label: string }[]
}

/** Everything a form of one part shows. */
export function partPage(
  head: Head,
  part: Part,
  shown: {
    asked: PartialDraft
    values: Typed
    wrong: readonly Found[]
    meanwhile?: boolean
    saved?: boolean
    contracts: readonly Contract[]
    catalogue: Catalogue
    language: Language
    at: Date
  },
): PartPage {
  const { language, contracts, catalogue, at, asked } = shown
  const nameOf = new Map(catalogue.purposes.map(({ id, names }) => [id, names[language]]))
  const contract = contracts.find(({ number }) => number === asked.contract)
  const turn = contract && turnOf(contract, at)
  const flows = turn?.flows.filter((flow) => flow.giver === 'consortium')
  const fields = shown.wrong.map(({ field, rule }) => [field, rule] as const)
  return {
    head,
    part,
    values: shown.values,
    fields: Object.fromEntries(fields),
    labels: Object.fromEntries(
      shown.wrong.map((one) => [one.field, labelOf(one, language, catalogue)]),
    ),
    meanwhile: shown.meanwhile ?? false,
    saved: shown.saved ?? false,
    contracts: contractOptions(contracts, { language, at }),
    items: catalogue.items.map(({ id, claims }) => {
      const open = flows?.filter((flow) => flow.items.includes(id)) ?? []
      const may = [...new Set(open.flatMap((flow) => flow.purposes))]
      const allowed = may.map((purpose) => nameOf.get(purpose) ?? purpose)
      return {
        id,
        name: itemNames(catalogue.items, id, turn?.subjectType)[language],
        claims: claims.join(' '),
        allowed: allowed.length ? words(language).list(allowed) : undefined,
      }
    }),
    purposes: catalogue.purposes.map(({ id, names }) => ({ value: id, label: names[language] })),
  }
}

export function contractOptions(
  contracts: readonly Contract[],
  { language, at }: { language: Language; at: Date },
): PartPage['contracts'] {
  const w = words(language)
  return contracts.map((one) => {
    const { startsAt, endsAt } = turnOf(one, at)
    const said = messages[language].portal.contractOption
    return { value: one.number, label: said(one.number, w.date(startsAt), w.lastDay(endsAt)) }
  })
}

/** How a field is called in the summary of what is wrong. */
function labelOf({ field, line }: Found, language: Language, catalogue: Catalogue): string {
  const { fields, itemFields, clauses, line: nth, of } = messages[language].portal
  const item = /^(item|purpose|need|reason|effect|keep)_(.+?)(?:_(ja|en))?$/.exec(field)
  const known = item && catalogue.items.find(({ id }) => id === item[2])
  const [, clause = ''] = /^clause_(.+)$/.exec(field) ?? []
  const label = known
    ? of(
        itemNames(catalogue.items, known.id, undefined)[language],
        itemFields[(item[1] ?? 'item') as keyof typeof itemFields],
      )
    : ((clauses as Record<string, string>)[clause] ??
      (fields as Record<string, string>)[field] ??
      field)
  return line ? nth(label, line) : label
}

export type ReviewPage = {
  head: Head
  /** What keeps it from being submitted, with the way there. */
  missing: { href: string; label: string; rule: string }[]
  manager: boolean
  note: string | undefined
  results: { item: string; result: Result; note: string }[]
  turns: {
    turn: Turn['turn']
    revision: number
    by: Turn['byKind']
    at: string
    note: string | null
  }[]
  done: 'submitted' | 'recalled' | undefined
}

export function reviewPage(
  head: Head,
  shown: {
    own: Mine
    /** Whose results are shown: the open draft, else what was approved last. */
    judged: Mine['proposal']
    faults: readonly Fault[]
    turns: readonly Turn[]
    manager: boolean
    done: ReviewPage['done']
    catalogue: Catalogue
    language: Language
  },
): ReviewPage {
  const { own, catalogue, language, turns } = shown
  const body = shown.judged?.body ?? {}
  const results = (body['results'] ?? body['earlier'] ?? {}) as Record<
    string,
    { result: Result; note: string }
  >
  const last = turns.find(({ turn }) => turn === 'returned' || turn === 'refused')
  const isBack = own.proposal?.state === 'returned' || own.proposal?.state === 'refused'
  return {
    head,
    missing: found(shown.faults, own.asked).map((one) => ({
      href: `${hrefOf(head.id, one.part)}#${one.field}`,
      label: labelOf(one, language, catalogue),
      rule: one.rule,
    })),
    manager: shown.manager,
    note: isBack ? (last?.note ?? undefined) : undefined,
    results: Object.entries(results).map(([id, { result, note }]) => ({
      item: itemNames(catalogue.items, id, undefined)[language],
      result,
      note,
    })),
    turns: turns.map(({ turn, revision, byKind, at, note }) => ({
      turn,
      revision,
      by: byKind,
      at: words(language).dateTime(at),
      note,
    })),
    done: shown.done,
  }
}

export function hrefOf(id: string, tab: Tab): string {
  return `/company/services/${id}${tab === 'about' ? '' : `/${tab}`}`
}

export type ListRow = {
  id: string
  name: string
  status: ServiceStatus | undefined
  version: number | undefined
  state: State | undefined
  changedAt: Date | undefined
}
/** views/services/staff_list.eta */
export type StaffListPage = { list: ListView; rows: ListRow[]; hasContract: boolean }

export function rowOf(own: Mine, language: Language): ListRow {
  const { now, proposal, asked } = own
  return {
    id: own.serviceId,
    name: asked.names?.[language] ?? asked.names?.ja ?? asked.key,
    status: now?.service.status,
    version: now?.version.version,
    state: proposal?.state,
    changedAt: proposal?.changedAt,
  }
}

/** views/services/staff_new.eta */
export type NewPage = {
  values: Typed
  fields: Record<string, string>
  contracts: PartPage['contracts']
}

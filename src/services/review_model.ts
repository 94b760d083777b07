/** What the review says of a service: a result and bounds per item, each clause of the company's terms (S-13, S-19). Pure. */
import type { Json } from '../audit/model.ts'
import type { Both } from '../installation.ts'
import { messages } from '../locales/index.ts'
import type { Proposal } from '../reviews/model.ts'
import { CLAUSES, type Clause } from './clauses.ts'
import type { DraftItem, ServiceDraft } from './draft_schema.ts'
import type { Bounds, ServiceItem } from './model.ts'

export const RESULTS = ['approved', 'partly', 'denied'] as const
export type Result = (typeof RESULTS)[number]

/** What is approved of one item: never more than was asked. Purposes are empty where it is denied. */
export type ItemResult = {
  result: Result
  /** Told to the company; needed where less is approved than was asked. */
  note: string
  purposes: string[]
  required: boolean
  bounds?: Bounds
}

/** One clause as an operator looked it up. */
export type ClauseCheck = {
  clause: Clause
  found: boolean
  /** Where it stands in the company's terms: 第5条第2項. */
  place: string
  /** The operator who looked, and on what day (YYYY-MM-DD). */
  checker: string
  on: string
}

export type Kind = 'third_party' | 'own'

/** The body of a proposal of kind `service`: staff write what is asked, the registrar the rest. */
export type ServiceProposal = {
  asked: ServiceDraft
  kind?: Kind
  results?: Record<string, ItemResult>
  clauses?: ClauseCheck[]
}

/** What a proposal says; it was held to its schema when it was written. */
export function saidIn({ body }: Pick<Proposal, 'body'>): ServiceProposal {
  return body as unknown as ServiceProposal
}

export const bodyOfReview = (said: ServiceProposal) => said as unknown as { [key: string]: Json }

export type ReviewFault =
  | 'choose'
  | 'note_required'
  | 'purposes_required'
  | 'not_narrower'
  | 'user_id_needed'
  | 'words_both'
  | 'place_required'

/** What the results may not say; keys are `<item>` or `<item>.<part>`. */
export function reviewFaults(
  asked: Pick<ServiceDraft, 'items'>,
  results: Record<string, ItemResult | undefined>,
): Record<string, ReviewFault> {
  const faults: Record<string, ReviewFault> = {}
  for (const item of asked.items) {
    const fault = itemFault(item, results[item.item])
    if (fault) faults[fault[0] ? `${item.item}.${fault[0]}` : item.item] = fault[1]
  }
  return faults
}

function itemFault(
  asked: DraftItem,
  result: ItemResult | undefined,
): [part: string, rule: ReviewFault] | undefined {
  if (!result) return ['', 'choose']
  if (asked.item === 'user_id' && (result.result !== 'approved' || result.bounds?.pullsPerMonth))
    return ['', 'user_id_needed']
  if (result.result !== 'approved' && result.note === '') return ['note', 'note_required']
  if (result.result === 'denied') return undefined
  if (!result.purposes.length) return ['purposes', 'purposes_required']
  const words = result.bounds?.purposeWords
  if (words && (words.ja === '') !== (words.en === '')) return ['words', 'words_both']
  const within = result.purposes.every((purpose) => asked.purposes.includes(purpose))
  const wider = !within || (result.required && !asked.required)
  const same =
    result.purposes.length === asked.purposes.length && result.required === asked.required
  if (wider || (result.result === 'approved' ? !same : same)) return ['', 'not_narrower']
  return undefined
}

type Whole = ServiceProposal & Required<Pick<ServiceProposal, 'results'>>

/** Whether every item asked for has its result, and nothing else has one. */
export function isExamined(said: ServiceProposal): said is Whole {
  const { asked, results } = said
  if (!results || Object.keys(reviewFaults(asked, results)).length) return false
  const known: readonly string[] = asked.items.map((item) => item.item)
  return Object.keys(results).every((item) => known.includes(item))
}

/** What a resident reads of not choosing an item, where the review made it optional. */
function effectsIn(asked: DraftItem, required: boolean): Both {
  if (!asked.required || required) return asked.effects
  return { ja: messages.ja.reviewing.madeOptional, en: messages.en.reviewing.madeOptional }
}

/**
 * The draft as it is approved: without the items that were denied, the others as narrow as the results say. What a
 * company wrote of refusing a required item is untrue once it is optional, so a sentence that holds takes its place.
 */
export function approvedDraft(
  asked: ServiceDraft,
  results: Record<string, ItemResult>,
): ServiceDraft {
  const items = asked.items.flatMap((item) => {
    const found = results[item.item]
    if (!found || found.result === 'denied') return []
    const { purposes, required } = found
    return [{ ...item, purposes, required, effects: effectsIn(item, required) }]
  })
  return { ...asked, items }
}

/** Items with what the review holds each of them to. */
export function bounded(
  items: readonly ServiceItem[],
  results: Record<string, ItemResult>,
): ServiceItem[] {
  return items.map((item) => {
    const bounds = results[item.item]?.bounds
    return bounds ? { ...item, bounds } : item
  })
}

/** Clauses that nobody found in the company's terms so far: while there is one, the service does not go live (S-09). */
export function missingClauses(clauses: readonly ClauseCheck[] = []): Clause[] {
  return CLAUSES.filter((id) => !clauses.some(({ clause, found }) => clause === id && found))
}

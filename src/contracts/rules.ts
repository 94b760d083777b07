/** What a contract may not say beyond its shape, each by a name the reader can look up; the same for file and form. */
import { Ajv, type ValidateFunction } from 'ajv'
import type { Catalogue } from '../catalogue/model.ts'
import { formats, shapeFaults, type Fault, type ShapeRule } from '../input/faults.ts'
import { Refusal } from '../refusal.ts'
import { consentTemplates, type Templates } from '../templates/model.ts'
import { draftSchema, type ContractAsked } from './schema.ts'

export type TermsRule =
  | 'term_backwards'
  | 'flow_outside_term'
  | 'flow_same_sides'
  | 'flow_empty'
  | 'flow_items_of_member'
  | 'item_unknown'
  | 'purpose_unknown'
  | 'number_twice'
  | 'required'

/**
 * An end before its beginning, a flow outside its term, unknown items or purposes, a country without what must be told
 * of it (E-10), one number on two documents.
 *
 * @param path JSON Pointer of the contract, in front of every place
 */
export function contractFaults(
  asked: ContractAsked,
  path: string,
  catalogue: Catalogue,
): Fault<TermsRule>[] {
  const faults: Fault<TermsRule>[] = []
  const add = (place: string, rule: TermsRule) => faults.push({ path: `${path}/${place}`, rule })
  if (asked.to < asked.from) add('to', 'term_backwards')
  asked.flows.forEach((flow, n) => flowFaults(asked, flow, `flows/${n}`, { catalogue, add }))
  for (const field of neededAbroad(asked.foreign)) add(`foreign/${field}`, 'required')
  for (const list of ['documents', 'approvals'] as const) {
    const papers: readonly { number: string }[] = asked[list] ?? []
    papers.forEach(({ number }, n) => {
      if (papers.findIndex((other) => other.number === number) < n)
        add(`${list}/${n}/number`, 'number_twice')
    })
  }
  return faults
}

type Looking = { catalogue: Catalogue; add: (place: string, rule: TermsRule) => void }

function flowFaults(
  asked: ContractAsked,
  flow: ContractAsked['flows'][number],
  place: string,
  { catalogue, add }: Looking,
): void {
  const [from, to] = [flow.from ?? asked.from, flow.to ?? asked.to]
  if (flow.giver === flow.receiver) add(`${place}/receiver`, 'flow_same_sides')
  // A flow without days of its own has the contract's fault, and no second one.
  const own = flow.from !== undefined || flow.to !== undefined
  if (to < from && own) add(`${place}/to`, 'term_backwards')
  else if (from < asked.from || to > asked.to) add(place, 'flow_outside_term')
  if (flow.giver === 'consortium' ? !flow.items.length : !flow.dataset)
    add(`${place}/${flow.giver === 'consortium' ? 'items' : 'dataset'}`, 'flow_empty')
  flow.items.forEach((item, k) => {
    if (!catalogue.items.some((known) => known.id === item))
      add(`${place}/items/${k}`, 'item_unknown')
  })
  flow.purposes.forEach((purpose, k) => {
    if (!catalogue.purposes.some((known) => known.id === purpose))
      add(`${place}/purposes/${k}`, 'purpose_unknown')
  })
}

/** What is missing of what must be told before data is handled abroad (APPI 28(2), 規則 17). */
function neededAbroad(foreign: ContractAsked['foreign']): string[] {
  if (foreign?.kind === 'unknown') return foreign.reason ? [] : ['reason']
  if (foreign?.kind !== 'country') return []
  const needed = ['country', 'ground', 'system', 'measures', 'link'] as const
  return needed.filter((field) => !foreign[field])
}

let whole: ValidateFunction<ContractAsked> | undefined

/** Whatever was handed in, held to the shape of a draft and to the rules. `asked` only where nothing is wrong. */
export function readDraft(
  given: unknown,
  terms: Terms,
): { asked?: ContractAsked; faults: Fault<TermsRule | ShapeRule>[] } {
  whole ??= new Ajv({ allErrors: true, strict: true, formats }).compile<ContractAsked>(draftSchema)
  if (!whole(given)) {
    const faults = shapeFaults(whole.errors ?? [], given)
    return { faults: [...faults, ...faultsBeside(given, faults, terms)] }
  }
  const asked: ContractAsked = given
  const faults = ruleFaults(asked, terms)
  return faults.length ? { faults } : { asked, faults }
}

type Terms = { catalogue: Catalogue; templates: Templates; at: Date }

/** Whatever a draft of the right shape may still break. */
function ruleFaults(asked: ContractAsked, terms: Terms): Fault<TermsRule | ShapeRule>[] {
  const ofMember = asked.flows.flatMap(({ giver, items }, n) =>
    giver === 'member' && items.length
      ? [{ path: `/flows/${n}/items`, rule: 'flow_items_of_member' as const }]
      : [],
  )
  return [
    ...contractFaults(asked, '', terms.catalogue),
    ...templateFaults(asked, '', terms),
    ...ofMember,
  ]
}

/**
 * What else is to be said of a draft whose shape has faults: the rules between fields that are sound themselves. What
 * is faulty or missing is taken as something that breaks no rule.
 */
function faultsBeside(given: unknown, known: readonly Fault[], terms: Terms) {
  const isFaulty = (path: string) =>
    known.some((fault) => path === fault.path || path.startsWith(`${fault.path}/`))
  const isSound = (path: string) =>
    !isFaulty(path) && !known.some((fault) => fault.path.startsWith(`${path}/`))
  const soundIn = (value: unknown, path: string): Record<string, unknown> =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).filter(([key]) => isSound(`${path}/${key}`)))
      : {}
  const draft = (given ?? {}) as Record<string, unknown>
  const rows = (list: string) =>
    (Array.isArray(draft[list]) ? draft[list] : []).map((row, n) => soundIn(row, `/${list}/${n}`))
  const asked = {
    from: '0001-01-01',
    to: '9999-12-31',
    ...soundIn(draft, ''),
    foreign: soundIn(draft['foreign'], '/foreign'),
    flows: rows('flows').map(harmless),
    approvals: rows('approvals'),
    documents: rows('documents'),
  } as unknown as ContractAsked
  // A list with a fault inside is taken as empty here, and is not.
  return ruleFaults(asked, terms).filter(({ path, rule }) =>
    rule === 'flow_empty' ? isSound(path) : !isFaulty(path),
  )
}

/** A flow of the sound fields of one, with what is missing such that it breaks no rule. */
function harmless(sound: Record<string, unknown>): Record<string, unknown> {
  const { giver, items = [] } = sound as { giver?: string; items?: unknown[] }
  const side = giver ?? (items.length ? 'consortium' : 'member')
  const receiver = side === 'consortium' ? 'member' : 'consortium'
  const guessed = giver === undefined ? { giver: side, receiver, dataset: 'any' } : {}
  return { receiver, purposes: [], ...sound, ...guessed, items }
}

/** A contract may name a text for the consent screen that has begun, and no other. */
export function templateFaults(
  asked: Pick<ContractAsked, 'template'>,
  path: string,
  terms: { templates: Templates; at: Date },
): Fault<'not_one_of'>[] {
  if (asked.template === undefined) return []
  const names = consentTemplates(terms.templates, terms.at).map(({ template }) => template)
  return names.includes(asked.template) ? [] : [{ path: `${path}/template`, rule: 'not_one_of' }]
}

/** The faults of a refusal that names them; undefined for every other error. */
export function faultsIn(error: unknown): Fault[] | undefined {
  if (!(error instanceof Refusal) || error.reason !== 'invalid_input') return undefined
  return error.details['faults'] as Fault[] | undefined
}

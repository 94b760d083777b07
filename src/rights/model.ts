/**
 * 開示等の請求 – what a resident may ask of the consortium by law, and reports of entries of their history.
 * Owns: cases, their steps, the rules that say until when, decisions and their letters. Does not own: the data that is
 * disclosed (residents, records), what stops when a consent is withdrawn (consents).
 * Law: APPI 33–39 for private bodies, 76–103 for public ones, an ordinance of its own where the installation has one.
 * Rows: I-13, I-16…I-18, I-20…I-22, I-29, I-33, I-39, E-15…E-17, R10, A8, J13.
 */
import type { Json } from '../audit/model.ts'
import type { Both } from '../installation.ts'
import type { Language } from '../locales/index.ts'

export const RIGHTS = ['disclosure', 'correction', 'suspension', 'stop_provision'] as const
/** disclosure 開示, correction 訂正, suspension 利用停止, stop_provision 提供停止 */
export type Right = (typeof RIGHTS)[number]

export const KINDS = [...RIGHTS, 'report'] as const
/** The four rights, and `report`: something in the history looks wrong. */
export type Kind = (typeof KINDS)[number]

/** What each right can be about. */
export const SUBJECTS = {
  disclosure: ['records', 'registered', 'other'],
  correction: ['registered', 'other'],
  suspension: ['service', 'registered', 'other'],
  stop_provision: ['service', 'services'],
} as const satisfies Record<Right, readonly string[]>
/** `services`: all of them; `entry`: one of the history, of a report alone. */
export type Subject = (typeof SUBJECTS)[Right][number] | 'entry'

export const METHODS = ['json', 'csv', 'page'] as const
/** How a disclosure is carried out; APPI 33(1), (5): the person chooses. */
export type Method = (typeof METHODS)[number]

export const STEPS = [
  'received',
  'taken',
  'completion_asked',
  'completed',
  'extended',
  'special_term',
  'opinion_asked',
  'opinion_received',
  'vacancy_began',
  'vacancy_ended',
  'decided',
  'carried_out',
  'answered',
  'withdrawn',
  'closed',
  'appealed',
] as const
export type StepName = (typeof STEPS)[number]

export type State =
  | 'received'
  | 'in_hand'
  | 'waiting_completion'
  | 'waiting_opinion'
  | 'decided'
  | 'answered'
  | 'withdrawn'
  | 'closed'
  | 'appealed'

export const OUTCOMES = ['whole', 'partly', 'refused', 'noted'] as const
/** `noted`: the answer to a report, which decides nothing. */
export type Outcome = (typeof OUTCOMES)[number]

/** How long there is, and how it is counted: data, by profile. */
export type Rule = {
  days: number
  /** The law says "without delay" and names no days: these are the consortium's own. */
  goal: boolean
  /** The day of receipt is left out (民法 140), or counted. */
  from: 'next_day' | 'same_day'
  count: 'calendar' | 'business'
  /** A last day on which the office rests: the next working day (民法 142), or that day all the same. */
  restDay: 'moves' | 'stays'
  /** At most so many days more, once; 0: none. */
  extension: number
  /** Who is told of the decision beside the resident: receivers of the data, where it is needed (I-30). */
  told: readonly ('resident' | 'recipients')[]
  article: Both
  extensionArticle: Both
}

export type Case = {
  id: string
  number: string
  kind: Kind
  subject: Subject
  residentId: string
  serviceId: string | null
  /** Ids of the catalogue; empty: all that the subject covers. */
  items: string[]
  /** YYYY-MM-DD, both included. */
  fromDay: string | null
  toDay: string | null
  method: Method | null
  language: Language
  profile: string
  rule: Rule
  receivedAt: Date
}

/** A case as lists show it. */
export type CaseNow = Case & {
  state: State
  /** Exclusive end of the last day; null: nothing runs. */
  dueAt: Date | null
  endedAt: Date | null
  outcome: Outcome | null
}

export type Body = { [key: string]: Json }

export type Step = {
  id: string
  position: number
  step: StepName
  byKind: 'resident' | 'operator' | 'system'
  byId: string
  body: Body
  sealed: Buffer | null
  at: Date
}

/** What a person wrote, as sealed in a step. */
export type Sealed = { [field: string]: string }

/** Where a step leads; one that is not named leaves the state as it is. */
const LEADS: Partial<Record<StepName, State>> = {
  received: 'received',
  taken: 'in_hand',
  completion_asked: 'waiting_completion',
  completed: 'in_hand',
  opinion_asked: 'waiting_opinion',
  opinion_received: 'in_hand',
  decided: 'decided',
  answered: 'answered',
  withdrawn: 'withdrawn',
  closed: 'closed',
  appealed: 'appealed',
}

const RUNNING = ['received', 'in_hand', 'waiting_completion', 'waiting_opinion'] as const

/** From which states a step may be taken. */
const FROM: Record<StepName, readonly State[]> = {
  received: [],
  taken: ['received'],
  completion_asked: ['received', 'in_hand'],
  completed: ['waiting_completion'],
  extended: ['received', 'in_hand', 'waiting_opinion'],
  special_term: ['received', 'in_hand'],
  opinion_asked: ['in_hand'],
  opinion_received: ['waiting_opinion'],
  vacancy_began: RUNNING,
  vacancy_ended: RUNNING,
  decided: ['in_hand'],
  carried_out: ['decided'],
  answered: ['decided'],
  withdrawn: RUNNING,
  closed: [...RUNNING, 'decided', 'answered'],
  appealed: ['answered', 'closed'],
}

/** The steps this product can take now; the others are what the whole procedure will need. */
export const REACHABLE: readonly StepName[] = [
  'received',
  'taken',
  'extended',
  'decided',
  'carried_out',
  'answered',
  'withdrawn',
  'closed',
]

type Past = Pick<Step, 'step' | 'at' | 'body'>

/** Where a case stands after its steps, oldest first. */
export function stateOf(steps: readonly Pick<Step, 'step'>[]): State {
  return steps.reduce<State>((state, { step }) => LEADS[step] ?? state, 'received')
}

/** Whether a step may be taken now: the order of the procedure, and an extension once (I-18). */
export function mayFollow(steps: readonly Pick<Step, 'step'>[], next: StepName): boolean {
  if (!steps.length) return next === 'received'
  const once = next === 'extended' || next === 'special_term'
  if (once && steps.some(({ step }) => step === next)) return false
  const vacant = steps.findLast(({ step }) => step.startsWith('vacancy_'))?.step === 'vacancy_began'
  if (next === 'vacancy_began' && vacant) return false
  if (next === 'vacancy_ended' && !vacant) return false
  return FROM[next].includes(stateOf(steps))
}

/** Whether nothing is owed any more: it was answered, or came to its end otherwise. */
export function isOver(state: State): boolean {
  return !(RUNNING as readonly State[]).includes(state) && state !== 'decided'
}

/** When a case came to its end; null while something is owed. */
export function endedAtOf(steps: readonly Past[]): Date | null {
  if (!isOver(stateOf(steps))) return null
  return steps.findLast(({ step }) => LEADS[step] !== undefined)?.at ?? null
}

/** What was decided; null before. */
export function outcomeOf(steps: readonly Past[]): Outcome | null {
  const said = steps.findLast(({ step }) => step === 'decided')?.body['outcome']
  return OUTCOMES.find((outcome) => outcome === said) ?? null
}

/** Reasons to refuse, or to grant only in part, by right; their articles are in profiles.ts, their words in the locale. */
export const GROUNDS = {
  disclosure: ['third_party', 'hindrance', 'other_law', 'existence', 'not_held'],
  correction: ['is_right', 'beyond_purpose', 'other_law', 'not_held'],
  suspension: ['no_ground', 'hindrance', 'other_law', 'not_held'],
  stop_provision: ['no_ground', 'hindrance', 'other_law', 'not_held'],
} as const satisfies Record<Right, readonly string[]>
export type Ground = (typeof GROUNDS)[Right][number]

export const DEEDS = ['stop', 'self', 'other'] as const
/** What a granted request leads to: provision stops here and now, the resident does it, or the desk says what is done. */
export type Deed = (typeof DEEDS)[number]

/** The deeds a granted case may lead to; the first is offered first. */
export function deedsOf({ kind, subject }: Pick<Case, 'kind' | 'subject'>): Deed[] {
  if (subject === 'service' || subject === 'services') return ['stop', 'other']
  if (kind === 'correction') return ['self', 'other']
  return ['other']
}

export const isRight = (kind: string): kind is Right => (RIGHTS as readonly string[]).includes(kind)

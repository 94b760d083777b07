/**
 * 義務 – what the receiver of a flow owes its giver, whichever side that is.
 * Owns: cases (reports, management reports, orders, audits, leaks, claims, approvals), their steps, the documents they
 * produce with number, sender and proof of delivery. Does not own: contracts and their flows, stopping a company.
 * Rows: S-36…S-50, S-52, I-34. Law: APPI 22–26, 規則 7, 8 (E-13, E-14), 民法 140, 142 (E-17).
 */
import type { Bearers, Side } from '../contracts/model.ts'
import type { YearEnd } from '../input/business_days.ts'
import type { Both, Installation } from '../installation.ts'
import type { OperatorRole, Person, StaffRole } from '../persons.ts'

export type { Side }

export const KINDS = [
  'report',
  'management',
  'order',
  'audit',
  'leak',
  'claim',
  'approval',
] as const
/** report 利用状況の報告, management 管理状況の報告, order 是正, audit 監査, leak 漏えい等, claim 請求・苦情, approval 承諾 */
export type Kind = (typeof KINDS)[number]

/** 規則 7 (1)–(3): leaks of these kinds are reported whatever the number of persons. */
export const LEAK_KINDS = ['special', 'financial', 'intent'] as const

export type State =
  | 'requested'
  | 'submitted'
  | 'sufficient'
  | 'insufficient'
  | 'replied'
  | 'closed'
  | 'ordered'
  | 'announced'
  | 'no_finding'
  | 'finding'
  | 'claimed'
  | 'cancelled'
  | 'draft'
  | 'notified'
  | 'first_reported'
  | 'final_reported'
  | 'not_reportable'
  | 'open'
  | 'answered'
  | 'settled'
  | 'asked'
  | 'granted'
  | 'refused'

/** Whose move it is: a side of the flow, the consortium as keeper of the rules, or either. */
export type Who = 'giver' | 'receiver' | 'consortium' | 'either'

/** Who has to move next; a state that is not named here is over. */
const WAITS: Partial<Record<State, Who>> = {
  requested: 'receiver',
  submitted: 'giver',
  replied: 'giver',
  ordered: 'receiver',
  announced: 'giver',
  finding: 'giver',
  draft: 'receiver',
  notified: 'consortium',
  first_reported: 'consortium',
  final_reported: 'consortium',
  not_reportable: 'consortium',
  open: 'consortium',
  answered: 'consortium',
  asked: 'giver',
}

export type Case = {
  id: string
  /** Of its first document; null while it is a draft. */
  number: string | null
  kind: Kind
  memberId: string | null
  /** Whom the duty binds. */
  receiver: Side
  flowId: string | null
  serviceId: string | null
  state: State
  /** Exclusive end of the last day, or the moment itself. */
  dueAt: Date | null
  /** YYYY-MM-DD */
  auditOn: string | null
  afterId: string | null
  /** Leaks: the first knowledge by anybody (E-13). */
  knownAt: Date | null
  draft: Values | null
  openedAt: Date
  changedAt: Date
  closedAt: Date | null
}

/** What a form says after reading: empty fields are left out. Days are YYYY-MM-DD, moments ISO 8601. */
export type Values = { [field: string]: string | number | string[] }

export type Field = {
  name: string
  kind: 'line' | 'text' | 'day' | 'moment' | 'count' | 'yen' | 'one' | 'many'
  must: boolean
  /** Of `one` and `many`. */
  options?: readonly string[]
}

/** Message key of `t.duties.rules`, or one of `t.forms.errors`. */
export type Fault = { rule: string; day?: string; count?: number; number?: string }
export type Faults = { [field: string]: Fault }

/** A flow with the contract that rules it now. */
export type FlowOf = {
  id: string
  memberId: string
  member: Both
  contract: string
  giver: Side
  receiver: Side
  items: string[]
  itemNames: Both[]
  dataset: string | null
  purposes: string[]
  purposeNames: Both[]
  auditNoticeDays: number
  /** The contract does not say n itself. */
  auditNoticeAssumed: boolean
  auditLimit: 'rolling_12_months' | 'contract_year'
  contractFrom: Date
  bearers: Bearers
}

/** What a rule may look at. */
export type Around = {
  now: Date
  today: string
  yearEnd: YearEnd
  legalForm: Installation['legalForm']
  firstReportDays: number
  /** Absent while it is being opened. */
  case?: Case
  /** What was said so far, the newest counts: of a leak. */
  soFar: Values
  /** Names of the steps taken. */
  taken: readonly string[]
  flow?: FlowOf
  after?: Case
  /** Days of the other audits of the same company and receiver that were not called off. */
  audits: readonly string[]
  /** Whether an audit already stands on the report in `after`. */
  audited: boolean
  /** Whether the company left or was excluded: nothing more can come from it. */
  memberGone: boolean
  /** Whether it is suspended or excluded: what it hands in comes on paper (S-51). */
  memberStopped: boolean
  /** Who registered the newest paper of the company, if any did: somebody else judges it (J4). */
  paperBy: string | undefined
}

/** One thing that can be done to a case, or that opens one (`from` is empty then). */
export type Act = {
  who: Who
  from: readonly State[]
  fields: readonly Field[]
  operators: readonly OperatorRole[]
  staff: readonly StaffRole[]
  /** Whether it makes a document (S-52). */
  document: boolean
  /** It allows what is otherwise forbidden: a second factor at most five minutes old (J6). */
  fresh?: true
  next: (values: Values, around: Around) => State
  /** Whether it makes sense to offer it yet; absent: always. A rule of `faults` says no in any case. */
  ready?: (around: Around) => boolean
  faults?: (values: Values, around: Around) => Faults
  /** The new due time; null: none. Absent: it stays. */
  due?: (values: Values, around: Around) => Date | null
}

export type Noun = {
  /** The row of the requirements and the clause of the contract it stands on. */
  row: string
  /** What a case is opened on. */
  on: 'flow' | 'report' | 'maybe_flow'
  opens: string
  acts: Readonly<Record<string, Act>>
}

/** Who acts, for which side. */
export type Actor = {
  side: Side
  person: Person
  /** Of staff: their company; they see nothing else. */
  memberId?: string
}

export type Step = {
  position: number
  step: string
  side: Side
  byId: string
  body: Values
  documentId: string | null
  at: Date
}

export type DocumentText = {
  title: string
  /** The company or the consortium. */
  to: string
  from: string
  clause: string
  facts: [label: string, value: string][]
}

export type Document = {
  id: string
  number: string
  kind: string
  caseId: string
  memberId: string | null
  sender: Side
  senderId: string
  body: Record<keyof Both, DocumentText>
  /** Hex. */
  hash: string
  sentAt: Date
}

export const otherSide = (side: Side): Side => (side === 'consortium' ? 'member' : 'consortium')

/** Which side a party of a case is. */
export function sideOf(who: Who, receiver: Side): Side | 'either' {
  if (who === 'receiver') return receiver
  if (who === 'giver') return otherSide(receiver)
  return who
}

export function isOver(state: State): boolean {
  return WAITS[state] === undefined
}

/** Whether a due time has passed. */
export function isLate({ dueAt, closedAt }: Pick<Case, 'dueAt' | 'closedAt'>, now: Date): boolean {
  return dueAt !== null && closedAt === null && dueAt <= now
}

/** The side whose move it is; `either` while both may. */
export function waitsFor({ state, receiver }: Pick<Case, 'state' | 'receiver'>) {
  const who = WAITS[state]
  return who && sideOf(who, receiver)
}

export const textOf = (values: Values, field: string): string => {
  const value = values[field]
  return typeof value === 'string' ? value : ''
}
export const listOf = (values: Values, field: string): readonly string[] => {
  const value = values[field]
  return Array.isArray(value) ? value : []
}
export const numberOf = (values: Values, field: string): number | undefined => {
  const value = values[field]
  return typeof value === 'number' ? value : undefined
}

const must = (name: string, kind: Field['kind'], options?: readonly string[]): Field =>
  options ? { name, kind, must: true, options } : { name, kind, must: true }
const may = (name: string, kind: Field['kind'], options?: readonly string[]): Field => ({
  ...must(name, kind, options),
  must: false,
})
export const field = { must, may }

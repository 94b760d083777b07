/**
 * 保存期間 – how long records are kept, and how what is past its term goes without a trace being lost of its going.
 * Owns: the terms, the legal holds, the closed months. Does not own: the records (provisions), the tree (ledger), the
 * two persons (reviews). Law: APPI 29(2), 30(4) with rule 21 (E-06). Rows: M8, M9. Decision: docs/adr/0019.
 */
import type { Fields } from '../refusal.ts'

/** Years a provision record is kept, from the end of its month; the same stands in drop_closed_month(). */
export const YEARS = 3

/** How rows of a table go. month: by this room, in whole months · sweep: by their room's own job · stays: not at all. */
export type Going = 'month' | 'sweep' | 'stays'

/** What is kept how long, and by what rule: `t.retention.terms[id]` says it in words. */
export const TERMS = [
  { id: 'provisions', tables: ['provision_records'], article: 'APPI 29(2), 30(4)', going: 'month' },
  { id: 'consents', tables: ['consents', 'resident_terms'], article: 'APPI 29(1)', going: 'stays' },
  {
    id: 'showings',
    tables: ['showings', 'showing_answers'],
    article: 'APPI 27(1)',
    going: 'stays',
  },
  { id: 'refusals', tables: ['provision_refusals'], article: '', going: 'stays' },
  { id: 'requests', tables: ['rights_cases', 'case_steps'], article: 'APPI 33–39', going: 'stays' },
  {
    id: 'notices',
    tables: ['resident_notices', 'incident_letters'],
    article: 'APPI 26(2)',
    going: 'stays',
  },
  { id: 'ledger', tables: ['ledger_leaves', 'ledger_checkpoints'], article: '', going: 'stays' },
  { id: 'audit', tables: ['audit_events'], article: 'APPI 23', going: 'stays' },
  { id: 'documents', tables: ['duty_documents'], article: '', going: 'stays' },
  { id: 'events', tables: ['event_messages', 'event_facts'], article: '', going: 'sweep' },
  { id: 'mails', tables: ['jobs.job'], article: '', going: 'sweep' },
  { id: 'sessions', tables: ['sign_ins', 'oidc_sessions'], article: '', going: 'sweep' },
] as const satisfies readonly { id: string; tables: string[]; article: string; going: Going }[]

/** `2026-11` */
export const isMonth = (text: string) => /^20\d\d-(0[1-9]|1[0-2])$/.test(text)

/** The month a proposal is about. */
export const monthIn = ({ body }: { body: { [key: string]: unknown } }): string =>
  typeof body['month'] === 'string' ? body['month'] : ''

/** Whole months in UTC, as the partitions are cut. @param month `2026-11` */
export function monthRange(month: string): { from: Date; until: Date } {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return { from: new Date(Date.UTC(year, number - 1)), until: new Date(Date.UTC(year, number)) }
}

/** From when on the records of a month may go: the last one of it is as old as the law asks. */
export function freeFrom(month: string): Date {
  const { until } = monthRange(month)
  return new Date(Date.UTC(until.getUTCFullYear() + YEARS, until.getUTCMonth()))
}

/** Why a month must stay although its term is over. */
export type Hold =
  | { kind: 'set'; id: string; reason: string }
  | { kind: 'leak' | 'duty' | 'request'; number: string }

/** kept: its term runs · due: may be proposed · proposed · approved: the job is at it · closed: gone */
export type MonthState = 'kept' | 'held' | 'due' | 'proposed' | 'approved' | 'closed'

/** The dry run of one month. */
export type Month = {
  month: string
  state: MonthState
  entries: number
  oldest: Date | undefined
  newest: Date | undefined
  freeFrom: Date
  holds: Hold[]
}

/** A month that was closed, as its entry in the ledger says. */
export type Closure = {
  id: string
  proposalId: string
  month: string
  entries: number
  root: Buffer
  at: Date
  /** When the records went; undefined: not yet. */
  droppedAt: Date | undefined
}

export type HoldForm = { from: string; until: string; reason: string }

/** What is wrong with a hold; empty: nothing. */
export function holdFaults({ from, until, reason }: HoldForm): Fields {
  const fields: Fields = {}
  if (!isMonth(from)) fields['from'] = 'not_valid'
  if (!isMonth(until) || (isMonth(from) && until < from)) fields['until'] = 'not_valid'
  if (reason.trim() === '') fields['reason'] = 'required'
  return fields
}

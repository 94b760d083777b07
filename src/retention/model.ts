/**
 * 保存期間 – how long records are kept, and how what is past its term goes without a trace being lost of its going.
 * Owns: the terms, the legal holds, the closed months. Does not own: the records (provisions), the tree (ledger), the
 * two persons (reviews). Law: APPI 29(2), 30(4) with rule 21 (E-06). Rows: M8, M9. Decision: docs/adr/0019.
 */
import type { Fields } from '../refusal.ts'

/** Years a provision record is kept, from the end of its month; the same stands in drop_closed_month(). */
export const YEARS = 3

/**
 * How rows of a table go. month: by this room, in whole months, by two persons · sweep: by a job · account: with the
 * account · stays: not at all.
 */
export type Going = 'month' | 'sweep' | 'account' | 'stays'

/**
 * What is kept how long, and by what rule: `t.retention.terms[id]` says it in words, also why what stays does. Every
 * table that says something of a person stands here; test/retention/terms.test.ts walks the schema.
 */
export const TERMS = [
  { id: 'provisions', tables: ['provision_records'], article: 'APPI 29(2), 30(4)', going: 'month' },
  { id: 'refusals', tables: ['provision_refusals'], article: 'APPI 22', going: 'sweep' },
  {
    id: 'consents',
    tables: ['consents', 'agreements', 'resident_terms'],
    article: 'APPI 29(1)',
    going: 'stays',
  },
  {
    id: 'showings',
    tables: ['showings', 'showing_answers'],
    article: 'APPI 27(1)',
    going: 'stays',
  },
  {
    id: 'requests',
    tables: [
      ...['rights_cases', 'case_steps', 'rights_standing', 'rights_reminders'],
      'identity_checks',
    ],
    article: 'APPI 32–39, 76–108',
    going: 'stays',
  },
  {
    id: 'deletions',
    tables: ['deletion_requests', 'deletion_answers'],
    article: 'APPI 22, 35',
    going: 'stays',
  },
  {
    id: 'letters',
    tables: ['incidents', 'incident_findings', 'incident_batches', 'incident_letters'],
    article: 'APPI 26(2), 68(2)',
    going: 'stays',
  },
  { id: 'notices', tables: ['resident_notices'], article: 'APPI 22', going: 'sweep' },
  {
    id: 'told',
    tables: ['member_notices', 'service_end_notices', 'stop_notices', 'text_tellings'],
    article: 'APPI 21(3), 32',
    going: 'stays',
  },
  {
    id: 'account',
    tables: ['residents', 'notice_settings', 'consent_digests', 'consent_reminders'],
    article: 'APPI 22',
    going: 'account',
  },
  { id: 'changes', tables: ['resident_changes'], article: 'APPI 23', going: 'stays' },
  { id: 'devices', tables: ['known_devices'], article: 'APPI 22, 23', going: 'sweep' },
  { id: 'links', tables: ['mail_links'], article: 'APPI 22', going: 'sweep' },
  {
    id: 'sessions',
    tables: [
      ...['sign_ins', 'oidc_sessions', 'oidc_tokens', 'oidc_ephemerals', 'oidc_resumes'],
      ...['oidc_replays', 'event_sessions', 'rate_limits'],
    ],
    article: 'APPI 22',
    going: 'sweep',
  },
  {
    id: 'staff_sessions',
    tables: ['operator_sessions', 'staff_sessions', 'sign_in_steps', 'used_challenges'],
    article: 'APPI 22',
    going: 'sweep',
  },
  { id: 'events', tables: ['event_messages', 'event_facts'], article: 'APPI 22', going: 'sweep' },
  { id: 'mails', tables: ['jobs.job', 'dev_mails'], article: 'APPI 22', going: 'sweep' },
  {
    id: 'ledger',
    tables: ['ledger_leaves', 'ledger_nodes', 'ledger_checkpoints', 'ledger_pending'],
    article: '',
    going: 'stays',
  },
  {
    id: 'closures',
    tables: ['retention_closures', 'retention_drops', 'retention_holds', 'retention_hold_ends'],
    article: 'APPI 23',
    going: 'stays',
  },
  { id: 'audit', tables: ['audit_events', 'operator_views'], article: 'APPI 23', going: 'stays' },
  {
    id: 'decisions',
    tables: [
      ...['proposals', 'proposal_revisions', 'proposal_turns', 'service_approvals', 'stops'],
      ...['stop_ends', 'stop_tellings'],
    ],
    article: 'APPI 23',
    going: 'stays',
  },
  {
    id: 'people',
    tables: [
      ...['operators', 'operator_changes', 'operator_boxed_roles', 'operator_warnings', 'staff'],
      ...['passkeys', 'invitations', 'api_clients'],
    ],
    article: 'APPI 23, 24',
    going: 'stays',
  },
  {
    id: 'companies',
    tables: [
      ...['members', 'member_versions', 'member_status_changes', 'member_application_links'],
      ...['contracts', 'contract_versions', 'contract_flows', 'contract_warnings', 'services'],
      ...['service_versions', 'service_items', 'service_logos', 'service_status_changes'],
      'giver_versions',
    ],
    article: 'APPI 29(1), 30(3)',
    going: 'stays',
  },
  {
    id: 'documents',
    tables: [
      ...['duty_cases', 'duty_steps', 'duty_documents', 'duty_readings', 'duty_mails'],
      'duty_reminders',
    ],
    article: '',
    going: 'stays',
  },
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

/** Before this nothing is left of what was asked for and not given; refusals_gone_before() says the same. */
export function refusalsFrom(at: Date): Date {
  return new Date(Date.UTC(at.getUTCFullYear() - YEARS, at.getUTCMonth()))
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
  if (!isMonth(until)) fields['until'] = 'not_valid'
  else if (isMonth(from) && until < from) fields['until'] = 'period_turned'
  if (reason.trim() === '') fields['reason'] = 'required'
  return fields
}

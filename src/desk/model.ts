/**
 * 今日の対応 – the first page of console and portal, the list of all reviews, and the audit record as it is read.
 * Owns: what is put together here and how it is sorted; nothing of it is kept. Does not own: the tasks themselves (each
 * room makes its own), proposals (reviews), audit events (audit). Rows: A1, J10, M6.
 */
import type { Task } from '../operators/model.ts'
import type { OperatorRole } from '../persons.ts'
import type { Kind, State } from '../reviews/model.ts'

/** A proposal as a line of a list. */
export type Waiting = {
  id: string
  kind: Kind
  subjectId: string | null
  memberId: string | null
  state: State
  revision: number
  changedAt: Date
  /** What it is about, in the reader's language; empty where the thing has no name of its own. */
  title: string
  /** The company concerned; empty where there is none. */
  company: string
  /** Whether who asks had a hand in it, also through another account: then they cannot approve it (J4). */
  involved: boolean
}

/** The page on which operators examine and approve a proposal of its kind. */
export function hrefOf({
  id,
  kind,
  subjectId,
}: Pick<Waiting, 'id' | 'kind' | 'subjectId'>): string {
  const subject = subjectId ?? ''
  const pages: Record<Kind, string> = {
    member: `/admin/applications/${id}`,
    hand_over: `/admin/hand-overs/${id}`,
    contract: `/admin/contracts/${subject}`,
    service: `/admin/reviews/${id}`,
    stop_member: `/admin/members/${subject}/stop`,
    lift_member: `/admin/members/${subject}/stop`,
    exclude_member: `/admin/members/${subject}/stop`,
    stop_service: `/admin/services/${subject}/stop`,
    lift_service: `/admin/services/${subject}/stop`,
    operator: `/admin/operators/proposals/${id}`,
    phase: '/admin/phases',
    retention: '/admin/retention',
    leak_letter: `/admin/incidents/${subject}`,
  }
  return pages[kind]
}

/** Who examines what was handed in, and who approves it as the second person. */
const EXAMINES: OperatorRole = 'registrar'
const approves = (kind: Kind): OperatorRole => (kind === 'operator' ? 'administrator' : 'approver')

/** Whether a proposal waits for this very operator: to be examined, or to be approved as the second person. */
export function waitsFor(
  { kind, state, involved }: Pick<Waiting, 'kind' | 'state' | 'involved'>,
  roles: readonly OperatorRole[],
): boolean {
  if (state === 'submitted') return roles.includes(EXAMINES)
  return state === 'proposed' && !involved && roles.includes(approves(kind))
}

/** Overdue first, then by deadline, then what has none, in the order of names. */
export function byDeadline(one: Task, other: Task): number {
  const at = (task: Task) => task.dueAt?.getTime() ?? Number.POSITIVE_INFINITY
  const [a, b] = [at(one), at(other)]
  return a === b ? one.name.localeCompare(other.name, 'ja') : a - b
}

export const GROUPS = [
  'reviews',
  'duties',
  'requests',
  'leaks',
  'contracts',
  'people',
  'undelivered',
] as const
export type Group = (typeof GROUPS)[number]

/** The count a task belongs to. */
export function groupOf(kind: string): Group {
  if (kind === 'undelivered' || kind === 'events_dead') return 'undelivered'
  if (kind === 'duty_leak' || kind.startsWith('incident_')) return 'leaks'
  if (kind.startsWith('rights_')) return 'requests'
  if (kind.startsWith('duty_') || kind.startsWith('deletion_')) return 'duties'
  if (kind.startsWith('contract_')) return 'contracts'
  if (kind === 'operator_ends') return 'people'
  return 'reviews'
}

const DAY = 86_400_000

/** `soon`: within a week; `calm`: later, or without a deadline (look.md §5: deadline). */
export function urgency(dueAt: Date | undefined, now: Date): 'late' | 'soon' | 'calm' {
  if (!dueAt) return 'calm'
  if (dueAt <= now) return 'late'
  return dueAt.getTime() - now.getTime() <= 7 * DAY ? 'soon' : 'calm'
}

/** Whole days that have begun since a deadline passed: at least one. */
export function daysLate(dueAt: Date, now: Date): number {
  return Math.max(1, Math.ceil((now.getTime() - dueAt.getTime()) / DAY))
}

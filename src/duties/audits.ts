/** 監査 (S-42…S-46): only after a report that was judged insufficient, with n business days of notice, once a year. */
import { CalendarUnknown, earliestAfterNotice, isBusinessDay } from '../input/business_days.ts'
import { dayOf, endOfDay } from '../input/days.ts'
import {
  field,
  textOf,
  type Act,
  type Around,
  type Faults,
  type Noun,
  type Values,
} from './model.ts'

const notice: Act = {
  who: 'giver',
  from: [],
  fields: [
    field.must('on', 'day'),
    field.must('place', 'line'),
    field.must('auditor', 'line'),
    field.must('scope', 'text'),
  ],
  operators: ['approver'],
  staff: ['manager'],
  document: true,
  next: () => 'announced',
  faults: noticeFaults,
  due: (values) => endOfDay(textOf(values, 'on')),
}

/** S-45: the auditor keeps the rules of the house that is visited. */
const rules: Act = {
  who: 'receiver',
  from: ['announced'],
  fields: [field.must('house_rules', 'text'), field.may('rules_address', 'line')],
  operators: ['registrar'],
  staff: ['manager'],
  document: true,
  next: () => 'announced',
}

const acknowledge: Act = {
  who: 'giver',
  from: ['announced'],
  fields: [field.must('acknowledged', 'many', ['house_rules'])],
  operators: ['approver', 'registrar'],
  staff: ['manager'],
  document: true,
  next: () => 'announced',
  ready: ({ taken }) => taken.includes('rules') && !taken.includes('acknowledge'),
  faults: (_, { taken }) =>
    taken.includes('rules') ? {} : { acknowledged: { rule: 'no_house_rules' } },
}

const result: Act = {
  who: 'giver',
  from: ['announced'],
  fields: [
    field.must('held_on', 'day'),
    field.must('verdict', 'one', ['no_finding', 'finding']),
    field.must('findings', 'text'),
  ],
  operators: ['approver'],
  staff: ['manager'],
  document: true,
  next: (values) => (values['verdict'] === 'finding' ? 'finding' : 'no_finding'),
  ready: ({ case: of, today }) => (of?.auditOn ?? '') <= today,
  faults: resultFaults,
  due: () => null,
}

/** S-46: the cost of the audit and the additional consideration, each a sum of its own. */
const claim: Act = {
  who: 'giver',
  from: ['finding'],
  fields: [
    field.must('audit_cost', 'yen'),
    field.must('additional_consideration', 'yen'),
    field.must('grounds', 'text'),
  ],
  operators: ['approver'],
  staff: ['manager'],
  document: true,
  next: () => 'claimed',
}

const cancel: Act = {
  who: 'giver',
  from: ['announced'],
  fields: [field.must('reason', 'text')],
  operators: ['approver'],
  staff: ['manager'],
  document: true,
  next: () => 'cancelled',
  due: () => null,
}

export const audits: Noun = {
  row: 'S-43',
  on: 'report',
  opens: 'notice',
  acts: { notice, rules, acknowledge, result, claim, cancel },
}

/** @returns the first day an audit may be held when its notice goes out today (S-43). @throws CalendarUnknown */
export function earliestAudit({ today, yearEnd, flow }: Around): string {
  return earliestAfterNotice(today, flow?.auditNoticeDays ?? 1, yearEnd)
}

function noticeFaults(values: Values, around: Around): Faults {
  if (around.after?.state !== 'insufficient') return { on: { rule: 'audit_without_judgement' } }
  if (around.audited) return { on: { rule: 'audit_same_report' } }
  const on = textOf(values, 'on')
  try {
    const day = earliestAudit(around)
    const count = around.flow?.auditNoticeDays ?? 1
    if (on < day) return { on: { rule: 'audit_too_early', day, count } }
    if (!isBusinessDay(on, around.yearEnd)) return { on: { rule: 'audit_day_off' } }
  } catch (error) {
    if (error instanceof CalendarUnknown) return { on: { rule: 'calendar_unknown' } }
    throw error
  }
  const other = around.audits.find((day) => isSameYear(day, on, around))
  return other ? { on: { rule: 'audit_second', day: other } } : {}
}

/** The same day of the next year, or the 1st of March after 29 February (民法 143). */
function yearLater(day: string): string {
  const next = `${Number(day.slice(0, 4)) + 1}${day.slice(4)}`
  return day.endsWith('02-29') ? `${next.slice(0, 4)}-03-01` : next
}

/** Whether two audits fall within what allows only one: twelve months, or one contract year (S-44). */
function isSameYear(one: string, other: string, { flow }: Around): boolean {
  const [first, second] = one < other ? [one, other] : [other, one]
  if (flow?.auditLimit !== 'contract_year') return second < yearLater(first)
  const from = dayOf(flow.contractFrom)
  return contractYear(from, first) === contractYear(from, second)
}

/** How many anniversaries of the contract's first day have passed by a day. */
function contractYear(from: string, day: string): number {
  let count = 0
  for (let next = yearLater(from); next <= day; next = yearLater(next)) count++
  return day < from ? -1 : count
}

function resultFaults(values: Values, { case: of, taken, today }: Around): Faults {
  if (taken.includes('rules') && !taken.includes('acknowledge'))
    return { verdict: { rule: 'rules_not_acknowledged' } }
  const on = textOf(values, 'held_on')
  if (of?.auditOn && on < of.auditOn) return { held_on: { rule: 'held_before', day: of.auditOn } }
  if (on > today) return { held_on: { rule: 'day_future' } }
  return {}
}

/** The last audit of the same company, and when the next may be held at the earliest: a year later, or in the next contract year (S-44). */
export function lastAudit({
  audits,
  flow,
}: Pick<Around, 'audits' | 'flow'>): { last: string; next: string } | undefined {
  const last = [...audits].sort().at(-1)
  if (last === undefined) return undefined
  if (flow?.auditLimit !== 'contract_year') return { last, next: yearLater(last) }
  let next = dayOf(flow.contractFrom)
  while (next <= last) next = yearLater(next)
  return { last, next }
}

/** 利用状況の報告 (S-41) and the written judgement whether it is enough (S-42). */
import { endOfDay } from '../input/days.ts'
import {
  field,
  isLate,
  listOf,
  textOf,
  type Act,
  type Around,
  type Faults,
  type Noun,
  type Values,
} from './model.ts'

/** What a report is held to; each criterion is ticked where it is met (S-42, 合理的な基準). */
export const CRITERIA = [
  'answers_all',
  'within_purposes',
  'no_onward',
  'kept_safe',
  'term_and_deletion',
  'figures_agree',
] as const

const request: Act = {
  who: 'giver',
  from: [],
  fields: [
    field.must('period_from', 'day'),
    field.must('period_to', 'day'),
    field.may('questions', 'text'),
    field.must('due', 'day'),
  ],
  operators: ['registrar'],
  staff: ['manager'],
  document: true,
  next: () => 'requested',
  faults: (values, around) => ({ ...periodFaults(values), ...dueFaults(values, around) }),
  due: (values) => endOfDay(textOf(values, 'due')),
}

const submit: Act = {
  who: 'receiver',
  from: ['requested'],
  fields: [
    field.must('usage', 'text'),
    field.must('persons_range', 'text'),
    field.must('onward', 'one', ['none', 'approved', 'happened']),
    field.must('safety', 'text'),
    field.must('deletion', 'text'),
    field.may('remarks', 'text'),
  ],
  operators: ['registrar'],
  staff: ['manager'],
  document: true,
  next: () => 'submitted',
  due: () => null,
}

const judge: Act = {
  who: 'giver',
  from: ['requested', 'submitted'],
  fields: [
    field.may('criteria', 'many', CRITERIA),
    field.must('verdict', 'one', ['sufficient', 'insufficient']),
    field.must('reason', 'text'),
  ],
  operators: ['registrar', 'approver'],
  staff: ['manager'],
  document: true,
  next: (values) => (values['verdict'] === 'sufficient' ? 'sufficient' : 'insufficient'),
  ready: ({ case: of, now }) => of?.state !== 'requested' || isLate(of, now),
  faults: judgeFaults,
  due: () => null,
}

export const reports: Noun = {
  row: 'S-41',
  on: 'flow',
  opens: 'request',
  acts: { request, submit, judge },
}

function periodFaults(values: Values): Faults {
  return textOf(values, 'period_to') < textOf(values, 'period_from')
    ? { period_to: { rule: 'period_backwards' } }
    : {}
}

/** A due day that is already over binds nobody. */
export function dueFaults(values: Values, { today }: Around): Faults {
  return textOf(values, 'due') < today ? { due: { rule: 'due_past', day: today } } : {}
}

/**
 * The judgement and its checklist say the same. A report that was not handed in can be judged only once it is late, and
 * then only insufficient: the clause asks whether 「報告が十分ではない」, and nothing is not enough (S-42).
 */
function judgeFaults(values: Values, around: Around): Faults {
  const met = listOf(values, 'criteria')
  const enough = values['verdict'] === 'sufficient'
  if (around.case?.state === 'requested') {
    if (!isLate(around.case, around.now)) return { verdict: { rule: 'report_not_late' } }
    if (enough || met.length) return { verdict: { rule: 'nothing_submitted' } }
    return {}
  }
  if (enough && met.length < CRITERIA.length) return { criteria: { rule: 'criteria_open' } }
  if (!enough && met.length === CRITERIA.length) return { criteria: { rule: 'criteria_all_met' } }
  return {}
}

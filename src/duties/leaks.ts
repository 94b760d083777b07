/** 漏えい等 (S-49, S-50): the notice, the reports that follow, the measures. The clocks stand in clocks.ts. */
import { endOfDay } from '../input/days.ts'
import { clocksOf } from './clocks.ts'
import {
  field,
  LEAK_KINDS,
  textOf,
  type Act,
  type Around,
  type Faults,
  type Field,
  type Noun,
  type Values,
} from './model.ts'

/** The nine items of a report (規則 8(1)), in the order of the form. */
export const NINE_ITEMS = [
  'what',
  'items',
  'persons',
  'cause',
  'secondary',
  'told',
  'published',
  'prevention',
  'other',
] as const

const facts: readonly Field[] = [
  field.may('kinds', 'many', LEAK_KINDS),
  ...NINE_ITEMS.map((name) => field.may(name, name === 'persons' ? 'count' : 'text')),
  field.may('measures', 'text'),
]

/** Nothing but the time of discovery is needed: a notice goes out at once with what is known (直ちに, S-49). */
const notify: Act = {
  who: 'receiver',
  from: ['draft'],
  fields: [field.must('discovered_at', 'moment'), ...facts],
  operators: ['privacy_officer'],
  staff: ['manager', 'developer'],
  document: true,
  next: () => 'notified',
  faults: discoveredFaults,
  due: dueOf,
}

const amend: Act = {
  who: 'either',
  from: ['notified', 'first_reported', 'final_reported', 'not_reportable'],
  fields: facts,
  operators: ['privacy_officer'],
  staff: ['manager', 'developer'],
  document: true,
  next: (_, around) => around.case?.state ?? 'notified',
  due: dueOf,
}

const reported = (name: 'first_reported' | 'final_reported'): Act => ({
  who: 'consortium',
  from: [name === 'first_reported' ? 'notified' : 'first_reported'],
  fields: [
    field.must('reported_at', 'moment'),
    field.must('reporter', 'one', ['consortium', 'member', 'both']),
    field.may('reference', 'line'),
    field.may('remarks', 'text'),
  ],
  operators: ['privacy_officer'],
  staff: [],
  document: true,
  next: () => name,
  faults: (values, around) => ({
    ...momentFaults(values, 'reported_at', around),
    ...(name === 'final_reported' && itemsLeft(around.soFar).length
      ? { reported_at: { rule: 'items_left', count: itemsLeft(around.soFar).length } }
      : {}),
  }),
  due: (values, around) => (name === 'first_reported' ? finalDue(values, around) : null),
})

const noReport: Act = {
  who: 'consortium',
  from: ['notified'],
  fields: [field.must('reason', 'text')],
  operators: ['privacy_officer'],
  staff: [],
  document: true,
  next: () => 'not_reportable',
  faults: (_, around) =>
    clocksOf(around)?.reportable === 'yes' ? { reason: { rule: 'must_be_reported' } } : {},
  due: () => null,
}

/** S-50: what was done against the damage, who bears its cost, when it was done. */
const measures: Act = {
  who: 'either',
  from: ['notified', 'first_reported', 'final_reported', 'not_reportable'],
  fields: [
    field.must('measures', 'text'),
    field.must('cost_bearer', 'one', ['giver', 'receiver', 'shared']),
    field.may('cost', 'yen'),
    field.may('completed_on', 'day'),
  ],
  operators: ['privacy_officer'],
  staff: ['manager'],
  document: true,
  next: (_, around) => around.case?.state ?? 'notified',
  faults: (values, { today }) =>
    textOf(values, 'completed_on') > today ? { completed_on: { rule: 'day_future' } } : {},
}

const close: Act = {
  who: 'consortium',
  from: ['final_reported', 'not_reportable'],
  fields: [field.must('conclusion', 'text')],
  operators: ['privacy_officer'],
  staff: [],
  document: true,
  next: () => 'closed',
  faults: (_, { soFar }) =>
    textOf(soFar, 'completed_on') ? {} : { conclusion: { rule: 'measures_open' } },
  due: () => null,
}

export const leaks: Noun = {
  row: 'S-49',
  on: 'maybe_flow',
  opens: 'notify',
  acts: {
    notify,
    amend,
    first_report: reported('first_reported'),
    final_report: reported('final_reported'),
    no_report: noReport,
    measures,
    close,
  },
}

/** Which of the nine items nobody has written yet. */
export function itemsLeft(soFar: Values): string[] {
  return NINE_ITEMS.filter((name) => name !== 'other' && soFar[name] === undefined)
}

function discoveredFaults(values: Values, around: Around): Faults {
  return momentFaults(values, 'discovered_at', around)
}

function momentFaults(values: Values, name: string, { now, case: of }: Around): Faults {
  const at = textOf(values, name)
  // Before that no calendar of ours begins.
  if (at && new Date(at).getTime() < 0) return { [name]: { rule: 'moment' } }
  if (at && new Date(at) > now) return { [name]: { rule: 'moment_future' } }
  if (at && name === 'reported_at' && of?.knownAt && new Date(at) < of.knownAt)
    return { [name]: { rule: 'before_known' } }
  return {}
}

function dueOf(values: Values, around: Around): Date | null {
  const state = around.case?.state ?? 'draft'
  const found = clocksOf({ ...around, soFar: { ...around.soFar, ...values } })
  if (!found || state === 'final_reported' || state === 'not_reportable') return null
  if (state === 'first_reported') return endOfDay(found.finalOn)
  // While it is not known whether it must be reported, the clock runs.
  return found.reportable === 'no' ? null : endOfDay(found.firstOn)
}

function finalDue(values: Values, around: Around): Date | null {
  const found = clocksOf({ ...around, soFar: { ...around.soFar, ...values } })
  return found ? endOfDay(found.finalOn) : null
}

/** 漏えい等 (S-49, S-50): the notice, and the two clocks towards the Commission (E-13, E-14, E-17). */
import { addDays, nextBusinessDay, type YearEnd } from '../input/business_days.ts'
import { dayOf, endOfDay } from '../input/days.ts'
import {
  field,
  LEAK_KINDS,
  listOf,
  numberOf,
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
  if (at && new Date(at) > now) return { [name]: { rule: 'moment_future' } }
  if (at && name === 'reported_at' && of?.knownAt && new Date(at) < of.knownAt)
    return { [name]: { rule: 'before_known' } }
  return {}
}

export type Clocks = {
  /** Day of the first knowledge by anybody: day 1 of both clocks. */
  knownOn: string
  reportable: 'yes' | 'no' | 'unknown'
  /** Which of 規則 7 (1)–(4) say so. */
  because: ('special' | 'financial' | 'intent' | 'persons')[]
  threshold: number
  firstDays: number
  firstOn: string
  finalDays: 30 | 60
  /** By the calendar, and moved to a business day (規則, 民法 142). */
  finalCounted: string
  finalOn: string
}

/**
 * The clocks of APPI 26 and 規則 8, as the Commission's guideline counts them: the day of knowing is day 1, days off
 * count, and a final report whose last day is a day off is due on the next business day. The first report is a rule of
 * thumb of 3 to 5 days and is not moved.
 *
 * @throws CalendarUnknown beyond the years whose holidays are known
 */
export function clocks(
  soFar: Values,
  asked: {
    knownAt: Date
    legalForm: Around['legalForm']
    firstReportDays: number
    yearEnd: YearEnd
  },
): Clocks {
  const knownOn = dayOf(asked.knownAt)
  const threshold = asked.legalForm === 'city' ? 100 : 1000
  const persons = numberOf(soFar, 'persons')
  const kinds = listOf(soFar, 'kinds')
  const many = persons !== undefined && persons > threshold
  const because = [
    ...LEAK_KINDS.filter((kind) => kinds.includes(kind)),
    ...(many ? ['persons' as const] : []),
  ]
  const finalDays = kinds.includes('intent') ? 60 : 30
  const finalCounted = addDays(knownOn, finalDays - 1)
  const open = persons === undefined ? 'unknown' : 'no'
  return {
    knownOn,
    reportable: because.length ? 'yes' : open,
    because,
    threshold,
    firstDays: asked.firstReportDays,
    firstOn: addDays(knownOn, asked.firstReportDays - 1),
    finalDays,
    finalCounted,
    finalOn: nextBusinessDay(finalCounted, asked.yearEnd),
  }
}

/** The clocks of a case as it stands; undefined before anybody said when it became known. */
export function clocksOf({ case: of, soFar, ...rest }: Around): Clocks | undefined {
  const said = textOf(soFar, 'discovered_at')
  const knownAt = of?.knownAt ?? (said ? new Date(said) : undefined)
  return knownAt && clocks(soFar, { ...rest, knownAt })
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

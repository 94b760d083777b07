/** Until when a request must be decided: days in Asia/Tokyo, from the steps and the rule alone. Pure (I-17…I-22, E-17). */
import {
  addBusinessDays,
  addDays,
  businessDayBefore,
  isBusinessDay,
  nextBusinessDay,
  type YearEnd,
} from '../input/business_days.ts'
import { dayOf, endOfDay } from '../input/days.ts'
import { stateOf, type Rule, type Step } from './model.ts'

type Past = Pick<Step, 'step' | 'at' | 'body'>

/** Every number that goes into a due date, so that a person can do the sum. Days are YYYY-MM-DD. */
export type Sum = {
  receivedOn: string
  /** The first day that counts. */
  firstOn: string
  days: number
  /** Days left out because something was waited for. */
  paused: number
  /** Days more, by an extension. */
  extended: number
  /** The last day as counted, before days of rest. */
  countedOn: string
  /** The last day. */
  lastOn: string
  /** Days of rest that were passed over at the end. */
  moved: string[]
}

export type Due =
  | { kind: 'runs'; sum: Sum; dueAt: Date }
  /** The clock stands still: the days it has stood so far, and what it would come to without. */
  | { kind: 'stands'; sum: Sum; since: string; days: number }
  | { kind: 'none' }

/** The whole days between two days. */
export const daysBetween = (from: string, to: string): number =>
  Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)

const BEGINS = { completion_asked: 'completed', vacancy_began: 'vacancy_ended' } as const

type Pause = { from: string; to: string | undefined }

/** Times in which the clock stood still: from the day of the step that stopped it to that of the one that let it go. */
function pausesOf(steps: readonly Past[]): Pause[] {
  return steps.flatMap(({ step, at }, n) => {
    const ends = BEGINS[step as keyof typeof BEGINS]
    if (!ends) return []
    const end = steps.slice(n + 1).find((later) => later.step === ends)
    return [{ from: dayOf(at), to: end && dayOf(end.at) }]
  })
}

/** Days on which the clock stood still; a day on which two things were waited for counts once. */
function pausedDays(pauses: readonly Pause[], today: string): number {
  const days = new Set<string>()
  for (const { from, to = today } of pauses)
    for (let day = addDays(from, 1); day <= to; day = addDays(day, 1)) days.add(day)
  return days.size
}

/**
 * The due date and how it comes about.
 *
 * @param today YYYY-MM-DD, for a clock that stands still
 * @throws CalendarUnknown beyond the years whose holidays are known
 */
export function dueOf(
  rule: Rule,
  steps: readonly Past[],
  { yearEnd, today }: { yearEnd: YearEnd; today: string },
): Due {
  const received = steps.find(({ step }) => step === 'received')
  const state = stateOf(steps)
  if (!received || state === 'withdrawn' || state === 'closed' || state === 'answered')
    return { kind: 'none' }
  const pauses = pausesOf(steps)
  const special = steps.findLast(({ step }) => step === 'special_term')?.body['until']
  const extension = steps.findLast(({ step }) => step === 'extended')?.body['days']
  const sum = sumOf(rule, {
    receivedOn: dayOf(received.at),
    paused: pausedDays(pauses, today),
    extended: typeof extension === 'number' ? extension : 0,
    yearEnd,
  })
  const open = pauses.find(({ to }) => to === undefined)
  if (open)
    return {
      kind: 'stands',
      sum,
      since: open.from,
      days: Math.max(0, daysBetween(open.from, today)),
    }
  const lastOn = typeof special === 'string' ? special : sum.lastOn
  return { kind: 'runs', sum: { ...sum, lastOn }, dueAt: endOfDay(lastOn) }
}

/** The sum alone. @throws CalendarUnknown */
export function sumOf(
  rule: Pick<Rule, 'days' | 'from' | 'count' | 'restDay'>,
  asked: { receivedOn: string; paused?: number; extended?: number; yearEnd: YearEnd },
): Sum {
  const { receivedOn, paused = 0, extended = 0, yearEnd } = asked
  const firstOn = firstDay(rule, receivedOn, yearEnd)
  const all = rule.days + extended
  // Working days are counted first; what was waited for is left out by the calendar.
  const countedOn =
    rule.count === 'business'
      ? addDays(addBusinessDays(firstOn, all - 1, yearEnd), paused)
      : addDays(firstOn, all - 1 + paused)
  const lastOn = rule.restDay === 'moves' ? nextBusinessDay(countedOn, yearEnd) : countedOn
  const moved: string[] = []
  for (let day = countedOn; day < lastOn; day = addDays(day, 1)) moved.push(day)
  return { receivedOn, firstOn, days: rule.days, paused, extended, countedOn, lastOn, moved }
}

function firstDay({ from, count }: Pick<Rule, 'from' | 'count'>, day: string, yearEnd: YearEnd) {
  const first = from === 'next_day' ? addDays(day, 1) : day
  return count === 'business' ? nextBusinessDay(first, yearEnd) : first
}

/** The last day an extension may reach: so many days after the first term (I-18, I-21, I-22). */
export function latestExtension(
  rule: Rule,
  asked: { receivedOn: string; paused: number; yearEnd: YearEnd },
): string {
  return sumOf(rule, { ...asked, extended: rule.extension }).lastOn
}

/** A day before which a mail goes out: three working days ahead. @throws CalendarUnknown */
export function remindOn(lastOn: string, yearEnd: YearEnd): string {
  let day = isBusinessDay(lastOn, yearEnd) ? lastOn : nextBusinessDay(lastOn, yearEnd)
  for (let n = 0; n < 3; n++) day = businessDayBefore(day, yearEnd)
  return day
}

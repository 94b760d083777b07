/** The two clocks of a leak towards the Commission (E-13, E-14, E-17): days counted in words, none guessed. */
import { addDays, nextBusinessDay, type YearEnd } from '../input/business_days.ts'
import { dayOf } from '../input/days.ts'
import { LEAK_KINDS, listOf, numberOf, textOf, type Around, type Values } from './model.ts'

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

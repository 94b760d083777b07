/**
 * 営業日: days an office in Japan works – no Saturday, no Sunday, no 国民の祝日 or 休日 (振替, 国民の休日), and not the days
 * round the turn of the year that an installation names. Days are YYYY-MM-DD in Asia/Tokyo. Rows: S-43, E-17.
 */
import holidayList from '@holiday-jp/holiday_jp'

/** The days round the turn of the year, both included: MM-DD. */
export type YearEnd = { from: string; to: string }

/** 行政機関の休日に関する法律 1: 29 December to 3 January. */
export const YEAR_END: YearEnd = { from: '12-29', to: '01-03' }

const { holidays } = holidayList
const years = Object.keys(holidays).map((day) => Number(day.slice(0, 4)))

/** The years whose holidays are known; beyond them nothing is guessed. */
export const KNOWN_YEARS = { from: Math.min(...years), to: Math.max(...years) }

/** A day beyond the years whose holidays are known. */
export class CalendarUnknown extends RangeError {
  constructor(day: string) {
    super(`the holidays of ${day} are not known: ${KNOWN_YEARS.from} to ${KNOWN_YEARS.to} are`)
    this.name = 'CalendarUnknown'
  }
}

/** The day `count` calendar days later; earlier where negative. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10)
}

/**
 * Whether offices work on a day.
 *
 * @throws CalendarUnknown beyond the years whose holidays are known
 */
export function isBusinessDay(day: string, yearEnd: YearEnd = YEAR_END): boolean {
  const year = Number(day.slice(0, 4))
  if (!(year >= KNOWN_YEARS.from && year <= KNOWN_YEARS.to)) throw new CalendarUnknown(day)
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
  if (weekday === 0 || weekday === 6 || Object.hasOwn(holidays, day)) return false
  return !isAtYearEnd(day.slice(5), yearEnd)
}

function isAtYearEnd(monthDay: string, { from, to }: YearEnd): boolean {
  return from <= to ? monthDay >= from && monthDay <= to : monthDay >= from || monthDay <= to
}

/** This day if offices work on it, else the next on which they do (民法 142). @throws CalendarUnknown */
export function nextBusinessDay(day: string, yearEnd: YearEnd = YEAR_END): string {
  let next = day
  while (!isBusinessDay(next, yearEnd)) next = addDays(next, 1)
  return next
}

/** The last day before this one on which offices work. @throws CalendarUnknown */
export function businessDayBefore(day: string, yearEnd: YearEnd = YEAR_END): string {
  let before = addDays(day, -1)
  while (!isBusinessDay(before, yearEnd)) before = addDays(before, -1)
  return before
}

/**
 * The business day that follows `count` others: the day itself is not counted (民法 140), and what happens on a day off
 * counts as happening on the next business day.
 *
 * @param count whole, 0 or more
 * @throws CalendarUnknown
 */
export function addBusinessDays(day: string, count: number, yearEnd: YearEnd = YEAR_END): string {
  let reached = nextBusinessDay(day, yearEnd)
  for (let n = 0; n < count; n++) reached = nextBusinessDay(addDays(reached, 1), yearEnd)
  return reached
}

/**
 * 「n営業日前までの通知」: the first business day for which a notice of today comes `count` business days before.
 *
 * @throws CalendarUnknown
 */
export function earliestAfterNotice(
  noticeDay: string,
  count: number,
  yearEnd: YearEnd = YEAR_END,
): string {
  return addBusinessDays(noticeDay, Math.max(1, count), yearEnd)
}

/** The name of a holiday, where a day is one. */
export function holidayName(day: string): { ja: string; en: string } | undefined {
  const found = Object.hasOwn(holidays, day)
    ? (holidays as Record<string, { name: string; name_en: string }>)[day]
    : undefined
  return found && { ja: found.name, en: found.name_en }
}

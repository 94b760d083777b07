/** A date without a time is a day in Asia/Tokyo, whatever the server's zone. */
import type { Fields } from '../refusal.ts'

/** The beginning of a day, given as YYYY-MM-DD. Japan has had no daylight saving since 1951. */
export function startOfDay(day: string): Date {
  return new Date(`${day}T00:00:00+09:00`)
}

/** The exclusive end of a day that is included: the next midnight there. */
export function endOfDay(day: string): Date {
  return new Date(startOfDay(day).getTime() + 86400_000)
}

/** The day in Asia/Tokyo of a moment, as YYYY-MM-DD. */
export function dayOf(at: Date): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' }).format(at)
}

/** A day that exists: YYYY-MM-DD. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const day = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

/** What is wrong with a period that a list is narrowed to, by field: days that are none, or turned round. Empty: no end. */
export function periodFaults({ from, to }: { from: string; to: string }): Fields {
  const fields: Fields = {}
  if (from && !isDay(from)) fields['from'] = 'not_valid'
  if (to && !isDay(to)) fields['to'] = 'not_valid'
  if (!Object.keys(fields).length && from && to && to < from) fields['to'] = 'period_turned'
  return fields
}

const MOMENT =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/**
 * A moment of a day that exists (RFC 3339), with its offset; seconds may be left out. No leap seconds: Unix time has none.
 * `Date` takes 30 February for 2 March, so it is not asked.
 */
export function isMoment(text: string): boolean {
  const day = MOMENT.exec(text)?.[1]
  return day !== undefined && isDay(day)
}

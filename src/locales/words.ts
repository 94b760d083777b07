/** Dates, times, lists and deadlines in the reader's language; days are days in Asia/Tokyo. */
import type { Language } from './index.ts'

const ZONE = 'Asia/Tokyo'
const DAY = 86400_000

export function words(language: Language) {
  const locale = language === 'ja' ? 'ja-JP' : 'en-GB'
  const make = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone: ZONE, ...options })
  const day = make({ year: 'numeric', month: 'long', day: 'numeric' })
  const weekday = make({ weekday: 'short' })
  const time = make({ hour: 'numeric', minute: '2-digit', hour12: false })
  const second = make({ hour: 'numeric', minute: '2-digit', second: '2-digit', hour12: false })
  const list = new Intl.ListFormat(locale, {
    type: 'conjunction',
    style: language === 'ja' ? 'narrow' : 'long',
  })
  const date = (at: Date) => day.format(at)
  const dateWithWeekday = (at: Date) =>
    language === 'ja'
      ? `${day.format(at)}（${weekday.format(at)}）`
      : `${weekday.format(at)} ${day.format(at)}`
  return {
    /** 2026年11月21日 */
    date,
    /** 2026年11月21日（土） */
    dateWithWeekday,
    /** 9:05 */
    time: (at: Date) => time.format(at),
    /** 2026年11月21日 9:05 */
    dateTime: (at: Date) => `${day.format(at)} ${time.format(at)}`,
    /** 2026年11月21日 9:05:33 */
    instant: (at: Date) => `${day.format(at)} ${second.format(at)}`,
    /** The last day included, for an exclusive end such as the next midnight. */
    lastDay: (end: Date) => dateWithWeekday(new Date(end.getTime() - 1)),
    /** あとn日: whole days until an exclusive end; 0 on the last day. */
    daysLeft: (end: Date, now: Date) =>
      Math.max(0, Math.ceil((end.getTime() - now.getTime()) / DAY) - 1),
    list: (parts: readonly string[]) => (language === 'ja' ? parts.join('、') : list.format(parts)),
  }
}

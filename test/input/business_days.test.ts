/** 営業日 by the calendar and by what must hold for every day (S-43, E-17). */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  addBusinessDays,
  addDays,
  businessDayBefore,
  CalendarUnknown,
  earliestAfterNotice,
  holidayName,
  isBusinessDay,
  KNOWN_YEARS,
  nextBusinessDay,
} from '../../src/input/business_days.ts'

const anyDay = fc.integer({ min: 0, max: 365 * 70 }).map((days) => addDays('1975-01-01', days))
const count = fc.integer({ min: 0, max: 40 })

describe('days off', () => {
  test.each([
    ['2026-04-29', '昭和の日'],
    ['2026-05-03', '憲法記念日, a Sunday'],
    ['2026-05-04', 'みどりの日'],
    ['2026-05-05', 'こどもの日'],
    ['2026-05-06', '振替休日: the 3rd was a Sunday'],
    ['2026-09-22', '国民の休日: between 敬老の日 and 秋分の日'],
    ['2026-03-20', '春分の日'],
    ['2024-02-12', '振替休日'],
    ['2026-12-29', 'turn of the year'],
    ['2027-01-03', 'turn of the year'],
    ['2026-11-21', 'Saturday'],
    ['2026-11-22', 'Sunday'],
  ])('%s is none that offices work on: %s', (day) => {
    expect(isBusinessDay(day)).toBe(false)
  })

  test.each(['2026-05-01', '2026-05-07', '2026-09-24', '2026-12-28', '2027-01-04', '2026-11-24'])(
    '%s is one',
    (day) => {
      expect(isBusinessDay(day)).toBe(true)
    },
  )

  test('the turn of the year is what the installation says', () => {
    expect(isBusinessDay('2026-12-30', { from: '12-31', to: '01-01' })).toBe(true)
    expect(isBusinessDay('2026-12-31', { from: '12-31', to: '01-01' })).toBe(false)
    expect(isBusinessDay('2027-01-04', { from: '12-28', to: '01-04' })).toBe(false)
    expect(isBusinessDay('2026-08-13', { from: '08-13', to: '08-15' })).toBe(false)
  })

  test('names what day it is', () => {
    expect(holidayName('2026-05-04')).toEqual({ ja: 'みどりの日', en: 'Greenery Day' })
    expect(holidayName('2026-05-07')).toBeUndefined()
    expect(holidayName('constructor')).toBeUndefined()
  })

  test('beyond the known years nothing is guessed', () => {
    expect(KNOWN_YEARS).toEqual({ from: 1970, to: 2050 })
    expect(() => isBusinessDay('2051-01-05')).toThrow(CalendarUnknown)
    expect(() => isBusinessDay('1969-12-26')).toThrow(CalendarUnknown)
    expect(() => addBusinessDays('2050-12-28', 1)).toThrow(CalendarUnknown)
    expect(() => isBusinessDay('soon')).toThrow(CalendarUnknown)
  })
})

describe('counting', () => {
  test.each([
    // over the golden week of 2026: 29 April, 2 to 6 May
    ['2026-04-28', 5, '2026-05-11'],
    // over the turn of the year
    ['2026-12-25', 3, '2027-01-05'],
    // over 敬老の日, 国民の休日 and 秋分の日
    ['2026-09-18', 1, '2026-09-24'],
    // a notice on a Saturday counts as one of the next business day, here a Tuesday (勤労感謝の日 on Monday)
    ['2026-11-21', 10, '2026-12-08'],
    ['2026-11-24', 10, '2026-12-08'],
    ['2026-11-24', 0, '2026-11-24'],
  ])('%s and %d business days: %s', (day, days, expected) => {
    expect(addBusinessDays(day, days)).toBe(expected)
  })

  test('a notice is never for the same day', () => {
    expect(earliestAfterNotice('2026-11-24', 0)).toBe('2026-11-25')
    expect(earliestAfterNotice('2026-11-20', 1)).toBe('2026-11-24')
  })

  test('what is reached is a business day, with exactly so many before it', () => {
    fc.assert(
      fc.property(anyDay, count, (day, days) => {
        const reached = addBusinessDays(day, days)
        expect(isBusinessDay(reached)).toBe(true)
        let between = 0
        for (let d = nextBusinessDay(day); d < reached; d = addDays(d, 1))
          if (isBusinessDay(d)) between++
        expect(between).toBe(days)
      }),
      { numRuns: 300 },
    )
  })

  test('one more business day is later, and adding in two steps is the same', () => {
    fc.assert(
      fc.property(anyDay, count, count, (day, one, two) => {
        expect(addBusinessDays(day, one + 1) > addBusinessDays(day, one)).toBe(true)
        expect(addBusinessDays(addBusinessDays(day, one), two)).toBe(
          addBusinessDays(day, one + two),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('the earliest day of a notice, counted backwards, is not before the notice', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 1, max: 30 }), (day, days) => {
        let back = earliestAfterNotice(day, days)
        for (let n = 0; n < days; n++) back = businessDayBefore(back)
        expect(back >= day).toBe(true)
        let tooEarly = businessDayBefore(earliestAfterNotice(day, days))
        for (let n = 0; n < days; n++) tooEarly = businessDayBefore(tooEarly)
        expect(tooEarly < day).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

import { describe, expect, test } from '@jest/globals'
import { webAddressFault } from '../../src/input/addresses.ts'
import { dayOf, endOfDay, isDay, startOfDay } from '../../src/input/days.ts'
import { isCorporateNumber } from '../../src/input/faults.ts'

describe('corporate numbers', () => {
  // The National Tax Agency's own number; then one with another check digit, and with two digits exchanged.
  test.each([
    ['7000012050002', true],
    ['8000012050002', false],
    ['7000012005002', false],
    ['700001205000', false],
    ['７000012050002', false],
    ['0000012050002', false],
  ])('%s: %s', (text, right) => {
    expect(isCorporateNumber(text)).toBe(right)
  })
})

describe('days', () => {
  test.each([
    ['2026-02-28', true],
    ['2026-02-29', false],
    ['2028-02-29', true],
    ['2026-2-1', false],
    ['2026-13-01', false],
    ['20260401', false],
  ])('%s: %s', (text, exists) => {
    expect(isDay(text)).toBe(exists)
  })

  test('are days in Asia/Tokyo, the last one included', () => {
    expect(startOfDay('2026-04-01').toISOString()).toBe('2026-03-31T15:00:00.000Z')
    expect(endOfDay('2027-03-31').toISOString()).toBe('2027-03-31T15:00:00.000Z')
    expect(dayOf(new Date('2026-03-31T15:00:00Z'))).toBe('2026-04-01')
    expect(dayOf(new Date('2026-03-31T14:59:59Z'))).toBe('2026-03-31')
  })
})

describe('addresses of pages', () => {
  test.each([
    ['https://a.example', undefined],
    ['https://a.example/terms?lang=ja', undefined],
    ['http://a.example/', 'address_not_https'],
    ['http://a.example', 'address_not_https'],
    ['http://x', 'address_not_https'],
    ['https://127.0.0.1/', 'address_number_host'],
    ['https://0x7f.1/', 'address_not_normal'],
    ['https://2130706433/', 'address_not_normal'],
    ['https://[::1]/', 'address_number_host'],
    ['https://[::ffff:7f00:1]/', 'address_number_host'],
    ['https://intranet/', 'address_private_host'],
    ['https://db.internal/', 'address_private_host'],
    ['https://a.localhost/', 'address_private_host'],
    ['https://a.example./', 'address_private_host'],
    ['https://u:p@a.example/', 'address_user'],
    ['javascript:alert(1)', 'address_not_https'],
    ['not an address', 'address_not_readable'],
  ])('%s: %s', (text, rule) => {
    expect(webAddressFault(text)).toBe(rule)
  })
})

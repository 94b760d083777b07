/** The room `contracts`: which version of a contract rules when, and that two never do. */
import { expect, test } from '@jest/globals'
import { mayFollow, overlapping, type Term } from '../../src/contracts/model.ts'

const day = (text: string) => new Date(`${text}T00:00:00+09:00`)
const term = (contractId: string, version: number, from: string, until: string): Term => ({
  contractId,
  number: contractId,
  version,
  startsAt: day(from),
  endsAt: day(until),
})

test('contracts that follow each other do not overlap', () => {
  expect(
    overlapping([
      term('a', 1, '2025-04-01', '2026-04-01'),
      term('b', 1, '2026-04-01', '2027-04-01'),
    ]),
  ).toBeUndefined()
})

test('contracts that share a day overlap', () => {
  const [one, other] = [
    term('a', 1, '2025-04-01', '2026-04-02'),
    term('b', 1, '2026-04-01', '2027-04-01'),
  ]
  expect(overlapping([one, other])).toEqual([one, other])
})

test('a version that was amended no longer counts', () => {
  const shortened = [
    term('a', 1, '2025-04-01', '2027-04-01'),
    term('a', 2, '2025-04-01', '2026-04-01'),
    term('b', 1, '2026-04-01', '2027-04-01'),
  ]
  expect(overlapping(shortened)).toBeUndefined()
  expect(overlapping([shortened[0]!, shortened[2]!])).toBeDefined()
})

test('a renewal counts beside the version it renews', () => {
  const renewed = [
    term('a', 1, '2025-04-01', '2026-04-01'),
    term('a', 2, '2026-04-01', '2027-04-01'),
  ]
  expect(overlapping(renewed)).toBeUndefined()
  expect(overlapping([...renewed, term('b', 1, '2025-06-01', '2025-07-01')])).toBeDefined()
  expect(overlapping([...renewed, term('b', 1, '2026-06-01', '2026-07-01')])).toBeDefined()
})

test('a version amends or renews, it does not half overlap', () => {
  const newest = term('a', 1, '2026-04-01', '2027-04-01')
  expect(mayFollow(newest, { startsAt: day('2026-04-01') })).toBe(true)
  expect(mayFollow(newest, { startsAt: day('2027-04-01') })).toBe(true)
  expect(mayFollow(newest, { startsAt: day('2028-01-01') })).toBe(true)
  expect(mayFollow(newest, { startsAt: day('2026-10-01') })).toBe(false)
  expect(mayFollow(newest, { startsAt: day('2026-01-01') })).toBe(false)
})

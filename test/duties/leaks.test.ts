/** 漏えい等 (S-49, S-50): the notice that nothing blocks, and the clocks of the law (E-13, E-14, E-17). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as duties from '../../src/duties/actions.ts'
import { clocks } from '../../src/duties/clocks.ts'
import { NINE_ITEMS } from '../../src/duties/leaks.ts'
import type { Actor, Case, Values } from '../../src/duties/model.ts'
import { YEAR_END } from '../../src/input/business_days.ts'
import { Refusal } from '../../src/refusal.ts'
import { makePair, type Pair } from '../support/duties.ts'
import { openWorld, type World } from '../support/env.ts'

const NOW = new Date('2026-11-21T22:30:00+09:00')
const DISCOVERED = '2026-11-20T10:00:00.000Z'
const known = { legalForm: 'company', firstReportDays: 3, yearEnd: YEAR_END } as const

describe('the clocks', () => {
  const of = (soFar: Values, knownAt = DISCOVERED, legalForm: 'company' | 'city' = 'company') =>
    clocks(soFar, { ...known, legalForm, knownAt: new Date(knownAt) })

  test('count the day of knowing as the first, in Tokyo', () => {
    expect(of({ persons: 5000 })).toMatchObject({
      ...{ knownOn: '2026-11-20', firstOn: '2026-11-22', finalDays: 30 },
      // the 30th day, 19 December, is a Saturday
      ...{ finalCounted: '2026-12-19', finalOn: '2026-12-21' },
    })
    // 15:30 UTC is the next day there
    expect(of({}, '2026-11-20T15:30:00Z').knownOn).toBe('2026-11-21')
  })

  test('a final report that is due in the days off at the turn of the year waits for 4 January', () => {
    expect(of({}, '2026-11-30T03:00:00Z')).toMatchObject({
      ...{ finalCounted: '2026-12-29', finalOn: '2027-01-04' },
    })
  })

  test('wrongful intent gives sixty days', () => {
    expect(of({ kinds: ['intent'] })).toMatchObject({
      ...{ finalDays: 60, finalCounted: '2027-01-18', reportable: 'yes', because: ['intent'] },
    })
  })

  test.each([
    ['company', 1000, 'no'],
    ['company', 1001, 'yes'],
    ['city', 100, 'no'],
    ['city', 101, 'yes'],
  ] as const)('%s: %d persons alone: %s', (legalForm, persons, reportable) => {
    expect(of({ persons }, DISCOVERED, legalForm).reportable).toBe(reportable)
  })

  test('the other kinds count from the first person, and nobody knows without a number', () => {
    expect(of({ persons: 1, kinds: ['special'] }).reportable).toBe('yes')
    expect(of({ persons: 1, kinds: ['financial'] }).reportable).toBe('yes')
    expect(of({}).reportable).toBe('unknown')
    expect(of({ persons: 0 }).reportable).toBe('no')
  })
})

describe('a leak', () => {
  let world: World
  let pair: Pair
  let officer: Actor

  beforeAll(async () => {
    world = await openWorld()
    world.setNow(NOW)
    pair = await makePair(world.env)
    officer = { side: 'consortium', person: pair.officer.person }
  })
  afterAll(() => world.close())

  const take = (of: Case, name: string, values: Values, actor: Actor) =>
    duties.take(world.env, { id: of.id, name, values, actor })
  const notify = (values: Values, actor = pair.member) =>
    duties.open(world.env, { kind: 'leak', subject: {}, values, actor })
  async function wrong(work: Promise<unknown>): Promise<unknown> {
    const error = await work.then(
      () => undefined,
      (caught: unknown) => caught,
    )
    if (!(error instanceof Refusal)) throw new Error('it was not refused', { cause: error })
    return error.details.fields ?? error.reason
  }

  test('is taken in with nothing but the time of discovery, and both times are kept', async () => {
    const leak = await notify({ discovered_at: DISCOVERED })
    expect(leak).toMatchObject({ state: 'notified', knownAt: new Date(DISCOVERED), openedAt: NOW })
    // nobody knows yet whether it must be reported: the clock runs
    expect(leak.dueAt?.toISOString()).toBe('2026-11-22T15:00:00.000Z')
    const future = new Date(NOW.getTime() + 60_000).toISOString()
    expect(await wrong(notify({ discovered_at: future }))).toEqual({
      discovered_at: 'moment_future',
    })
    expect(await wrong(notify({ discovered_at: '0001-01-01T00:00:00.000Z' }))).toEqual({
      discovered_at: 'moment',
    })
  })

  test('comes from a program of the company as JSON', async () => {
    const { person: by } = pair.staff
    const notice = { discovered_at: '2026-11-20T19:00:00+09:00', persons: 3 }
    const leak = await duties.notifyLeak(world.env, { memberId: pair.memberId, by, notice })
    expect(leak).toMatchObject({ memberId: pair.memberId, dueAt: null })
    expect(leak.knownAt?.toISOString()).toBe(DISCOVERED)
    expect(
      await wrong(
        duties.notifyLeak(world.env, {
          ...{ memberId: pair.memberId, by, notice: { discovered_at: 'soon' } },
        }),
      ),
    ).toEqual({ discovered_at: 'moment' })
  })

  test('as a draft is the company’s own until it is sent', async () => {
    const values = { what: '端末の紛失' }
    const { member: actor } = pair
    const draft = await duties.saveDraft(world.env, { id: undefined, subject: {}, values, actor })
    expect(draft).toMatchObject({ state: 'draft', number: null })
    expect(await wrong(duties.find(world.env, draft.id, officer))).toBe('not_found')
    expect((await duties.tasks(world.env)).some(({ href }) => href.endsWith(draft.id))).toBe(false)
    const more = { id: draft.id, subject: {}, values: { ...values, cause: '置き忘れ' }, actor }
    expect((await duties.saveDraft(world.env, more)).draft).toEqual(more.values)
    const sent = await take(draft, 'notify', { ...more.values, discovered_at: DISCOVERED }, actor)
    expect(sent).toMatchObject({ state: 'notified', draft: null })
    expect(await wrong(duties.saveDraft(world.env, more))).toBe('wrong_state')
  })

  test('goes through both reports to its end, and nothing is left out', async () => {
    const leak = await notify({
      discovered_at: DISCOVERED,
      kinds: ['intent'],
      what: '不正アクセス',
    })
    const reported = { reported_at: '2026-11-21T12:00:00.000Z', reporter: 'consortium' }
    expect(await wrong(take(leak, 'no_report', { reason: '少ない' }, officer))).toEqual({
      reason: 'must_be_reported',
    })
    expect(await wrong(take(leak, 'first_report', reported, pair.member))).toEqual({
      reported_at: 'not_your_side',
    })
    const early = { ...reported, reported_at: '2026-11-19T00:00:00.000Z' }
    expect(await wrong(take(leak, 'first_report', early, officer))).toEqual({
      reported_at: 'before_known',
    })
    const first = await take(leak, 'first_report', reported, officer)
    expect(first.dueAt?.toISOString()).toBe('2027-01-18T15:00:00.000Z')
    expect(await wrong(take(leak, 'final_report', reported, officer))).toEqual({
      reported_at: 'items_left',
    })
    const rest = Object.fromEntries(
      NINE_ITEMS.map((name) => [name, name === 'persons' ? 40 : '書いた']),
    )
    await take(leak, 'amend', rest, pair.member)
    expect((await take(leak, 'final_report', reported, officer)).dueAt).toBeNull()
    expect(await wrong(take(leak, 'close', { conclusion: '終わり' }, officer))).toEqual({
      conclusion: 'measures_open',
    })
    const measures = { measures: '遮断した', cost_bearer: 'receiver', completed_on: '2026-11-21' }
    await take(leak, 'measures', measures, pair.member)
    expect((await take(leak, 'close', { conclusion: '終わり' }, officer)).state).toBe('closed')
  })

  test('of the consortium itself is no company’s to see', async () => {
    const subject = { flow: pair.collected }
    const values = { discovered_at: DISCOVERED }
    const own = await duties.open(world.env, { kind: 'leak', subject, values, actor: officer })
    expect(own).toMatchObject({ receiver: 'consortium', memberId: pair.memberId })
    expect(await wrong(duties.find(world.env, own.id, pair.member))).toBe('not_found')
    expect((await duties.tasks(world.env)).some(({ href }) => href.endsWith(own.id))).toBe(true)
  })

  test('a note that no report is needed stops the clock', async () => {
    const leak = await notify({ discovered_at: DISCOVERED, persons: 2 })
    const noted = await take(leak, 'no_report', { reason: '2人で、規則7条に当たらない' }, officer)
    expect(noted).toMatchObject({ state: 'not_reportable', dueAt: null })
  })
})

/** Until when a request must be decided: the sums of the law, by hand and by what must hold for every day (I-17…I-22). */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { addDays, isBusinessDay, YEAR_END } from '../../src/input/business_days.ts'
import { dayOf, endOfDay, startOfDay } from '../../src/input/days.ts'
import { demoInstallation, installationFaults, type Installation } from '../../src/installation.ts'
import { daysBetween, dueOf, latestExtension, remindOn, sumOf } from '../../src/rights/clock.ts'
import {
  endedAtOf,
  mayFollow,
  outcomeOf,
  REACHABLE,
  stateOf,
  STEPS,
  type Step,
  type StepName,
  type Subject,
} from '../../src/rights/model.ts'
import { articleOf, profileOf, ruleFor } from '../../src/rights/profiles.ts'

const site = (rights?: Installation['rights']): Installation => ({
  ...demoInstallation,
  ...(rights && { rights }),
})
const national = site({ profile: 'national' })
const oiso = site({ profile: 'oiso' })
const yearEnd = YEAR_END

type Past = Pick<Step, 'step' | 'at' | 'body'>
const on = (day: string, step: StepName, body: Step['body'] = {}): Past => ({
  ...{ step, body, at: new Date(`${day}T13:30:00+09:00`) },
})
const lastOn = (rule: Parameters<typeof dueOf>[0], steps: Past[], today = '2026-12-01') => {
  const due = dueOf(rule, steps, { yearEnd, today })
  return due.kind === 'none' ? undefined : due.sum.lastOn
}

describe('days of the law', () => {
  test.each([
    // received, days, last day counted, last day
    ['2026-12-04', 30, '2027-01-03', '2027-01-04'],
    ['2026-11-21', 30, '2026-12-21', '2026-12-21'],
    ['2026-12-15', 14, '2026-12-29', '2027-01-04'],
    ['2024-01-30', 30, '2024-02-29', '2024-02-29'],
    ['2023-01-30', 30, '2023-03-01', '2023-03-01'],
    ['2026-04-15', 14, '2026-04-29', '2026-04-30'],
    ['2026-04-19', 14, '2026-05-03', '2026-05-07'],
  ])('%s and %i days: %s, so %s', (receivedOn, days, countedOn, last) => {
    const rule = { days, from: 'next_day', count: 'calendar', restDay: 'moves' } as const
    expect(sumOf(rule, { receivedOn, yearEnd })).toMatchObject({ countedOn, lastOn: last })
  })

  test('an ordinance may count the day itself, working days, and let a day of rest stand', () => {
    const asked = { receivedOn: '2026-11-20', yearEnd }
    const rule = { days: 3, from: 'next_day', count: 'business', restDay: 'moves' } as const
    expect(sumOf(rule, asked).lastOn).toBe('2026-11-26')
    expect(sumOf({ ...rule, from: 'same_day' }, asked).lastOn).toBe('2026-11-25')
    const plain = { ...rule, count: 'calendar', restDay: 'stays' } as const
    expect(sumOf(plain, asked)).toMatchObject({ lastOn: '2026-11-23', moved: [] })
  })

  test('a public body has 30 days, Oiso 14 for disclosure, both 30 more once; a private one its own', () => {
    expect(ruleFor(national, 'disclosure', 'other')).toMatchObject({
      days: 30,
      extension: 30,
      goal: false,
    })
    expect(ruleFor(national, 'stop_provision', 'service').article.ja).toBe(
      '個人情報の保護に関する法律第102条第1項',
    )
    expect(ruleFor(oiso, 'disclosure', 'other')).toMatchObject({ days: 14, extension: 30 })
    expect(ruleFor(oiso, 'correction', 'other')).toMatchObject({
      days: 30,
      told: ['resident', 'recipients'],
    })
    expect(ruleFor(site(), 'disclosure', 'other')).toMatchObject({
      days: 14,
      extension: 0,
      goal: true,
    })
    expect(ruleFor(site({ profile: 'private', goalDays: 7 }), 'suspension', 'service').days).toBe(7)
    expect(profileOf({ ...demoInstallation, legalForm: 'city' })).toBe('national')
    const why = {
      kind: 'disclosure',
      rule: ruleFor(oiso, 'disclosure', 'other'),
      ground: 'existence',
    } as const
    expect(articleOf('oiso', why).ja).toBe('大磯町議会の個人情報の保護に関する条例第24条')
  })

  test('the records of provision have a paragraph of their own: APPI 33(5), of a private body alone (E-15)', () => {
    const of = (where: Installation, subject: Subject) =>
      ruleFor(where, 'disclosure', subject).article
    expect(of(site(), 'records')).toEqual({
      ja: '個人情報の保護に関する法律第33条第5項',
      en: 'Act on the Protection of Personal Information, article 33(5)',
    })
    expect(of(site(), 'registered').ja).toBe('個人情報の保護に関する法律第33条第2項')
    expect(of(national, 'records')).toEqual(of(national, 'registered'))
  })

  test('the days of waiting do not count, each once, and the clock then stands still (I-17, I-20)', () => {
    const rule = ruleFor(oiso, 'disclosure', 'other')
    const waited = [
      on('2026-11-02', 'received'),
      on('2026-11-05', 'completion_asked'),
      on('2026-11-10', 'completed'),
    ]
    expect(lastOn(rule, waited)).toBe('2026-11-24')
    const open = waited.slice(0, 2)
    expect(dueOf(rule, open, { yearEnd, today: '2026-11-08' })).toMatchObject({
      ...{ kind: 'stands', since: '2026-11-05', days: 3 },
    })
    const both = [
      ...waited.slice(0, 2),
      on('2026-11-06', 'vacancy_began'),
      on('2026-11-09', 'vacancy_ended'),
      on('2026-11-10', 'completed'),
    ]
    expect(lastOn(rule, both)).toBe('2026-11-24')
  })

  test('44 days at most with an extension: 14 and 30 (I-18)', () => {
    const rule = ruleFor(oiso, 'disclosure', 'other')
    const asked = { receivedOn: '2026-11-02', paused: 0, yearEnd }
    expect(latestExtension(rule, asked)).toBe('2026-12-16')
    expect(
      lastOn(rule, [on('2026-11-02', 'received'), on('2026-11-09', 'extended', { days: 30 })]),
    ).toBe('2026-12-16')
    expect(daysBetween('2026-11-02', '2026-12-16')).toBe(44)
  })

  test('what is over has no due date', () => {
    const rule = ruleFor(national, 'correction', 'other')
    for (const step of ['withdrawn', 'closed'] as const)
      expect(lastOn(rule, [on('2026-11-02', 'received'), on('2026-11-03', step)])).toBeUndefined()
  })

  test('a mail goes out three working days ahead', () => {
    expect(remindOn('2027-01-04', yearEnd)).toBe('2026-12-24')
  })
})

const anyDay = fc.integer({ min: 0, max: 365 * 28 }).map((days) => addDays('2020-01-01', days))
const anyRule = fc.record({
  days: fc.integer({ min: 1, max: 60 }),
  from: fc.constantFrom('next_day' as const, 'same_day' as const),
  count: fc.constantFrom('calendar' as const, 'business' as const),
  restDay: fc.constantFrom('moves' as const, 'stays' as const),
})

describe('for every day, over year ends and leap days', () => {
  test('the sum can be done by hand: so many days from the first, then on to the next working day', () => {
    fc.assert(
      fc.property(anyDay, anyRule, fc.integer({ min: 0, max: 20 }), (receivedOn, rule, paused) => {
        const sum = sumOf(rule, { receivedOn, paused, yearEnd })
        if (rule.count === 'calendar') {
          expect(daysBetween(sum.firstOn, sum.countedOn)).toBe(rule.days - 1 + paused)
          expect(daysBetween(receivedOn, sum.firstOn)).toBe(rule.from === 'next_day' ? 1 : 0)
        } else {
          const between = Array.from(
            { length: daysBetween(sum.firstOn, sum.countedOn) + 1 - paused },
            (_, n) => addDays(sum.firstOn, n),
          )
          expect(between.filter((day) => isBusinessDay(day))).toHaveLength(rule.days)
        }
        expect(sum.moved.every((day) => !isBusinessDay(day))).toBe(true)
        if (rule.restDay === 'moves') expect(isBusinessDay(sum.lastOn)).toBe(true)
        expect(addDays(sum.countedOn, sum.moved.length)).toBe(sum.lastOn)
      }),
    )
  })

  test('a later request is never due earlier, more days never sooner, and a day has 24 hours', () => {
    fc.assert(
      fc.property(anyDay, anyRule, (receivedOn, rule) => {
        const { lastOn: due } = sumOf(rule, { receivedOn, yearEnd })
        const next = { receivedOn: addDays(receivedOn, 1), yearEnd }
        expect(sumOf(rule, next).lastOn >= due).toBe(true)
        expect(sumOf({ ...rule, days: rule.days + 1 }, { receivedOn, yearEnd }).lastOn >= due).toBe(
          true,
        )
        expect(endOfDay(due).getTime() - startOfDay(due).getTime()).toBe(86_400_000)
        expect(dayOf(new Date(endOfDay(due).getTime() - 1))).toBe(due)
      }),
    )
  })
})

describe('the procedure', () => {
  const names = (...all: StepName[]) => all.map((step) => ({ step }))

  test('goes its way, and only that way', () => {
    const way = names('received', 'taken', 'decided', 'carried_out', 'answered')
    for (const [n, { step }] of way.entries()) expect(mayFollow(way.slice(0, n), step)).toBe(true)
    expect(stateOf(way)).toBe('answered')
    for (const step of ['received', 'taken', 'extended', 'decided', 'withdrawn'] as const)
      expect([step, mayFollow(way, step)]).toEqual([step, false])
    expect(mayFollow(names('received'), 'decided')).toBe(false)
    expect(mayFollow(names('received', 'taken', 'extended'), 'extended')).toBe(false)
    expect(mayFollow(names('received', 'completion_asked'), 'decided')).toBe(false)
    expect(mayFollow([], 'taken')).toBe(false)
    expect(mayFollow(names('received', 'vacancy_began'), 'vacancy_began')).toBe(false)
    expect(mayFollow(names('received'), 'vacancy_ended')).toBe(false)
    expect(mayFollow([...way, { step: 'closed' }], 'appealed')).toBe(true)
  })

  test('nothing follows on a withdrawal, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STEPS), { maxLength: 12 }), (tried) => {
        const taken: { step: StepName }[] = []
        for (const step of tried) if (mayFollow(taken, step)) taken.push({ step })
        if (stateOf(taken) !== 'withdrawn') return
        expect(STEPS.filter((step) => mayFollow(taken, step))).toEqual([])
      }),
    )
  })

  test('the parts that follow later are modelled and cannot be reached', () => {
    const later = STEPS.filter((step) => !REACHABLE.includes(step))
    expect(later).toEqual([
      ...['completion_asked', 'completed', 'special_term', 'opinion_asked', 'opinion_received'],
      ...['vacancy_began', 'vacancy_ended', 'appealed'],
    ])
    expect(stateOf(names('received', 'taken', 'opinion_asked'))).toBe('waiting_opinion')
    expect(stateOf(names('received', 'completion_asked'))).toBe('waiting_completion')
  })

  test('when it ended and what was decided follow from the steps', () => {
    const steps = [
      on('2026-11-02', 'received'),
      on('2026-11-03', 'taken'),
      on('2026-11-04', 'decided', { outcome: 'partly' }),
    ]
    expect(endedAtOf(steps)).toBeNull()
    expect(outcomeOf(steps)).toBe('partly')
    expect(endedAtOf([...steps, on('2026-11-05', 'answered')])).toEqual(
      on('2026-11-05', 'answered').at,
    )
  })
})

describe('the settings', () => {
  const rule = {
    ...{ days: 15, from: 'next_day', count: 'business', restDay: 'moves', extensionDays: 20 },
    article: { ja: 'あおば市条例第10条', en: 'Aoba ordinance, article 10' },
    extensionArticle: { ja: 'あおば市条例第11条', en: 'Aoba ordinance, article 11' },
  }
  const rules = { disclosure: rule, correction: rule, suspension: rule }
  const faults = (rights: unknown) => installationFaults({ ...demoInstallation, rights })

  test('an own ordinance stands in the file', () => {
    expect(faults({ profile: 'ordinance', rules })).toEqual([])
    const own = site({ profile: 'ordinance', rules } as Installation['rights'])
    expect(ruleFor(own, 'stop_provision', 'service')).toMatchObject({
      days: 15,
      extension: 20,
      count: 'business',
    })
  })

  test.each([
    ['an unknown profile', { profile: 'kyoto' }],
    ['an ordinance without rules', { profile: 'ordinance' }],
    ['no days', { profile: 'ordinance', rules: { ...rules, disclosure: { ...rule, days: 0 } } }],
    ['a word too many', { profile: 'private', days: 3 }],
    [
      'a strange count',
      { profile: 'ordinance', rules: { ...rules, correction: { ...rule, count: 'x' } } },
    ],
  ])('%s is refused at the start', (_, rights) => {
    expect(faults(rights)).not.toEqual([])
  })
})

/** Duties between giver and receiver (S-36…S-50) on a real database, also with two at the same moment. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as duties from '../../src/duties/actions.ts'
import { lastAudit } from '../../src/duties/audits.ts'
import { flow as flowOf } from '../../src/duties/queries.ts'
import { CRITERIA } from '../../src/duties/reports.ts'
import type { Actor, Case, Values } from '../../src/duties/model.ts'
import { atomically } from '../../src/env.ts'
import { addDays } from '../../src/input/business_days.ts'
import { dayOf } from '../../src/input/days.ts'
import { Refusal } from '../../src/refusal.ts'
import { makePair, type Pair } from '../support/duties.ts'
import { openWorld, type World } from '../support/env.ts'

let world: World
let pair: Pair
let other: Pair

/** A Saturday before a holiday: notice counts from Tuesday the 24th. */
const NOW = new Date('2026-11-21T10:00:00+09:00')

beforeAll(async () => {
  world = await openWorld()
  world.setNow(NOW)
  pair = await makePair(world.env, { auditNoticeDays: 5, auditLimit: 'rolling_12_months' })
  other = await makePair(world.env)
})
afterAll(() => world.close())

/** The rule that a field breaks, or the reason of another refusal. */
async function wrong(work: Promise<unknown>): Promise<Record<string, string> | string> {
  try {
    await work
  } catch (error) {
    if (error instanceof Refusal) return error.details.fields ?? error.reason
    throw error
  }
  return 'nothing was refused'
}

const REQUEST: Values = { period_from: '2026-04-01', period_to: '2026-09-30', due: '2026-11-30' }
const REPORT: Values = {
  ...{ usage: '予約の受付に使った', persons_range: '予約係の3名', onward: 'none' },
  ...{ safety: '権限を分けた', deletion: '1年で消した' },
}
const NOTICE: Values = {
  on: '2026-12-01',
  place: '本社',
  auditor: '監査 一郎',
  scope: '利用の記録',
}

const ask = (to = pair, actor: Actor = to.consortium, flow = to.given) =>
  duties.open(world.env, { kind: 'report', subject: { flow }, values: REQUEST, actor })
const take = (of: Case, name: string, values: Values, actor: Actor) =>
  duties.take(world.env, { id: of.id, name, values, actor })
const insufficient = async (to = pair) => {
  const asked = await ask(to)
  await take(asked, 'submit', REPORT, to.member)
  const values = {
    verdict: 'insufficient',
    criteria: ['answers_all'],
    reason: '範囲が書かれていない',
  }
  return take(asked, 'judge', values, to.consortium)
}
const announce = (after: Case, on: string, actor = pair.consortium) =>
  duties.open(world.env, {
    kind: 'audit',
    subject: { after: after.id },
    values: { ...NOTICE, on },
    actor,
  })

describe('usage reports', () => {
  test('are asked for, handed in and judged, each a numbered document', async () => {
    const asked = await ask()
    expect(asked).toMatchObject({ state: 'requested', receiver: 'member', memberId: pair.memberId })
    expect(asked.number).toMatch(/^D-2026-\d{4}$/)
    expect(asked.dueAt?.toISOString()).toBe('2026-11-30T15:00:00.000Z')
    expect((await take(asked, 'submit', REPORT, pair.member)).state).toBe('submitted')
    const values = { verdict: 'sufficient', criteria: [...CRITERIA], reason: '求めのとおり' }
    const judged = await take(asked, 'judge', values, pair.consortium)
    expect(judged).toMatchObject({ state: 'sufficient', closedAt: NOW, dueAt: null })
    const papers = await world.env.db('duty_documents').where({ case_id: asked.id })
    expect(
      papers.map((paper) => String(paper.kind)).toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(['report.judge', 'report.request', 'report.submit'])
  })

  test('are handed in once', async () => {
    const asked = await ask()
    await take(asked, 'submit', REPORT, pair.member)
    expect(await wrong(take(asked, 'submit', REPORT, pair.member))).toBe('wrong_state')
    const both = await ask()
    const sent = await Promise.allSettled([
      take(both, 'submit', REPORT, pair.member),
      take(both, 'submit', REPORT, pair.member),
    ])
    expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('of another company are not there', async () => {
    const asked = await ask(other)
    expect(await wrong(take(asked, 'submit', REPORT, pair.member))).toBe('not_found')
    expect(await wrong(ask(pair, pair.member, other.collected))).toEqual({ flow: 'choose' })
    const forged = { ...asked, id: 'x' }
    expect(await wrong(take(forged, 'submit', REPORT, pair.member))).toBe('not_found')
  })

  test('of the consortium are asked for by the company, and judged by it alone', async () => {
    expect(await wrong(ask(pair, pair.consortium, pair.collected))).toEqual({
      flow: 'flow_not_given',
    })
    expect(await wrong(ask(pair, pair.member, pair.given))).toEqual({ flow: 'flow_not_given' })
    const asked = await ask(pair, pair.member, pair.collected)
    expect(asked.receiver).toBe('consortium')
    await take(asked, 'submit', REPORT, pair.consortium)
    const values = { verdict: 'sufficient', criteria: [...CRITERIA], reason: 'よい' }
    expect(await wrong(take(asked, 'judge', values, pair.consortium))).toEqual({
      criteria: 'own_report',
    })
    expect((await take(asked, 'judge', values, pair.member)).state).toBe('sufficient')
  })

  test('are judged as the checklist says', async () => {
    const asked = await ask()
    const judge = (values: Values) => wrong(take(asked, 'judge', values, pair.consortium))
    const no = { verdict: 'insufficient', reason: '足りない' }
    expect(await judge(no)).toEqual({ verdict: 'report_not_late' })
    await take(asked, 'submit', REPORT, pair.member)
    expect(await judge({ ...no, criteria: [...CRITERIA] })).toEqual({
      criteria: 'criteria_all_met',
    })
    expect(await judge({ ...no, verdict: 'sufficient', criteria: ['kept_safe'] })).toEqual({
      criteria: 'criteria_open',
    })
  })

  test('that never come are insufficient once they are late', async () => {
    const asked = await ask()
    world.setNow(new Date('2026-12-01T09:00:00+09:00'))
    const yes = { verdict: 'sufficient', reason: 'よい', criteria: [...CRITERIA] }
    expect(await wrong(take(asked, 'judge', yes, pair.consortium))).toEqual({
      verdict: 'nothing_submitted',
    })
    const no = { verdict: 'insufficient', reason: '提出がない' }
    expect((await take(asked, 'judge', no, pair.consortium)).state).toBe('insufficient')
    world.setNow(NOW)
  })

  test('late ones stand on the desk whoever owes them; the rest with whose turn it is', async () => {
    const theirs = await ask(other)
    const ours = await ask(other, other.member, other.collected)
    const onDesk = async () =>
      (await duties.tasks(world.env)).map(({ href }) => href.split('/').at(-1))
    expect(await onDesk()).toContain(ours.id)
    expect(await onDesk()).not.toContain(theirs.id)
    const staffs = (await duties.tasksOf(world.env, other.memberId)).map(({ href }) => href)
    expect(staffs).toContain(`/company/duties/${theirs.id}`)
    expect(staffs).not.toContain(`/company/duties/${ours.id}`)
    world.setNow(new Date('2026-12-05T09:00:00+09:00'))
    expect(await onDesk()).toEqual(expect.arrayContaining([ours.id, theirs.id]))
    world.setNow(NOW)
  })
})

describe('audits', () => {
  test('need a report that was judged insufficient', async () => {
    const asked = await ask(other)
    expect(await wrong(announce(asked, '2026-12-20', other.consortium))).toEqual({
      on: 'audit_without_judgement',
    })
    expect(
      await wrong(announce({ ...asked, id: pair.memberId }, '2026-12-20', other.consortium)),
    ).toBe('not_found')
  })

  test('need n business days of notice, on a business day, once in twelve months', async () => {
    const after = await insufficient()
    // five business days after Tuesday the 24th, with which a notice on this Saturday counts
    expect(await wrong(announce(after, '2026-11-30'))).toEqual({ on: 'audit_too_early' })
    expect(await wrong(announce(after, '2026-12-05'))).toEqual({ on: 'audit_day_off' })
    expect(await wrong(announce(after, '2026-12-30'))).toEqual({ on: 'audit_day_off' })
    expect(await wrong(announce(after, '2051-02-01'))).toEqual({ on: 'calendar_unknown' })
    expect(await world.env.db('duty_cases').where({ kind: 'audit' })).toHaveLength(0)
    const audit = await announce(after, '2026-12-01')
    expect(audit).toMatchObject({ state: 'announced', auditOn: '2026-12-01' })

    const again = await insufficient()
    expect(await wrong(announce(again, '2027-11-30'))).toEqual({ on: 'audit_second' })
    await take(audit, 'cancel', { reason: '日程の都合' }, pair.consortium)
    const second = await announce(again, '2027-11-30')
    // one audit on one judgement
    expect(await wrong(announce(again, '2029-01-10'))).toEqual({ on: 'audit_same_report' })
    // also before one that is already announced
    const third = await insufficient()
    expect(await wrong(announce(third, '2026-12-01'))).toEqual({ on: 'audit_second' })
    await take(second, 'cancel', { reason: '日程の都合' }, pair.consortium)
  })

  test('two notices at the same moment are one', async () => {
    const [one, two] = [await insufficient(other), await insufficient(other)]
    const sent = await Promise.allSettled([
      announce(one, '2027-01-20', other.consortium),
      announce(two, '2027-02-10', other.consortium),
    ])
    expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const rows = await world.env
      .db('duty_cases')
      .where({ kind: 'audit', member_id: other.memberId })
      .whereNot({ state: 'cancelled' })
    expect(rows).toHaveLength(1)
  })

  test('keep the rules of the house, and end with two sums where there was a violation', async () => {
    const audit = await announce(await insufficient(), '2026-12-01')
    const result = { held_on: '2026-12-01', verdict: 'finding', findings: '目的外の利用' }
    expect(
      await wrong(take(audit, 'acknowledge', { acknowledged: ['house_rules'] }, pair.consortium)),
    ).toEqual({ acknowledged: 'no_house_rules' })
    await take(audit, 'rules', { house_rules: '入館の手続き' }, pair.member)
    expect(await wrong(take(audit, 'result', result, pair.consortium))).toEqual({
      verdict: 'rules_not_acknowledged',
    })
    await take(audit, 'acknowledge', { acknowledged: ['house_rules'] }, pair.consortium)
    expect(
      await wrong(take(audit, 'result', { ...result, held_on: '2026-11-30' }, pair.consortium)),
    ).toEqual({ held_on: 'held_before' })
    expect(await wrong(take(audit, 'result', result, pair.consortium))).toEqual({
      held_on: 'day_future',
    })
    world.setNow(new Date('2026-12-02T10:00:00+09:00'))
    expect((await take(audit, 'result', result, pair.consortium)).state).toBe('finding')
    const sums = { audit_cost: 120000, additional_consideration: 50000, grounds: '第3項' }
    expect((await take(audit, 'claim', sums, pair.consortium)).state).toBe('claimed')
    world.setNow(NOW)
  })

  test('by contract year: the anniversary of the contract begins the next', async () => {
    const yearly = await makePair(world.env, { auditNoticeDays: 1, auditLimit: 'contract_year' })
    await announce(await insufficient(yearly), '2027-03-31', yearly.consortium)
    const next = await insufficient(yearly)
    expect(await wrong(announce(next, '2026-12-01', yearly.consortium))).toEqual({
      on: 'audit_second',
    })
    // what the form says of it, beside the rule itself
    const flow = await flowOf(world.env.db, yearly.given, NOW)
    if (!flow) throw new Error('no flow')
    expect(lastAudit({ audits: ['2027-03-31'], flow })).toEqual({
      last: '2027-03-31',
      next: '2027-04-01',
    })
    expect(lastAudit({ audits: ['2027-03-31'] })?.next).toBe('2028-03-31')
    expect((await announce(next, '2027-04-01', yearly.consortium)).state).toBe('announced')
  })
})

describe('management reports and orders', () => {
  test('go to and fro until the asker is content', async () => {
    const { env } = world
    const values = { leak_feared: '端末の紛失', measures_wanted: '棚卸し', due: '2026-11-28' }
    const actor = pair.consortium
    const order = await duties.open(env, {
      ...{ kind: 'order', subject: { flow: pair.given }, values, actor },
    })
    expect(await wrong(take(order, 'close', { conclusion: 'よい' }, actor))).toBe('wrong_state')
    await take(order, 'reply', { measures_taken: '棚卸しをした' }, pair.member)
    const again = await take(order, 'again', { missing: '台数', due: '2026-12-01' }, actor)
    expect(again).toMatchObject({ state: 'ordered', closedAt: null })
    await take(order, 'reply', { measures_taken: '12台' }, pair.member)
    expect((await take(order, 'close', { conclusion: 'よい' }, actor)).state).toBe('closed')
    const past = { questions: '管理の状況', due: addDays(dayOf(NOW), -1) }
    expect(
      await wrong(
        duties.open(env, {
          ...{ kind: 'management', subject: { flow: pair.given }, values: past, actor },
        }),
      ),
    ).toEqual({ due: 'due_past' })
  })
})

describe('claims and approvals', () => {
  test('the bearer is the one of the contract, or there is a reason', async () => {
    const values = { matter: 'claim', cause: 'receiver_use', what: '誤送信', amount: 30000 }
    const claim = await duties.open(world.env, {
      ...{ kind: 'claim', values, actor: pair.member },
      subject: { flow: pair.given, service: pair.service.id },
    })
    expect(dayOf(new Date((claim.dueAt?.getTime() ?? 0) - 1))).toBe('2026-12-05')
    await take(claim, 'answer', { answer: '調べる' }, pair.consortium)
    const settle = { bearer: 'giver', conclusion: '折半しない' }
    expect(await wrong(take(claim, 'settle', settle, pair.consortium))).toEqual({
      deviation: 'bearer_deviates',
    })
    expect(await wrong(take(claim, 'settle', settle, pair.member))).toEqual({
      bearer: 'not_your_side',
    })
    const settled = { ...settle, bearer: 'receiver' }
    expect((await take(claim, 'settle', settled, pair.consortium)).state).toBe('settled')
    expect(
      await wrong(
        duties.open(world.env, {
          ...{ kind: 'claim', values, actor: pair.consortium },
          subject: { flow: pair.given, service: other.service.id },
        }),
      ),
    ).toEqual({ service: 'choose' })
  })

  test('an approval is asked for by the receiver and answered with a number', async () => {
    const values = { approval_for: 'other_purpose', what: '統計', why: '混雑の予測' }
    const open = (actor: Actor, more: Values = {}) =>
      duties.open(world.env, {
        ...{ kind: 'approval', subject: { flow: pair.given }, actor },
        values: { ...values, ...more },
      })
    expect(await wrong(open(pair.consortium))).toEqual({ flow: 'flow_not_received' })
    expect(await wrong(open(pair.member, { approval_for: 'onward' }))).toEqual({
      to_whom: 'required',
    })
    const asked = await open(pair.member)
    expect(await wrong(take(asked, 'answer', { verdict: 'refused' }, pair.consortium))).toEqual({
      reason: 'required',
    })
    const granted = { verdict: 'granted', conditions: '年度末まで' }
    expect(await wrong(take(asked, 'answer', granted, pair.member))).toEqual({
      verdict: 'not_your_side',
    })
    expect((await take(asked, 'answer', granted, pair.consortium)).state).toBe('granted')
  })
})

describe('calling off', () => {
  const orderOf = (flow: string, actor: Actor) =>
    duties.open(world.env, {
      ...{ kind: 'order' as const, subject: { flow }, actor },
      values: { leak_feared: '端末の紛失', measures_wanted: '棚卸し', due: '2026-11-28' },
    })
  const approvalOf = (flow: string, actor: Actor) =>
    duties.open(world.env, {
      ...{ kind: 'approval' as const, subject: { flow }, actor },
      values: { approval_for: 'other_purpose', what: '統計', why: '混雑の予測' },
    })
  const reason = { reason: '会社がなくなった' }

  test('the consortium takes its own request back, with a reason, as a numbered document', async () => {
    const order = await orderOf(pair.given, pair.consortium)
    expect(await wrong(take(order, 'cancel', reason, pair.member))).toEqual({
      reason: 'not_your_side',
    })
    const off = await take(order, 'cancel', reason, pair.consortium)
    expect(off).toMatchObject({ state: 'cancelled', dueAt: null, closedAt: NOW })
    const papers = await world.env.db('duty_documents').where({ case_id: order.id })
    expect(papers.map(({ kind }) => kind as string)).toContain('order.cancel')
    const approval = await approvalOf(pair.collected, pair.consortium)
    expect((await take(approval, 'cancel', reason, pair.consortium)).state).toBe('cancelled')
    expect(await wrong(take(off, 'reply', { measures_taken: '済' }, pair.member))).toBe(
      'wrong_state',
    )
  })

  test.each(['left', 'excluded'])(
    'what a company asked stands until it is gone: %s',
    async (to) => {
      const gone = await makePair(world.env)
      const cases = [
        await orderOf(gone.collected, gone.member),
        await approvalOf(gone.given, gone.member),
        await orderOf(gone.given, gone.consortium),
      ]
      for (const one of cases.slice(0, 2))
        expect(await wrong(take(one, 'cancel', reason, gone.consortium))).toEqual({
          reason: 'company_asked',
        })
      await world.env.db('members').where({ id: gone.memberId }).update({ status: to })
      for (const one of cases)
        expect((await take(one, 'cancel', reason, gone.consortium)).state).toBe('cancelled')
      const left = (await duties.tasks(world.env)).map(({ href }) => href)
      for (const one of cases) expect(left).not.toContain(`/admin/duties/${one.id}`)
    },
  )
})

describe('documents', () => {
  test('are numbered without a gap, whatever happens at the same time', async () => {
    const { env } = world
    const many = Array.from({ length: 12 }, (_, n) =>
      n % 3 ? ask(pair) : wrong(announce({ id: pair.given } as Case, '2026-12-20')),
    )
    await Promise.all(many)
    const rows = await env.db('duty_documents').orderBy('running').select('running', 'year')
    expect(rows.map(({ running }) => running)).toEqual(rows.map((_, n) => n + 1))
    expect(new Set(rows.map(({ year }) => year))).toEqual(new Set([2026]))
  })

  test('of a step that failed leave no number behind', async () => {
    const before = await ask()
    const failed = atomically(world.env, async (env) => {
      await duties.open(env, {
        ...{ kind: 'report', subject: { flow: pair.given }, values: REQUEST },
        actor: pair.consortium,
      })
      throw new Error('the lights went out')
    })
    await expect(failed).rejects.toThrow('the lights went out')
    const running = ({ number }: Case) => Number(number?.slice(-4))
    expect(running(await ask())).toBe(running(before) + 1)
  })

  test('begin anew with the year in Tokyo', async () => {
    world.setNow(new Date('2026-12-31T15:30:00Z'))
    const first = await duties.open(world.env, {
      ...{ kind: 'management', subject: { flow: other.given }, actor: other.consortium },
      values: { questions: '管理の状況', due: '2027-01-31' },
    })
    expect(first.number).toBe('D-2027-0001')
    world.setNow(NOW)
  })

  test('cannot be changed, and a form sent twice opens one case', async () => {
    await expect(world.env.db('duty_documents').update({ number: 'D-2026-9999' })).rejects.toThrow()
    const once = world.env.newId()
    const open = () =>
      duties.open(world.env, {
        ...{ kind: 'report', subject: { flow: pair.given, once }, values: REQUEST },
        actor: pair.consortium,
      })
    expect((await open()).id).toBe(once)
    expect(await wrong(open())).toBe('wrong_state')
  })

  test('every act is in the audit record with hashes and ids alone', async () => {
    const rows = await world.env.db('audit_events').where('act', 'like', 'duties.%')
    expect(rows.length).toBeGreaterThan(20)
    expect(JSON.stringify(rows.map((row) => row.details))).not.toMatch(/\p{Script=Han}/u)
  })
})

/** The pages of duties for both sides: roles, tenancy, forms that say the rule, drafts, proof of delivery, reminders. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as duties from '../../src/duties/actions.ts'
import { timetable } from '../../src/duties/jobs.ts'
import type { Case, Values } from '../../src/duties/model.ts'
import { earliestAudit } from '../../src/duties/audits.ts'
import { addDays, nextBusinessDay } from '../../src/input/business_days.ts'
import { Browser, type Page } from '../support/browser.ts'
import { markDemo } from '../support/builders.ts'
import { makePair, USAGE_REPORT, type Pair } from '../support/duties.ts'
import { mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { makeOperator, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let pair: Pair
let other: Pair

beforeAll(async () => {
  site = await openSite()
  await markDemo(site.env)
  pair = await makePair(site.env, { auditNoticeDays: 5 })
  other = await makePair(site.env)
})
afterAll(() => site.close())

function as(person: SignedInPerson): Browser {
  const browser = new Browser(site.issuer)
  signIn(browser, person)
  return browser
}

const day = (days: number) =>
  new Date(Date.now() + days * 86_400_000 + 9 * 3_600_000).toISOString().slice(0, 10)
const request = (flow: string) => ({
  ...{ flow, period_from: '2026-04-01', period_to: '2026-09-30', questions: '', due: day(10) },
})
const idIn = (page: Page) => /\/duties\/([0-9a-f-]{36})$/.exec(page.url)?.[1] ?? ''
const errorAt = (page: Page, name: string) =>
  new RegExp(`<p class="error" id="${name}-e">([^<]*)</p>`).exec(page.text)?.[1]

async function requested(of = pair): Promise<string> {
  const browser = as(of.registrar)
  const form = await browser.open('/admin/duties/new/report')
  return idIn(await browser.submit(form, request(of.given)))
}

async function judgedInsufficient(of = pair): Promise<Case> {
  const { env } = site
  const take = (name: string, values: Values, actor = of.member) =>
    duties.take(env, { id, name, values, actor })
  const id = await requested(of)
  await take('submit', USAGE_REPORT)
  return take('judge', { verdict: 'insufficient', reason: 'お' }, of.consortium)
}

describe('a usage report', () => {
  test('goes from the console to the portal and back', async () => {
    const id = await requested()
    expect(id).not.toBe('')
    const staff = as(pair.staff)
    expect((await staff.open('/company/duties')).text).toContain(id)
    const form = await staff.open(`/company/duties/${id}/report/submit`)
    expect(form.text).toContain('この期間の提供は0件です')
    const empty = await staff.submit(form, { usage: '予約の受付' })
    expect(empty.status).toBe(422)
    expect(errorAt(empty, 'safety')).toBe('入力してください')
    expect(empty.text).toContain('予約の受付</textarea>')
    const filled = { usage: '<b>予約</b>', persons_range: '3名', onward: 'none' }
    const sent = await staff.submit(empty, { ...filled, safety: 'よい', deletion: '1年' })
    expect(sent.text).toContain('判断待ち')
    expect(sent.text).not.toContain('<b>予約</b>')
    expect((await as(pair.registrar).open(`/admin/duties/${id}`)).text).toContain('判断を記録する')
  })

  test('shows the other side when who opened it (S-52), and prints as a document', async () => {
    const id = await requested()
    const before = await as(pair.registrar).open(`/admin/duties/${id}`)
    expect(before.text).toContain('まだ開かれていません')
    await as(pair.staff).open(`/company/duties/${id}`)
    const after = await as(pair.registrar).open(`/admin/duties/${id}`)
    expect(after.text).toContain(pair.staff.name)
    const paper = /href="([^"]*\/documents\/[^"]*)"/.exec(after.text)?.[1] ?? ''
    const page = await as(pair.registrar).open(paper)
    expect(page.text).toMatch(/D-\d{4}-\d{4}/)
    expect(page.text).toContain('利用状況の報告の求め')
    expect((await as(pair.staff).open(paper.replace('/admin/', '/company/'))).status).toBe(200)
    expect((await as(other.staff).open(paper.replace('/admin/', '/company/'))).status).toBe(404)
  })
})

describe('the consortium’s own report', () => {
  test('is asked for by the company and cannot be judged at the console', async () => {
    const staff = as(pair.staff)
    const form = await staff.open('/company/duties/new/report')
    expect(form.text).toContain(pair.collected)
    expect(form.text).not.toContain(pair.given)
    const id = idIn(await staff.submit(form, request(pair.collected)))
    const registrar = as(pair.registrar)
    const submit = await registrar.open(`/admin/duties/${id}/report/submit`)
    expect((await registrar.submit(submit, USAGE_REPORT)).text).toContain('相手の側の番です')
    expect((await registrar.open(`/admin/duties/${id}/report/judge`)).status).toBe(404)
    const verdict = { verdict: 'sufficient', criteria: 'answers_all', reason: 'よい' }
    const own = await registrar.submit(submit, verdict, `/admin/duties/${id}/report/judge`)
    expect(own.status).toBe(422)
    expect(errorAt(own, 'criteria')).toMatch(/自分の報告は、自分では判断できません.*S-42/)
    expect((await staff.open(`/company/duties/${id}`)).text).toContain('判断を記録する')
  })
})

describe('an audit notice', () => {
  test('one day too early, on a day off and a second one are refused at the field', async () => {
    const first = await judgedInsufficient()
    const browser = as(pair.approver)
    const address = `/admin/duties/new/audit?after=${first.id}`
    const form = await browser.open(address)
    const earliest = await duties.aroundOpening(site.env, {
      ...{ kind: 'audit', subject: { after: first.id }, actor: pair.consortium },
    })
    const on = earliestAudit(earliest)
    const notice = { place: '本社', auditor: '監査 一郎', scope: '記録' }
    const early = await browser.submit(form, { ...notice, on: addDays(on, -1) })
    expect(early.status).toBe(422)
    expect(errorAt(early, 'on')).toMatch(/^5営業日前までに.*S-43.*いちばん早い日は/)
    expect(early.text).toContain(`value="${addDays(on, -1)}"`)
    const sunday = addDays(on, 7 - new Date(`${on}T00:00:00Z`).getUTCDay())
    const off = await browser.submit(early, { ...notice, on: sunday })
    expect(errorAt(off, 'on')).toContain('営業日を選んでください')
    expect(await site.env.db('duty_cases').where({ kind: 'audit' })).toHaveLength(0)
    const given = await browser.submit(off, { ...notice, on })
    expect(given.text).toContain('実施待ち')
    const again = await judgedInsufficient()
    const second = await browser.open(`/admin/duties/new/audit?after=${again.id}`)
    const refused = await browser.submit(second, {
      ...notice,
      on: nextBusinessDay(addDays(on, 14)),
    })
    expect(errorAt(refused, 'on')).toMatch(/監査は1年に1回まで.*S-44/)
    const foreign = await browser.open(`/admin/duties/new/audit?after=${pair.memberId}`)
    expect(foreign.status).toBe(404)
  })

  test('is the approver’s alone', async () => {
    const first = await judgedInsufficient()
    const address = `/admin/duties/new/audit?after=${first.id}`
    expect((await as(pair.registrar).open(address)).status).toBe(403)
    expect((await as(pair.registrar).open(`/admin/duties/${first.id}`)).text).not.toContain(
      'new/audit',
    )
    const auditor = await makeOperator(site.env, ['auditor'])
    const page = await as(auditor).open(`/admin/duties/${first.id}`)
    expect(page.status).toBe(200)
    expect((await as(auditor).open('/admin/duties/new/report')).status).toBe(403)
  })
})

describe('what belongs to another company', () => {
  test('is not there, with the same page for every id', async () => {
    const id = await requested(other)
    const staff = as(pair.staff)
    const missing = await staff.open(`/company/duties/${pair.memberId}`)
    const own = idIn(await staff.open('/company/duties'))
    expect(own).toBe('')
    for (const path of ['', '/report/submit', '/report/judge', '/documents/x']) {
      const page = await staff.open(`/company/duties/${id}${path}`)
      expect(page.status).toBe(404)
      expect(mainOf(page)).toBe(mainOf(missing))
    }
    const form = await staff.open('/company/leaks/new')
    const posted = await staff.submit(form, { usage: 'x' }, `/company/duties/${id}/report/submit`)
    expect(posted.status).toBe(404)
    expect((await staff.open('/company/duties')).text).not.toContain(id)
  })

  test('cannot be named in a form, and no field is taken that is not there', async () => {
    const staff = as(pair.staff)
    const form = await staff.open('/company/duties/new/approval')
    const asked = { approval_for: 'other_purpose', what: 'あ', to_whom: '', why: 'い' }
    const forged = await staff.submit(form, { ...asked, flow: other.given })
    expect(forged.status).toBe(422)
    expect(errorAt(forged, 'flow')).toBe('1つ選んでください')
    for (const more of [{ state: 'granted' }, { receiver: 'consortium' }, { member_id: 'x' }]) {
      const stuffed = await staff.submit(form, { ...asked, ...more, flow: pair.given })
      expect(stuffed.status).toBe(422)
    }
    expect(await site.env.db('duty_cases').where({ kind: 'approval' })).toHaveLength(0)
  })
})

const mainOf = (page: Page) => /<main[\s\S]*<\/main>/.exec(page.text)?.[0]

describe('a leak notice', () => {
  test('is kept as a draft, then sent with one field; the privacy officer hears at once', async () => {
    const { env } = site
    const developer = as(pair.developer)
    const form = await developer.open('/company/leaks/new')
    const draft = await developer.submit(form, { what: '端末の紛失', keep: 'draft' })
    expect(draft.text).toContain('下書き')
    const id = idIn(draft)
    expect((await as(pair.officer).open(`/admin/duties/${id}`)).status).toBe(404)
    const open = await developer.open(`/company/duties/${id}/leak/notify`)
    expect(open.text).toContain('端末の紛失</textarea>')
    const blocked = await developer.submit(open, { what: '端末の紛失' })
    expect(errorAt(blocked, 'discovered_at')).toBe('入力してください')
    const sent = await developer.submit(blocked, { discovered_at: `${day(-1)}T09:30` })
    expect(sent.text).toContain('法律の期限')
    expect(sent.text).toContain('を1日目として3日目')
    const [mail] = await mailsTo(env, pair.officer.email)
    expect(mail?.subject).toContain('漏えい等の届出')
    const desk = await as(pair.officer).open(`/admin/duties/${id}`)
    expect(desk.text).toContain('速報を記録する')
    expect((await as(pair.registrar).open(`/admin/duties/${id}/leak/first_report`)).status).toBe(
      403,
    )
  })
})

describe('reminders', () => {
  test('go out once before and once after the deadline, and the mail’s hand-over is kept', async () => {
    const { env } = site
    const { staff, memberId, given, consortium: actor } = await makePair(env)
    const values = { questions: 'あ', due: day(1) }
    const open = { kind: 'management' as const, subject: { flow: given }, values, actor }
    const of = await duties.open(env, open)
    const run = timetable[0]?.run ?? (() => Promise.resolve())
    await run(env)
    await run(env)
    site.setNow(new Date(Date.now() + 4 * 86_400_000))
    await Promise.all([run(env), run(env)])
    site.setNow(undefined)
    const mails = await mailsTo(env, staff.email, 3)
    expect(mails.map(({ subject }) => subject.replace(/（.*）/, '')).sort()).toEqual([
      'まちID：「管理状況の報告」の期限が近づいています',
      'まちID：「管理状況の報告」の期限を過ぎました',
      'まちID：「管理状況の報告の求め」が届いています',
    ])
    // The hand-over is noted after the mail is there: wait for the whole job, not for its mail.
    await queueIsEmpty(env)
    const rows = await env.db('duty_mails').where({ case_id: of.id }).whereNotNull('handed_over_at')
    expect(rows).toHaveLength(3)
    expect(memberId).toBe(of.memberId)
  })
})

describe('the list', () => {
  test('searches, filters and sorts in the database', async () => {
    const browser = as(pair.registrar)
    const rows = (page: Page) => [...page.text.matchAll(/data-duty="([^"]+)"/g)].map((m) => m[1])
    const all = rows(await browser.open('/admin/duties'))
    expect(all.length).toBeGreaterThan(3)
    expect(rows(await browser.open('/admin/duties?filter=leak'))).toHaveLength(1)
    expect(rows(await browser.open('/admin/duties?q=%25'))).toHaveLength(0)
    expect(rows(await browser.open("/admin/duties?sort=-number';drop&q=D-"))).not.toHaveLength(0)
    expect(rows(await browser.open('/admin/duties?page=99999'))).toEqual(all)
  })
})

describe('an approval', () => {
  test('is given by somebody who showed a second factor just now, and by no program', async () => {
    const values = { approval_for: 'other_purpose', what: '統計', why: '混雑の予測' }
    const asked = { kind: 'approval' as const, subject: { flow: pair.given }, values }
    const of = await duties.open(site.env, { ...asked, actor: pair.member })
    const stale = await makeOperator(site.env, ['approver'])
    const path = `/admin/duties/${of.id}/approval/answer`
    const form = await as(stale).open(path)
    expect(form.status).toBe(200)
    await site.env
      .db('operator_sessions')
      .where({ holder_id: stale.person.id })
      .update({ confirmed_at: new Date(Date.now() - 301_000) })
    const browser = as(stale)
    const again = await browser.request(path)
    expect(again.headers.get('location')).toMatch(/^\/admin\/confirm/)
    const csrf = /name="csrf" value="([^"]+)"/.exec((await browser.open('/admin')).text)?.[1] ?? ''
    expect((await browser.post(path, { csrf, verdict: 'granted' })).status).toBe(403)
    expect((await duties.find(site.env, of.id, pair.consortium)).state).toBe('asked')
    const around = await duties.aroundCase(site.env, of)
    expect(duties.actsOf(around, 'consortium').map(([name]) => name)).not.toContain('answer')
    expect(() => duties.valuesFor(of, 'answer', { verdict: 'granted' })).toThrow(
      expect.objectContaining({ reason: 'confirmation_needed' }),
    )
  })
})

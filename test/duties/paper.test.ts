/** What a stopped company hands in on paper: an operator registers it in its name, and somebody else judges it (S-51). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as duties from '../../src/duties/actions.ts'
import type { Case, Values } from '../../src/duties/model.ts'
import { CRITERIA } from '../../src/duties/reports.ts'
import { addDays } from '../../src/input/business_days.ts'
import { dayOf } from '../../src/input/days.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makePair, type Pair } from '../support/duties.ts'
import { signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let pair: Pair

beforeAll(async () => {
  site = await openSite()
  pair = await makePair(site.env)
})
afterAll(() => site.close())

function as(person: SignedInPerson): Browser {
  const browser = new Browser(site.issuer)
  signIn(browser, person)
  return browser
}

const turnTo = (status: 'active' | 'suspended' | 'excluded', of = pair) =>
  site.env.db('members').where({ id: of.memberId }).update({ status })
const errorAt = (page: Page, name: string) =>
  new RegExp(`<p class="error" id="${name}-e">([^<]*)</p>`).exec(page.text)?.[1]

const ASKED: Values = { period_from: '2026-04-01', period_to: '2026-09-30', due: '2099-11-30' }
const REPORT = {
  ...{ usage: '予約の受付', persons_range: '予約係の3名', onward: 'none' },
  ...{ safety: '権限を分けた', deletion: '1年で消した' },
}
const ask = (of = pair, flow = of.given, actor = of.consortium): Promise<Case> =>
  duties.open(site.env, { kind: 'report', subject: { flow }, values: ASKED, actor })
const addressOf = (of: Case) => `/admin/duties/${of.id}/report/submit/paper`

test('is registered with the day it came, as the company’s step, and judged by somebody else', async () => {
  const of = await ask()
  await turnTo('suspended')
  const registrar = as(pair.registrar)
  const known = await registrar.open(`/admin/duties/${of.id}`)
  expect(known.text).toContain(addressOf(of))
  const form = await registrar.open(addressOf(of))
  const today = dayOf(site.env.now())
  let page = await registrar.submit(form, REPORT)
  expect([page.status, errorAt(page, 'paper_received_on')]).toEqual([422, '入力してください'])
  page = await registrar.submit(page, { ...REPORT, paper_received_on: addDays(today, 2) })
  expect(errorAt(page, 'paper_received_on')).toContain('まだ来ていない日')
  page = await registrar.submit(page, { ...REPORT, paper_received_on: addDays(today, -2) })
  expect(errorAt(page, 'paper_received_on')).toContain('始まった日より前')
  const paper_received_on = dayOf(of.openedAt)
  page = await registrar.submit(page, { ...REPORT, paper_received_on })
  expect(page.text).toContain('判断待ち')
  expect(page.text).toContain(`民間推進体制の${pair.registrar.name}が登録`)
  expect(page.text).toContain('書面を受け取った日')

  const by_id = pair.registrar.person.id
  const step = await site.env.db('duty_steps').where({ case_id: of.id, step: 'submit' }).first('*')
  expect(step).toMatchObject({ side: 'member', by_id, body: { ...REPORT, paper_received_on } })
  const line = await site.env
    .db('audit_events')
    .where({ object_id: of.id, act: 'duties.report.submit' })
    .first('*')
  expect(line).toMatchObject({ actor_kind: 'operator', actor_id: by_id })
  expect(line.details).toMatchObject({ member: pair.memberId, paper: paper_received_on })
  const document = await site.env.db('duty_documents').where({ id: step.document_id }).first('*')
  expect(document).toMatchObject({ sender: 'member', sender_id: by_id })
  expect(JSON.stringify(document.body.ja.facts)).toContain('書面を受け取った日')

  const verdict = { verdict: 'sufficient', criteria: [...CRITERIA], reason: '求めのとおり' }
  const judging = (actor: Pair['consortium']) =>
    duties.take(site.env, { id: of.id, name: 'judge', values: verdict, actor })
  await expect(judging(pair.consortium)).rejects.toMatchObject({ reason: 'second_person_needed' })
  const second = { side: 'consortium', person: pair.approver.person } as const
  expect((await judging(second)).state).toBe('sufficient')
  await turnTo('active')
})

test('is nobody’s to register while the company can act itself', async () => {
  const of = await ask()
  const registrar = as(pair.registrar)
  const page = await registrar.open(`/admin/duties/${of.id}`)
  expect(page.text).not.toContain(addressOf(of))
  expect((await registrar.open(addressOf(of))).status).toBe(409)
  const sent = { ...REPORT, paper_received_on: dayOf(of.openedAt) }
  const form = await registrar.open('/admin/duties/new/report')
  const csrf = /name="csrf" value="([^"]*)"/.exec(form.text)?.[1] ?? ''
  const posted = await registrar.post(addressOf(of), { csrf, ...sent })
  expect(posted.status).toBe(409)
  expect((await duties.find(site.env, of.id, pair.consortium)).state).toBe('requested')
})

test('is never what the consortium owes itself, nor what only the other side decides', async () => {
  const owed = await ask(pair, pair.collected, pair.member)
  const of = await ask()
  await turnTo('excluded')
  const registrar = as(pair.registrar)
  expect((await registrar.open(addressOf(owed))).status).toBe(404)
  const paper = (id: string, name: string, values: Values) =>
    duties.take(site.env, {
      ...{ id, name, values, paper: true },
      actor: { side: 'member', person: pair.registrar.person },
    })
  const sent = { ...REPORT, paper_received_on: dayOf(of.openedAt) }
  await expect(paper(owed.id, 'submit', sent)).rejects.toMatchObject({ reason: 'wrong_state' })
  await expect(paper(of.id, 'judge', sent)).rejects.toMatchObject({ reason: 'wrong_state' })
  expect((await paper(of.id, 'submit', sent)).state).toBe('submitted')
  await turnTo('active')
})

/** A service goes to another company: what was agreed and provided before stays with the one it went to (S-59, E-04). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { messages } from '../../src/locales/index.ts'
import * as handing from '../../src/services/handing_over.ts'
import { OFFLINE, tokensFor, userinfo } from '../oidc/steps.ts'
import { Browser, hidden, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  makeServiceVersion,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { makeOperator, signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { history, hrefOn, textOf } from './steps.ts'

let site: Site
let resident: MadeResident
let browser: Browser
let service: MadeService
let former: string
let heir: string
let before: { receipt: string; history: unknown }

const { idKinds } = messages.ja.consents

beforeAll(async () => {
  site = await openSite()
  const { env } = site
  resident = await makeResident(env)
  browser = new Browser(site.issuer)
  service = await makeService(env, {
    offlineAccess: true,
    name: '元のサービス',
    subjectType: 'pairwise',
  })
  const to = await makeService(env)
  former = await companyOf(service.memberId)
  heir = await companyOf(to.memberId)
  const tokens = await tokensFor(site, browser, service, resident, OFFLINE)
  await userinfo(site, tokens.access)
  before = { receipt: await receipt(), history: await history(browser) }
  const asked = {
    serviceIds: [service.id],
    toMemberId: to.memberId,
    contractId: to.contractId,
    note: '事業の譲渡',
  }
  const registrar = await makeOperator(env, ['registrar'])
  const approver = await makeOperator(env, ['approver'])
  const { id, hash } = await handing.proposeHandOver(env, {
    ...{ fromMemberId: service.memberId, asked, by: registrar.person },
  })
  await handing.approveHandOver(env, { id, hash, by: approver.person })
  await makeServiceVersion(env, service, 9, { name: '新しいサービス' })
})
afterAll(() => site.close())

async function companyOf(memberId: string): Promise<string> {
  const row = await site.env
    .db('member_versions')
    .where({ member_id: memberId })
    .first<{ body: { names: { ja: string } } }>('body')
  return row.body.names.ja
}

/** What the signed receipt says. */
async function receipt(): Promise<string> {
  const [row] = await site.env.db('consents').where({ resident_id: resident.id }).pluck('id')
  const { text } = await browser.open(`/account/receipts/${String(row)}`)
  const [, said = ''] = /eyJ[\w-]+\.([\w-]+)\./.exec(text) ?? []
  return Buffer.from(said, 'base64url').toString()
}

/** Names the company of that day, and the other one nowhere. */
function namesTheFormer(page: Pick<Page, 'text'>): void {
  const text = textOf(page.text)
  expect(text).toContain(former)
  expect(text).not.toContain(heir)
}

test('every line of the history is what it was, on the page, as a file and on paper', async () => {
  const entries = await history(browser)
  expect(entries).toEqual(before.history)
  expect(new Set(entries.map((entry) => entry['provider']).filter(Boolean))).toEqual(
    new Set([former]),
  )
  const page = await browser.open('/account/history')
  expect(textOf(page.text)).toContain(idKinds.pairwise)
  for (const path of ['', '.csv', '.json', '/print'])
    namesTheFormer(await browser.request(`/account/history${path}`))
  const report = hrefOn(page, /history\/[0-9a-f-]{36}\/report/) ?? ''
  const reports = [...page.text.matchAll(/href="([^"]*\/report\?[^"]*)"/g)].map(([, at]) => at)
  expect(report).not.toBe('')
  const shown = await Promise.all(reports.map((at) => browser.open(at ?? '')))
  expect(shown.filter(({ text }) => text.includes(former)).length).toBeGreaterThan(1)
  expect(shown.filter(({ text }) => text.includes(heir))).toEqual([])
})

test('is found by the company’s name, and not by the other’s', async () => {
  const kinds = async (q: string) =>
    (await history(browser, `?q=${encodeURIComponent(q)}`)).map(({ kind }) => kind)
  expect(await kinds(former)).toEqual(['provision', 'provision', 'consent'])
  expect(await kinds(heir)).toEqual([])
  expect(await kinds('元のサービス')).toEqual(['provision', 'provision', 'consent'])
})

test('the pages of the service, its list and its receipt name whom it was agreed with', async () => {
  for (const path of ['', `/${service.id}`, `/${service.id}/withdraw`, `/${service.id}/pause`])
    namesTheFormer(await browser.open(`/account/services${path}`))
  const one = await browser.open(`/account/services/${service.id}`)
  expect(textOf(one.text)).toContain(messages.ja.consents.status.suspended)
  expect(before.receipt).toContain(former)
  expect(await receipt()).toBe(before.receipt)
})

test('a request about the service names whom it was agreed with, to the resident and at the desk', async () => {
  const form = await browser.open('/account/requests/new/stop_provision/service')
  namesTheFormer(form)
  const asked = { service: service.id, reason: 'もう使っていないため' }
  const check = await browser.submit(form, asked)
  namesTheFormer(check)
  const sent = await browser.submit(check, { step: 'send', password: PASSWORD })
  namesTheFormer(sent)
  const id = /requests\/([0-9a-f-]{36})/.exec(sent.url)?.[1] ?? ''
  const desk = new Browser(site.issuer)
  signIn(desk, await makeOperator(site.env, ['privacy_officer']))
  const one = await desk.open(`/admin/requests/${id}`)
  namesTheFormer(one)
  namesTheFormer(await desk.open('/admin/requests'))
  const said = { csrf: hidden(one)['csrf'] ?? '' }
  const post = (act: string, fields: Record<string, string>) =>
    desk.post(`${site.issuer}/admin/requests/${id}/${act}`, { ...said, ...fields })
  await post('person', { reason: '請求の内容を確かめるため' })
  await post('take', {})
  const done = await post('decide', { outcome: 'whole', deed: 'stop', answer_ja: '止めました' })
  expect(done.status).toBe(303)
  namesTheFormer(await browser.open(`/account/requests/${id}/letter`))
  namesTheFormer(await browser.open('/account/history'))
})

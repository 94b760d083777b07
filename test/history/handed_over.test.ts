/** A service goes to another company: what was agreed and provided before stays with the one it went to (S-59, E-04). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { messages } from '../../src/locales/index.ts'
import * as rights from '../../src/rights/actions.ts'
import * as handing from '../../src/services/handing_over.ts'
import { asksConsent, authorizePath, OFFLINE, tokensFor, userinfo } from '../oidc/steps.ts'
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
import { refuse } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { history, hrefOn, textOf, type Entry } from './steps.ts'

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

/** What is said of a case: to its resident, in its line of the history, and at the desk of the entry that was reported. */
async function saidOf(id: string, at: { agent: Browser; desk: Browser }) {
  const one = await at.desk.open(`/admin/requests/${id}`)
  const evidence = /報告された記録<\/h2>[\s\S]*?<\/section>/.exec(one.text)?.[0] ?? ''
  const own = textOf((await at.agent.open(`/account/requests/${id}`)).text)
  const steps = await site.env.db('case_steps').where({ case_id: id }).pluck<string[]>('id')
  const line = (await history(at.agent)).find((entry) => steps.includes(entry.id))
  return { own, desk: textOf(one.text), evidence: textOf(evidence), line: line?.['provider'] }
}

test('a reported entry is told as its own line tells it, whoever has the service since', async () => {
  const { env } = site
  const [who, agent, desk] = [
    await makeResident(env),
    new Browser(site.issuer),
    new Browser(site.issuer),
  ]
  signIn(desk, await makeOperator(env, ['privacy_officer']))
  const [from, to] = [await makeService(env, { subjectType: 'pairwise' }), await makeService(env)]
  const [before, after] = [await companyOf(from.memberId), await companyOf(to.memberId)]
  await userinfo(site, (await tokensFor(site, agent, from, who)).access)
  const taken = { member_id: to.memberId, contract_id: to.contractId }
  await env.db('services').where({ id: from.id }).update(taken)
  await makeServiceVersion(env, { ...from, memberId: to.memberId }, 2)
  const screen = await agent.open(authorizePath(from, { prompt: 'consent' }))
  expect(asksConsent(screen)).toBe(true)
  await refuse(agent, screen)

  const entries = await history(agent)
  const entryOf = (kind: string) => entries.find((entry) => entry.kind === kind) as Entry
  const [refusal, provision] = [entryOf('refusal'), entryOf('provision')]
  expect([refusal, provision].map((entry) => entry['provider'])).toEqual([after, before])
  const byForm = async ({ id, at }: Entry) => {
    const form = await agent.open(`/account/history/${id}/report?at=${Date.parse(at)}`)
    const sent = await agent.submit(form, { text: 'おかしい' })
    return /requests\/([0-9a-f-]{36})/.exec(sent.text)?.[1] ?? ''
  }
  /** As reports were kept before they said whom the entry was about. */
  const asBefore = async ({ id, kind, at, items }: Entry, more: { [name: string]: string }) => {
    const evidence = { entry: id, kind, at, service: from.id, items, ...more }
    const told = { once: env.newId(), text: 'おかしい', serviceId: from.id, evidence }
    return (await rights.report(env, who, told)).id
  }
  const [consent] = await env.db('consents').where({ resident_id: who.id }).pluck<string[]>('id')
  const ofHeir = [await byForm(refusal), await asBefore(refusal, { showing: refusal.id })]
  const ofFormer = [
    await byForm(provision),
    await asBefore(provision, { consent: consent ?? '' }),
    await asBefore(provision, {}),
  ]
  for (const [ids, named, other] of [
    [ofHeir, after, before],
    [ofFormer, before, after],
  ] as const)
    for (const id of ids) {
      const said = await saidOf(id, { agent, desk })
      expect([id, said.line]).toEqual([id, named])
      for (const text of [said.own, said.desk, said.evidence]) {
        expect(text).toContain(named)
        expect(text).not.toContain(other)
      }
      if (named === before) expect(said.evidence).toContain(idKinds.pairwise)
      expect(said.evidence).not.toContain(idKinds.public)
    }
})

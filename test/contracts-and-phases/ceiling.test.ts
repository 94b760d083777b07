/** What an approved version does to those who stand on the contract: counted before, and at once afterwards (S-36, A3). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as contracts from '../../src/contracts/actions.ts'
import * as services from '../../src/services/actions.ts'
import { consentText } from '../../src/services/model.ts'
import {
  codeFor,
  introspect,
  OFFLINE,
  redeem,
  refresh,
  tokensFor,
  userinfo,
} from '../oidc/steps.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, type MadeService } from '../support/builders.ts'
import { makeOperator } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { BASE, browserOf, decide, draftOf, send } from './steps.ts'

let site: Site
let registrar: Browser
let approver: Browser

beforeAll(async () => {
  // Two nodes behind one port, taking turns.
  site = await openSite({}, 2)
  registrar = browserOf(site.issuer, await makeOperator(site.env, ['registrar']))
  approver = browserOf(site.issuer, await makeOperator(site.env, ['approver']))
})
afterAll(() => site.close())

const ALL_ITEMS = ['user_id', 'name', 'email', 'birth_year', 'sex', 'address']

/** Drafts and proposes the next version of a service's contract. */
async function next(service: MadeService, changes: Record<string, string | string[]>) {
  const row = (await site.env.db('contracts').where({ id: service.contractId }).first()) as {
    number: string
  }
  const path = `${BASE}/${service.contractId}/edit`
  const asked = draftOf({
    number: row.number,
    to: '2030-03-31',
    flow_0_items: ALL_ITEMS,
    ...changes,
  })
  const page = await send(registrar, path, path, { ...asked, member: service.memberId })
  expect(page.status).toBe(303)
  expect((await decide(registrar, service.contractId, 'propose')).status).toBe(303)
}

test('an item leaves the contract: the next answer of a live token is without it, on both nodes', async () => {
  const service = await makeService(site.env)
  const [one, other] = [await makeResident(site.env), await makeResident(site.env)]
  const tokens = await tokensFor(site, new Browser(site.issuer), service, one, OFFLINE, ['sex'])
  await tokensFor(site, new Browser(site.issuer), service, other, OFFLINE, [])
  expect((await userinfo(site, tokens.access)).body).toMatchObject({
    email: one.email,
    gender: 'female',
  })
  await next(service, { flow_0_items: ALL_ITEMS.filter((item) => item !== 'email') })

  const page = await approver.open(`${BASE}/${service.contractId}`)
  expect(page.text).toContain('いま影響を受けるのは、サービス1件、同意している人2人です')
  expect(page.text).toContain('渡らなくなる項目：メールアドレスと確認の状態')
  expect(page.text).toMatch(
    /その1（民間推進体制 → 会社）の登録項目：メールアドレスと確認の状態<\/th><td[^>]*>含む<\/td><td[^>]*>なし/,
  )
  expect((await userinfo(site, tokens.access)).body).toHaveProperty('email')

  expect((await decide(approver, service.contractId, 'approve')).status).toBe(303)
  // Asked at once, at either node: whoever would keep the contract for any time at all is found.
  for (let turn = 0; turn < 4; turn++) {
    const answer = await userinfo(site, tokens.access)
    expect(answer.status).toBe(200)
    expect(answer.body).not.toHaveProperty('email')
    expect(answer.body).toMatchObject({ gender: 'female' })
  }
  const after = await approver.open(`${BASE}/${service.contractId}`)
  expect(after.text).toMatch(/<strong>メールアドレスと確認の状態<\/strong>/)
  expect(after.text).toContain('契約の上限を超える項目は、承認されていても渡りません。')
})

test('an early end approved stops every door, and a proposal alone stops nothing', async () => {
  const service = await makeService(site.env)
  const person = await makeResident(site.env)
  const browser = new Browser(site.issuer)
  const tokens = await tokensFor(site, browser, service, person, OFFLINE)
  const pending = await codeFor(browser, service, person)
  const yesterday = new Date(Date.now() - 86400_000).toISOString().slice(0, 10)
  await next(service, { to: yesterday })
  expect((await userinfo(site, tokens.access)).status).toBe(200)
  expect((await decide(approver, service.contractId, 'approve')).status).toBe(303)
  for (let turn = 0; turn < 2; turn++) {
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    expect((await refresh(site, service, tokens.refresh)).status).toBe(401)
    expect((await introspect(site, service, tokens.access)).body['active']).not.toBe(true)
  }
  expect((await redeem(site, service, pending)).status).toBe(401)
  const page = await approver.open(`/admin/contracts/${service.contractId}`)
  expect(page.text).toContain('終了')
})

test('the duties of a flow bind its receiver, with what its version says', async () => {
  const service = await makeService(site.env)
  await next(service, {
    flow_1_giver: 'member',
    flow_1_dataset: 'walk.steps',
    flow_1_purposes: 'city_platform',
    flow_1_delivery: 'ファイル',
    auditNoticeDays: '15',
    auditLimit: 'contract_year',
    bearers_confirmed: 'yes',
  })
  const at = site.env.now()
  const before = await contracts.bindingOf(site.env, service.memberId, at)
  expect(before).toMatchObject([
    { receiver: 'member', auditNoticeDays: 10, bearers: { confirmed: false } },
  ])
  await decide(approver, service.contractId, 'approve')
  const bindings = await contracts.bindingOf(site.env, service.memberId, at)
  expect(bindings.map(({ receiver }) => receiver)).toEqual(['member', 'consortium'])
  expect(bindings[1]).toMatchObject({
    version: 2,
    auditNoticeDays: 15,
    auditLimit: 'contract_year',
    bearers: { giver_system: 'giver', receiver_use: 'receiver', confirmed: true },
    flow: { dataset: 'walk.steps' },
  })
  expect(await contracts.bindingOf(site.env, service.memberId, new Date('2031-01-01'))).toEqual([])
})

test('the text of the consent screen is the contract’s own where it names one', async () => {
  const service = await makeService(site.env)
  const textOf = async () => {
    const now = await services.byId(site.env, service.id)
    return now && consentText(now, { consentTemplate: 'the-usual-one' })
  }
  expect(await textOf()).toBe('the-usual-one')
  const form = await registrar.open(`${BASE}/${service.contractId}/edit`)
  const offered = /<select[^>]*name="template"[^]*?<\/select>/.exec(form.text)?.[0] ?? ''
  expect([...offered.matchAll(/value="([^"]*)"/g)].map((m) => m[1])).toEqual([
    '',
    'city-platform',
    'municipal',
  ])
  expect(offered).toContain('情報提供の同意文面（自治体）')
  await next(service, { template: 'municipal' })
  expect(await textOf()).toBe('the-usual-one')
  const difference = (await approver.open(`${BASE}/${service.contractId}`)).text
  expect(/同意画面の文面<\/th>[^]*?<\/tr>/.exec(difference)?.[0]).toMatch(
    /既定の文面（情報提供の同意文面（標準））[^]*情報提供の同意文面（自治体）/,
  )
  await decide(approver, service.contractId, 'approve')
  expect(await textOf()).toBe('municipal')
  const resident = await makeResident(site.env)
  const tokens = await tokensFor(site, new Browser(site.issuer), service, resident)
  expect((await userinfo(site, tokens.access)).status).toBe(200)
})

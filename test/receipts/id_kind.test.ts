/** An ID of one company alone is called so wherever the consent is told of, as on its screen (issue 4; S-04, R9). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compactVerify, createRemoteJWKSet, decodeJwt } from 'jose'
import * as consents from '../../src/consents/actions.ts'
import { sendDigests } from '../../src/consents/digest.ts'
import { messages } from '../../src/locales/index.ts'
import * as receipts from '../../src/receipts/actions.ts'
import type { Receipt } from '../../src/receipts/model.ts'
import * as records from '../../src/records/actions.ts'
import { Browser } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { makeOperator, signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { ALL, authorizePath, tokensFor } from '../oidc/steps.ts'

const OWN = { ja: 'この会社専用のユーザーID', en: 'User ID for this company only' }
const SHARED = { ja: '共通のユーザーID', en: 'Shared user ID' }
const WHOLE = messages.ja.consents.values.address('0600001', '北海道', '札幌市中央区')

let site: Site
let browser: Browser
let resident: MadeResident
let service: MadeService
let screen: string

beforeAll(async () => {
  site = await openSite()
  await records.noteGiver(site.env)
  resident = await makeResident(site.env)
  service = await makeService(site.env, { subjectType: 'pairwise' })
  const other = await makeResident(site.env)
  const asked = new Browser(site.issuer)
  const start = await asked.open(authorizePath(service))
  screen = (await asked.signIn(start, { email: other.email, password: PASSWORD })).text
  browser = new Browser(site.issuer)
  await tokensFor(site, browser, service, resident, { scope: ALL }, ['sex'])
})
afterAll(() => site.close())

const newest = async () => {
  const found = await consents.newest(site.env, resident.id, service.id)
  return found?.consent.id ?? ''
}
const seen = async (path: string) => (await browser.open(path)).text
const saysOwn = (text: string) => {
  expect(text).toContain(OWN.ja)
  expect(text).not.toContain(SHARED.ja)
}

test('the consent screen', () => saysOwn(screen))

describe('a receipt', () => {
  test('as list, page and signed text, in both languages', async () => {
    const path = `/account/receipts/${await newest()}`
    saysOwn(await seen(path))
    const json = await browser.request(`${path}.json`)
    const { receipt } = JSON.parse(json.text) as { receipt: string }
    const keys = createRemoteJWKSet(new URL(`${site.issuer}/jwks`))
    const { payload } = await compactVerify(receipt, keys)
    const said = JSON.parse(new TextDecoder().decode(payload)) as Receipt
    const named = said.pii_processing.pii_information.find(({ item }) => item === 'user_id')
    expect(named?.name).toEqual(OWN)
  })

  test('signed before the kinds were told apart, still verifies and is shown by its kind', async () => {
    const whose = { residentId: resident.id, userId: resident.userId }
    const made = await receipts.find(site.env, whose, await newest())
    if (!made) throw new Error('no receipt')
    const old = structuredClone(made.receipt)
    for (const item of old.pii_processing.pii_information)
      if (item.item === 'user_id') item.name = SHARED
    const receipt = await receipts.sign(site.env, old)
    const anybody = new Browser(site.issuer)
    const page = await anybody.submit(await anybody.open('/receipts/verify'), { receipt })
    expect([page.status, page.text.includes('本物の控えです')]).toEqual([200, true])
    saysOwn(page.text)
  })

  test('names the text as the list of agreed texts does, and so do service and showing', async () => {
    const title = site.env.templates.all.find((one) => one.template === 'city-platform')?.title.ja
    const named = `${title} 第1版`
    expect(await seen('/account/texts')).toContain(`>${title} <`)
    expect(await seen(`/account/receipts/${await newest()}`)).toContain(named)
    const page = await seen(`/account/services/${service.id}`)
    expect(page).toContain(named)
    const [, showing = ''] = /href="(\/account\/services\/[^"]+\/showings\/[^"]+)"/.exec(page) ?? []
    expect(await seen(showing)).toContain(named)
  })
})

test('letters', async () => {
  const [given] = await mailsTo(site.env, resident.email, 1, '同意しました')
  for (const text of [given?.text, given?.html]) saysOwn(text ?? '')
  const keep = ['user_id', 'name', 'email'] as const
  const found = await consents.newest(site.env, resident.id, service.id)
  const changed = { version: found?.consent.version ?? 0, keep: [...keep] }
  const english = { ...resident, language: 'en' as const }
  await consents.change(site.env, english, service.id, {
    ...changed,
    endsAt: new Date(Date.now() + 300 * 86_400_000),
  })
  const mails = await mailsTo(site.env, resident.email, 2)
  const told = mails.find(({ text }) => text.includes(OWN.en))
  expect(told?.text).not.toContain(SHARED.en)
  await sendDigests({ ...site.env, now: () => new Date(Date.now() + 336 * 86_400_000) })
  await queueIsEmpty(site.env)
  for (const { text } of await mailsTo(site.env, resident.email))
    expect(text).not.toContain(SHARED.ja)
})

test('the register, its signed statement and the answer to a program', async () => {
  saysOwn(await seen(`/services/${service.id}`))
  const at = `${site.issuer}/services/${service.id}/statements/service_delivery`
  const { items } = decodeJwt<{ items: { id: string; name: unknown }[] }>(
    await (await fetch(at)).text(),
  )
  expect(items.find(({ id }) => id === 'user_id')?.name).toEqual(OWN)
  const query = `client_id=${service.clientId}&item=user_id&purpose=service_delivery`
  const answer = await fetch(`${site.issuer}/members/check-intended-use?${query}`)
  expect(await answer.json()).toMatchObject({ permitted: true })
})

test('the records of the law, and the operators’ page', async () => {
  const all = await records.recordsOfResident(site.env, resident.id, { limit: 10 })
  const names = all.flatMap(({ items }) => items.filter(({ id }) => id === 'user_id'))
  expect(names.length).toBeGreaterThan(0)
  for (const one of names) expect(one.names).toEqual(OWN)
  const operator = new Browser(site.issuer)
  signIn(operator, await makeOperator(site.env, ['registrar']))
  for (const path of [`/admin/services/${service.id}`, `/admin/contracts/${service.contractId}`])
    saysOwn((await operator.open(path)).text.replaceAll(/<dt>IDの種類<\/dt>.*?<\/dd>/g, ''))
})

test('own data are spelled as on the consent screen', async () => {
  for (const path of ['/account', '/account/requests/new/correction/registered']) {
    const text = await seen(path)
    expect(text).toContain('1988年')
    expect(text).toContain(WHOLE)
  }
})

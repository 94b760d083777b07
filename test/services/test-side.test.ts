/** The test side: a company tries its service with made-up people, and nobody else ever meets it (M4, A3, K1). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Browser, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { makeStaff, signIn } from '../support/people.ts'
import { relyingParty, type RelyingParty } from '../support/relying-party.ts'
import type { Env } from '../../src/env.ts'
import { openSite, type Site } from '../support/site.ts'
import { release } from '../../src/provisions/model.ts'
import * as provisions from '../../src/provisions/actions.ts'
import * as notices from '../../src/notices/actions.ts'
import * as residents from '../../src/residents/actions.ts'
import { requestEmailChange } from '../../src/residents/credentials.ts'
import * as services from '../../src/services/actions.ts'

const CALLBACK = 'http://localhost:3999/callback'
type Person = { name: string; email: string; password: string }

let site: Site
let company: MadeService
let staff: Browser
let resident: MadeResident
let person: Person
let made: MadeService
let rp: RelyingParty

beforeAll(async () => {
  site = await openSite()
  company = await makeService(site.env)
  resident = await makeResident(site.env)
  staff = await browserOf(company.memberId)
  const page = await save({ redirect_uris: CALLBACK })
  expect(page.text).toContain('秘密の値を発行しました')
  const clientSecret = said(page, '秘密の値')
  made = { ...company, clientId: said(page, 'クライアントID'), clientSecret, redirectUri: CALLBACK }
  person = await newPerson(staff, company)
  rp = await relyingParty(site.issuer, made)
})
afterAll(() => site.close())

const address = (service = company) => `/company/services/${service.id}/test`
const said = (page: Page, label: string) =>
  new RegExp(`<dt>${label}</dt><dd class="code">([^<]+)<`).exec(page.text)?.[1] ?? ''

async function browserOf(memberId: string): Promise<Browser> {
  const browser = new Browser(site.issuer)
  signIn(browser, await makeStaff(site.env, memberId))
  return browser
}

async function save(fields: Record<string, string>, browser = staff, service = company) {
  const page = await browser.open(address(service))
  return browser.submit(page, { auth_method: 'client_secret_basic', ...fields }, address(service))
}

async function newPerson(browser: Browser, service: MadeService): Promise<Person> {
  const open = await browser.open(address(service))
  const page = await browser.submit(open, {}, `${address(service)}/persons`)
  const name = /試験 \d号/.exec(page.text)?.[0] ?? ''
  return { name, email: said(page, 'メールアドレス'), password: said(page, 'パスワード') }
}

describe('a test side', () => {
  test('a test person signs in, agrees, and the values of a made-up person come', async () => {
    const tokens = await rp.signIn(new Browser(site.issuer), person, 'openid name email', [])
    const claims = await rp.userinfo(tokens.access_token, tokens.claims()?.sub ?? '')
    expect(claims['name']).toBe(person.name)
    expect(claims.email).toMatch(/@machi-id\.invalid$/)
    const page = await staff.open(address())
    expect(page.text).toContain(person.email)
    expect(page.text).not.toContain(person.password)
    expect(page.text).not.toContain(made.clientSecret)
  })

  test('a resident gets a calm page there, and nothing is asked or handed over', async () => {
    const browser = new Browser(site.issuer)
    const { url } = await rp.begin('openid name email')
    const page = await browser.signIn(await browser.open(url.toString()), {
      email: resident.email,
      password: PASSWORD,
    })
    expect(page.status).toBe(403)
    expect(page.text).toContain('お客様の操作が原因ではありません')
    expect(page.text).not.toContain('name="decision"')
    expect(await site.env.db('agreements').where({ resident_id: resident.id })).toEqual([])
  })

  test('a test person gets the same page at a live service', async () => {
    const live = await relyingParty(site.issuer, company)
    const browser = new Browser(site.issuer)
    const { url } = await live.begin('openid name email')
    const page = await browser.signIn(await browser.open(url.toString()), person)
    expect([page.status, page.text.includes('other_side')]).toEqual([403, true])
  })

  test("and so does another company's test person", async () => {
    const other = await makeService(site.env)
    const stranger = await newPerson(await browserOf(other.memberId), other)
    const browser = new Browser(site.issuer)
    const { url } = await rp.begin('openid name email')
    const page = await browser.signIn(await browser.open(url.toString()), stranger)
    expect(page.status).toBe(403)
  })

  test('release() decides it too, whatever led there', async () => {
    const agreement = await site.env
      .db('agreements')
      .join('residents', 'residents.id', 'agreements.resident_id')
      .whereNotNull('residents.test_member_id')
      .first('agreements.id as id')
    const credential = { agreementId: String(agreement?.id), sessionUid: null, hold: false }
    const facts = await provisions.factsOf(site.env, credential)
    expect(release(facts).items.map(({ item }) => item)).toContain('name')
    expect(release({ ...facts, testMemberId: null }).whyNot).toBe('other_side')
    const live = await services.byId(site.env, company.id)
    expect(release({ ...facts, service: live }).whyNot).toBe('other_side')
  })

  test('a person who was removed signs in no more, and their tokens are worth nothing', async () => {
    const second = await newPerson(staff, company)
    const tokens = await rp.signIn(new Browser(site.issuer), second, 'openid name email', [])
    const page = await staff.open(address())
    const row = page.text.split('<tr>').find((text) => text.includes(second.email)) ?? ''
    const action = /action="([^"]+\/end)"/.exec(row)?.[1] ?? ''
    await staff.submit(page, {}, action)
    await expect(rp.userinfo(tokens.access_token, tokens.claims()?.sub ?? '')).rejects.toThrow()
    const browser = new Browser(site.issuer)
    const { url } = await rp.begin('openid name')
    const again = await browser.signIn(await browser.open(url.toString()), second)
    expect(again.status).toBe(401)
  })

  test('is on no list and in no count', async () => {
    const pages = await Promise.all(
      ['/services', '/services.json', '/members', '/members.json'].map((path) =>
        new Browser(site.issuer).open(path),
      ),
    )
    for (const page of pages) expect(page.text).not.toContain(made.clientId)
    const row = await site.env.db('services').where({ client_id: made.clientId }).first('id')
    const all = await services.list(site.env)
    expect(all.map(({ service }) => service.id)).not.toContain(row?.id)
    expect((await staff.open(`/company/services/${row?.id}`)).status).toBe(404)
    expect((await new Browser(site.issuer).open(`/services/${row?.id}`)).status).toBe(404)
  })

  test('no mail leaves for made-up people', async () => {
    const sent: string[] = []
    const queue = {
      ...site.env.queue,
      send: async (_db: unknown, name: string) => void sent.push(name),
    }
    const env = { ...site.env, queue: queue as unknown as Env['queue'] }
    const values = { link: 'https://x.example/', at: 'now' }
    for (const to of [person.email, 'somebody@company.example'])
      await notices.send(env, { to, language: 'ja', letter: 'recover', values })
    expect(sent).toEqual(['notices.mail'])
  })

  test('a made-up person cannot take an address that mail reaches', async () => {
    const made = await residents.authenticate(site.env, { ...person, address: undefined })
    const typed = { newEmail: 'somebody@company.example', password: person.password }
    const self = {
      residentId: made?.id ?? '',
      sessionUid: 'none',
      address: undefined,
      device: undefined,
    }
    await expect(requestEmailChange(site.env, self, typed)).rejects.toThrow('invalid_input')
  })

  test('five people at most', async () => {
    const other = await makeService(site.env)
    const browser = await browserOf(other.memberId)
    for (let n = 0; n < 5; n++) await newPerson(browser, other)
    const open = await browser.open(address(other))
    expect(open.text).toContain('5人までです。どれかを消すと')
    expect((await browser.submit(open, {}, `${address(other)}/persons`)).status).toBe(409)
  })

  test.each([
    ['javascript:alert(1)', 'redirect_uris'],
    ['https://127.0.0.1/cb', 'redirect_uris'],
    ['http://company.example/cb', 'redirect_uris'],
    ['http://192.168.0.1/cb', 'redirect_uris'],
    ['', 'redirect_uris'],
  ])('%s is refused at its field', async (redirect_uris, field) => {
    const page = await save({ redirect_uris })
    expect([page.status, page.text.includes(`id="${field}-e"`)]).toEqual([422, true])
    const side = await services.byClientId(site.env, made.clientId)
    expect(side?.version.redirectUris).toEqual([CALLBACK])
  })

  test('another secret ends the first', async () => {
    const open = await staff.open(address())
    const page = await staff.submit(open, {}, `${address()}/secret`)
    const secret = said(page, '秘密の値')
    expect(secret).toHaveLength(43)
    expect(secret).not.toBe(made.clientSecret)
    await expect(rp.signIn(new Browser(site.issuer), person, 'openid name')).rejects.toThrow()
    const again = await relyingParty(site.issuer, { ...made, clientSecret: secret })
    const tokens = await again.signIn(new Browser(site.issuer), person, 'openid name')
    expect(tokens.access_token).toBeTruthy()
  })

  test('its live side still refuses this computer', async () => {
    await staff.submit(
      await staff.open(`/company/services/${company.id}`),
      {},
      `/company/services/${company.id}/next`,
    )
    await site.env.db('installation').update({ demo: false })
    const connection = `/company/services/${company.id}/connection`
    const page = await staff.submit(await staff.open(connection), {
      redirect_uris: CALLBACK,
      auth_method: 'client_secret_basic',
      secret_reason: '古い仕組みのため',
    })
    expect([page.status, page.text.includes('id="redirect_uris-e"')]).toEqual([422, true])
  })
})

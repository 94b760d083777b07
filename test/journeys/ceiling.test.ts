/** The ceiling at the moment of use, on two nodes (S-36, K2, K9, rule 5): contracts shrink and end with nobody acting. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { ItemId } from '../../src/catalogue/model.ts'
import { messages } from '../../src/locales/index.ts'
import { Browser } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  type ServiceAsked,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import {
  ALL,
  arrived,
  asksConsent,
  asksPassword,
  authorizeParams,
  authorizePath,
  codeFor,
  errorOn,
  introspect,
  OFFLINE,
  postAs,
  redeem,
  refresh,
  tokensFor,
  userinfo,
} from '../oidc/steps.ts'

const EVERY: ItemId[] = ['birth_year', 'sex', 'address']

let site: Site
beforeAll(async () => {
  site = await openSite({}, 2)
})
afterEach(() => site.setNow(undefined))
afterAll(() => site.close())

/** Requests take turns between the two nodes: everything is asked of both. */
const both = async <T>(ask: () => Promise<T>): Promise<T[]> => [await ask(), await ask()]

async function inUse(asked: ServiceAsked = {}) {
  const service = await makeService(site.env, asked)
  const resident = await makeResident(site.env)
  const browser = new Browser(site.issuer)
  const tokens = await tokensFor(site, browser, service, resident, OFFLINE, EVERY)
  const code = await codeFor(browser, service, resident, { scope: ALL })
  return { service, resident, browser, tokens, code }
}

const scopes = (answer: { body: Record<string, unknown> }) =>
  String(answer.body['scope']).split(' ')

describe('an item that left the contract', () => {
  const rest = ['user_id', 'name', 'email', 'birth_year', 'address']

  async function shrunk() {
    const world = await inUse()
    const before = await userinfo(site, world.tokens.access)
    expect(before.body).toHaveProperty('gender')
    await makeContractVersion(site.env, world.service.contractId, 2, { flowItems: rest })
    return world
  }

  test('K2 is gone from the next userinfo of a live token, with no sign-in between', async () => {
    const { tokens } = await shrunk()
    const answers = await both(() => userinfo(site, tokens.access))
    for (const { status, body } of answers) {
      expect(status).toBe(200)
      expect(body).not.toHaveProperty('gender')
      expect(body).toHaveProperty('name')
      expect(body).toHaveProperty('birthdate')
    }
  })

  test('K2 is gone from token, refresh and introspection', async () => {
    const { service, tokens, code } = await shrunk()
    const redeemed = await redeem(site, service, code)
    expect(redeemed.status).toBe(200)
    expect(scopes(redeemed)).not.toContain('sex')
    for (const answer of await both(() => refresh(site, service, tokens.refresh))) {
      expect(answer.status).toBe(200)
      expect(scopes(answer)).not.toContain('sex')
      const token = String(answer.body['access_token'])
      expect((await userinfo(site, token)).body).not.toHaveProperty('gender')
    }
    for (const answer of await both(() => introspect(site, service, tokens.access))) {
      expect(answer.body['active']).toBe(true)
      expect(scopes(answer)).not.toContain('sex')
      expect(answer.text).not.toContain('female')
    }
  })

  test('K2 cannot be asked for any more, also by PAR', async () => {
    const { service, browser } = await shrunk()
    for (const page of await both(() => browser.open(authorizePath(service, { scope: ALL }))))
      expect(arrived(page)?.get('error')).toBe('invalid_scope')
    const pushed = Object.fromEntries(authorizeParams(service, { scope: 'openid sex' }))
    for (const answer of await both(() => postAs(site, service, '/request', pushed)))
      expect(answer.body['error']).toBe('invalid_scope')
  })

  test('and that is ledgered as what left', async () => {
    const { service, tokens } = await shrunk()
    await userinfo(site, tokens.access)
    const last = await site.env
      .db('provision_records')
      .where({ service_id: service.id })
      .orderBy('at', 'desc')
      .first<{ items: string[] }>('items')
    expect(last.items).not.toContain('sex')
    expect(last.items).toContain('name')
  })
})

test('K2 a purpose that left the contract takes the item with it', async () => {
  const { service, tokens } = await inUse()
  await makeContractVersion(site.env, service.contractId, 2, { purposes: ['contact'] })
  for (const answer of await both(() => userinfo(site, tokens.access)))
    expect(answer.status).toBe(401)
})

test('an item the review took back is gone as well', async () => {
  const { service, tokens } = await inUse()
  await makeServiceVersion(site.env, service, 2, { optional: ['birth_year', 'address'] })
  for (const answer of await both(() => userinfo(site, tokens.access)))
    expect(answer.body).not.toHaveProperty('gender')
})

describe('a contract that ended', () => {
  /** In use until the very moment of its end, which has come. */
  async function ended() {
    const world = await inUse()
    const endsAt = new Date(Date.now() + 60_000)
    await makeContractVersion(site.env, world.service.contractId, 2, { endsAt })
    site.setNow(new Date(endsAt.getTime() - 1))
    expect((await userinfo(site, world.tokens.access)).status).toBe(200)
    site.setNow(endsAt)
    return world
  }

  test('stops every door with nobody acting', async () => {
    const { service, tokens, code } = await ended()
    const params = Object.fromEntries(authorizeParams(service))
    const doors = {
      userinfo: await both(() => userinfo(site, tokens.access)),
      token: await both(() => redeem(site, service, code)),
      refresh: await both(() => refresh(site, service, tokens.refresh)),
      introspection: await both(() => introspect(site, service, tokens.access)),
      par: await both(() => postAs(site, service, '/request', params)),
    }
    for (const [door, answers] of Object.entries(doors))
      expect([door, ...answers.map((answer) => answer.status)]).toEqual([door, 401, 401])
  })

  test('shows a calm page that does not blame the resident and asks for nothing', async () => {
    const { service, browser } = await ended()
    for (const page of [
      ...(await both(() => browser.open(authorizePath(service)))),
      await new Browser(site.issuer).open(authorizePath(service)),
    ]) {
      expect(errorOn(page)).toBe('invalid_client')
      expect(page.text).toContain('提供者との契約の期間外です。お客様の操作が原因ではありません。')
      expect(asksPassword(page) || asksConsent(page)).toBe(false)
      expect(page.headers.get('location')).toBeNull()
    }
  })

  test('says so on the resident’s page, and in English too', async () => {
    const { service, browser } = await ended()
    const list = await browser.open('/account/services')
    expect(list.text).toContain(messages.ja.consents.nothingNow.suspended)
    const calm = await new Browser(site.issuer, { 'accept-language': 'en' }).open(
      authorizePath(service),
    )
    expect(calm.text).toContain('This is not caused by anything you did')
  })

  test('and works again when it is renewed, with the tokens there were', async () => {
    const { service, tokens } = await ended()
    await makeContractVersion(site.env, service.contractId, 3, { startsAt: new Date() })
    for (const answer of await both(() => userinfo(site, tokens.access)))
      expect(answer.status).toBe(200)
  })
})

test('a contract that has not begun stops sign-in as calmly', async () => {
  const service = await makeService(site.env, { startsAt: new Date('2029-04-01T00:00:00+09:00') })
  const page = await new Browser(site.issuer).open(authorizePath(service))
  expect(page.text).toContain('提供者との契約の期間外です。')
})

test.each(['draft', 'submitted', 'approved', 'suspended', 'ended'])(
  'K9 a service that is %s gives nothing in production',
  async (status) => {
    const { service, tokens, code } = await inUse()
    await site.env.db('services').where({ id: service.id }).update({ status })
    for (const answer of [
      ...(await both(() => userinfo(site, tokens.access))),
      ...(await both(() => refresh(site, service, tokens.refresh))),
      ...(await both(() => redeem(site, service, code))),
      ...(await both(() => introspect(site, service, tokens.access))),
    ])
      expect(answer.status).toBe(401)
  },
)

/**
 * Issue 3, told as a new user would try it: a company applies, two operators approve it and its contract, its developer
 * sets up a service and looks at its consent screen, two operators approve it, it goes live, and a resident signs in to
 * it with openid-client. Nothing is written but by the pages; only the operators and the resident are there already.
 */
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser as Chromium } from 'playwright-core'
import { Browser } from '../support/browser.ts'
import { makeResident, markDemo, PASSWORD } from '../support/builders.ts'
import { openChromium } from '../support/chromium.ts'
import { plainHand, screenHand, type Hand } from '../support/hands.ts'
import { makeOperator, signIn, type SignedInPerson } from '../support/people.ts'
import { relyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { openTab, type Tab } from '../support/tab.ts'
import { whenChromium } from '../support/when-chromium.ts'
import {
  contracts,
  goesLive,
  invites,
  joins,
  REDIRECT,
  setsUp,
  type Hands,
  type Look,
} from './onboarding.ts'

let site: Site
let registrar: SignedInPerson
let approver: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  await markDemo(site.env)
  registrar = await makeOperator(site.env, ['registrar'])
  approver = await makeOperator(site.env, ['approver'])
})
afterAll(() => site.close())

async function keys() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  const usage = { name: 'ECDSA', namedCurve: 'P-256' }
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, usage, false, ['sign'])
  return { jwks: JSON.stringify({ keys: [jwk] }), key: { key, kid: 'k1' } }
}

const service = (clientId: string) => ({
  id: '',
  memberId: '',
  contractId: '',
  clientId,
  clientSecret: '',
  redirectUri: REDIRECT,
})

/** The whole of it up to the live service. */
async function story(hands: Hands, look: Look, name: string) {
  const { jwks, key } = await keys()
  const company = await joins(site, hands, look)
  const number = await contracts(hands, company, look)
  await invites(site, hands, look)
  const written = await setsUp(hands, { number, jwks, name }, look)
  const clientId = await goesLive(hands, written, look)
  return { clientId, key }
}

const acts = async (actor: SignedInPerson) =>
  (await site.env.db('audit_events').where({ actor_id: actor.person.id }).pluck('act')) as string[]

/** Every form that is sent leaves a line in the audit record (M6, J10). */
function audited(hand: Hand): Hand {
  const count = async () => Number((await site.env.db('audit_events').count())[0]?.['count'])
  return {
    ...hand,
    async send(action, filled) {
      const before = await count()
      await hand.send(action, filled)
      expect([action, (await count()) > before]).toEqual([action, true])
    },
  }
}

describe('without a screen', () => {
  test('a company comes to a live service, and a resident signs in to it', async () => {
    const plain = (person?: SignedInPerson): Hand => {
      const browser = new Browser(site.issuer)
      if (person) signIn(browser, person)
      return audited(plainHand(browser))
    }
    const hands = {
      stranger: plain(),
      manager: plain(),
      developer: plain(),
      registrar: plain(registrar),
      approver: plain(approver),
    }
    const look: Look = async (name, hand) => expect([name, await hand.text()]).not.toContain('')
    const { clientId, key } = await story(hands, look, 'ほしぞら散歩')

    const resident = await makeResident(site.env)
    const rp = await relyingParty(site.issuer, service(clientId), { key })
    const person = { email: resident.email, password: PASSWORD }
    const tokens = await rp.signIn(new Browser(site.issuer), person, 'openid name email birth_year')
    const claims = await rp.userinfo(tokens.access_token, tokens.claims()?.sub ?? '')
    expect(claims).toMatchObject({ sub: resident.userId, email: resident.email })
    expect(claims).not.toHaveProperty('birth_year')

    // What the two operators did is in the record, each under their own name (J10).
    expect(await acts(registrar)).toEqual(
      expect.arrayContaining(['reviews.proposed', 'reviews.drafted', 'reviews.edited']),
    )
    expect((await acts(approver)).filter((act) => act === 'reviews.approved')).toHaveLength(3)
    expect(await acts(registrar)).not.toContain('reviews.approved')
  })
})

whenChromium('in Chromium', () => {
  let chromium: Chromium
  const tabs: Tab[] = []
  beforeAll(async () => {
    chromium = await openChromium()
  })
  afterAll(() => chromium.close())

  async function screen(width: number, person?: SignedInPerson) {
    const tab = await openTab(chromium, width)
    tabs.push(tab)
    const cookies = Object.entries(person?.cookies ?? {}).map(([name, value]) => ({
      name,
      value,
      domain: new URL(site.issuer).hostname,
      path: person?.path ?? '/',
    }))
    await tab.context.addCookies(cookies)
    return { tab, hand: screenHand(tab.page, site.issuer) }
  }

  test.each([1200, 390])(
    'the same story at %d pixels',
    async (width) => {
      const made = {
        stranger: await screen(width),
        manager: await screen(width),
        developer: await screen(width),
        registrar: await screen(width, registrar),
        approver: await screen(width, approver),
      }
      const hands = Object.fromEntries(
        Object.entries(made).map(([who, { hand }]) => [who, hand]),
      ) as Hands
      const look: Look = async (name, hand) => {
        const found = Object.values(made).find((one) => one.hand === hand)
        await found?.tab.look(name)
      }
      const name = width === 390 ? 'あおぞら図書めぐり' : 'まちかど食べある記'
      const { clientId, key } = await story(hands, look, name)

      const resident = await makeResident(site.env)
      const rp = await relyingParty(site.issuer, service(clientId), { key })
      const attempt = await rp.begin('openid name email birth_year')
      const { tab } = await screen(width)
      await tab.page.route(`${new URL(REDIRECT).origin}/**`, (route) =>
        route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>service</h1>' }),
      )
      await tab.page.goto(attempt.url.toString())
      await tab.signIn(resident)
      await tab.page.waitForSelector('[name=decision]')
      expect(await tab.page.textContent('h1')).toContain(name)
      await tab.button('同意してはじめる').click()
      await tab.page.waitForURL(`${REDIRECT}**`)
      const left = {
        status: 303,
        url: '',
        text: '',
        headers: new Headers({ location: tab.page.url() }),
      }
      const tokens = await rp.redeem(attempt, left)
      const claims = await rp.userinfo(tokens.access_token, tokens.claims()?.sub ?? '')
      expect(claims).toMatchObject({ sub: resident.userId, email: resident.email })
      for (const one of tabs.splice(0)) await one.close()
    },
    180_000,
  )
})

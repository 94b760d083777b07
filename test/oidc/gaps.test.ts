/** Gaps a fresh reader found once: each test failed before its fix. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Browser, hidden, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  makeServiceVersion,
  PASSWORD,
  type MadeResident,
} from '../support/builders.ts'
import { agree, refuse, relyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

const who = (resident: MadeResident) => ({ email: resident.email, password: PASSWORD })

async function signedIn(scope: string, picked: string[] = [], more: Record<string, string> = {}) {
  const service = await makeService(site.env)
  const resident = await makeResident(site.env)
  const rp = await relyingParty(site.issuer, service)
  const browser = new Browser(site.issuer)
  const tokens = await rp.signIn(browser, who(resident), scope, picked, more)
  return { service, resident, rp, browser, tokens }
}

/** The consent screen of a new service, not answered yet. */
async function screen() {
  const service = await makeService(site.env)
  const resident = await makeResident(site.env)
  const rp = await relyingParty(site.issuer, service)
  const browser = new Browser(site.issuer)
  const attempt = await rp.begin('openid name email')
  const page = await browser.signIn(await browser.open(attempt.url.toString()), who(resident))
  return { service, resident, rp, browser, attempt, page }
}

describe('the doors of programs', () => {
  test.each(['/userinfo/', '/UserInfo', '/%75serinfo', '/USERINFO/'])(
    '%s is no address of ours',
    async (path) => {
      const { tokens } = await signedIn('openid name')
      const answer = await fetch(site.issuer + path, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      expect(answer.status).toBe(404)
      expect(await answer.text()).not.toContain('山田')
    },
  )

  test.each(['/token/', '/Token', '/token/introspection/'])(
    '%s is no address of ours either',
    async (path) => {
      const answer = await fetch(site.issuer + path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'grant_type=authorization_code',
      })
      expect([403, 404]).toContain(answer.status)
    },
  )
})

/** Holds every insert of a provision record back until the answer is called. */
async function stall() {
  const trx = await site.owner.transaction()
  await trx.raw('lock table provision_records in share mode')
  return () => trx.rollback()
}

/** Until so many statements wait for a lock. */
const waiting = (count: number) =>
  until(`${count} wait for a lock`, async () => {
    const { rows } = await site.owner.raw<{ rows: object[] }>(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows.length >= count
  })

test('a request that raced and lost costs the winner nothing; one that comes later does (B1, B2)', async () => {
  const { browser, page, service, resident, attempt, rp } = await screen()
  const left = await agree(browser, page, [])
  const code = new URL(left.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const redeem = () =>
    fetch(`${site.issuer}/token`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(`${service.clientId}:${service.clientSecret}`).toString('base64')}`,
      },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        code_verifier: attempt.verifier,
        redirect_uri: service.redirectUri,
      }),
    })
  const go = await stall()
  const both = Promise.all([redeem(), redeem()])
  // One before the table, the other behind the first.
  await waiting(2)
  await go()
  const answers = await both
  expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 400])
  const won = (await answers.find((answer) => answer.ok)?.json()) as { access_token: string }
  expect((await rp.userinfo(won.access_token, resident.userId)).email).toBe(resident.email)
  expect((await redeem()).status).toBe(400)
  await expect(rp.userinfo(won.access_token, resident.userId)).rejects.toMatchObject({
    status: 401,
  })
})

describe('a release under way', () => {
  test.each([
    [
      'stopping provision as a whole',
      (b: Browser) => b.open('/account'),
      '/account/terms',
      { kind: 'provision', given: 'no' },
    ],
    ['signing out', (b: Browser) => b.open('/logout'), '/logout', {}],
  ])('%s waits for it', async (_what, open, action, fields) => {
    const { tokens, resident, rp, browser } = await signedIn('openid name')
    const page = await open(browser)
    const before = (
      await site.env.db('provision_records').where({ resident_id: resident.id, path: 'userinfo' })
    ).length
    const go = await stall()
    const order: string[] = []
    const release = rp
      .userinfo(tokens.access_token, resident.userId)
      .then(() => order.push('released'))
    await waiting(1)
    const stop = browser
      .post(action, { ...hidden(page), ...(fields as Record<string, string>) })
      .then((answer) => order.push(`answered ${answer.status}`))
    await waiting(2)
    const meanwhile = [...order]
    await go()
    await Promise.all([release, stop])
    expect(meanwhile).toEqual([])
    expect(order.toSorted((a, b) => (a < b ? 1 : -1))).toEqual(['released', 'answered 303'])
    const after = (
      await site.env.db('provision_records').where({ resident_id: resident.id, path: 'userinfo' })
    ).length
    expect(after).toBe(before + 1)
    await expect(rp.userinfo(tokens.access_token, resident.userId)).rejects.toMatchObject({
      status: 401,
    })
  })
})

test('an answer counts only for the values that were shown', async () => {
  const { resident, rp, browser, attempt, page } = await screen()
  expect(page.text).toContain('山田')
  const profile = await browser.open('/account/profile')
  await browser.submit(profile, { family_name: '小鳥遊', family_name_kana: 'タカナシ' })
  const again = await agree(browser, page, [])
  expect(again.status).toBe(409)
  expect(again.text).toContain('小鳥遊')
  expect(await site.env.db('consents').where({ resident_id: resident.id })).toEqual([])
  const tokens = await rp.redeem(attempt, await agree(browser, again, []))
  expect(await rp.userinfo(tokens.access_token, resident.userId)).toMatchObject({
    family_name: '小鳥遊',
  })
})

test('leaving one item of profile out leaves the others', async () => {
  const { service, resident, rp, browser, tokens } = await signedIn(
    'openid profile email offline_access',
    ['birth_year', 'sex'],
    { prompt: 'consent' },
  )
  expect(tokens.scope?.split(' ')).toEqual(['openid', 'offline_access', 'profile', 'email'])
  const change = await browser.open(`/account/services/${service.id}/change`)
  const kept: [string, string][] = ['user_id', 'name', 'email', 'birth_year'].map((item) => [
    'item',
    item,
  ])
  const done = await browser.submit(change, [...kept, ['decision', 'change']])
  expect(done.text).toContain('変更しました')
  const claims = await rp.userinfo(tokens.access_token, resident.userId)
  expect(Object.keys(claims)).toEqual(expect.arrayContaining(['name', 'birthdate', 'email']))
  expect(claims).not.toHaveProperty('gender')
  const refreshed = await rp.refresh(tokens.refresh_token ?? '')
  expect(new Set(refreshed.scope?.split(' '))).toEqual(
    new Set(['openid', 'offline_access', 'name', 'birth_year', 'email']),
  )
})

test('a session whose sign-in is not on the list of devices is none', async () => {
  const { resident, browser } = await signedIn('openid name')
  expect((await browser.open('/account')).url).toMatch(/\/account$/)
  await site.env.db('sign_ins').where({ resident_id: resident.id }).delete()
  expect((await browser.open('/account')).url).toContain('/login')
})

test('ids that are none are refused before the database sees them', async () => {
  const { service, browser, page } = await screen()
  const dashes = '-'.repeat(36)
  const answer = await browser.post(page.url, { ...hidden(page), shown: dashes, decision: 'agree' })
  expect(answer.status).toBe(422)
  for (const path of [
    `/account/services/${service.id}/showings/${dashes}`,
    `/account/services/${dashes}`,
  ])
    expect((await browser.open(path)).status).toBe(404)
})

test('a client id may hold a dot, as onboarding allows', async () => {
  const service = await makeService(site.env)
  const clientId = `dotted.${service.clientId}`
  await site.env.db('services').where({ id: service.id }).update({ client_id: clientId })
  const rp = await relyingParty(site.issuer, { ...service, clientId })
  const page = await new Browser(site.issuer).open((await rp.begin('openid name')).url.toString())
  expect(page.text).toContain('name="password"')
})

describe('a return address that is gone', () => {
  async function gone(): Promise<Awaited<ReturnType<typeof screen>> & { page: Page }> {
    const opened = await screen()
    const elsewhere = { ...opened.service, redirectUri: 'http://localhost:9/another' }
    await makeServiceVersion(site.env, elsewhere, 2)
    return opened
  }

  test('agreeing gives nothing and says so', async () => {
    const { browser, page, resident } = await gone()
    const answer = await agree(browser, page, [])
    expect(answer.status).toBe(410)
    expect(answer.text).toContain('何も渡っていません')
    expect(await site.env.db('consents').where({ resident_id: resident.id })).toEqual([])
  })

  test('refusing is taken, and leads on by a page of ours (R3)', async () => {
    const { browser, page, resident } = await gone()
    const answer = await refuse(browser, page)
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('何も渡していません')
    expect(answer.text).toContain('https://company.example')
    const refused = await site.env
      .db('audit_events')
      .where({ actor_id: resident.id, act: 'consents.refused' })
    expect(refused).toHaveLength(1)
  })
})

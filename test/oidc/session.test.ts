/** One session per browser, for /account and every service (docs/security.md, F2, F13, G1–G5, G8). */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Browser, hidden, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { resumeTime, skip } from './clock.ts'
import {
  arrived,
  asksConsent,
  asksPassword,
  authorizePath,
  codeFor,
  errorOn,
  OFFLINE,
  redeem,
  refresh,
  tokensFor,
  userinfo,
} from './steps.ts'

const BYE = 'https://service.example/bye'

let site: Site
let service: MadeService
let other: MadeService
let resident: MadeResident

beforeAll(async () => {
  site = await openSite()
  service = await makeService(site.env, { postLogoutRedirectUris: [BYE] })
  other = await makeService(site.env)
  resident = await makeResident(site.env)
})
afterAll(() => site.close())
afterEach(resumeTime)

const newBrowser = () => new Browser(site.issuer)
const MINUTE = 60
const HOUR = 3600

async function atHome(person = resident, browser = newBrowser()): Promise<Browser> {
  const page = await browser.signIn(await browser.open('/login'), {
    email: person.email,
    password: PASSWORD,
  })
  expect(page.url).toBe(`${site.issuer}/account`)
  return browser
}

/** Whether this browser is signed in: on its own pages, and for a service that asks in silence. */
async function signedIn(browser: Browser): Promise<boolean> {
  const home = await browser.request('/account')
  const silent = await browser.open(authorizePath(service, { prompt: 'none' }))
  const sso = arrived(silent)?.get('error') !== 'login_required'
  expect(home.status === 200).toBe(sso)
  return sso
}

const sessionOf = (browser: Browser) => browser.jar.get('session|/')?.value
const cookiesFrom = (browser: Browser): Browser => {
  const copy = newBrowser()
  for (const [name, cookie] of browser.jar) copy.jar.set(name, { ...cookie })
  return copy
}

describe('one session', () => {
  test('signing in at /login is signing in for every service, without a further question', async () => {
    const browser = await atHome()
    const page = await browser.open(authorizePath(service))
    expect(asksConsent(page)).toBe(true)
    expect(page.text).toContain(resident.email)
  })

  test('signing in on the way to a service is signing in at /account', async () => {
    const browser = newBrowser()
    await codeFor(browser, service, resident)
    expect(await signedIn(browser)).toBe(true)
    expect((await browser.open('/login')).url).toBe(`${site.issuer}/account`)
    expect(
      await site.env
        .db('sign_ins')
        .where({ resident_id: resident.id, ended_at: null })
        .count({ n: '*' }),
    ).not.toEqual([{ n: '0' }])
  })

  test('G2 each sign-in makes a new identifier, and an old one is nobody', async () => {
    const planted = newBrowser()
    await planted.open('/session/end')
    const before = sessionOf(planted)
    const copy = cookiesFrom(planted)
    await codeFor(planted, service, resident)
    expect(sessionOf(planted)).not.toBe(before)
    expect(await signedIn(copy)).toBe(false)

    const browser = await atHome()
    const first = sessionOf(browser)
    const old = cookiesFrom(browser)
    const page = await browser.open(authorizePath(service, { prompt: 'login' }))
    await browser.signIn(page, { email: resident.email, password: PASSWORD })
    expect(sessionOf(browser)).not.toBe(first)
    skip(30)
    expect(await signedIn(old)).toBe(false)
    expect(await signedIn(browser)).toBe(true)
  })

  test('a forged or unsigned cookie is nobody', async () => {
    const browser = await atHome()
    for (const change of [
      (jar: Browser['jar']) => jar.delete('session.sig|/'),
      (jar: Browser['jar']) => jar.set('session|/', { ...cookie(jar), value: 'x'.repeat(43) }),
      (jar: Browser['jar']) => jar.set('session.sig|/', { ...cookie(jar), value: 'x'.repeat(43) }),
    ]) {
      const copy = cookiesFrom(browser)
      change(copy.jar)
      expect(await signedIn(copy)).toBe(false)
    }
    expect(await signedIn(browser)).toBe(true)
  })
  const cookie = (jar: Browser['jar']) => {
    const found = jar.get('session|/')
    if (!found) throw new Error('no session cookie')
    return found
  }
})

describe('G3 how long', () => {
  test('thirty minutes without use', async () => {
    const browser = await atHome()
    for (let n = 0; n < 3; n++) {
      skip(29 * MINUTE)
      expect(await signedIn(browser)).toBe(true)
    }
    const silent = cookiesFrom(browser)
    skip(31 * MINUTE)
    expect(await signedIn(silent)).toBe(false)
    const page = await silent.open('/account/services')
    expect(page.url).toBe(`${site.issuer}/login?to=%2Faccount%2Fservices`)
    expect(asksPassword(await silent.open(authorizePath(service)))).toBe(true)
  })

  test.each([
    ['at /account', (browser: Browser) => browser.request('/account')],
    [
      'by single sign-on',
      (browser: Browser) => browser.request(authorizePath(service, { prompt: 'none' })),
    ],
  ])('twelve hours after the sign-in, however much used %s', async (_name, use) => {
    const browser = newBrowser()
    await codeFor(browser, service, resident)
    for (let gone = 0; gone + 25 * MINUTE < 12 * HOUR; gone += 25 * MINUTE) {
      skip(25 * MINUTE)
      await use(browser)
    }
    expect(await signedIn(browser)).toBe(true)
    skip(25 * MINUTE)
    expect(await signedIn(browser)).toBe(false)
  })

  test('an interaction ends after thirty minutes', async () => {
    const browser = newBrowser()
    const page = await browser.open(authorizePath(service))
    skip(31 * MINUTE)
    const late = await browser.signIn(page, { email: resident.email, password: PASSWORD })
    expect(late.status).toBe(410)
    expect(late.text).toContain('はじめからやり直してください')
  })
})

describe('signing out', () => {
  test('G4 at /logout ends /account, single sign-on and tokens, and the consent stays', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const tokens = await tokensFor(site, browser, service, person, OFFLINE)
    const pending = await codeFor(browser, service, person)
    const elsewhere = await tokensFor(site, newBrowser(), service, person, OFFLINE)
    const copy = cookiesFrom(browser)
    const asked = await browser.open('/logout')
    expect((await browser.request('/account')).status).toBe(200)
    const page = await browser.submit(asked, {})
    expect(page.text).toContain('サインアウトしました')
    for (const one of [browser, copy]) expect(await signedIn(one)).toBe(false)
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    expect((await refresh(site, service, tokens.refresh)).status).toBe(400)
    expect((await redeem(site, service, pending)).status).toBe(400)
    expect((await userinfo(site, elsewhere.access)).status).toBe(200)
    const again = await browser.open(authorizePath(service))
    const left = await browser.signIn(again, { email: person.email, password: PASSWORD })
    expect(arrived(left)?.get('code')).toBeTruthy()
    expect((await userinfo(site, tokens.access)).status).toBe(401)
  })

  test('a session kept alive while it is signed out elsewhere does not come back', async () => {
    const browser = await atHome()
    const copy = cookiesFrom(browser)
    skip(5 * MINUTE)
    const form = hidden(await browser.open('/logout'))
    await Promise.all([
      browser.post('/logout', form),
      ...Array.from({ length: 10 }, () => copy.request('/account')),
      ...Array.from({ length: 10 }, () => copy.request(authorizePath(service, { prompt: 'none' }))),
    ])
    expect(await signedIn(copy)).toBe(false)
    expect(await signedIn(browser)).toBe(false)
  })
})

describe('G5 signing out because a service asks', () => {
  const end = (params: Record<string, string>) =>
    `/session/end?${new URLSearchParams(params).toString()}`

  test('asks first; then everything ends here and the browser goes back', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const tokens = await tokensFor(site, browser, service, person, OFFLINE)
    const second = await tokensFor(site, browser, other, person, OFFLINE)
    const page = await browser.open(
      end({ id_token_hint: tokens.id, post_logout_redirect_uri: BYE, state: 's-1' }),
    )
    expect(page.status).toBe(200)
    expect(page.text).toContain('サインアウトしますか')
    expect(page.headers.get('content-security-policy')).toContain('https://service.example')
    expect(page.text).not.toContain(tokens.id)
    expect(await signedIn(browser)).toBe(true)
    const left = await browser.submit(page, {}, `${site.issuer}/session/end/confirm`)
    expect(left.headers.get('location')).toBe(`${BYE}?state=s-1`)
    expect(await signedIn(browser)).toBe(false)
    for (const { access } of [tokens, second])
      expect((await userinfo(site, access)).status).toBe(401)
    expect((await refresh(site, service, tokens.refresh)).status).toBe(400)
    const row = await site.env.db('sign_ins').where({ resident_id: person.id }).first()
    expect(row.ended_at).not.toBeNull()
  })

  test('without an address to return to, it says so here', async () => {
    const browser = await atHome()
    const page = await browser.open('/session/end')
    const left = await browser.submit(page, {}, `${site.issuer}/session/end/confirm`)
    expect(left.status).toBe(200)
    expect(left.text).toContain('サインアウトしました')
    expect(await signedIn(browser)).toBe(false)
  })

  test.each([
    [
      'with an address to return to',
      { post_logout_redirect_uri: BYE, state: 's-2' },
      `${BYE}?state=s-2`,
    ],
    ['without one', {}, undefined],
  ])(
    'nobody is signed in any more, %s: the browser goes on, without a script',
    async (_name, params, address) => {
      const browser = newBrowser()
      const page = await browser.open(end({ client_id: service.clientId, ...params }))
      if (address) expect(page.headers.get('location')).toBe(address)
      else expect(page.text).toContain('サインアウトしました')
      expect(page.text).not.toContain('<script')
    },
  )

  test.each<[string, (browser: Browser) => Promise<Page>]>([
    ['a link from elsewhere', (browser) => browser.request('/session/end')],
    ['a form from elsewhere', (browser) => browser.post('/session/end/confirm', { logout: 'yes' })],
    [
      'a guessed token',
      (browser) => browser.post('/session/end/confirm', { logout: 'yes', xsrf: 'x'.repeat(43) }),
    ],
    ['a post to the first address', (browser) => browser.post('/session/end', { logout: 'yes' })],
    [
      'another browser’s token',
      async (browser) => {
        const theirs = await (await atHome()).open('/session/end')
        return browser.post('/session/end/confirm', { ...hidden(theirs), logout: 'yes' })
      },
    ],
  ])('%s signs nobody out', async (_name, attack) => {
    const browser = await atHome()
    await browser.open('/session/end')
    const answer = await attack(browser)
    expect(answer.status).toBeLessThan(500)
    expect(await signedIn(browser)).toBe(true)
  })

  test.each<[string, Record<string, string>]>([
    ['an unregistered address', { post_logout_redirect_uri: 'https://evil.example/' }],
    ['a registered one with a tail', { post_logout_redirect_uri: `${BYE}/x` }],
    ['a script', { post_logout_redirect_uri: 'javascript:alert(1)//evil' }],
    ['an unknown client', { client_id: 'evil' }],
    ['a broken hint', { id_token_hint: 'evil' }],
    ['an unsigned hint', { id_token_hint: 'eyJhbGciOiJub25lIn0.eyJhdWQiOiJldmlsIn0.' }],
  ])('%s: a page of ours', async (_name, changes) => {
    const browser = await atHome()
    const page = await browser.open(end({ client_id: service.clientId, ...changes }))
    expect(page.status).toBe(400)
    expect(errorOn(page)).toMatch(/^invalid_(request|client)$/)
    expect(page.text).not.toContain('evil')
    expect(await signedIn(browser)).toBe(true)
  })

  test('a hint for another service than the one named is refused', async () => {
    const browser = newBrowser()
    const { id } = await tokensFor(site, browser, other, resident)
    const page = await browser.open(end({ client_id: service.clientId, id_token_hint: id }))
    expect(page.status).toBe(400)
  })
})

describe('other browsers, other people', () => {
  test('F2 an interaction belongs to the browser that began it', async () => {
    const person = await makeResident(site.env)
    const mine = newBrowser()
    const page = await mine.open(authorizePath(service))
    const theirs = await atHome()
    for (const path of ['', '/refuse', '/cancel', '/switch', '/profile', '/signup']) {
      const seen = await theirs.request(`${page.url}${path}`)
      expect([403, 404, 410]).toContain(seen.status)
      expect(asksPassword(seen)).toBe(false)
    }
    const posted = await theirs.post(page.url, { ...hidden(page), decision: 'agree' })
    expect([403, 410]).toContain(posted.status)
    const uid = page.url.split('/').at(-1) ?? ''
    const resumed = await theirs.request(`/authorize/${uid}`)
    expect([resumed.status, errorOn(resumed)]).toEqual([400, 'session_not_found'])
    // None of that spent it.
    const screen = await mine.signIn(page, { email: person.email, password: PASSWORD })
    expect(asksConsent(screen)).toBe(true)
    const left = await mine.submit(screen, { decision: 'agree' })
    expect(arrived(left)?.get('code')).toBeTruthy()
  })

  test('F2 somebody’s interaction planted in another’s browser: refused at every step', async () => {
    const [mine, theirs] = [await atHome(await makeResident(site.env)), await atHome()]
    const screen = await mine.open(authorizePath(service))
    expect(asksConsent(screen)).toBe(true)
    for (const [name, cookie] of mine.jar)
      if (/^(interaction|resume|form_here)/.test(name)) theirs.jar.set(name, cookie)
    const seen = await theirs.request(screen.url)
    expect(seen.status).toBe(403)
    expect(seen.text).toContain('この手続きは続けられません')
    const posted = await theirs.post(screen.url, { ...hidden(screen), decision: 'agree' })
    expect(posted.status).toBe(403)
    const uid = screen.url.split('/').at(-1) ?? ''
    expect(arrived(await theirs.request(`/authorize/${uid}`))).toBeUndefined()
    const left = await mine.submit(screen, { decision: 'agree' })
    expect(arrived(left)?.get('code')).toBeTruthy()
  })

  test('F1 going straight to the resume address gives no code', async () => {
    const browser = await atHome(await makeResident(site.env))
    const screen = await browser.open(authorizePath(service))
    const uid = screen.url.split('/').at(-1) ?? ''
    const page = await browser.open(`/authorize/${uid}`)
    expect(arrived(page)?.get('code') ?? undefined).toBeUndefined()
    expect(asksConsent(page)).toBe(true)
  })

  test('F13 another person signed in by a second tab: the first tab’s answer is refused', async () => {
    const [first, second] = [await makeResident(site.env), await makeResident(site.env)]
    const browser = await atHome(first)
    const screen = await browser.open(authorizePath(service))
    expect(screen.text).toContain(first.email)
    const form = hidden(screen)
    const logout = await browser.open('/logout')
    await browser.submit(logout, {})
    await atHome(second, browser)
    const answer = await browser.post(screen.url, { ...form, decision: 'agree' })
    expect([403, 410]).toContain(answer.status)
    expect(answer.headers.get('location')).toBeNull()
    for (const { id } of [first, second])
      expect(await site.env.db('consents').where({ resident_id: id })).toEqual([])
    expect(await signedIn(browser)).toBe(true)
  })

  test('another person signs in where a service asks: the first one’s session ends', async () => {
    const [first, second] = [await makeResident(site.env), await makeResident(site.env)]
    const browser = newBrowser()
    const tokens = await tokensFor(site, browser, service, first, OFFLINE)
    const page = await browser.open(authorizePath(service, { prompt: 'login' }))
    const screen = await browser.signIn(page, { email: second.email, password: PASSWORD })
    expect(asksConsent(screen)).toBe(true)
    expect(screen.text).toContain(second.email)
    expect(screen.text).not.toContain(first.email)
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    const left = await browser.submit(screen, { decision: 'agree' })
    expect(arrived(left)?.get('code')).toBeTruthy()
    const rows = await site.env.db('consents').where({ resident_id: second.id })
    expect(rows).toHaveLength(1)
  })

  test('F13 another person signed in between the password and its effect: a page of ours', async () => {
    const [first, second] = [await makeResident(site.env), await makeResident(site.env)]
    const browser = newBrowser()
    const page = await browser.open(authorizePath(service))
    const fields = { ...hidden(page), email: first.email, password: PASSWORD }
    const posted = await browser.post(page.url, fields)
    await atHome(second, browser)
    const resumed = await browser.request(String(posted.headers.get('location')))
    expect(resumed.status).toBe(403)
    expect(resumed.text).toContain('この手続きは続けられません')
    expect(resumed.text).not.toContain('<script')
    expect(await signedIn(browser)).toBe(true)
  })

  test('別のIDを使う: begins the same request with a fresh sign-in', async () => {
    const [first, second] = [await makeResident(site.env), await makeResident(site.env)]
    const browser = await atHome(first)
    const screen = await browser.open(authorizePath(service))
    const href = /href="([^"]*\/switch)"/.exec(screen.text)?.[1] ?? ''
    expect(href).toBeTruthy()
    const login = await browser.open(href)
    expect(asksPassword(login)).toBe(true)
    const theirs = await browser.signIn(login, { email: second.email, password: PASSWORD })
    expect(theirs.text).toContain(second.email)
    const left = await browser.submit(theirs, { decision: 'agree' })
    expect(arrived(left)?.get('state')).toBe('state-of-the-test')
    expect(arrived(left)?.get('code')).toBeTruthy()
    expect(await site.env.db('consents').where({ resident_id: first.id })).toEqual([])
  })

  test('G8 an account closed with a live session: no page, no code, no 500', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    await codeFor(browser, service, person)
    const screen = await browser.open(authorizePath(other))
    expect(asksConsent(screen)).toBe(true)
    await site.env.db('residents').where({ id: person.id }).update({ closed_at: new Date() })
    const answer = await browser.post(screen.url, { ...hidden(screen), decision: 'agree' })
    expect(answer.status).toBe(410)
    expect((await browser.open('/account')).url).toContain('/login')
    const page = await browser.open(authorizePath(service))
    expect(asksPassword(page)).toBe(true)
    const silent = await browser.open(authorizePath(service, { prompt: 'none' }))
    expect(arrived(silent)?.get('error')).toBe('login_required')
    const left = await browser.signIn(page, { email: resident.email, password: PASSWORD })
    expect(arrived(left)?.get('code') ?? asksConsent(left)).toBeTruthy()
  })

  test('an answer posted twice, and the back button after it, lead to a plain page', async () => {
    const person = await makeResident(site.env)
    const browser = await atHome(person)
    const screen = await browser.open(authorizePath(service))
    const form = { ...hidden(screen), decision: 'agree' }
    const answered = await browser.post(screen.url, form)
    const left = await browser.follow(answered)
    expect(arrived(left)?.get('code')).toBeTruthy()
    for (const again of [
      await browser.request(screen.url),
      await browser.post(screen.url, form),
      await browser.request(String(answered.headers.get('location'))),
    ]) {
      expect([400, 409]).toContain(again.status)
      expect(again.headers.get('location')).toBeNull()
    }
    expect(await site.env.db('consents').where({ resident_id: person.id })).toHaveLength(1)
  })
})

describe('G1 cookies', () => {
  /** Through sign-up, sign-in, consent, language, sign-out: every cookie ever set. */
  async function crawl(browser: Browser, at: Site) {
    const person = await makeResident(at.env)
    const one = await makeService(at.env)
    await browser.open('/')
    await browser.open('/signup?lang=en')
    const start = await browser.open(authorizePath(one))
    await browser.request(`${start.url}?lang=ja`)
    const screen = await browser.signIn(start, { email: person.email, password: PASSWORD })
    await browser.request(`${screen.url}/signup`)
    await browser.submit(screen, { decision: 'agree' })
    await browser.open('/account')
    await browser.submit(await browser.open('/logout'), {})
    await browser.signIn(await browser.open('/login'), { email: person.email, password: PASSWORD })
    return browser.setCookies.map((line) => {
      const [pair = '', ...rest] = line.split(/;\s*/)
      const flags = rest.map((flag) => flag.toLowerCase())
      return { name: pair.split('=')[0] ?? '', size: line.length, flags, path: pathOf(flags) }
    })
  }
  const pathOf = (flags: string[]) => flags.find((f) => f.startsWith('path='))?.slice(5)

  test('on http: httpOnly and lax, without prefix and secure', async () => {
    const cookies = await crawl(newBrowser(), site)
    expect(new Set(cookies.map(({ name }) => name)).size).toBeGreaterThan(6)
    for (const { name, flags, size } of cookies) {
      expect([name, flags.includes('httponly'), flags.includes('samesite=lax')]).toEqual([
        name,
        true,
        true,
      ])
      expect([name, flags.includes('secure')]).toEqual([name, false])
      expect(name).not.toMatch(/^__/)
      expect(flags.some((flag) => flag.startsWith('domain='))).toBe(false)
      expect(size).toBeLessThan(4096)
    }
  })

  test('on https behind a proxy: secure, and prefixed by where they belong', async () => {
    const issuer = 'https://id.example.jp'
    const behind = await openSite({ ISSUER: issuer, TRUSTED_PROXIES: '127.0.0.1' })
    try {
      const forwarded = { 'x-forwarded-host': 'id.example.jp', 'x-forwarded-proto': 'https' }
      const via = `http://127.0.0.1:${behind.env.config.port}`
      const cookies = await crawl(new Browser(issuer, forwarded, via), behind)
      expect(new Set(cookies.map(({ name }) => name)).size).toBeGreaterThan(6)
      for (const { name, flags, path } of cookies) {
        expect([name, flags.includes('httponly'), flags.includes('samesite=lax')]).toEqual([
          name,
          true,
          true,
        ])
        expect([name, flags.includes('secure')]).toEqual([name, true])
        expect([name, path, name.startsWith(path === '/' ? '__Host-' : '__Secure-')]).toEqual([
          name,
          path,
          true,
        ])
        expect(flags.some((flag) => flag.startsWith('domain='))).toBe(false)
      }
    } finally {
      await behind.close()
    }
  })
})

/** Errors that tell nothing, health, languages, and no 5xx for garbage (docs/security.md, I8, K6, L13, M13, R25). */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createApp } from '../../src/app.ts'
import { connect } from '../../src/database/connect.ts'
import { listen } from '../../src/server.ts'
import { resumeTime, skip } from '../oidc/clock.ts'
import { authorizePath, goOn } from '../oidc/steps.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
/** Signed in. */
let browser: Browser

beforeAll(async () => {
  site = await openSite()
  browser = new Browser(site.issuer)
  const service = await makeService(site.env)
  await goOn(browser, await browser.open(authorizePath(service)), await makeResident(site.env))
})
afterAll(() => site.close())
afterEach(resumeTime)

const guest = () => new Browser(site.issuer)
const json = { headers: { accept: 'application/json' } }

describe('errors', () => {
  test('I8 a defect of ours: a page with a number, and the log has the rest without values', async () => {
    await site.owner.raw('alter table services rename to hidden_services')
    const page = await guest().request('/services?evil=geheim')
    const problem = await guest().request('/services', json)
    await site.owner.raw('alter table hidden_services rename to services')
    expect(page.status).toBe(500)
    expect(page.text).toContain('問題が起きました')
    const reference = /server_error \/ ([0-9a-f]{8})/.exec(page.text)?.[1]
    expect(reference).toBeDefined()
    const main = /<main[\s\S]*<\/main>/.exec(page.text)?.[0]
    expect(main).not.toMatch(/geheim|relation|hidden|\.ts:|node_modules|Error:/)
    expect(problem.headers.get('content-type')).toContain('application/problem+json')
    expect(JSON.parse(problem.text)).toMatchObject({ type: 'server_error', status: 500 })
    expect(problem.text).not.toMatch(/relation|\.ts|stack/)
    const line = site.logLines().find((entry) => entry.includes(String(reference)))
    expect(JSON.parse(line ?? '{}')).toMatchObject({ event: 'defect', reference })
    expect(line).not.toContain('geheim')
  })

  test('programs get problem+json, browsers a page, by the code of the reason', async () => {
    const problem = await guest().request('/nowhere', json)
    expect(problem.status).toBe(404)
    expect(JSON.parse(problem.text)).toMatchObject({ type: 'not_found', status: 404 })
    const page = await guest().request('/nowhere')
    expect(page.text).toContain('class="code">not_found')
    const method = await guest().request('/login', { method: 'PUT', ...json })
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS'])
  })
})

describe('M13 health', () => {
  test('says how it is and nothing else', async () => {
    for (const [path, status] of [
      ['/healthz/live', 'live'],
      ['/healthz/ready', 'ready'],
    ] as const) {
      const answer = await guest().request(path)
      expect([answer.status, answer.text]).toEqual([200, JSON.stringify({ status })])
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    for (const path of ['/healthz', '/healthz/', '/healthz/x', '/metrics', '/status'])
      expect((await guest().request(path)).status).toBe(404)
  })

  test('not ready: the clock stands wrong, the database is away, the node is leaving; live all the while', async () => {
    const forgotten = () => sleep(1100)
    await forgotten()
    skip(20)
    const wrong = await guest().request('/healthz/ready')
    expect([wrong.status, wrong.text]).toEqual([503, '{"status":"not ready"}'])
    expect((await guest().request('/healthz/live')).status).toBe(200)
    resumeTime()

    const gone = connect('postgres://nobody@127.0.0.1:9/none', 2)
    let leaving = false
    const { app } = await createApp(site.env, () => leaving)
    const web = await listen(app, 0)
    const at = async (path: string) => {
      const answer = await fetch(`http://localhost:${web.port}/healthz/${path}`)
      return [answer.status, await answer.text()]
    }
    const { db } = site.env
    expect(await at('ready')).toEqual([200, '{"status":"ready"}'])
    site.env.db = gone
    await forgotten()
    expect(await at('ready')).toEqual([503, '{"status":"not ready"}'])
    expect(await at('live')).toEqual([200, '{"status":"live"}'])
    site.env.db = db
    leaving = true
    expect(await at('ready')).toEqual([503, '{"status":"not ready"}'])
    await web.close()
    await gone.destroy()
  })

  test('R3 with the database away every page says so, with when to come back', async () => {
    const gone = connect('postgres://nobody@127.0.0.1:9/none', 2)
    const { db } = site.env
    site.env.db = gone
    const page = await browser.request('/account/services')
    const token = await guest().request('/userinfo', { headers: { authorization: 'Bearer x' } })
    site.env.db = db
    await gone.destroy()
    expect(page.status).toBe(503)
    expect(page.headers.get('retry-after')).toBe('5')
    expect(page.text).toContain('ただいま準備中です')
    expect(token.status).toBe(503)
    expect((await browser.request('/account/services')).status).toBe(200)
  })
})

describe('languages', () => {
  const lang = (text: string) => /<html lang="(\w+)">/.exec(text)?.[1]

  test('by the browser, then by its choice', async () => {
    expect(lang((await guest().open('/')).text)).toBe('ja')
    const english = new Browser(site.issuer, { 'accept-language': 'en-GB,en;q=0.9,ja;q=0.1' })
    expect(lang((await english.open('/')).text)).toBe('en')
    const french = new Browser(site.issuer, { 'accept-language': 'fr' })
    expect(lang((await french.open('/')).text)).toBe('ja')
    const page = await french.open('/login?to=%2Faccount%2Fservices&lang=en')
    expect(lang(page.text)).toBe('en')
    expect(page.url).toBe(`${site.issuer}/login?to=%2Faccount%2Fservices`)
    expect(lang((await french.open('/')).text)).toBe('en')
    expect(lang((await french.open('/nowhere')).text)).toBe('en')
  })

  test('an unknown one is no choice', async () => {
    for (const asked of ['fr', '', 'en,ja', '__proto__', 'x'.repeat(5000)])
      expect(lang((await guest().open(`/login?lang=${encodeURIComponent(asked)}`)).text)).toBe('ja')
    expect((await guest().open('/login?lang=en&lang=ja')).status).toBe(200)
  })

  test.each(['//evil.example/', '/\\evil.example/', '///evil.example', '//evil.example/x?y=1'])(
    'the switch on %s leads nowhere else',
    async (path) => {
      const { port } = new URL(site.issuer)
      const ask = (target: string) => raw(Number(port), target)
      const page = await ask(path)
      expect(page.status).toBe(404)
      for (const [, href] of page.text.matchAll(/href="([^"]*lang=[^"]*)"/g))
        expect(new URL(href ?? '', site.issuer).origin).toBe(site.issuer)
      const switched = await ask(`${path}${path.includes('?') ? '&' : '?'}lang=en`)
      expect(switched.status).toBe(303)
      expect(new URL(switched.location, site.issuer).origin).toBe(site.issuer)
    },
  )
})

/** A request whose target stays exactly as it is written. */
async function raw(port: number, path: string) {
  const { request } = await import('node:http')
  return new Promise<{ status: number; location: string; text: string }>((resolve, reject) => {
    const headers = { host: `localhost:${port}`, accept: 'text/html' }
    const sent = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location ?? '',
          text,
        }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}

const ADDRESSES = [
  '/%',
  '/%00',
  '/%ff',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%2f..%2fetc/passwd',
  '/..%5c..%5cwindows',
  '/.git/config',
  '/.env',
  '/package.json',
  '/src/main.ts',
  '/style.css',
  '/views/style.css',
  '/__proto__',
  '/constructor',
  '/authorize/',
  '/authorize/%',
  '/authorize/%00',
  '/authorize/a/b',
  '/token/x',
  '/token/introspection',
  '/token/revocation',
  '/request',
  '/jwks/x',
  '/session/end/confirm',
  '/session/end/success?client_id=%00',
  '/session/end/success?client_id=x&client_id=y',
  '/session/end?id_token_hint=%00',
  '/session/end?state=%00&ui_locales=%ff',
  '/.well-known/x',
  '/interaction',
  '/interaction/',
  '/interaction/%',
  '/interaction/%00',
  '/interaction/x/refuse?shown=%00',
  '/interaction/__proto__',
  `/interaction/${'x'.repeat(3000)}`,
  '/account/services/x',
  '/account/services/%00',
  '/account/services/00000000-0000-0000-0000-000000000000',
  '/account/services/00000000-0000-0000-0000-000000000000/withdraw',
  '/account/history?kind=x&service=y&page=-1',
  '/account/history?page=99999999999999999999',
  '/account/history?service=%00',
  '/services/x',
  '/services/%00',
  '/members/x',
  '/members/%ff',
  '/link/verify',
  '/link/verify?secret=%00',
  '/link/x/y',
  '/?a[b][c]=1&a=2&__proto__[x]=1',
  `/?${'a&'.repeat(3000)}`,
  '/login?to=%00',
  '/login?to=//evil.example',
  '/terms?version=%00',
  '/policies/x',
]

describe('R25, L13 garbage', () => {
  test.each(ADDRESSES)('%s', async (address) => {
    for (const who of [guest(), browser])
      for (const init of [{}, json, { method: 'HEAD' }, { method: 'OPTIONS' }]) {
        const answer = await who.request(address, init)
        expect(answer.status).toBeLessThan(500)
        expect(answer.text).not.toMatch(/\.ts:\d|node_modules|root:x|"dependencies"/)
        const location = answer.headers.get('location')
        if (location) expect(new URL(location, site.issuer).hostname).not.toContain('evil')
      }
  })

  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('%00', '%ff', '..', '%2e', '\\', '=', '&', '[]', '[__proto__]', '\u0000', '💥'),
    fc.constantFrom(
      'client_id',
      'scope',
      'state',
      'lang',
      'to',
      'page',
      'token',
      'grant_type',
      'csrf',
    ),
    fc.uuid(),
  )
  const place = fc.constantFrom(
    '/',
    '/authorize',
    '/token',
    '/userinfo',
    '/token/introspection',
    '/session/end',
    '/login',
    '/signup',
    '/recover',
    '/interaction',
    '/account/services',
    '/account/history',
    '/account/profile',
    '/services',
    '/members',
    '/link',
    '/request',
  )
  const wellFormed = (text: string) => encodeURIComponent(text.toWellFormed())

  test('whatever comes, no answer is a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(
        place,
        fc.array(part, { maxLength: 3 }),
        fc.array(fc.tuple(part, part), { maxLength: 4 }),
        fc.constantFrom('GET', 'POST', 'POST', 'HEAD', 'DELETE'),
        fc.option(fc.string({ unit: 'binary', maxLength: 200 }), { nil: undefined }),
        async (at, steps, pairs, method, body) => {
          const path = [at, ...steps.map(wellFormed)].join('/').replace(/^\/+/, '/')
          const query = pairs.map(([k, v]) => `${wellFormed(k)}=${wellFormed(v)}`).join('&')
          const init =
            method === 'POST'
              ? {
                  method,
                  headers: { 'content-type': 'application/x-www-form-urlencoded' },
                  body: body ?? query,
                }
              : { method }
          const answer = await browser.request(`${path}?${query}`, init)
          // 503 is a busy machine, said so; a defect is what must not happen.
          if (answer.status !== 503) expect(answer.status).toBeLessThan(500)
        },
      ),
      { numRuns: 400 },
    )
  })
})

/** What every answer carries, whose Host and whose X-Forwarded-* count (docs/security.md, T10, H20, I3–I6, I10). */
import { createServer, request, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import Koa from 'koa'
import { readConfig } from '../../src/config.ts'
import { clientAddress, origin } from '../../src/http/headers.ts'
import type { Ctx, State } from '../../src/http/state.ts'
import { openSite, type Site } from '../support/site.ts'

type Seen = { status: number; headers: IncomingHttpHeaders; text: string }

/** A request whose every header is ours to choose, Host included. */
function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const BASIC = { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }

/** One request for each kind of answer: name, status, method, path, headers, body. */
const ANSWERS: [string, number, string, string, Record<string, string>?, string?][] = [
  ['a page', 200, 'GET', '/'],
  ['a page, its head alone', 200, 'HEAD', '/'],
  ['the sign-in page', 200, 'GET', '/login'],
  ['a redirect', 303, 'GET', '/account'],
  ['a wrong authorization request', 400, 'GET', '/authorize?client_id=x'],
  ['a wrong resume', 400, 'GET', '/authorize/abcdefghij'],
  ['a wrong token request', 400, 'POST', '/token', FORM, 'a=b'],
  ['a stranger', 401, 'POST', '/token', { ...FORM, ...BASIC }, 'grant_type=x'],
  ['no token', 401, 'GET', '/userinfo'],
  ['a wrong token', 401, 'GET', '/userinfo', { authorization: 'Bearer x' }],
  ['a foreign form', 403, 'POST', '/login', FORM, 'email=x'],
  ['nothing there', 404, 'GET', '/nowhere'],
  ['nothing there for programs', 404, 'GET', '/token'],
  ['a strange method', 405, 'PUT', '/login', FORM],
  ['an interaction that is over', 410, 'GET', '/interaction/abcdefghij'],
  ['too much', 413, 'POST', '/login', FORM, `a=${'x'.repeat(70_000)}`],
  ['no form', 415, 'POST', '/login', { 'content-type': 'application/json' }, '{}'],
  ['a strange host', 421, 'GET', '/', { host: 'evil.example' }],
  ['discovery', 200, 'GET', '/.well-known/openid-configuration'],
  ['the keys', 200, 'GET', '/jwks'],
  ['health', 200, 'GET', '/healthz/live'],
]

describe.each([
  ['http', {}],
  ['https', { ISSUER: 'https://id.example.jp', TRUSTED_PROXIES: '127.0.0.1' }],
])('on %s', (scheme, settings) => {
  let site: Site
  let host: string
  beforeAll(async () => {
    site = await openSite(settings)
    host = new URL(site.issuer).host
  })
  afterAll(() => site.close())

  test.each(ANSWERS)('%s (%i)', async (_name, status, method, path, headers = {}, body) => {
    const answer = await ask(site.env.config.port, path, { host, ...headers }, method, body)
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(answer.headers['permissions-policy']).toContain('camera=()')
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toMatch(/^default-src 'none'; /)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("base-uri 'none'")
    expect(policy).not.toMatch(/script-src|unsafe|\*/)
    const kept = ['/.well-known/openid-configuration', '/jwks'].includes(path)
    expect(answer.headers['cache-control']).toMatch(kept ? /^public, max-age=300$/ : /no-store/)
    expect(answer.headers['strict-transport-security']).toBe(
      scheme === 'https' ? 'max-age=31536000; includeSubDomains' : undefined,
    )
    expect(answer.headers['x-powered-by']).toBeUndefined()
    expect(answer.headers['server']).toBeUndefined()
    if (answer.headers['content-type']?.includes('html')) {
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(answer.text).not.toMatch(/<script|\son\w+=|javascript:/i)
    }
  })

  test('the stylesheet may be kept for ever, its address changes with it', async () => {
    const page = await ask(site.env.config.port, '/', { host })
    const path = /href="(\/style\.[0-9a-f]{16}\.css)"/.exec(page.text)?.[1] ?? ''
    const sheet = await ask(site.env.config.port, path, { host })
    expect(sheet.headers['cache-control']).toContain('immutable')
    expect(sheet.headers['x-content-type-options']).toBe('nosniff')
    expect((await ask(site.env.config.port, '/style.0000000000000000.css', { host })).status).toBe(
      404,
    )
  })
})

describe('I10 whose word counts', () => {
  let site: Site
  let port: number
  let host: string
  beforeAll(async () => {
    site = await openSite()
    port = site.env.config.port
    host = new URL(site.issuer).host
  })
  afterAll(() => site.close())

  test.each([
    'evil.example',
    'localhost',
    'localhost:1',
    '127.0.0.1',
    'localhost.:PORT',
    'localhost:PORT.evil.example',
    'evil.example:PORT',
    'localhost:PORT@evil.example',
    'localhost:PORT, evil.example',
    'localhost:PORT/x',
  ])('H20 the Host %s is refused, whatever is asked for', async (given) => {
    const sent = { host: given.replace('PORT', String(port)) }
    for (const path of ['/', '/.well-known/openid-configuration', '/authorize?x=1', '/userinfo']) {
      const answer = await ask(port, path, sent)
      expect([400, 421]).toContain(answer.status)
      expect(answer.text).not.toContain('evil')
      expect(JSON.stringify(answer.headers)).not.toContain('evil')
    }
  })

  test('our own Host is right in any case, and health needs none', async () => {
    expect((await ask(port, '/', { host: host.toUpperCase() })).status).toBe(200)
    expect((await ask(port, '/healthz/live', { host: '10.0.0.1:8080' })).status).toBe(200)
  })

  test('X-Forwarded-* and Forwarded of a stranger change nothing', async () => {
    const forged = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '1',
      'x-forwarded-for': '1.2.3.4',
      forwarded: 'host=evil.example;proto=https',
      'x-original-url': '/account',
      'x-rewrite-url': '/account',
    }
    const plain = await ask(port, '/.well-known/openid-configuration', { host })
    const answer = await ask(port, '/.well-known/openid-configuration', { host, ...forged })
    expect(answer.status).toBe(200)
    expect(answer.text).toBe(plain.text)
    const page = await ask(port, '/authorize?client_id=x', { host, ...forged })
    expect(page.text + JSON.stringify(page.headers)).not.toContain('evil')
    expect(page.headers['set-cookie']?.join() ?? '').not.toContain('ecure')
  })

  test('a trusted proxy that hands on a foreign Host is refused too', async () => {
    const behind = await openSite({ ISSUER: 'https://id.example.jp', TRUSTED_PROXIES: '127.0.0.1' })
    try {
      const at = (headers: Record<string, string>) =>
        ask(behind.env.config.port, '/.well-known/openid-configuration', headers)
      const forwarded = { host: 'node-1:8080', 'x-forwarded-host': 'id.example.jp' }
      const right = await at(forwarded)
      expect(right.status).toBe(200)
      expect(right.text).not.toContain('node-1')
      expect(right.text).not.toContain('http://')
      for (const evil of ['evil.example', 'evil.example, id.example.jp', 'id.example.jp:444'])
        expect((await at({ ...forwarded, 'x-forwarded-host': evil })).status).toBe(421)
      expect((await at({ host: 'node-1:8080' })).status).toBe(421)
    } finally {
      await behind.close()
    }
  })
})

describe('whose address a request counts by', () => {
  /** What clientAddress() says behind origin(), for these trusted proxies and this X-Forwarded-For. */
  async function seen(trusted: string, forwarded: string | undefined): Promise<string> {
    const app = new Koa<State>({ proxy: true })
    const server = createServer((req, res) => void app.callback()(req, res))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    app.use(origin(readConfig({ ISSUER: `http://localhost:${port}`, TRUSTED_PROXIES: trusted })))
    app.use((ctx) => void (ctx.body = clientAddress(ctx as unknown as Ctx)))
    const headers = {
      host: `localhost:${port}`,
      ...(forwarded && { 'x-forwarded-for': forwarded }),
    }
    const { text } = await ask(port, '/', headers)
    server.close()
    return text
  }

  test.each([
    ['', '1.2.3.4', '127.0.0.1'],
    ['10.0.0.0/8', '1.2.3.4', '127.0.0.1'],
    ['127.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['127.0.0.0/8', '1.2.3.4', '1.2.3.4'],
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['127.0.0.1', '', '127.0.0.1'],
    ['127.0.0.1', 'nonsense', '127.0.0.1'],
    ['127.0.0.1', '6.6.6.6, 1.2.3.4', '1.2.3.4'],
    ['127.0.0.1,10.0.0.0/8', '6.6.6.6, 1.2.3.4, 10.1.2.3', '1.2.3.4'],
    ['127.0.0.1', '1.2.3.4, nonsense', '1.2.3.4'],
    ['127.0.0.1', '::ffff:1.2.3.4', '1.2.3.4'],
    ['127.0.0.1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['127.0.0.1', '2001:db8:1:2::1', '2001:db8:1:2'],
    ['127.0.0.1', '2001:db8::1', '2001:db8:0:0'],
    ['127.0.0.1', '2001:db8::2', '2001:db8:0:0'],
    ['127.0.0.1', '2001:0DB8:0001:0002::9', '2001:db8:1:2'],
    ['127.0.0.1', '2001:db8:1:2:3::', '2001:db8:1:2'],
    ['127.0.0.1', '::1', '0:0:0:0'],
    ['127.0.0.1', '2001:db8::1:2:3:4:5', '2001:db8:0:1'],
    ['127.0.0.1', 'fe80::1%eth0', 'fe80:0:0:0'],
    ['127.0.0.1,2001:db8::/32', '1.2.3.4, 2001:db8::9', '1.2.3.4'],
  ])('trusted %s, forwarded %s: %s', async (trusted, forwarded, address) => {
    expect(await seen(trusted, forwarded)).toBe(address)
  })
})

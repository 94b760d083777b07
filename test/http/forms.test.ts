/** Forms of our own pages: where they come from, what they carry (docs/security.md, I1, G10, L9, L14, R22). */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Browser, hidden, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { authorizePath, goOn } from '../oidc/steps.ts'

let site: Site
let resident: MadeResident
let service: MadeService
/** Signed in, with a consent in force. */
let browser: Browser
let page: Page

beforeAll(async () => {
  site = await openSite()
  resident = await makeResident(site.env)
  service = await makeService(site.env)
  browser = new Browser(site.issuer)
  await goOn(browser, await browser.open(authorizePath(service)), resident)
  page = await browser.open(`/account/services/${service.id}/withdraw`)
})
afterAll(() => site.close())

const FORM = 'application/x-www-form-urlencoded'
const code = (answer: Page) => /class="code">([a-z_]+)/.exec(answer.text)?.[1]
const inForce = async () =>
  (await site.env.db('agreements').where({ resident_id: resident.id, ended_at: null })).length

/** Posts the withdrawal with these headers and fields. */
function withdraw(headers: Record<string, string>, body: string, by = browser): Promise<Page> {
  return by.request(page.url, {
    method: 'POST',
    headers: { 'content-type': FORM, ...headers },
    body,
  })
}
const fields = (more: Record<string, string> = {}) =>
  new URLSearchParams({ ...hidden(page), decision: 'withdraw', ...more }).toString()
const without = () => new URLSearchParams({ decision: 'withdraw' }).toString()

describe('I1 where it comes from', () => {
  test.each<[string, () => Promise<Page>]>([
    ['no token', () => withdraw({ origin: site.issuer }, without())],
    ['an empty token', () => withdraw({}, fields({ csrf: '' }))],
    ['a guessed token', () => withdraw({}, fields({ csrf: 'x'.repeat(43) }))],
    ['two tokens', () => withdraw({}, `${fields()}&csrf=${'x'.repeat(43)}`)],
    ['the right token twice', () => withdraw({}, `${fields()}&csrf=${hidden(page)['csrf']}`)],
    [
      'another browser’s token',
      async () => {
        const theirs = new Browser(site.issuer)
        const { csrf = '' } = hidden(await theirs.open('/login'))
        return withdraw({}, fields({ csrf }))
      },
    ],
    [
      'a token without its cookie',
      () => {
        const bare = new Browser(site.issuer)
        for (const [name, cookie] of browser.jar)
          if (!name.startsWith('form')) bare.jar.set(name, cookie)
        return withdraw({}, fields(), bare)
      },
    ],
    [
      'a token in the address',
      () =>
        browser.request(`${page.url}?csrf=${hidden(page)['csrf']}`, {
          method: 'POST',
          headers: { 'content-type': FORM },
          body: without(),
        }),
    ],
    ['the Origin null', () => withdraw({ origin: 'null' }, fields())],
    ['another Origin', () => withdraw({ origin: 'https://evil.example' }, fields())],
    ['another port', () => withdraw({ origin: 'http://localhost:1' }, fields())],
    [
      'our name as a part of another',
      () => withdraw({ origin: `${site.issuer}.evil.example` }, fields()),
    ],
    [
      'another site, says the browser',
      () => withdraw({ 'sec-fetch-site': 'cross-site' }, fields()),
    ],
    ['a neighbour, says the browser', () => withdraw({ 'sec-fetch-site': 'same-site' }, fields())],
  ])('%s: 403, and nothing happens', async (_name, attempt) => {
    const answer = await attempt()
    expect([answer.status, code(answer)]).toEqual([403, 'csrf'])
    expect(await inForce()).toBe(1)
  })

  test.each<[string, string, string]>([
    ['plain text', 'text/plain', 'csrf=x&decision=withdraw'],
    ['JSON', 'application/json', '{"decision":"withdraw"}'],
    ['JSON as plain text', 'text/plain;charset=UTF-8', '{"decision":"withdraw"}'],
    ['parts', 'multipart/form-data; boundary=x', '--x\r\n\r\n--x--'],
    ['nothing said', '', 'decision=withdraw'],
    ['XML', 'application/xml', '<a/>'],
  ])('%s is no form: 415', async (_name, type, body) => {
    const answer = await withdraw({ 'content-type': type }, body)
    expect([answer.status, code(answer)]).toEqual([415, 'unsupported_media_type'])
    expect(await inForce()).toBe(1)
  })

  test('G10 signing in from elsewhere is refused, whatever the password', async () => {
    const victim = new Browser(site.issuer)
    const answer = await victim.request('/login', {
      method: 'POST',
      headers: { 'content-type': FORM, origin: 'https://evil.example' },
      body: new URLSearchParams({ email: resident.email, password: PASSWORD }).toString(),
    })
    expect(answer.status).toBe(403)
    expect((await victim.request('/account')).status).toBe(303)
  })

  test('I2 reading changes nothing: every page twice, and the consent stands', async () => {
    const paths = ['', '/change', '/pause', '/withdraw']
    for (const path of [...paths, ...paths])
      await browser.open(`/account/services/${service.id}${path}`)
    await browser.open('/logout')
    expect(await inForce()).toBe(1)
    expect((await browser.request('/account')).status).toBe(200)
  })
})

describe('what it carries', () => {
  const encoded = (encoding: string, body: Buffer) =>
    browser.request(page.url, {
      method: 'POST',
      headers: { 'content-type': FORM, 'content-encoding': encoding },
      body: body as unknown as BodyInit,
    })

  test.each(['gzip', 'deflate', 'br', 'zstd', 'identity', 'x-evil', 'gzip, gzip'])(
    'L14 encoded as %s: 415, before anything is unpacked',
    async (encoding) => {
      const bomb = gzipSync(Buffer.alloc(20_000_000))
      const before = process.memoryUsage().rss
      expect((await encoded(encoding, bomb)).status).toBe(415)
      expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000)
    },
  )

  test.each<[string, string, number]>([
    ['65 KB', `a=${'x'.repeat(65_600)}`, 413],
    ['1 MB', `a=${'x'.repeat(1_000_000)}`, 413],
    ['five thousand fields', Array.from({ length: 5000 }, (_, n) => `f${n}=1`).join('&'), 403],
  ])('%s: %i', async (_name, body, status) => {
    expect((await withdraw({}, body)).status).toBe(status)
  })

  test.each<[string, string]>([
    ['NUL', 'decision=a%00b'],
    ['broken UTF-8', 'decision=%ff%fe'],
    ['half a pair', 'decision=%ed%a0%80'],
    ['a nested field', 'decision[a]=1'],
    ['the prototype', 'decision=x&__proto__[polluted]=1&constructor[prototype][polluted]=1'],
    ['a name with NUL', 'a%00b=1'],
  ])('%s: a plain refusal', async (_name, body) => {
    const answer = await withdraw({}, `csrf=${hidden(page)['csrf']}&${body}`)
    expect(answer.status).toBe(422)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(await inForce()).toBe(1)
  })

  test.each(['%00', '%e2%80%a8', '%e2%80%a9'])('%s is no text', async (sign) => {
    const body = `csrf=${hidden(page)['csrf']}&decision=with${sign}draw`
    const answer = await withdraw({ accept: 'application/json' }, body)
    expect(JSON.parse(answer.text)).toMatchObject({
      errors: [{ field: 'decision', rule: 'not_text' }],
    })
  })

  test('an unknown field is refused, and a known one of the wrong kind', async () => {
    expect((await withdraw({}, fields({ admin: '1' }))).status).toBe(422)
    expect((await withdraw({}, fields({ decision: 'everything' }))).status).toBe(422)
    expect((await withdraw({}, `${fields()}&decision=withdraw`)).status).toBe(422)
    expect(await inForce()).toBe(1)
  })

  test('and the right form does what it says', async () => {
    const answer = await withdraw(
      { origin: site.issuer, 'sec-fetch-site': 'same-origin' },
      fields(),
    )
    expect(answer.status).toBe(200)
    expect(await inForce()).toBe(0)
  })
})

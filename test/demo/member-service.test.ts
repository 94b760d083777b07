/** The sample service as an independent relying party, and what it does when things go wrong. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startMemberService, type MemberService } from '../../examples/member-service/service.ts'
import * as demo from '../../src/demo/actions.ts'
import { memberServiceOf } from '../../src/demo/table.ts'
import { signEvent, subjectId } from '../../src/events/signing.ts'
import * as services from '../../src/services/actions.ts'
import { Browser, type Page } from '../support/browser.ts'
import { agree } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let service: MemberService
let visitor: Browser
let resident: { email: string; password: string }

beforeAll(async () => {
  site = await openSite()
  await demo.prepare(site.env)
  const { services: all, residents } = await demo.describe(site.env)
  const [played] = all
  if (!played?.clientSecret || !residents[0]) throw new Error('no demo')
  resident = residents[0]
  const settings = memberServiceOf(site.env, 'machinaka-kaiyu', played.clientSecret)
  service = await startMemberService({ ...settings, port: 0 })
  // The port after the issuer's may be taken by another test: the service is played on a free one.
  const now = await services.byId(site.env, played.serviceId)
  const addresses = {
    redirectUris: [`${service.url}/callback`],
    postLogoutRedirectUris: [`${service.url}/`],
  }
  if (now) await services.readdress(site.env, now, addresses)
  await service.close()
  const [redirectUri, postLogoutRedirectUri] = [addresses.redirectUris[0] ?? '', `${service.url}/`]
  const client = { ...settings.client, redirectUri, postLogoutRedirectUri }
  service = await startMemberService({
    ...settings,
    port: Number(new URL(service.url).port),
    client,
  })
  visitor = new Browser(service.url)
})
afterAll(async () => {
  await service.close()
  await site.close()
})

const location = (page: Page) => page.headers.get('location') ?? ''

/** From the service to Machi ID and back, answering the consent screen with `items`, or refusing. */
async function through(path: string, browser: Browser, items: string[] | 'refuse'): Promise<Page> {
  const left = await visitor.request(path)
  expect(left.status).toBe(303)
  let page = await browser.open(location(left))
  if (page.text.includes('name="password"')) page = await browser.signIn(page, resident)
  if (items === 'refuse') page = await browser.submit(page, { decision: 'refuse' })
  else if (page.text.includes('data-item=')) page = await agree(browser, page, items)
  expect(location(page)).toContain(`${service.url}/callback`)
  return visitor.open(location(page))
}

describe('the story', () => {
  let browser: Browser
  beforeAll(() => {
    browser = new Browser(site.issuer)
  })

  test('begins with a page that explains', async () => {
    const page = await visitor.open('/')
    expect(page.text).toContain('まちIDではじめる')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test('refusing gives nothing, and is said politely', async () => {
    const page = await through('/sign-in', browser, 'refuse')
    expect(page.text).toContain('情報を受け取りませんでした')
    expect(page.text).not.toContain('山田')
  })

  test('agreeing gives exactly what was ticked', async () => {
    const page = await through('/sign-in', browser, ['address'])
    expect(page.text).toContain('山田 花子')
    expect(page.text).toContain('ヤマダ ハナコ')
    expect(page.text).toContain('980-0811 宮城県 仙台市青葉区')
    expect(page.text).not.toMatch(/(?<![\w-])1988(?![\w-])/)
    expect(page.text.match(/受け取っていません/g)).toHaveLength(2)
  })

  test('asking for less gives less', async () => {
    const page = await through('/sign-in?ask=few', browser, [])
    expect(page.text).toContain('山田 花子')
    expect(page.text).not.toContain('仙台市')
  })

  test('a refusal later leaves what was agreed before', async () => {
    await through('/sign-in?again=yes', browser, 'refuse')
    expect((await visitor.open('/')).text).toContain('山田 花子')
  })

  test('after the withdrawal nothing comes, and the service forgets', async () => {
    const now = await services.byClientId(site.env, 'machinaka-kaiyu')
    expect((await visitor.open('/again')).text).toContain('山田 花子')
    const page = await browser.open(`/account/services/${now?.service.id}/withdraw`)
    await browser.submit(page, { decision: 'withdraw' })
    expect((await visitor.open('/again')).text).toContain('情報は、もう渡りません')
    const home = await visitor.open('/')
    expect(home.text).not.toContain('山田')
  })

  test('signing out leads through Machi ID', async () => {
    await through('/sign-in?ask=few', browser, [])
    const left = await visitor.request('/sign-out', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(location(left)).toContain(`${site.issuer}/session/end?`)
    expect((await visitor.open('/')).text).toContain('まちIDではじめる')
  })
})

describe('what Machi ID tells', () => {
  test('a withdrawal that is told late does not sign out who agreed anew since', async () => {
    const home = await through('/sign-in?ask=few', new Browser(site.issuer), [])
    const sub = /<dd>([^<]{20,})<\/dd>/.exec(home.text.split('ユーザーID')[1] ?? '')?.[1] ?? ''
    const now = await services.byClientId(site.env, 'machinaka-kaiyu')
    if (!now) throw new Error('no service')
    const tell = async (at: Date) => {
      const body = await signEvent(site.env, now, {
        ...{ name: 'consent-withdrawn', jti: site.env.newId(), payload: { reason: 'withdrawn' } },
        ...{ subject: subjectId(site.issuer, sub, null), fact: { id: site.env.newId(), at } },
      })
      const headers = { 'content-type': 'application/secevent+jwt' }
      const { status } = await fetch(`${service.url}/events`, { method: 'POST', headers, body })
      return status
    }
    expect(await tell(new Date(Date.now() - 60 * 60_000))).toBe(202)
    const after = await visitor.open('/')
    expect([after.text.includes('山田 花子'), after.text.includes('撤回しました')]).toEqual([
      true,
      false,
    ])
    expect(await tell(new Date(Date.now() + 1000))).toBe(202)
    const gone = await visitor.open('/')
    expect([gone.text.includes('山田 花子'), gone.text.includes('撤回しました')]).toEqual([
      false,
      true,
    ])
  })
})

describe('bad input', () => {
  test.each([
    ['/callback?code=x&state=y', 400, '途中で終わりました'],
    ['/callback', 400, '途中で終わりました'],
    ['/nowhere', 404, '見つかりません'],
    ['//evil.example/', 404, '見つかりません'],
    [`/${'a'.repeat(5000)}`, 404, '見つかりません'],
  ])('%s: %i', async (path, status, text) => {
    const answer = await fetch(service.url + path, { headers: { 'accept-language': 'ja' } })
    expect(answer.status).toBe(status)
    expect(await answer.text()).toContain(text)
  })

  test('an answer with a foreign state, issuer or code is refused, and nothing of it is shown', async () => {
    const evil = '<script>alert(1)</script>'
    for (const change of [
      { state: evil },
      { iss: 'https://evil.example' },
      { iss: '' },
      { error: evil },
    ]) {
      const left = await visitor.request('/sign-in')
      const state = new URL(location(left)).searchParams.get('state') ?? ''
      const answer = new URLSearchParams({ code: 'x', state, iss: site.issuer, ...change })
      if (answer.get('iss') === '') answer.delete('iss')
      const page = await visitor.request(`/callback?${answer.toString()}`)
      expect(page.status).toBe(200)
      expect(page.text).toContain('サインインできませんでした')
      expect(page.text).not.toContain('<script')
      expect(page.text).not.toContain('evil.example')
    }
  })

  test('an answer counts once', async () => {
    const left = await visitor.request('/sign-in')
    const state = new URL(location(left)).searchParams.get('state') ?? ''
    const answer = `/callback?${new URLSearchParams({ error: 'access_denied', state, iss: site.issuer }).toString()}`
    expect((await visitor.request(answer)).text).toContain('情報を受け取りませんでした')
    expect((await visitor.request(answer)).status).toBe(400)
  })

  test('another site cannot sign a visitor out', async () => {
    const left = await visitor.request('/sign-out', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect(location(left)).toBe('/')
    expect((await visitor.request('/', { method: 'DELETE' })).status).toBe(405)
  })

  test('a provider that is away is said to be away, and found again', async () => {
    let away = true
    const provider = createServer((req, res) => {
      if (away) req.socket.destroy()
      else res.writeHead(500).end()
    })
    await new Promise<void>((resolve) => provider.listen(0, resolve))
    const { port } = provider.address() as AddressInfo
    const lonely = await startMemberService({
      port: 0,
      issuer: `http://localhost:${port}`,
      client: {
        clientId: 'x',
        clientSecret: 'y',
        redirectUri: 'http://localhost/cb',
        postLogoutRedirectUri: 'http://localhost/',
      },
    })
    try {
      const answer = await fetch(`${lonely.url}/sign-in`, { headers: { 'accept-language': 'en' } })
      expect(answer.status).toBe(502)
      expect(await answer.text()).toContain('cannot be reached')
      away = false
      const again = await fetch(`${lonely.url}/sign-in`, { headers: { 'accept-language': 'en' } })
      expect(again.status).toBe(200)
      expect(await again.text()).toContain('did not work')
    } finally {
      await lonely.close()
      provider.closeAllConnections()
      provider.close()
    }
  })
})

describe('at the start of a demo', () => {
  test('a taken port is a warning', async () => {
    const said: string[] = []
    const taken = () => Promise.reject(Object.assign(new Error('taken'), { code: 'EADDRINUSE' }))
    const stop = await demo.open(site.env, (text) => said.push(text), taken)
    expect(said.join('\n')).toContain('EADDRINUSE')
    expect(said.join('\n')).toContain(resident.password)
    await stop()
  })

  test('the table names every address and sign-in, aligned', async () => {
    const said: string[] = []
    const start = () => Promise.resolve({ url: 'http://localhost:1', close: async () => {} })
    await demo.open(site.env, (text) => said.push(text), start)
    const table = said.join('\n')
    const { residents, operators, staff } = await demo.describe(site.env)
    for (const { email, password } of [...residents, ...operators, ...staff])
      expect(table).toMatch(new RegExp(`${email.replaceAll('.', '\\.')} +${password}`))
    for (const path of ['/dev', '/dev/mail', '/dev/demo.json'])
      expect(table).toContain(site.issuer + path)
    expect(table).toContain('http://localhost:1')
  })
})

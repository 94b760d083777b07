/** The public lists and the /dev pages over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createServer, type Server } from 'node:http'
import { createApp } from '../../src/app.ts'
import * as demo from '../../src/demo/actions.ts'
import * as notices from '../../src/notices/actions.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

const get = (path: string, accept = 'text/html', more: Record<string, string> = {}) =>
  fetch(new URL(path, site.issuer), { headers: { accept, 'accept-language': 'ja', ...more } })
const DEV = ['/dev', '/dev/mail', '/dev/demo.json', '/dev/mail/1.html']

test('outside demo mode the /dev pages are as unknown as any other address', async () => {
  const unknown = await (await get('/nowhere')).text()
  for (const path of DEV) {
    const answer = await get(path)
    expect(answer.status).toBe(404)
    expect((await answer.text()).replaceAll(path, '/nowhere')).toBe(unknown)
  }
})

describe('in demo mode', () => {
  beforeAll(async () => {
    await demo.prepare(site.env)
  })

  test('/dev/demo.json tells programs everything', async () => {
    const answer = await get('/dev/demo.json', 'application/json')
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toEqual(await demo.describe(site.env))
  })

  test('/dev/mail is a page or JSON, newest first', async () => {
    const link = `${site.issuer}/verify/abc`
    for (const to of ['one@demo.example', 'two@demo.example'])
      await notices.send(site.env, {
        to,
        language: 'ja',
        letter: 'verify',
        values: { link, at: '2026年11月21日' },
      })
    const mails = async () =>
      (await (await get('/dev/mail', 'application/json')).json()) as { to: string }[]
    const sent = await until('both mails are there', async () => {
      const all = await mails()
      return all.length >= 2 && all
    })
    expect(sent.map(({ to }) => to).sort()).toEqual(['one@demo.example', 'two@demo.example'])
    expect(Object.keys(sent[0] ?? {})).toEqual([
      'to',
      'subject',
      'text',
      'html',
      'at',
      'attachments',
    ])
    const times = sent.map((mail) => (mail as unknown as { at: string }).at)
    expect(times).toEqual([...times].sort().reverse())
    const page = await (await get('/dev/mail')).text()
    expect(page).toContain('one@demo.example')
    expect(page).toContain(`<a href="${link}">`)
  })

  test('the HTML part of a mail stands apart: it is shown, and may do nothing', async () => {
    const shown = await (await get('/dev/mail')).text()
    const [, path = ''] = /href="(\/dev\/mail\/[0-9a-f-]{36}\.html)"/.exec(shown) ?? []
    const answer = await get(path)
    expect(answer.status).toBe(200)
    const [first] = await demo.mails(site.env)
    expect(await answer.text()).toBe(first?.html)
    const policy = answer.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'; style-src 'unsafe-inline'")
    expect(policy).toMatch(/; sandbox$/)
    expect((await get('/dev/mail')).headers.get('content-security-policy')).not.toContain('unsafe')
    for (const other of ['/dev/mail/1.html', path.replace('.html', ''), `${path}x`])
      expect((await get(other)).status).toBe(404)
  })

  test('/dev shows who can sign in', async () => {
    const page = await (await get('/dev')).text()
    for (const { email, password } of (await demo.describe(site.env)).residents) {
      expect(page).toContain(email)
      expect(page).toContain(password)
    }
  })

  test('/members and /members.json list companies with their days', async () => {
    const page = await (await get('/members')).text()
    expect(page).toContain('株式会社まちなか交通')
    expect(page).toContain('8999999999901')
    const feed = (await (await get('/members.json')).json()) as { members: { joined: string }[] }
    expect(feed.members).toHaveLength(3)
    expect(feed.members[0]).toMatchObject({
      corporateNumber: '8999999999901',
      status: 'active',
      joined: expect.stringMatching(/^\d{4}-04-01$/),
      left: null,
    })
  })

  test('a company that left stays on the list with its day; one that only applied is not on it', async () => {
    const { env } = site
    const [member] = await env.db('members').where({ corporate_number: '6999999999903' })
    const change = { id: env.newId(), member_id: member.id, status: 'left', at: env.now() }
    await env.db('member_status_changes').insert(change)
    await env.db('members').where({ id: member.id }).update({ status: 'left' })
    expect(await (await get('/members')).text()).toMatch(/合同会社あしあと[\s\S]*?退会/)
    expect(await (await get('/services')).text()).not.toContain('あるくポイント')
  })

  test('/services shows what residents may meet, drafts not', async () => {
    const page = await (await get('/services')).text()
    expect(page).toContain('まちなか回遊アプリ')
    expect(page).toContain('のりあい予約')
    expect(page).not.toContain('ゆめぐり手帖')
    expect(page).toContain('（提供者：株式会社まちなか交通）')
    const english = await (await get('/services', 'text/html', { 'accept-language': 'en' })).text()
    expect(english).toContain('Machinaka Stroll')
  })

  test.each([
    ['まちなか', ['まちなか回遊アプリ', 'のりあい予約']],
    ['マチナカカイユウ', ['まちなか回遊アプリ']],
    ['ﾏﾁﾅｶｶｲﾕｳ', ['まちなか回遊アプリ']],
    ['stroll', ['まちなか回遊アプリ']],
    ['ひろば文庫　予約', ['としょ予約']],
    ['存在しない', []],
  ])('searching for %s finds %j', async (q, names) => {
    const page = await (await get(`/services?q=${encodeURIComponent(q)}`)).text()
    const found = ['まちなか回遊アプリ', 'のりあい予約', 'としょ予約'].filter((name) =>
      page.includes(`>${name}<`),
    )
    expect(found.sort()).toEqual([...names].sort())
  })

  test.each(['<script>alert(1)</script>', '"><b>', '%', "' or 1=1 --", 'a'.repeat(5000)])(
    'a search for %s is text and nothing more (L1, L2)',
    async (q) => {
      const answer = await get(`/services?q=${encodeURIComponent(q)}`)
      expect(answer.status).toBe(200)
      expect(await answer.text()).not.toMatch(/<script|"><b>/)
    },
  )

  test('a search asked for twice is no search', async () => {
    expect((await get('/services?q=a&q=b')).status).toBe(200)
  })

  test('in production the /dev pages do not exist, whatever the mark says', async () => {
    const config = { ...site.env.config, production: true }
    const { app } = await createApp({ ...site.env, config })
    const handle = app.callback()
    const server: Server = createServer((request, response) => void handle(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { host } = new URL(site.issuer)
    try {
      for (const path of DEV) {
        const status = await statusOf(`http://127.0.0.1:${port}${path}`, host)
        expect(status).toBe(404)
      }
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

/** fetch sets Host itself; this asks with another. */
async function statusOf(address: string, host: string): Promise<number> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const asked = request(address, { headers: { host } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    asked.on('error', reject)
    asked.end()
  })
}

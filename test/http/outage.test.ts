/** The database goes away under a running node: every door says so calmly, nothing ends, all comes back (R3, R5–R7). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { newDatabase } from '../support/env.ts'
import { freePort, startNode, type Started } from '../support/node.ts'
import { openProxy, type Proxy } from '../support/proxy.ts'

let database: Awaited<ReturnType<typeof newDatabase>>
let proxy: Proxy
let node: Started

beforeAll(async () => {
  database = await newDatabase()
  proxy = await openProxy(database.url, await freePort())
  node = await startNode({ DATABASE_URL: proxy.url })
  await node.says(/^ready( \d+)?$/m)
})
afterAll(async () => {
  node.child.kill('SIGKILL')
  await node.ended
  await proxy.close()
  await database.drop()
})

const basic = `Basic ${Buffer.from('some-service:some-secret').toString('base64')}`
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const posted = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { ...form, ...headers },
  body,
})
const asked = new URLSearchParams({
  client_id: 'some-service',
  response_type: 'code',
  redirect_uri: 'https://service.example/callback',
  scope: 'openid',
}).toString()

/** Every kind of door: pages, the provider's pages, and those for programs. */
const DOORS: [string, RequestInit][] = [
  ['/services', {}],
  ['/members', {}],
  [`/authorize?${asked}`, { headers: { accept: 'text/html' } }],
  ['/session/end?client_id=some-service', { headers: { accept: 'text/html' } }],
  ['/token', posted('grant_type=authorization_code&code=x', { authorization: basic })],
  ['/token/introspection', posted('token=x', { authorization: basic })],
  ['/token/revocation', posted('token=x', { authorization: basic })],
  ['/request', posted(asked, { authorization: basic })],
  ['/userinfo', { headers: { authorization: 'Bearer x' } }],
]

async function ask([path, init]: [string, RequestInit]) {
  const response = await fetch(new URL(path, node.issuer), { redirect: 'manual', ...init })
  const text = await response.text()
  return { status: response.status, after: response.headers.get('retry-after'), text }
}

describe('a database that is not there', () => {
  test('the doors answer without it what they would answer to anybody', async () => {
    for (const door of DOORS) expect((await ask(door)).status).toBeLessThan(500)
  })

  test('each door says 503 and when to come again', async () => {
    const { port } = proxy
    await proxy.close()
    try {
      for (const door of DOORS) {
        const began = Date.now()
        const { status, after, text } = await ask(door)
        expect({ path: door[0], status, after }).toEqual({ path: door[0], status: 503, after: '5' })
        expect(text).toContain('not_ready')
        expect(Date.now() - began).toBeLessThan(2500)
      }
      expect((await ask(['/healthz/live', {}])).status).toBe(200)
      expect((await ask(['/healthz/ready', {}])).status).toBe(503)
    } finally {
      proxy = await openProxy(database.url, port)
    }
    await sleep(1100)
    for (const door of DOORS) expect((await ask(door)).status).toBeLessThan(500)
    expect((await ask(['/healthz/ready', {}])).status).toBe(200)
    expect(node.said()).not.toContain('"defect"')
  })

  test('a table that stays locked is 503 too, not our mistake', async () => {
    const other = new pg.Client({ connectionString: database.url })
    await other.connect()
    try {
      await other.query('begin; lock table services, oidc_tokens in access exclusive mode')
      const doors = DOORS.filter(([path]) => /introspection|request|token$|services/.test(path))
      const answers = await Promise.all(doors.map(ask))
      expect(answers.map(({ status, after }) => ({ status, after }))).toEqual(
        doors.map(() => ({ status: 503, after: '5' })),
      )
    } finally {
      await other.end()
    }
  })
})

/**
 * The database killed in the middle of releases: no answer with items is without its provision record (K2, K3). The
 * record is committed before the bytes leave, so what may be left over is a record whose answer was lost on its way,
 * never an answer whose record was lost.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { startEmbedded, type Embedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/database/migrate.ts'
import { ALL, tokensFor } from '../oidc/steps.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService } from '../support/builders.ts'
import { joinSockets } from '../support/proxy.ts'
import { openSite, type Site } from '../support/site.ts'

const PARALLEL = 50
const PERSONS = 5
/** Answers with items before the database dies. */
const ENOUGH = 120

let folder: string
let database: Embedded
let front: Awaited<ReturnType<typeof openFront>>
let site: Site

/** A fixed port before a server that gets a new one each time it starts. */
async function openFront() {
  let port = 0
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const back = connect(port, '127.0.0.1')
    joinSockets(client, back, open)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = (server.address() as AddressInfo).port
  return {
    leadTo: (url: string) => (port = Number(new URL(url).port)),
    via: (url: string) => Object.assign(new URL(url), { port: String(at) }).href,
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const begin = () => startEmbedded({ dataDir: folder, log: () => undefined })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machi-killed-'))
  database = await begin()
  front = await openFront()
  front.leadTo(database.url)
  const on = (url: string) => Object.assign(new URL(front.via(url)), { pathname: '/template' }).href
  const client = new pg.Client({ connectionString: front.via(database.url) })
  await client.connect()
  await client.query('create database template')
  await client.end()
  await migrate(on(database.url), { url: on(database.appUrl), renew: true })
  // openSite copies this template, on this server; the environment is this file's own.
  process.env['MACHI_TEST_SERVER_URL'] = front.via(database.url)
  process.env['MACHI_TEST_APP_URL'] = front.via(database.appUrl)
  process.env['MACHI_TEST_TEMPLATE'] = 'template'
  site = await openSite()
})
afterAll(async () => {
  await site?.close()
  await front?.close()
  await database?.stop()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

/** Kills the postmaster and every backend at once: nothing of them runs on for a moment. */
async function killAll(): Promise<void> {
  const [line = ''] = (await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split(
    '\n',
  )
  const children = await readFile(`/proc/${line}/task/${line}/children`, 'utf8')
  const pids = [Number(line), ...children.trim().split(/\s+/).map(Number)]
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

async function ask(token: string): Promise<'items' | 'none'> {
  try {
    const answer = await fetch(`${site.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const text = await answer.text()
    if (answer.status === 200) {
      expect(JSON.parse(text)).toMatchObject({ email: expect.any(String), name: '山田 花子' })
      return 'items'
    }
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect(text).not.toMatch(/山田|example\.jp|MC-/)
    return 'none'
  } catch (error) {
    if (error instanceof TypeError) return 'none'
    throw error
  }
}

const records = async () => {
  const row = await site.env.db('provision_records').where({ path: 'userinfo' }).count().first()
  return Number(row?.['count'])
}

async function provided(token: string): Promise<void> {
  const end = Date.now() + 30_000
  while ((await ask(token)) === 'none') {
    if (Date.now() > end) throw new Error('no release after the database came back')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('every answer with items has its record, whenever the database dies', async () => {
  const service = await makeService(site.env)
  const tokens: string[] = []
  for (let n = 0; n < PERSONS; n++) {
    const person = await makeResident(site.env)
    const browser = new Browser(site.issuer)
    const { access } = await tokensFor(site, browser, service, person, { scope: ALL }, ['sex'])
    tokens.push(access)
  }
  const before = await records()
  let answered = 0
  let failed = 0
  let dead = false
  const killed = (async () => {
    while (answered < ENOUGH) await new Promise((resolve) => setTimeout(resolve, 1))
    await killAll()
    dead = true
  })()
  await Promise.all(
    Array.from({ length: PARALLEL }, async (_, n) => {
      while (!dead) {
        if ((await ask(tokens[n % PERSONS] ?? '')) === 'items') answered++
        else failed++
      }
    }),
  )
  await killed
  database = await begin()
  front.leadTo(database.url)
  await provided(tokens[0] ?? '')
  const written = (await records()) - before - 1
  // Each request whose answer did not come may have committed its record, and no other: rows ≥ answers.
  expect(answered).toBeGreaterThanOrEqual(ENOUGH)
  expect(failed).toBeGreaterThan(0)
  expect(written).toBeGreaterThanOrEqual(answered)
  expect(written - answered).toBeLessThanOrEqual(Math.min(failed, PARALLEL))
})

/** PostgreSQL is stopped as if it had crashed, and comes back (security.md R3): on a cluster of its own. */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import type { AddressInfo } from 'node:net'
import { startEmbedded, type Embedded } from '../../src/database/embedded.ts'
import { binaries, findFooting, launch } from '../../src/database/footing.ts'
import { identity } from '../../src/database/presence.ts'
import { Browser } from '../support/browser.ts'
import { startNode, type Started } from '../support/node.ts'

let folder: string
let database: Embedded
let node: Started
let mails: SMTPServer
const received: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machi-restart-'))
  // As PostgreSQL really runs: with fsync, so that what was committed is there after the crash.
  database = await startEmbedded({ dataDir: folder, log: () => undefined })
  mails = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      stream.resume().on('end', () => {
        received.push(...session.envelope.rcptTo.map(({ address }) => address))
        done()
      })
    },
  })
  await new Promise<void>((resolve) => void mails.listen(0, '127.0.0.1', resolve))
  const { port } = mails.server.address() as AddressInfo
  node = await startNode({ DATABASE_URL: database.url, SMTP_URL: `smtp://127.0.0.1:${port}` })
  await node.says(/^ready( \d+)?$/m)
})
afterAll(async () => {
  node.child.kill('SIGKILL')
  await node.ended
  await new Promise<void>((resolve) => mails.close(resolve))
  await database.stop()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

const data = () => join(folder, 'postgres')

async function stopImmediately(): Promise<void> {
  const pid = Number((await readFile(join(data(), 'postmaster.pid'), 'utf8')).split('\n')[0])
  process.kill(pid, 'SIGQUIT')
  while (await identity(pid)) await sleep(20)
}

async function startAgain(): Promise<void> {
  const programs = await binaries()
  const footing = await findFooting(folder, data(), programs, [
    'direct',
    'namespace',
    'user',
    'capable',
  ])
  const { port } = new URL(database.url)
  const log = await open(join(folder, 'again.log'), 'a')
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=']
  const flags = settings.flatMap((setting) => ['-c', setting])
  launch(footing, [programs.postgres, '-D', data(), ...flags], {
    output: log.fd,
    detached: true,
  }).unref()
  await log.close()
}

/** Nothing is sent in the two seconds in which the database is stopped: it waits. */
const LATER = `create function later() returns trigger language plpgsql as
    $$ begin new.start_after = clock_timestamp() + interval '2 s'; return new; end $$;
  create trigger later before insert on jobs.job for each row execute function later()`

async function query(sql: string) {
  const client = new pg.Client({ connectionString: database.url, connectionTimeoutMillis: 1000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await client.query(sql)
  } finally {
    await client.end().catch(() => undefined)
  }
}

const until = async (condition: () => boolean | Promise<boolean>, ms: number) => {
  const end = Date.now() + ms
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${node.said().slice(-3000)}`)
    await sleep(50)
  }
}

test('the node says so meanwhile, lives on, serves again within five seconds, and sends what waited', async () => {
  const page = () => fetch(`${node.issuer}/services`)
  const signUp = async (email: string) => {
    const browser = new Browser(node.issuer)
    const fields = { email, password: 'tanpopo no wata ga tobu', agree_provision: '1' }
    const done = await browser.submit(await browser.open('/signup'), fields, '/signup')
    expect(done.status).toBe(200)
  }
  expect((await page()).status).toBe(200)
  await query(LATER)
  await signUp('before@example.jp')

  await stopImmediately()
  for (let n = 0; n < 12; n++) {
    const began = Date.now()
    const answer = await page()
    expect({ status: answer.status, after: answer.headers.get('retry-after') }).toEqual({
      status: 503,
      after: '5',
    })
    expect(Date.now() - began).toBeLessThan(2500)
    await sleep(250)
  }
  expect((await fetch(`${node.issuer}/healthz/ready`)).status).toBe(503)
  expect(node.child.exitCode).toBeNull()

  await startAgain()
  await until(() => query('select 1').then(Boolean, () => false), 30_000)
  await until(async () => (await page()).status === 200, 5000)
  await signUp('after@example.jp')
  await until(
    () => ['before@example.jp', 'after@example.jp'].every((address) => received.includes(address)),
    10_000,
  )
  expect(node.child.exitCode).toBeNull()
  expect(node.said()).not.toMatch(/"defect"|queue_error|knex/i)
})

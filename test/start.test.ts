/** How commands begin and end: databases that come later, signals at any moment, demo data in production. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { reach } from '../src/database/reach.ts'
import { demoInstallation } from '../src/installation.ts'
import { newDatabase } from './support/env.ts'
import { freePort, startNode, type Started } from './support/node.ts'
import { openProxy } from './support/proxy.ts'

let folder: string
let database: Awaited<ReturnType<typeof newDatabase>>
const nodes: Started[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machi-start-'))
  database = await newDatabase()
})
afterAll(async () => {
  for (const { child } of nodes) child.kill('SIGKILL')
  await Promise.all(nodes.map(({ ended }) => ended))
  await database.drop()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

async function start(...asked: Parameters<typeof startNode>): Promise<Started> {
  const node = await startNode(...asked)
  nodes.push(node)
  return node
}

const words = () => undefined

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql)
  await client.end()
}

describe('a database that comes later than we do (R26)', () => {
  test('is waited for, with one calm sentence', async () => {
    const port = await freePort()
    const url = new URL(database.url)
    url.hostname = '127.0.0.1'
    url.port = String(port)
    const node = await start({ DATABASE_URL: url.href }, 'src/worker.ts')
    await node.says(/Waiting/)
    await sleep(1200)
    const proxy = await openProxy(database.url, port)
    await node.says(/The worker is running/)
    expect(node.said()).toBe(
      `Waiting for the database at 127.0.0.1:${port} …\nThe worker is running.\n`,
    )
    node.child.kill('SIGHUP')
    expect(await node.ended).toBe(0)
    await proxy.close()
  })

  test('is given up after a while, in plain words', async () => {
    const url = `postgres://machi:x@127.0.0.1:${await freePort()}/machi`
    await expect(reach(url, words, { patience: 0 })).rejects.toThrow(
      /^The database at 127\.0\.0\.1:\d+ did not answer within 0 seconds\.$/,
    )
  })

  test('is not waited for where it will never have us', async () => {
    const url = new URL(database.url)
    url.pathname = '/no_such_database'
    await expect(reach(url.href, words)).rejects.toThrow(/has no database of this name \(3D000\)/)
  })

  test('does not hold up a process that is told to end', async () => {
    const url = `postgres://machi:x@127.0.0.1:${await freePort()}/machi`
    const node = await start({ DATABASE_URL: url }, 'src/main.ts')
    await node.says(/Waiting/)
    node.child.kill('SIGTERM')
    expect(await node.ended).toBe(0)
    expect(node.said()).toMatch(/^Waiting.*\n$/)
  })
})

describe('the terminal is closed (SIGHUP)', () => {
  const serverPid = async () =>
    Number((await readFile(join(folder, 'data/postgres/postmaster.pid'), 'utf8')).split('\n')[0])
  const gone = (pid: number) => {
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
  }

  test('the embedded PostgreSQL ends too, at the start and later', async () => {
    const settings = { DATA_DIR: join(folder, 'data') }
    const early = await start(settings, 'src/main.ts')
    let pid = 0
    while (!pid) pid = await serverPid().catch(() => sleep(5, 0))
    early.child.kill('SIGHUP')
    expect(await early.ended).toBe(0)
    gone(pid)

    const late = await start(settings, 'src/main.ts')
    await late.says(/\/dev\/mail/)
    pid = await serverPid()
    late.child.kill('SIGHUP')
    expect(await late.ended).toBe(0)
    gone(pid)
  })
})

describe('a demo database in production', () => {
  test.each([
    ['src/main.ts', []],
    ['src/worker.ts', []],
    ['src/onboard.ts', ['docs/onboarding.schema.json']],
  ])('is refused by %s', async (script, args) => {
    const demo = await newDatabase()
    await query(demo.ownerUrl, 'insert into installation (demo, created_at) values (true, now())')
    const installation = join(folder, 'installation.json')
    await writeFile(installation, JSON.stringify(demoInstallation))
    const node = await start(
      {
        NODE_ENV: 'production',
        ISSUER: 'https://id.example.jp',
        SMTP_URL: 'smtp://127.0.0.1:1',
        INSTALLATION_FILE: installation,
        DATABASE_URL: demo.url,
      },
      script,
      args,
    )
    const over = await Promise.race([node.ended, sleep(30_000, 'it runs', { ref: false })])
    expect({ over, said: node.said() }).toEqual({
      over: 1,
      said: expect.stringMatching(/^This database holds demo data/),
    })
    await demo.drop()
  })
})

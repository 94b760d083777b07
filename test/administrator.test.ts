/** `npm run administrator` as a person meets it: the first two administrators, and no third (J11). */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { knex, type Knex } from 'knex'
import { newDatabase } from './support/env.ts'

const command = fileURLToPath(new URL('../src/administrator.ts', import.meta.url))

let database: Awaited<ReturnType<typeof newDatabase>>
let folder: string
let db: Knex
beforeAll(async () => {
  database = await newDatabase()
  folder = await mkdtemp(join(tmpdir(), 'machi-administrator-'))
  db = knex({ client: 'pg', connection: database.url, pool: { min: 0, max: 1 } })
})
afterAll(async () => {
  await db.destroy()
  await database.drop()
  await rm(folder, { recursive: true })
})

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env['PATH'], DATABASE_URL: database.url, DATA_DIR: folder }
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { env }, (error, out, err) => {
      resolve({ code: Number(error?.code ?? 0), out, err })
    })
  })
}

/** As if the link had been opened and an app set up. */
const accept = (email: string) =>
  db('operators')
    .where({ email })
    .update({ password_hash: 'x', totp_sealed: Buffer.from('x') })

test('a fresh installation has nobody; two links make two administrators, and then no more', async () => {
  expect(await db('operators')).toEqual([])
  expect(await run()).toMatchObject({ code: 1, out: '' })
  const wrong = await run('--email=nobody', '--name=管理 一')
  expect(wrong).toMatchObject({ code: 1, out: '' })
  expect(wrong.err).toContain('--email')

  const first = await run('--email=ichi@consortium.example', '--name=管理 一')
  expect(first.code).toBe(0)
  const secret = /\/admin\/invitation\/([\w-]{43})\n/.exec(first.out)?.[1] ?? ''
  expect(secret).toHaveLength(43)
  expect(JSON.stringify(await db('invitations'))).not.toContain(secret)

  // Lost before it was opened: a new one takes its place.
  const again = await run('--email=ichi@consortium.example', '--name=管理 一')
  expect(again.code).toBe(0)
  expect(await db('invitations').whereNull('ended_at')).toHaveLength(1)
  await accept('ichi@consortium.example')

  expect((await run('--email=ni@consortium.example', '--name=管理 二', '--lang=en')).out).toContain(
    'is now an administrator',
  )
  await accept('ni@consortium.example')
  const third = await run('--email=san@consortium.example', '--name=管理 三')
  expect(third).toMatchObject({ code: 1, out: '' })
  expect(third.err).toContain('管理者が2人います')
  expect(await db('operators')).toHaveLength(2)
  expect(await db('audit_events').where({ act: 'operators.appointed' })).toHaveLength(3)
}, 60_000)

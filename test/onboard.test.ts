/** `npm run onboard` as a person meets it: the command itself, on a database of its own. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { onboardingFile } from '../src/demo/companies.ts'
import { newDatabase } from './support/env.ts'

const command = fileURLToPath(new URL('../src/onboard.ts', import.meta.url))

let database: Awaited<ReturnType<typeof newDatabase>>
let folder: string
beforeAll(async () => {
  database = await newDatabase()
  folder = await mkdtemp(join(tmpdir(), 'machi-onboard-'))
})
afterAll(async () => {
  await database.drop()
  await rm(folder, { recursive: true })
})

type Said = { code: number; out: string; err: string }

function run(...args: string[]): Promise<Said> {
  const env = { PATH: process.env['PATH'], DATABASE_URL: database.url, DATA_DIR: folder }
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { env }, (error, out, err) => {
      resolve({ code: Number(error?.code ?? 0), out, err })
    })
  })
}

/** A company with one service whose secret is to be made. */
function companies(): any {
  const file: any = JSON.parse(JSON.stringify(onboardingFile(new Date(), 3000)))
  const [first] = file.members
  const [service] = first.services
  service.client = { authMethod: 'client_secret_basic', redirectUris: ['https://a.example/cb'] }
  first.services = [service]
  return { ...file, members: [first] }
}

async function fileOf(content: unknown): Promise<string> {
  const path = join(folder, 'file.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

test('it says what changed, shows a new secret once, and then that nothing changed', async () => {
  const path = await fileOf(companies())
  const first = await run(path)
  expect(first.code).toBe(0)
  expect(first.out).toContain('サービス  まちなか回遊アプリ  第1版  新しく登録しました')
  const secret = /client_secret +(\S{43})\n/.exec(first.out)?.[1] ?? ''
  expect(secret).toHaveLength(43)
  const again = await run(path, '--lang=en')
  expect(again).toMatchObject({ code: 0, out: 'Nothing has changed.\n' })
})

test('it names every fault and stores nothing', async () => {
  const file = companies()
  file.members[0].corporateNumber = '8999999999902'
  file.members[0].services[0].client.redirectUris = ['http://localhost:3001/cb']
  const said = await run(await fileOf(file), '--lang=en')
  expect(said.code).toBe(1)
  expect(said.err).toContain('Not taken in: 2 faults.')
  expect(said.err).toContain('/members/0/corporateNumber\n')
  expect(said.err).toContain('[corporate_number]')
  expect(said.err).toContain('/members/0/services/0/client/redirectUris/0\n')
  expect(said.err).toContain('[address_not_https]')
  expect(said.out).toBe('')
})

test.each([
  [['/nowhere/file.json'], '読めません'],
  [[], '使い方'],
])('%j: one clear sentence', async (args, text) => {
  const said = await run(...args)
  expect(said.code).toBe(1)
  expect(said.err).toContain(text)
  expect(said.err).not.toContain('at ')
})

test('a file of more than one reading is refused', async () => {
  const text = JSON.stringify(companies()).replace('"status"', '"status":"left","status"')
  const said = await run(await fileOf(text))
  expect(said.err).toContain('[json_key_twice]')
})

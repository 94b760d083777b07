/** The published schema of a receipt, held against real receipts of every kind; and what an outsider can check alone. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { Receipt } from '../../src/receipts/model.ts'
import { receiptSchema } from '../../src/receipts/receipt_schema.ts'
import {
  ALL,
  asksConsent,
  authorizePath,
  goOn,
  narrow,
  pause,
  tokensFor,
  withdraw,
} from '../oidc/steps.ts'
import { Browser, itemsOn } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const path = `${repository}docs/receipt.schema.json`

let site: Site
let browser: Browser
let resident: MadeResident
let service: MadeService
let check: ValidateFunction
let shown: string[]

beforeAll(async () => {
  const ajv = new Ajv({ allErrors: true, strict: true, strictTuples: false })
  addFormats.default(ajv)
  check = ajv.compile(JSON.parse(readFileSync(path, 'utf8')) as object)
  site = await openSite()
  resident = await makeResident(site.env)
  service = await makeService(site.env)
  browser = new Browser(site.issuer)
  const start = await browser.open(authorizePath(service, { scope: ALL }))
  const screen = await browser.signIn(start, { email: resident.email, password: PASSWORD })
  if (!asksConsent(screen)) throw new Error(`no screen: ${screen.status} ${screen.url}`)
  shown = itemsOn(screen)
  await goOn(browser, screen, resident, ['sex', 'address'])
})
afterAll(() => site.close())

/** The newest receipt of a service, as downloaded. */
async function newest(of = service): Promise<{ receipt: string; payload: Receipt }> {
  const row = (await site.env
    .db('consents')
    .where({ resident_id: resident.id, service_id: of.id })
    .orderBy('agreed_at', 'desc')
    .orderBy('version', 'desc')
    .first('id')) as { id: string }
  const file = await browser.request(`/account/receipts/${row.id}.json`)
  return JSON.parse(file.text) as { receipt: string; payload: Receipt }
}

const byText = (a: string, b: string) => a.localeCompare(b)
const agreedIn = ({ payload }: { payload: Receipt }) =>
  payload.pii_processing.pii_information.map(({ item }) => String(item))

describe('docs/receipt.schema.json', () => {
  test('is the one the product has and serves (write it anew with UPDATE_SCHEMA=1)', async () => {
    if (process.env['UPDATE_SCHEMA'])
      writeFileSync(path, `${JSON.stringify(receiptSchema, null, 2)}\n`)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(receiptSchema)
    const served = await fetch(`${site.issuer}/receipts/schema.json`)
    expect(served.headers.get('content-type')).toContain('application/schema+json')
    expect(await served.json()).toEqual(receiptSchema)
  })

  test('takes a receipt of every kind, and each kind is what happened', async () => {
    const second = await makeService(site.env)
    await tokensFor(site, browser, second, resident, { scope: ALL }, ['sex'])
    const turns: [MadeService, string, () => Promise<void>][] = [
      [service, 'given', () => Promise.resolve()],
      [second, 'given', () => Promise.resolve()],
      [second, 'changed', () => narrow(browser, second, 'sex')],
      [second, 'paused', () => pause(browser, second)],
    ]
    const third = await makeService(site.env, { subjectType: 'pairwise' })
    turns.push([third, 'given', async () => void (await tokensFor(site, browser, third, resident))])
    turns.push([third, 'withdrawn', () => withdraw(browser, third)])
    for (const [of, kind, turn] of turns) {
      await turn()
      const { payload } = await newest(of)
      check(payload)
      expect([kind, payload.consent_event.event_state, check.errors]).toEqual([kind, kind, null])
    }
  })

  test.each<[string, (receipt: Receipt) => object]>([
    [
      'a value beside an item',
      (r) => Object.assign(r.pii_processing.pii_information[0] ?? {}, { value: 'x' }),
    ],
    [
      'no time of the event',
      (r) => ({ ...r, consent_event: { ...r.consent_event, event_time: '' } }),
    ],
    ['a third party', (r) => ({ ...r, party_identification: [...r.party_identification, {}] })],
    ['an unknown turn', (r) => ({ ...r, consent_event: { ...r.consent_event, event_state: 'x' } })],
    ['a member it does not name', (r) => ({ ...r, email: 'x' })],
  ])('refuses a receipt with %s', async (_, spoil) => {
    const { payload } = await newest()
    const spoilt = spoil(payload)
    expect(check('iss' in spoilt ? spoilt : payload)).toBe(false)
  })
})

describe('a receipt says what the screen said', () => {
  test('its items and those not chosen are the items of the screen', async () => {
    const made = await newest()
    const agreed = agreedIn(made)
    expect(agreed.toSorted(byText)).toEqual(['address', 'email', 'name', 'sex', 'user_id'])
    expect([...agreed, ...made.payload.pii_processing.declined].toSorted(byText)).toEqual(
      shown.toSorted(byText),
    )
  })
})

describe('an outsider with the file alone', () => {
  test('runs the ten lines of docs/integration.md; a changed file fails', async () => {
    const text = readFileSync(`${repository}docs/integration.md`, 'utf8')
    const script = /`verify-receipt\.mjs`[^\n]*\n\n```js\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    const lines = script.trim().split('\n').filter(Boolean)
    expect([lines.length > 5, lines.length <= 10]).toEqual([true, true])
    const folder = await mkdtemp(join(tmpdir(), 'machi-receipt-'))
    try {
      await symlink(`${repository}node_modules`, join(folder, 'node_modules'))
      await writeFile(join(folder, 'verify-receipt.mjs'), script)
      const made = await newest()
      const run = async (receipt: string) => {
        const file = join(folder, 'receipt.json')
        await writeFile(file, JSON.stringify({ receipt }))
        const args = [join(folder, 'verify-receipt.mjs'), site.issuer, file]
        return promisify(execFile)(process.execPath, args, { env: {} })
      }
      expect((await run(made.receipt)).stdout).toBe(`given ${agreedIn(made).join(' ')}\n`)
      const [head = '', body = '', tail = ''] = made.receipt.split('.')
      const other = Buffer.from(body, 'base64url').toString().replace('"JP"', '"US"')
      const forged = [head, Buffer.from(other).toString('base64url'), tail].join('.')
      await expect(run(forged)).rejects.toThrow('signature verification failed')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('finds the text that was agreed to, and its hash is the one in the receipt', async () => {
    const { privacy_notice: notice } = (await newest()).payload.pii_processing
    expect((await fetch(notice.uri)).status).toBe(200)
    const source = Buffer.from(await (await fetch(`${notice.uri}/source`)).arrayBuffer())
    expect(createHash('sha256').update(source).digest('hex')).toBe(notice.sha256)
  })
})

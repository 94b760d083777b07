/** Receipts: signed, complete, checkable by anybody and with `jose` alone (R9; ISO/IEC TS 27560:2023). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compactVerify, createRemoteJWKSet, decodeProtectedHeader } from 'jose'
import type { Receipt } from '../../src/receipts/model.ts'
import { Browser, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { ALL, tokensFor } from '../oidc/steps.ts'

let site: Site
let browser: Browser
let resident: MadeResident
let service: MadeService

beforeAll(async () => {
  site = await openSite()
  resident = await makeResident(site.env)
  service = await makeService(site.env)
  browser = new Browser(site.issuer)
  await tokensFor(site, browser, service, resident, { scope: ALL }, ['sex'])
})
afterAll(() => site.close())

const json = async (path: string) => {
  const page = await browser.request(path, { headers: { accept: 'application/json' } })
  return JSON.parse(page.text) as { receipt: string; payload: Receipt }
}
const byText = (a = '', b = '') => a.localeCompare(b)
const links = (page: Page) =>
  [...page.text.matchAll(/href="(\/account\/receipts\/[0-9a-f-]{36})"/g)].map((m) => m[1] ?? '')

/** Ten lines that an outsider would write. */
async function verified(jws: string): Promise<Receipt> {
  const keys = createRemoteJWKSet(new URL(`${site.issuer}/jwks`))
  const { payload } = await compactVerify(jws, keys)
  return JSON.parse(new TextDecoder().decode(payload)) as Receipt
}

describe('a receipt', () => {
  test('the list leads to what programs read, the signed text in it', async () => {
    const page = await browser.open('/account/receipts')
    const files = [...page.text.matchAll(/href="(\/account\/receipts\/[0-9a-f-]{36}\.json)"/g)]
    expect(files.length).toBeGreaterThan(0)
    expect(files).toHaveLength(links(page).length)
    const file = await browser.request(files[0]?.[1] ?? '')
    expect(file.headers.get('content-type')).toContain('application/json')
    const { receipt } = JSON.parse(file.text) as { receipt: string }
    expect(links(page)[0]).toContain((await verified(receipt)).record_id)
  })

  test('verifies with jose and names exactly the items that were agreed', async () => {
    const [path = ''] = links(await browser.open('/account/receipts'))
    const { receipt } = await json(path)
    const said = await verified(receipt)
    const agreed = said.pii_processing.pii_information.map(({ item }) => item)
    expect(agreed.toSorted(byText)).toEqual(['email', 'name', 'sex', 'user_id'])
    expect(said.pii_processing.declined.toSorted(byText)).toEqual(['address', 'birth_year'])
    expect(said).toMatchObject({
      iss: site.issuer,
      sub: resident.userId,
      schema_version: 'ISO/IEC TS 27560:2023',
      consent_event: { event_state: 'given' },
      party_identification: [{ party_role: 'PII controller (recipient)' }, {}],
    })
    expect(decodeProtectedHeader(receipt).typ).toBe('consent-receipt+jwt')
    const row = await site.env.db('consents').where({ id: said.record_id }).first()
    expect(said.ledger.leaf_sha256).toBe((row as { leaf_hash: Buffer }).leaf_hash.toString('hex'))
  })

  test('holds no value of the resident', async () => {
    const [path = ''] = links(await browser.open('/account/receipts'))
    const { receipt } = await json(path)
    const text = JSON.stringify(await verified(receipt))
    for (const value of ['花子', 'ハナコ', resident.email, '1988', '0600001'])
      expect(text).not.toContain(value)
  })

  test('as a page shows the items the screen showed, and the JSON under its own name', async () => {
    const [path = ''] = links(await browser.open('/account/receipts'))
    const page = await browser.open(path)
    const shown = [...page.text.matchAll(/data-item="([a-z_]+)"/g)].map((m) => m[1])
    expect(shown.toSorted(byText)).toEqual(['email', 'name', 'sex', 'user_id'])
    const file = await browser.request(`${path}.json`)
    expect(file.headers.get('content-disposition')).toContain('receipt-')
    expect(JSON.parse(file.text)).toHaveProperty('receipt')
  })

  test('each turn has its own: the withdrawal too', async () => {
    const address = `/account/services/${service.id}/withdraw`
    await browser.submit(await browser.open(address), {
      decision: 'withdraw',
      request_deletion: '1',
    })
    const paths = links(await browser.open('/account/receipts'))
    expect(paths).toHaveLength(2)
    const said = await verified((await json(paths[0] ?? '')).receipt)
    expect(said.consent_event).toMatchObject({ event_state: 'withdrawn', deletion_requested: true })
    expect(said.pii_processing.pii_information).toEqual([])
  })

  test('is nobody else’s', async () => {
    const [path = ''] = links(await browser.open('/account/receipts'))
    const other = await makeResident(site.env)
    const theirs = new Browser(site.issuer)
    await tokensFor(site, theirs, await makeService(site.env), other, { scope: ALL }, [])
    expect((await theirs.open(path)).status).toBe(404)
    expect((await new Browser(site.issuer).request(path)).status).toBe(303)
    for (const bad of ['x', '00000000-0000-4000-8000-000000000000'])
      expect((await browser.open(`/account/receipts/${bad}`)).status).toBe(404)
  })
})

describe('the public check', () => {
  const check = async (receipt: string) => {
    const anybody = new Browser(site.issuer)
    return anybody.submit(await anybody.open('/receipts/verify'), { receipt })
  }

  test('knows a genuine one, also with line breaks', async () => {
    const [path = ''] = links(await browser.open('/account/receipts'))
    const { receipt } = await json(path)
    for (const text of [receipt, receipt.replace(/(.{70})/g, '$1\n')]) {
      const page = await check(text)
      expect([page.status, page.text.includes('本物の控えです')]).toEqual([200, true])
    }
  })

  test('knows a changed one, a cut one and another kind of token', async () => {
    const [path = ''] = links(await browser.open('/account/receipts'))
    const { receipt, payload } = await json(path)
    const [head = '', , tail = ''] = receipt.split('.')
    const other = Buffer.from(JSON.stringify({ ...payload, sub: 'x' })).toString('base64url')
    const { idToken } = { idToken: `${head.slice(2)}.${other}.${tail}` }
    for (const text of [`${head}.${other}.${tail}`, receipt.slice(0, -9), 'hello', idToken]) {
      const page = await check(text)
      expect([page.status, page.text.includes('本物の控えです')]).toEqual([422, false])
    }
  })
})

/** Receipts: signed, complete, checkable by anybody and with `jose` alone (R9; ISO/IEC TS 27560:2023). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compactVerify, createRemoteJWKSet, decodeProtectedHeader } from 'jose'
import type { Receipt } from '../../src/receipts/model.ts'
import * as ledger from '../../src/ledger/actions.ts'
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
    for (const value of ['花子', 'ハナコ', resident.email, '0600001'])
      expect(text).not.toContain(value)
    expect(text).not.toMatch(/(?<![\w-])1988(?![\w-])/)
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

  test.each(['', 'x'.repeat(30_001)])('says at the field what is wrong with it', async (text) => {
    const page = await check(text)
    expect(page.status).toBe(422)
    for (const part of ['id="errors"', 'href="#receipt"', 'id="receipt-e"', 'name="receipt"'])
      expect(page.text).toContain(part)
  })

  test('knows a genuine one, also with line breaks', async () => {
    const [path = ''] = links(await browser.open('/account/receipts'))
    const { receipt } = await json(path)
    // Also the whole file that was saved, as it is.
    const file = (await browser.request(path.replace(/(\.json)?$/, '.json'))).text
    expect(file).toContain('"payload"')
    for (const text of [receipt, receipt.replace(/(.{70})/g, '$1\n'), file]) {
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
    for (const text of [
      `${head}.${other}.${tail}`,
      receipt.slice(0, -9),
      'hello',
      idToken,
      '{',
      '{}',
    ]) {
      const page = await check(text)
      expect([page.status, page.text.includes('本物の控えです')]).toEqual([422, false])
    }
  })

  describe('of paper', () => {
    /** Number and mark as they are printed. */
    const printed = async () => {
      const [path = ''] = links(await browser.open('/account/receipts'))
      const { text } = await browser.open(path)
      const number = /控え番号 ([0-9a-f-]{36})/.exec(text)?.[1] ?? ''
      const hash =
        /台帳の符号<\/dt><dd><span class="code small">([0-9a-f ]+)</.exec(text)?.[1] ?? ''
      return { number, hash, text }
    }
    const look = async (number: string, hash: string, anybody = new Browser(site.issuer)) =>
      anybody.submit(await anybody.open('/receipts/verify'), { number, hash })

    test('what is printed is enough: the address, the number, the mark', async () => {
      const { number, hash, text } = await printed()
      expect(hash.split(' ')).toHaveLength(16)
      expect(text).toContain(`${site.issuer}/receipts/verify</span>`)
      expect(text).toMatch(/<p class="small no-print">次の署名つきの控えを、確認ページに貼り/)
      do await ledger.sequence(site.env)
      while ((await site.env.db('ledger_pending').first()) !== undefined)
      for (const typed of [hash, hash.replaceAll(' ', ''), hash.toUpperCase()]) {
        const page = await look(number, typed)
        expect([page.status, page.text.includes('この控えは、台帳にあります')]).toEqual([200, true])
        expect(page.text).toMatch(/\d+日 \d+:\d\dに署名された台帳に入っています/)
        for (const value of ['花子', resident.email, resident.userId, 'data-item', service.id])
          expect(page.text).not.toContain(value)
      }
    })

    test('whatever does not fit gets one answer, and guessing is slow', async () => {
      const { number, hash } = await printed()
      const other = `${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}`
      const answers = new Set<string>()
      for (const [one, mark] of [
        [number, other],
        [number, ''],
        ['', hash],
        [site.env.newId(), hash],
        ['x', "' or 1=1"],
      ] as const) {
        const page = await look(one, mark)
        expect([page.status, page.text.includes('台帳にあります')]).toEqual([422, false])
        answers.add(/<div class="banner banner-bad[\s\S]*?<\/div>/.exec(page.text)?.[0] ?? one)
      }
      expect(answers.size).toBe(1)
      const anybody = new Browser(site.issuer)
      const form = await anybody.open('/receipts/verify')
      let page = form
      for (let n = 0; n < 60 && page.status !== 429; n += 1)
        page = await anybody.submit(form, { number, hash: other })
      expect(page.status).toBe(429)
    })
  })
})

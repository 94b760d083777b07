/** The timeline searched, filtered, led through, taken along as a file and put on paper. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Knex } from 'knex'
import { messages } from '../../src/locales/index.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, type MadeResident } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { fillProvisions, history, hrefOn, linesOn, signedIn, textOf, used } from './steps.ts'

const h = messages.ja.history
const ISO = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

let site: Site
let resident: MadeResident
let browser: Browser
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())
beforeEach(async () => {
  resident = await makeResident(site.env)
  browser = new Browser(site.issuer)
})

const use = (picked?: string[], asked = {}) => used(site, { resident, browser }, picked, asked)

const NONE = Buffer.alloc(32)

/** Rows of other rooms without what they refer to, by the owner's hand. */
const written = (write: (db: Knex) => Promise<unknown>) =>
  site.owner.transaction(async (db) => {
    await db.raw('set local session_replication_role = replica')
    await write(db)
  })

describe('filters and pages', () => {
  test('are read on the server: service, item, kind, days, words', async () => {
    const one = await use(['sex'], { name: 'としょ予約' })
    const two = await use([], { name: '駐車場' })
    const kinds = async (query: string) => (await history(browser, `?${query}`)).map((e) => e.kind)
    const services = async (query: string) =>
      new Set((await history(browser, `?${query}`)).map((e) => e['serviceId']))
    expect(await services(`service=${two.service.id}`)).toEqual(new Set([two.service.id]))
    expect(await services(`q=${encodeURIComponent('駐車')}`)).toEqual(new Set([two.service.id]))
    expect(await services('item=sex')).toEqual(new Set([one.service.id, two.service.id])) // chosen, and declined
    expect(await services('item=sex&kind=provision')).toEqual(new Set([one.service.id]))
    expect(new Set(await kinds(`q=${encodeURIComponent('同意')}`))).toEqual(new Set(['consent']))
    expect(await kinds(`q=${encodeURIComponent('そんな言葉はない')}`)).toEqual([])
    const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' }).format(new Date())
    expect((await kinds(`from=${today}&to=${today}`)).length).toBeGreaterThan(5)
    expect(await kinds('to=2026-01-01')).toEqual([])
    for (const odd of ["'", '%', '_', 'id;--', '\\'])
      expect(await kinds(`q=${encodeURIComponent(odd)}`)).toEqual([])
    const wrong = await browser.open('/account/history?from=2026-02-30')
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('value="2026-02-30"')
  })

  test('a filter we do not know is refused, and never means the whole (L1)', async () => {
    browser = await signedIn(site, resident)
    const services = `service=${site.env.newId()}`
    const whole = (await history(browser)).length
    expect(whole).toBeGreaterThan(0)
    for (const [name, odd] of [
      ['kind', 'kind=provisions'],
      ['kind', 'kind=consent&kind=provision'],
      ['kind', 'kind=%00'],
      ['item', 'item=mynumber'],
      ['service', 'service=zz'],
      ['service', services],
      ['from', 'from=2026-01-01&from=2026-02-01'],
    ] as const) {
      const page = await browser.open(`/account/history?${odd}`)
      expect([odd, page.status]).toEqual([odd, 422])
      expect(page.text).toContain(`id="${name}-e"`)
      expect(page.text).not.toMatch(/\/account\/history\/[0-9a-f-]{36}\/report/)
      for (const path of ['.csv', '.json', '/print']) {
        const file = await browser.open(`/account/history${path}?${odd}`)
        expect([odd, path, file.status]).toEqual([odd, path, 422])
      }
      const asJson = await browser.request(`/account/history?${odd}`, {
        headers: { accept: 'application/json' },
      })
      expect([odd, asJson.status]).toEqual([odd, 422])
    }
    expect(await history(browser, '?q=%00')).toEqual([])
    expect((await history(browser, '?kind=&item=&service=')).length).toBe(whole)
  })

  test('lead forwards and back to the same entries, also from a bookmark', async () => {
    const it = await use([])
    await fillProvisions(site.env.db, resident.id, it.service.id, {
      from: new Date('2026-05-01T00:00:00Z'),
      count: 120,
    })
    const ids = (text: string) =>
      [...text.matchAll(/history\/([0-9a-f-]{36})\/report/g)].map((m) => m[1])
    const whole = (await history(browser)).map((e) => e.id)
    const first = await browser.open('/account/history')
    const second = await browser.open(hrefOn(first, /rel="next"/) ?? '')
    const third = await browser.open(hrefOn(second, /rel="next"/) ?? '')
    expect([...ids(first.text), ...ids(second.text), ...ids(third.text)]).toEqual(whole)
    expect(hrefOn(third, /rel="next"/)).toBeUndefined()
    await it.claims() // something new: the bookmark shows what it showed
    expect(ids((await browser.open(second.url)).text)).toEqual(ids(second.text))
    const back = await browser.open(hrefOn(third, /rel="prev"/) ?? '')
    expect(ids(back.text)).toEqual(ids(second.text))
    const top = await browser.open(hrefOn(back, /rel="prev"/) ?? '')
    expect(ids(top.text)).toHaveLength(50)
    const newest = await browser.open(hrefOn(top, /rel="prev"/) ?? '')
    expect(hrefOn(newest, /rel="prev"/)).toBeUndefined()
    expect(ids(newest.text)).toEqual((await history(browser)).slice(0, 50).map((e) => e.id))
  })

  test('a page by number is refused, not answered with something else', async () => {
    browser = await signedIn(site, resident)
    for (const odd of ['page=2', 'page=0', 'mark=x', 'mark=o.1.x.y', 'mark=a&mark=b'])
      expect([odd, (await browser.open(`/account/history?${odd}`)).status]).toEqual([odd, 422])
    expect((await browser.open('/account/history?page=1')).status).toBe(200)
  })

  test('says since when the record is whole', async () => {
    browser = await signedIn(site, resident)
    const page = textOf((await browser.open('/account/history')).text)
    expect(page).toMatch(/記録は 20\d\d年\d+月\d+日 から始まっています。/)
    expect(page).toContain(h.whole)
    await written(async (db) => {
      const closure = { id: site.env.newId(), proposal_id: site.env.newId(), month: '2030-01-01' }
      await db('retention_closures').insert({
        ...closure,
        from_at: '2030-01-01T00:00:00Z',
        until_at: '2030-02-01T00:00:00Z',
        ...{ entries: 1, first_index: 0, last_index: 0, others: [], canonical: '{}' },
        ...{ root: NONE, approval_hash: NONE, leaf_hash: NONE, signature: NONE },
        at: site.env.now(),
      })
      await db('retention_drops').insert({ closure_id: closure.id, entries: 1, at: site.env.now() })
    })
    const after = textOf((await browser.open('/account/history')).text)
    expect(after).toContain('渡した記録は、2030年2月1日 から後のものがそろっています。')
    expect(after).not.toContain(h.whole)
    const file = JSON.parse((await browser.request('/account/history.json')).text)
    expect(file.completeSince).toBe('2030-02-01T00:00:00.000Z')
  })

  test('a letter about a leak is one of the entries, and leads to itself', async () => {
    browser = await signedIn(site, resident)
    const letter = { id: site.env.newId(), incident_id: site.env.newId(), resident_id: resident.id }
    await written((db) =>
      db('incident_letters').insert({ ...letter, outcome: 'posted', at: site.env.now() }),
    )
    expect((await history(browser, '?kind=notice')).map(({ id }) => id)).toEqual([letter.id])
    const page = await browser.open('/account/history?kind=notice')
    expect(page.text).toContain(`href="/account/letters/${letter.id}"`)
  })
})

test('a program without a session is told so; a browser is led to sign in', async () => {
  const get = (path: string, accept: string) =>
    fetch(new URL(path, site.issuer), { headers: { accept }, redirect: 'manual' })
  for (const path of ['/account/history', '/account/services', '/account/receipts']) {
    const answer = await get(path, 'application/json')
    expect([path, answer.status]).toEqual([path, 401])
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(await answer.json()).toMatchObject({ type: 'sign_in_required', status: 401 })
    for (const accept of ['text/html,application/xhtml+xml,*/*;q=0.8', '*/*']) {
      const led = await get(path, accept)
      expect([led.status, led.headers.get('location')]).toEqual([
        303,
        `/login?to=${encodeURIComponent(path)}`,
      ])
    }
  }
})

describe('the files', () => {
  test('hold the whole with the filter, in the reader’s language, safe for spreadsheets', async () => {
    const it = await use(['sex'], { name: '=HYPERLINK("http://evil.example")' })
    await fillProvisions(site.env.db, resident.id, it.service.id, {
      from: new Date('2026-05-01T00:00:00Z'),
      count: 1200,
    })
    const csv = await browser.request('/account/history.csv')
    expect(csv.headers.get('content-type')).toContain('text/csv')
    expect(csv.headers.get('content-disposition')).toMatch(/history-20\d\d-\d\d-\d\d\.csv/)
    const bytes = await (
      await fetch(new URL('/account/history.csv', site.issuer), {
        headers: { cookie: browser.cookieHeader('/account/history.csv') },
      })
    ).arrayBuffer()
    expect(Buffer.from(bytes).subarray(0, 3).toString('hex')).toBe('efbbbf')
    const lines = Buffer.from(bytes).toString().replace('\uFEFF', '').trimEnd().split('\r\n')
    expect(lines[0]).toBe(Object.values(h.columns).join(','))
    const count = (await history(browser, '?kind=provision')).length
    expect(count).toBe(1000) // a piece for programs, more by Link
    expect(lines.filter((text) => text.includes(`,${h.kinds.provision},`))).toHaveLength(1202)
    expect(lines.filter((text) => /(^|,)=HYPERLINK/.test(text))).toEqual([])
    expect(lines[1]).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+09:00,/)
    const json = await browser.request('/account/history.json?kind=consent')
    const file = JSON.parse(json.text) as {
      completeSince: string
      entries: { kind: string; text: string; at: string; endsAt: string }[]
    }
    expect(file.entries.map((e) => e.kind)).toEqual(['consent'])
    expect(file.entries[0]?.text).toContain('同意しました')
    expect(file.completeSince).toMatch(ISO)
    for (const one of file.entries) for (const at of [one.at, one.endsAt]) expect(at).toMatch(ISO)
    const [listed] = await history(browser, '?kind=consent')
    expect(file.entries[0]).toMatchObject({ at: listed?.['at'], endsAt: listed?.['endsAt'] })
    const [card] = JSON.parse(
      (await browser.request('/account/services', { headers: { accept: 'application/json' } }))
        .text,
    ) as { agreedAt: string; endsAt: string }[]
    expect([card?.agreedAt, card?.endsAt]).toEqual([expect.stringMatching(ISO), listed?.['endsAt']])
    const english = await browser.request('/account/history.csv?kind=consent', {
      headers: { 'accept-language': 'en' },
    })
    expect(english.text).toContain(Object.values(messages.en.history.columns).join(','))
  })

  test('JSON names the next piece, and the pieces are the whole', async () => {
    const it = await use([])
    await fillProvisions(site.env.db, resident.id, it.service.id, {
      from: new Date('2026-05-01T00:00:00Z'),
      count: 1100,
    })
    const first = await browser.request('/account/history', {
      headers: { accept: 'application/json' },
    })
    const link = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    const next = await browser.request(link, { headers: { accept: 'application/json' } })
    expect(next.headers.get('link')).toBeNull()
    const all = [...JSON.parse(first.text), ...JSON.parse(next.text)] as { id: string }[]
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(all.length).toBeGreaterThan(1100)
  })

  test('the page for paper has the lines and nothing to press', async () => {
    const it = await use([])
    const page = await browser.open(`/account/history/print?service=${it.service.id}`)
    expect(linesOn(page)).toBe(3)
    expect(page.text).not.toContain('/report?')
  })
})

/** The resident's timeline: everything that happened, in plain words, with what was asked, given and why not the rest. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { messages } from '../../src/locales/index.ts'
import * as operators from '../../src/operators/actions.ts'
import * as residents from '../../src/residents/actions.ts'
import { authorizePath } from '../oidc/steps.ts'
import { Browser, itemsOn } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  type MadeResident,
} from '../support/builders.ts'
import { makeOperator } from '../support/people.ts'
import { agree, refuse } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { fillProvisions, history, hrefOn, linesOn, signedIn, used } from './steps.ts'

const HOUR = 3_600_000
const h = messages.ja.history

let site: Site
let resident: MadeResident
let browser: Browser
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())
afterEach(() => site.setNow(undefined))
beforeEach(async () => {
  resident = await makeResident(site.env)
  browser = new Browser(site.issuer)
})

const use = (picked?: string[], asked = {}) => used(site, { resident, browser }, picked, asked)
const textOf = (html: string) => html.replace(/<[^>]+>/g, '').replace(/\s+/g, ' ')

describe('the timeline', () => {
  test('has an entry per event, newest first, the same for people and programs', async () => {
    const it = await use(['sex'])
    const page = await browser.open(`${it.at}/change`)
    await browser.submit(page, [
      ...itemsOn(page)
        .filter((id) => id !== 'sex')
        .map((id): [string, string] => ['item', id]),
      ['decision', 'change'],
    ])
    await it.claims()
    await residents.updateProfile(site.env, resident.id, { sex: 'other' })
    await browser.submit(await browser.open(`${it.at}/pause`), { decision: 'pause' })
    await refuse(browser, await browser.open(`${it.at}/resume`))
    await agree(browser, await browser.open(`${it.at}/resume`), [])
    await browser.submit(await browser.open(`${it.at}/withdraw`), { decision: 'withdraw' })
    const events = await history(browser)
    const all = events.map((event) => event.kind)
    expect(all).toContain('terms')
    expect(all.filter((kind) => !['terms', 'account'].includes(kind))).toEqual([
      'withdrawal',
      'consent',
      'refusal',
      'pause',
      'profile',
      'provision', // userinfo after the change
      'change',
      'provision', // userinfo
      'provision', // ID token
      'consent',
    ])
    const times = events.map((event) => event.at)
    expect(times).toEqual(times.toSorted().reverse())
    expect(events.findLast((event) => event.kind === 'consent')).toEqual({
      id: expect.any(String),
      kind: 'consent',
      at: expect.any(String),
      serviceId: it.service.id,
      service: expect.any(String),
      provider: expect.any(String),
      items: ['user_id', 'name', 'email', 'sex'],
      endsAt: expect.any(String),
      declined: ['birth_year', 'address'],
    })
    const sent = events.filter((event) => event.kind === 'provision')
    expect(sent.map((event) => [event['path'], event.items])).toEqual([
      ['userinfo', ['user_id', 'name', 'email']],
      ['userinfo', ['user_id', 'name', 'sex', 'email']], // in the order of the catalogue
      ['id_token', ['user_id']],
    ])
    expect(JSON.stringify(events)).not.toMatch(/山田|ヤマダ|1988/)

    const shown = await browser.open('/account/history')
    expect(linesOn(shown)).toBe(events.length)
    expect(textOf(shown.text)).toContain('渡さなかった情報：生まれた年')
    expect(textOf(shown.text)).toContain('お客様が選んでいません')
    const only = async (query: string) => (await history(browser, `?${query}`)).map((e) => e.kind)
    expect(await only('kind=withdrawal')).toEqual(['withdrawal'])
    expect(await only(`service=${it.service.id}&kind=consent`)).toEqual(['consent', 'consent'])
    expect(await only(`service=${site.env.newId()}`)).toEqual(await only(''))
  })

  test('tells what happened to the account itself', async () => {
    await use([])
    await residents.endOtherSignIns(site.env, resident.id)
    browser = await signedIn(site, resident)
    const account = await history(browser, '?kind=account')
    expect(account.map((event) => String(event.items)).toSorted()).toEqual([
      'created',
      'signed_out',
      'verified',
    ])
    expect(new Set(account.map((event) => event.id)).size).toBe(3)
    const page = await browser.open('/account/history?kind=account')
    expect(page.text).toContain('ほかの端末をサインアウトしました')
    expect(page.text).not.toContain('session')
  })

  test('tells a pairwise service apart', async () => {
    await use([], { subjectType: 'pairwise' })
    const own = await browser.open('/account/history?kind=provision')
    expect(linesOn(own)).toBe(2)
    const sentences = own.text.slice(own.text.indexOf('class="when"'))
    expect(sentences).toContain(messages.ja.consents.idKinds.pairwise)
    expect(sentences).not.toContain(messages.ja.consents.idKinds.public)
  })

  test('keeps a request that was broken off at the consent screen, once, however often it was reloaded', async () => {
    browser = await signedIn(site, resident)
    const service = await makeService(site.env, { name: '途中でやめた店' })
    const screen = await browser.open(authorizePath(service, { scope: 'openid name email sex' }))
    await browser.open(screen.url)
    expect(await history(browser, '?kind=unanswered')).toEqual([])
    site.setNow(new Date(Date.now() + HOUR))
    const [left, ...more] = await history(browser, '?kind=unanswered')
    expect(more).toEqual([])
    expect(left).toMatchObject({ serviceId: service.id, items: [] })
    expect(left?.['asked']).toEqual(['user_id', 'name', 'email', 'sex'])
    const page = textOf((await browser.open('/account/history?kind=unanswered')).text)
    expect(page).toContain('画面に回答がありませんでした。何も渡していません。')
    expect(page).toContain('求められた情報：')
  })

  test('an answered request is not one that was broken off', async () => {
    const it = await use([])
    await refuse(browser, await browser.open(authorizePath(it.service, { prompt: 'consent' })))
    site.setNow(new Date(Date.now() + HOUR))
    expect((await history(browser)).map((e) => e.kind)).not.toContain('unanswered')
    const [refused] = await history(browser, '?kind=refusal')
    expect(refused?.['asked']).toEqual(['user_id', 'name', 'email'])
  })
})

describe('what was asked for and not given', () => {
  test('names the reason for each item: no value, not approved any more, as often as allowed', async () => {
    const it = await use(['sex', 'address'], { bounds: { address: { pullsPerMonth: 1 } } })
    await residents.updateProfile(site.env, resident.id, { sex: '' })
    await makeServiceVersion(site.env, it.service, 2, {
      required: ['name'],
      optional: ['sex', 'address'],
    })
    await it.claims()
    const [last] = await history(browser, '?kind=provision')
    expect(last?.items).toEqual(['user_id', 'name'])
    expect(last?.['withheld']).toEqual({ sex: 'no_value', email: 'not_approved', address: 'bound' })
    const page = textOf((await browser.open('/account/history?kind=provision')).text)
    for (const why of [h.whyNot.no_value, h.whyNot.not_approved, h.whyNot.bound])
      expect(page).toContain(why)
    const { rows } = await site.env.db.raw<{ rows: { canonical: string }[] }>(
      `select canonical from provision_records where id = ?`,
      [last?.id ?? ''],
    )
    expect(JSON.parse(rows[0]?.canonical ?? '').withheld).toEqual(last?.['withheld'])
  })

  test('a request that gets nothing is kept once a day for each reason', async () => {
    const it = await use([])
    await makeContractVersion(site.env, it.service.contractId, 2, {
      endsAt: new Date('2026-05-01'),
    })
    for (let n = 0; n < 3; n++) await expect(it.claims()).rejects.toThrow()
    expect((await history(browser, '?kind=denial')).map((e) => e['why'])).toEqual([
      'contract_not_in_force',
    ])
    const page = await browser.open('/account/history?kind=denial')
    expect(textOf(page.text)).toContain(`${h.denials.contract_not_in_force}、何も渡していません。`)
    await browser.submit(await browser.open(`${it.at}/withdraw`), { decision: 'withdraw' })
    await expect(it.claims()).rejects.toThrow()
    expect((await history(browser, '?kind=denial')).map((e) => e['why'])).toEqual([
      'ended',
      'contract_not_in_force',
    ])
  })

  test('an unknown token writes nothing', async () => {
    const before = await site.env.db('provision_refusals').count()
    const answer = await browser.request('/userinfo', { headers: { authorization: 'Bearer x' } })
    expect(answer.status).toBe(401)
    expect(await site.env.db('provision_refusals').count()).toEqual(before)
  })
})

describe('those who looked', () => {
  test('are told by their part, never by name', async () => {
    browser = await signedIn(site, resident)
    const operator = await makeOperator(site.env, ['privacy_officer'])
    await operators.viewPerson(site.env, operator.person.id, {
      object: { kind: 'resident', id: resident.id },
      reason: '問い合わせの電話に答えるため',
    })
    const seen = await history(browser, '?kind=view')
    expect(seen).toHaveLength(1)
    const page = await browser.open('/account/history?kind=view')
    expect(textOf(page.text)).toContain('の担当者（個人情報保護）が、お客様の情報を見ました。')
    expect(page.text + JSON.stringify(seen)).not.toContain(operator.name)
    expect(page.text + JSON.stringify(seen)).not.toContain('電話に答える')
  })
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
      expect(await kinds(`q=${encodeURIComponent(odd)}&kind=${encodeURIComponent(odd)}`)).toEqual(
        [],
      )
    const wrong = await browser.open('/account/history?from=2026-02-30')
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('value="2026-02-30"')
  })

  test('lead forwards and back to the same entries, also from a bookmark', async () => {
    const it = await use([])
    await fillProvisions(site, resident.id, it.service.id, {
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
  })
})

describe('the files', () => {
  test('hold the whole with the filter, in the reader’s language, safe for spreadsheets', async () => {
    const it = await use(['sex'], { name: '=HYPERLINK("http://evil.example")' })
    await fillProvisions(site, resident.id, it.service.id, {
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
      entries: { kind: string; text: string }[]
    }
    expect(file.entries.map((e) => e.kind)).toEqual(['consent'])
    expect(file.entries[0]?.text).toContain('同意しました')
    expect(file.completeSince).toMatch(/\+09:00$/)
    const english = await browser.request('/account/history.csv?kind=consent', {
      headers: { 'accept-language': 'en' },
    })
    expect(english.text).toContain(Object.values(messages.en.history.columns).join(','))
  })

  test('JSON names the next piece, and the pieces are the whole', async () => {
    const it = await use([])
    await fillProvisions(site, resident.id, it.service.id, {
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

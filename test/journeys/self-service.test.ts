/** 「各サービスでのデータ利用」 in use: what the pages say, what the programs read, and what live tokens notice (R5–R8). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import * as residents from '../../src/residents/actions.ts'
import { Browser, hidden, itemsOn, type Page } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
  type ServiceAsked,
} from '../support/builders.ts'
import { agree, refuse, relyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'

const SCOPE = 'openid name birth_year sex email address'
const OFFLINE = `${SCOPE} offline_access`
const BASE = '/account/services'

let site: Site
let resident: MadeResident
let browser: Browser

beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

beforeEach(async () => {
  site.setNow(undefined)
  resident = await makeResident(site.env)
  browser = new Browser(site.issuer)
})

const personOf = ({ email }: MadeResident) => ({ email, password: PASSWORD })

/** A service this resident uses, with a refresh token and one userinfo answer. */
async function used(picked: string[] = ['sex', 'address'], asked: ServiceAsked = {}) {
  const service = await makeService(site.env, asked)
  const rp = await relyingParty(site.issuer, service)
  const tokens = await rp.signIn(browser, personOf(resident), OFFLINE, picked, {
    prompt: 'consent',
  })
  const sub = tokens.claims()?.sub ?? ''
  await rp.userinfo(tokens.access_token, sub)
  return {
    service,
    rp,
    tokens,
    at: `${BASE}/${service.id}`,
    refreshToken: tokens.refresh_token ?? '',
    claims: () => rp.userinfo(tokens.access_token, sub),
  }
}

type Used = Awaited<ReturnType<typeof used>>

/** Signs in at /login, as a person does who comes without a service. */
async function signedIn(person: MadeResident = resident, agent = new Browser(site.issuer)) {
  const page = await agent.open('/login')
  await agent.signIn(page, personOf(person))
  return agent
}

async function json(path: string): Promise<Record<string, unknown>[]> {
  const page = await browser.request(path, { headers: { accept: 'application/json' } })
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toContain('application/json')
  return JSON.parse(page.text)
}

const kinds = async () => (await json('/account/history')).map((event) => event['kind'])
const stateOf = async ({ service }: Used) =>
  (await json(BASE)).find((card) => card['serviceId'] === service.id)?.['status']

function cards(page: Page): Record<string, string> {
  const found = page.text.matchAll(/<li class="card[^>]*data-service="([^"]+)"[\s\S]*?<\/li>/g)
  return Object.fromEntries([...found].map(([html, id]) => [id, html.replace(/<[^>]+>/g, ' ')]))
}

/** Nothing of that service works any more: not the token, not the refresh, and introspection says so. */
async function isDead({ rp, tokens, refreshToken, claims }: Used): Promise<void> {
  await expect(claims()).rejects.toMatchObject({ status: 401 })
  await expect(rp.refresh(refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' })
  expect(await rp.introspect(tokens.access_token)).toEqual({ active: false })
  expect(await rp.introspect(refreshToken)).toEqual({ active: false })
}

const counts = async () => {
  const tables = ['consents', 'agreements', 'showing_answers', 'provision_records']
  const all = await Promise.all(tables.map((table) => site.env.db(table).count({ n: '*' }).first()))
  return Object.fromEntries(tables.map((table, n) => [table, Number(all[n]?.['n'])]))
}

describe('the list', () => {
  test('explains itself while it is empty', async () => {
    await signedIn(resident, browser)
    const page = await browser.open(BASE)
    expect(page.status).toBe(200)
    expect(cards(page)).toEqual({})
    expect(page.text).toContain('href="/services"')
    expect(await json(BASE)).toEqual([])
  })

  test('has a card per service with who, what and until when; past ones keep their words', async () => {
    const [live, paused, gone] = [await used(), await used([]), await used(['birth_year'])]
    await browser.submit(await browser.open(`${paused.at}/pause`), { decision: 'pause' })
    await browser.submit(await browser.open(`${gone.at}/withdraw`), {
      decision: 'withdraw',
      request_deletion: 'on',
    })
    const page = await browser.open(BASE)
    const shown = cards(page)
    expect(Object.keys(shown).sort()).toEqual(
      [live, paused, gone].map(({ service }) => service.id).sort(),
    )
    expect(page.text).toContain('<strong>1件</strong>')
    expect(shown[live.service.id]).toMatch(/利用中[\s\S]*性別[\s\S]*郵便番号[\s\S]*まで/)
    expect(shown[paused.service.id]).toMatch(/一時停止中[\s\S]*いまは何も渡していません/)
    expect(shown[gone.service.id]).toMatch(/撤回済み[\s\S]*依頼しました/)
    const said = await json(BASE)
    expect(said).toHaveLength(3)
    expect(said.find((card) => card['serviceId'] === live.service.id)).toEqual({
      serviceId: live.service.id,
      name: expect.any(String),
      provider: expect.any(String),
      status: 'in_use',
      items: ['user_id', 'name', 'email', 'sex', 'address'],
      agreedAt: expect.any(String),
      endsAt: expect.any(String),
      lastProvidedAt: expect.any(String),
      notices: { taken: false, newest: null },
    })
  })

  test('every link on a card leads to a page, whatever the state of its service', async () => {
    const all = [await used(), await used(), await used(), await used(), await used()]
    const [live, paused, gone, suspended, ended] = all as [Used, Used, Used, Used, Used]
    await browser.submit(await browser.open(`${paused.at}/pause`), { decision: 'pause' })
    await browser.submit(await browser.open(`${gone.at}/withdraw`), { decision: 'withdraw' })
    const { db } = site.env
    await db('services').where({ id: suspended.service.id }).update({ status: 'suspended' })
    const short = { endsAt: new Date(Date.now() + 600_000) }
    await makeContractVersion(site.env, ended.service.contractId, 2, short)
    const page = await browser.open(`${ended.at}/change`)
    await browser.submit(page, [
      ...itemsOn(page).map((id): [string, string] => ['item', id]),
      ['until', new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10)],
      ['decision', 'change'],
    ])
    for (const { at } of [live, paused, gone, suspended, ended]) {
      const html = (await browser.open(BASE)).text + (await browser.open(at)).text
      const links = [...html.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href)
      for (const href of new Set(links.filter((link) => link.startsWith(`${at}`)))) {
        const target = await browser.open(href.split('#')[0] ?? href)
        // A suspended service has no screen to resume on: it says so calmly.
        expect([href, target.status]).toEqual([href, 200])
      }
    }
  })

  test('searches and filters, on the server', async () => {
    const one = await used([], { name: '図書館アプリ' })
    const two = await used([], { name: 'バスの時刻' })
    await browser.submit(await browser.open(`${two.at}/pause`), { decision: 'pause' })
    const ids = async (query: string) => Object.keys(cards(await browser.open(`${BASE}?${query}`)))
    expect(await ids('q=%E5%9B%B3%E6%9B%B8')).toEqual([one.service.id])
    expect(await ids('q=%EF%BE%8A%EF%BE%9E%EF%BD%BD')).toEqual([two.service.id]) // half-width ﾊﾞｽ
    expect(await ids('state=paused')).toEqual([two.service.id])
    expect(await ids('state=withdrawn')).toEqual([])
    expect(await ids('q=%3Cscript%3E')).toEqual([])
    expect((await browser.open(`${BASE}?q=%3Cscript%3E`)).text).not.toContain('<script>')
    for (const odd of ['state=nonsense', 'state=%00', 'state=paused&state=in_use'])
      expect([odd, await ids(odd)]).toEqual([odd, []])
  })

  test('needs a signed-in resident, and leads back after signing in', async () => {
    for (const path of [BASE, `${BASE}/withdraw-all`, '/account/history']) {
      const page = await browser.request(path)
      expect(page.status).toBe(303)
      expect(page.headers.get('location')).toBe(`/login?to=${encodeURIComponent(path)}`)
    }
    const page = await browser.open('/account/history')
    const back = await browser.signIn(page, personOf(resident))
    expect(new URL(back.url).pathname).toBe('/account/history')
  })
})

describe('one service', () => {
  test('says what was agreed, when, in which text, and what was provided', async () => {
    const { at, service } = await used()
    const page = await browser.open(at)
    expect(page.status).toBe(200)
    expect(itemsOn(page)).toEqual(['user_id', 'name', 'email', 'sex', 'address'])
    for (const words of [
      resident.userId,
      '山田 花子（ヤマダ ハナコ）',
      resident.email,
      '060-0001 北海道札幌市中央区',
      '情報提供の同意文面（標準） 第1版',
      '生まれた年', // declined
      'サービスからの照会',
      '利用を終えてから1年',
    ])
      expect(page.text).toContain(words)
    expect(page.text).toContain(`/account/history?service=${service.id}`)
  })

  test('shows the value now beside what it was, where it changed', async () => {
    const { at } = await used()
    await residents.updateProfile(site.env, resident.id, { sex: 'other' })
    const page = await browser.open(at)
    expect(page.text).toContain('別の内容でした')
  })

  test("another resident's services, unknown ones and broken ids are all the same page", async () => {
    const { service: mine } = await used()
    const showing = await site.env.db('showings').where({ service_id: mine.id }).first('id')
    const other = await makeResident(site.env)
    const stranger = await signedIn(other)
    const never = await makeService(site.env)
    const masked = (page: Page, path: string) =>
      page.text.replaceAll(path, '').replaceAll(encodeURIComponent(path), '')
    for (const below of ['', '/change', '/withdraw', '/pause', '/resume']) {
      const seen = new Set<string>()
      for (const id of [mine.id, never.id, site.env.newId(), 'nonsense', '%27%20or%201=1']) {
        const path = `${BASE}/${id}${below}`
        const page = await stranger.request(path)
        expect([path, page.status]).toEqual([path, 404])
        seen.add(masked(page, path))
      }
      expect(seen.size).toBe(1)
    }
    const records = new Set<string>()
    for (const path of [
      `${BASE}/${mine.id}/showings/${showing.id}`,
      `${BASE}/${never.id}/showings/${showing.id}`,
      `${BASE}/${mine.id}/showings/${site.env.newId()}`,
    ]) {
      const page = await stranger.request(path)
      expect(page.status).toBe(404)
      records.add(masked(page, path))
    }
    expect(records.size).toBe(1)
    expect((await browser.request(`${BASE}/${mine.id}/showings/${showing.id}`)).status).toBe(200)
  })

  test("a post to another resident's service changes nothing", async () => {
    const mine = await used()
    const other = await makeResident(site.env)
    const stranger = await signedIn(other)
    const own = hidden(await stranger.open('/logout'))
    const before = await counts()
    for (const [below, fields] of [
      ['/withdraw', { decision: 'withdraw' }],
      ['/pause', { decision: 'pause' }],
      ['/change', { decision: 'change', version: '1', item: 'user_id' }],
      ['/resume', { decision: 'agree', shown: site.env.newId() }],
    ] as const) {
      const page = await stranger.post(`${mine.at}${below}`, { csrf: own['csrf'] ?? '', ...fields })
      expect([below, page.status]).toEqual([below, 404])
    }
    expect(await counts()).toEqual(before)
    expect(await mine.claims()).toHaveProperty('gender')
  })

  test('the record of a showing says what was agreed, without the values', async () => {
    const { at } = await used(['sex'])
    const page = await browser.open(at)
    const href = /href="([^"]*\/showings\/[^"]*)"/.exec(page.text)?.[1] ?? ''
    const record = await browser.open(href)
    expect(record.status).toBe(200)
    expect(itemsOn(record)).toEqual(['user_id', 'name', 'email', 'birth_year', 'sex', 'address'])
    expect(record.text).toMatch(/に「同意してはじめる」を選びました/)
    for (const value of ['山田', 'ヤマダ', resident.email, resident.userId])
      expect(record.text).not.toContain(value)
    // Not the digits of a hash or an id.
    expect(record.text).not.toMatch(/(?<![\w-])1988(?![\w-])/)
    expect(/data-item="sex"[\s\S]*?chip-good/.test(record.text)).toBe(true)
  })
})

describe('change', () => {
  const fields = (page: Page, without: string[], more: [string, string][] = []) => [
    ...itemsOn(page)
      .filter((id) => !without.includes(id))
      .map((id): [string, string] => ['item', id]),
    ...more,
    ['decision', 'change'] as [string, string],
  ]

  test('an item taken out is gone from live tokens at once, and not asked for again', async () => {
    const { at, rp, tokens, claims, refreshToken } = await used()
    const page = await browser.open(`${at}/change`)
    const done = await browser.submit(page, fields(page, ['sex']))
    expect(done.status).toBe(200)
    expect(done.text).toContain('変更しました')
    expect(await claims()).not.toHaveProperty('gender')
    expect(await claims()).toHaveProperty('address')
    const said = await rp.introspect(tokens.access_token)
    expect(said['active']).toBe(true)
    expect(String(said['scope']).split(' ')).not.toContain('sex')
    const fresh = await rp.refresh(refreshToken)
    expect(fresh.scope?.split(' ')).not.toContain('sex')
    const attempt = await rp.begin(SCOPE)
    const next = await browser.open(attempt.url.toString())
    expect((await rp.redeem(attempt, next)).scope?.split(' ')).not.toContain('sex')
    expect(await kinds()).toContain('change')
    const [card] = await json(BASE)
    expect(card?.['items']).toEqual(['user_id', 'name', 'email', 'address'])
    // The day of the agreement stays the day the screen was answered.
    const { rows } = await site.env.db.raw(
      'select agreed_at from consents where resident_id = ? and shown_at is not null',
      [resident.id],
    )
    expect(card?.['agreedAt']).toBe(rows[0].agreed_at.toISOString())
  })

  test('an earlier end counts from that day on', async () => {
    const { at, claims } = await used()
    const page = await browser.open(`${at}/change`)
    const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10)
    await browser.submit(page, fields(page, [], [['until', today]]))
    expect(await claims()).toHaveProperty('gender')
    const [card] = await json(BASE)
    expect(card?.['endsAt']).toBe(new Date(`${today}T24:00:00+09:00`).toISOString())
    site.setNow(new Date(`${today}T24:00:00+09:00`))
    await expect(claims()).rejects.toMatchObject({ status: 401 })
  })

  test.each<[string, string[], [string, string][], number, RegExp]>([
    ['a required item out', ['name'], [], 422, /これだけをやめることができません/],
    ['the user ID out', ['user_id'], [], 422, /これだけをやめることができません/],
    ['an item in', [], [['item', 'birth_year']], 422, /error/],
    ['a later end', [], [['until', '2099-01-01']], 422, /error/],
    ['an end that was', [], [['until', '2020-01-01']], 422, /error/],
    ['a day no month has', [], [['until', '2026-02-31']], 422, /error/],
    ['no date', [], [['until', 'soon']], 422, /error/],
    ['an unknown field', [], [['decline', 'x']], 422, /invalid_input/],
  ])('%s: says what is wrong, and changes nothing', async (_, without, more, status, says) => {
    const { at, claims } = await used()
    const page = await browser.open(`${at}/change`)
    const before = await counts()
    const again = await browser.submit(page, fields(page, without, more))
    expect(again.status).toBe(status)
    expect(again.text).toMatch(says)
    expect(await counts()).toEqual(before)
    expect(await claims()).toHaveProperty('gender')
  })

  test('a page that is older than another change does not undo it', async () => {
    const { at, claims } = await used()
    const [early, later] = [await browser.open(`${at}/change`), await browser.open(`${at}/change`)]
    await browser.submit(later, fields(later, ['sex']))
    const stale = await browser.submit(early, fields(early, ['address']))
    expect(stale.status).toBe(409)
    expect(await claims()).toHaveProperty('address')
    expect(await claims()).not.toHaveProperty('gender')
  })
})

describe('pause and resume', () => {
  test('nothing flows meanwhile, resuming asks, and old tokens stay dead', async () => {
    const it = await used()
    const paused = await browser.submit(await browser.open(`${it.at}/pause`), {
      decision: 'pause',
    })
    expect(paused.status).toBe(200)
    expect(paused.text).toContain('一時停止しました')
    await isDead(it)
    expect(await stateOf(it)).toBe('paused')
    const screen = await browser.open(`${it.at}/resume`)
    expect(itemsOn(screen)).toEqual(['user_id', 'name', 'email', 'birth_year', 'sex', 'address'])
    expect(screen.text).not.toContain('checked')
    const done = await agree(browser, screen, ['address'])
    expect(done.text).toContain('再開しました')
    expect(await stateOf(it)).toBe('in_use')
    await isDead(it)
    const attempt = await it.rp.begin(SCOPE)
    const tokens = await it.rp.redeem(attempt, await browser.open(attempt.url.toString()))
    const claims = await it.rp.userinfo(tokens.access_token, resident.userId)
    expect(claims).toHaveProperty('address')
    expect(claims).not.toHaveProperty('gender')
    expect((await kinds()).filter((kind) => kind === 'pause')).toHaveLength(1)
  })

  test('refusing to resume leaves it paused', async () => {
    const it = await used()
    await browser.submit(await browser.open(`${it.at}/pause`), { decision: 'pause' })
    const page = await refuse(browser, await browser.open(`${it.at}/resume`))
    expect(page.status).toBe(200)
    expect(await stateOf(it)).toBe('paused')
    expect(await kinds()).toContain('refusal')
  })

  test('a paused service can be withdrawn from its own page', async () => {
    const it = await used()
    await browser.submit(await browser.open(`${it.at}/pause`), { decision: 'pause' })
    const page = await browser.open(`${it.at}/withdraw`)
    expect(page.status).toBe(200)
    const done = await browser.submit(page, { decision: 'withdraw' })
    expect(done.text).toContain('撤回しました')
    expect(await stateOf(it)).toBe('withdrawn')
  })

  test('a service that stopped cannot be resumed, and says so without blame', async () => {
    const it = await used()
    await browser.submit(await browser.open(`${it.at}/pause`), { decision: 'pause' })
    await site.env.db('services').where({ id: it.service.id }).update({ status: 'suspended' })
    const page = await browser.open(`${it.at}/resume`)
    expect(page.status).toBe(403)
    expect(page.text).toContain('お客様の操作が原因ではありません')
  })
})

describe('withdraw', () => {
  test('acts at once, on every device, and says so with a number', async () => {
    const it = await used()
    const phone = new Browser(site.issuer)
    const there = await it.rp.signIn(phone, personOf(resident), OFFLINE)
    await it.rp.userinfo(there.access_token, resident.userId)
    const page = await browser.open(`${it.at}/withdraw`)
    expect(page.text).toMatch(/性別[\s\S]*（\d+回）/)
    const done = await browser.submit(page, { decision: 'withdraw', request_deletion: 'on' })
    expect(done.status).toBe(200)
    expect(done.text).toContain('撤回しました')
    expect(done.text).toMatch(/W-\d{8}-[0-9A-F]{8}/)
    expect(done.text).toContain('依頼を受け付けました')
    await isDead(it)
    await expect(it.rp.userinfo(there.access_token, resident.userId)).rejects.toMatchObject({
      status: 401,
    })
    const [event] = (await json('/account/history')).filter((e) => e['kind'] === 'withdrawal')
    expect(event).toMatchObject({ serviceId: it.service.id, deletionRequested: true, items: [] })
    const detail = await browser.open(it.at)
    expect(detail.text).toContain('撤回済み')
    expect(itemsOn(detail)).toEqual(['user_id', 'name', 'email', 'sex', 'address'])
  })

  test('a code that was on its way yields nothing', async () => {
    const it = await used()
    const attempt = await it.rp.begin(SCOPE)
    const left = await browser.open(attempt.url.toString())
    await browser.submit(await browser.open(`${it.at}/withdraw`), { decision: 'withdraw' })
    await expect(it.rp.redeem(attempt, left)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('other services go on', async () => {
    const [one, other] = [await used(), await used()]
    await browser.submit(await browser.open(`${one.at}/withdraw`), { decision: 'withdraw' })
    expect(await other.claims()).toHaveProperty('gender')
  })

  test('a repeated post finds nothing left, on a clear page', async () => {
    const it = await used()
    const page = await browser.open(`${it.at}/withdraw`)
    await browser.submit(page, { decision: 'withdraw' })
    const before = await counts()
    const again = await browser.submit(page, { decision: 'withdraw' })
    expect(again.status).toBe(404)
    expect(again.text).toContain('同意が見つかりません')
    expect(await counts()).toEqual(before)
  })

  test('ten withdrawals at once are one', async () => {
    const it = await used()
    const page = await browser.open(`${it.at}/withdraw`)
    const all = await Promise.all(
      Array.from({ length: 10 }, () =>
        browser.post(page.url, { ...hidden(page), decision: 'withdraw' }),
      ),
    )
    expect(all.map((answer) => String(answer.status)).sort()).toEqual([
      '200',
      ...Array(9).fill('404'),
    ])
    expect((await kinds()).filter((kind) => kind === 'withdrawal')).toHaveLength(1)
  })

  test('from everything at once', async () => {
    const [one, two, paused] = [await used(), await used([]), await used()]
    await browser.submit(await browser.open(`${paused.at}/pause`), { decision: 'pause' })
    const page = await browser.open(`${BASE}/withdraw-all`)
    const done = await browser.submit(page, { decision: 'withdraw' })
    expect(done.text.match(/W-\d{8}-[0-9A-F]{8}/g)).toHaveLength(3)
    await isDead(one)
    await isDead(two)
    for (const it of [one, two, paused]) expect(await stateOf(it)).toBe('withdrawn')
    const again = await browser.submit(page, { decision: 'withdraw' })
    expect(new URL(again.url).pathname).toBe(`${BASE}/withdraw-all`)
    expect(again.text).toContain('情報を渡しているサービスはありません')
  })
})

describe('posts that answer nothing', () => {
  test.each([
    ['/withdraw', { request_deletion: 'on' }],
    ['/pause', {}],
    ['/change', {}],
    ['/resume', {}],
  ])('%s without a decision shows the page again', async (below, fields) => {
    const it = await used()
    const paused = below === '/resume'
    if (paused) await browser.submit(await browser.open(`${it.at}/pause`), { decision: 'pause' })
    const before = await counts()
    const page = await browser.submit(await browser.open(`${it.at}${below}`), fields)
    expect(page.status).toBe(200)
    expect(new URL(page.url).pathname).toBe(`${it.at}${below}`)
    expect(await counts()).toEqual(before)
    expect(await stateOf(it)).toBe(paused ? 'paused' : 'in_use')
  })

  test('the consent screen without a decision is shown again', async () => {
    const service = await makeService(site.env)
    const rp = await relyingParty(site.issuer, service)
    const attempt = await rp.begin(SCOPE)
    const first = await browser.open(attempt.url.toString())
    const screen = await browser.signIn(first, personOf(resident))
    const before = await counts()
    const again = await browser.submit(screen, { item: 'sex' })
    expect(again.status).toBe(200)
    expect(itemsOn(again)).toEqual(itemsOn(screen))
    // What the resident had ticked stays ticked, and nothing else.
    expect(again.text.match(/<input[^>]*checked[^>]*>/g)).toEqual([
      expect.stringContaining('value="sex"'),
    ])
    expect(hidden(again)['shown']).not.toBe(hidden(screen)['shown'])
    expect(await counts()).toEqual(before)
  })

  test.each(['/withdraw', '/pause', '/change'])('%s from a forged form', async (below) => {
    const it = await used()
    const { csrf: _, ...fields } = hidden(await browser.open(`${it.at}${below}`))
    const before = await counts()
    const decision = below.slice(1)
    const foreign = hidden(await (await signedIn(resident)).open(`${it.at}${below}`))['csrf'] ?? ''
    for (const csrf of [{}, { csrf: 'x' }, { csrf: foreign }]) {
      const page = await browser.post(`${it.at}${below}`, { ...fields, ...csrf, decision })
      expect(page.status).toBe(403)
    }
    const evil = await browser.request(`${it.at}${below}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'https://evil.example',
      },
      body: new URLSearchParams({ ...fields, csrf: _ ?? '', decision }).toString(),
    })
    expect(evil.status).toBe(403)
    expect(await counts()).toEqual(before)
  })
})

describe('while a consent screen is open', () => {
  async function open(asked: ServiceAsked = {}) {
    const service = await makeService(site.env, asked)
    const rp = await relyingParty(site.issuer, service)
    const attempt = await rp.begin(SCOPE)
    const page = await browser.open(attempt.url.toString())
    const screen = page.text.includes('name="password"')
      ? await browser.signIn(page, personOf(resident))
      : page
    return { service, rp, attempt, screen }
  }
  const agreements = (service: MadeService) =>
    site.env.db('agreements').where({ service_id: service.id })

  test('its contract ends: a stop page with a code, no blame, nothing stored', async () => {
    const { service, screen } = await open()
    const endsAt = new Date(Date.now() - 1000)
    await makeContractVersion(site.env, service.contractId, 2, { endsAt })
    const page = await agree(browser, screen, ['sex'])
    expect(page.status).toBe(403)
    expect(page.text).toContain('contract_not_in_force')
    expect(page.text).toContain('お客様の操作が原因ではありません')
    expect(await agreements(service)).toEqual([])
  })

  test('its service is suspended', async () => {
    const { service, screen } = await open()
    await site.env.db('services').where({ id: service.id }).update({ status: 'suspended' })
    const page = await agree(browser, screen, [])
    expect(page.status).toBe(403)
    expect(page.text).toContain('service_not_available')
    expect(await agreements(service)).toEqual([])
  })

  test('its contract is renewed: shown anew, nothing ticked, and then it can be agreed to', async () => {
    const { service, rp, attempt, screen } = await open()
    await makeContractVersion(site.env, service.contractId, 2)
    const again = await agree(browser, screen, ['sex'])
    expect(again.status).toBe(409)
    expect(again.text).toContain('内容が新しくなりました')
    expect(again.text).not.toContain('checked')
    expect(await agreements(service)).toEqual([])
    const tokens = await rp.redeem(attempt, await agree(browser, again, []))
    expect(tokens.scope?.split(' ')).not.toContain('sex')
  })

  test('the account is deleted: nothing of the live session works', async () => {
    const it = await used()
    const { service, screen } = await open()
    await site.env.db('residents').where({ id: resident.id }).update({ closed_at: new Date() })
    const page = await agree(browser, screen, [])
    expect(page.status).toBe(410)
    expect(await agreements(service)).toEqual([])
    await expect(it.claims()).rejects.toMatchObject({ status: 401 })
    await expect(it.rp.refresh(it.refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' })
    const list = await browser.request(BASE)
    expect(list.headers.get('location')).toContain('/login')
    const attempt = await it.rp.begin(SCOPE)
    const again = await browser.open(attempt.url.toString())
    expect(again.text).toContain('name="password"')
    const silent = await it.rp.begin(SCOPE, { prompt: 'none' })
    const left = await browser.open(silent.url.toString())
    expect(left.headers.get('location')).toContain('error=login_required')
  })

  test('the back button after the answer: says it was answered, whatever is pressed', async () => {
    const { service, rp, attempt, screen } = await open()
    await rp.redeem(attempt, await agree(browser, screen, ['sex']))
    const before = await counts()
    for (const page of [
      await browser.open(screen.url),
      await agree(browser, screen, ['sex', 'address']),
      await refuse(browser, screen),
    ]) {
      expect(page.status).toBe(409)
      expect(page.text).toContain('この画面の回答は受け付け済みです')
      expect(page.text).not.toContain('何も渡っていません')
    }
    expect(await counts()).toEqual(before)
    expect(await agreements(service)).toHaveLength(1)
  })

  test('somebody else signs in in another tab: the answer is not taken as theirs', async () => {
    const { service, screen } = await open()
    const other = await makeResident(site.env)
    await browser.open('/logout').then((page) => browser.submit(page, {}))
    await signedIn(other, browser)
    const page = await agree(browser, screen, ['sex'])
    expect([403, 410]).toContain(page.status)
    expect(await agreements(service)).toEqual([])
  })

  test('the same answer sent ten times is one consent, and leads on once', async () => {
    const { service, screen } = await open()
    const all = await Promise.all(
      Array.from({ length: 10 }, () =>
        browser.post(screen.url, [
          ...Object.entries(hidden(screen)),
          ['item', 'sex'],
          ['decision', 'agree'],
        ]),
      ),
    )
    expect(all.every((page) => page.status < 500)).toBe(true)
    expect(await site.env.db('consents').where({ service_id: service.id })).toHaveLength(1)
  })
})

test('reading changes nothing', async () => {
  const it = await used()
  const paused = await used()
  await browser.submit(await browser.open(`${paused.at}/pause`), { decision: 'pause' })
  const before = await counts()
  for (const path of [
    BASE,
    it.at,
    `${it.at}/change`,
    `${it.at}/withdraw`,
    `${it.at}/pause`,
    `${it.at}/resume`,
    `${paused.at}/resume`,
    `${BASE}/withdraw-all`,
    '/account/history',
  ]) {
    const page = await browser.open(path)
    expect([path, page.status]).toEqual([path, 200])
    expect(page.headers.get('cache-control')).toBe('no-store')
  }
  expect(await counts()).toEqual(before)
})

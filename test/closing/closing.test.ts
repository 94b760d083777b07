/** Closing an account (R13, M8, G8): nothing flows at once, it can be called off, and then nothing of the person is left. */
import { createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import * as closing from '../../src/closing/actions.ts'
import * as consents from '../../src/consents/actions.ts'
import { isUnavailable } from '../../src/database/faults.ts'
import { closeGate } from '../../src/database/gate.ts'
import * as ledger from '../../src/ledger/actions.ts'
import { rowsOf } from '../../src/ledger/reading.ts'
import { verify } from '../../src/ledger/verify.ts'
import { KEPT } from '../../src/closing/model.ts'
import { messages } from '../../src/locales/index.ts'
import * as notices from '../../src/notices/actions.ts'
import { forgetAccount } from '../../src/oidc/jobs.ts'
import * as residents from '../../src/residents/actions.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD, type MadeResident } from '../support/builders.ts'
import { mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { openSite, type Site } from '../support/site.ts'
import {
  authorizePath,
  codeFor,
  introspect,
  OFFLINE,
  redeem,
  refresh,
  tokensFor,
  userinfo,
} from '../oidc/steps.ts'

const CANARY = {
  family_name: '金糸雀',
  given_name: '鳴子',
  family_name_kana: 'カナリヤ',
  given_name_kana: 'ナルコ',
  birth_year: '1957',
  postal_code: '5300001',
  region: '大阪府',
  locality: '大阪市北区',
}
const TRACE = /金糸雀|鳴子|カナリヤ|ナルコ|大阪|kanaria\.mail/i

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

const self = (resident: MadeResident, sessionUid = '') => ({
  ...{ residentId: resident.id, sessionUid, address: undefined, device: undefined },
})
/** Its waiting period is over. The moment is moved, not the clock: the ledger would notice one that goes back. */
const itIsTime = (id: string) =>
  site.env
    .db('residents')
    .where({ id })
    .whereNotNull('closes_at')
    .update({ closes_at: new Date(Date.now() - 1) })
const closeDue = () => closing.closeDue(site.env, forgetAccount)
const rowOf = (id: string) =>
  site.env.db('residents').where({ id }).first<Record<string, unknown>>()
const acts = (id: string, act: string) =>
  site.env.db('audit_events').where({ object_id: id, act }).pluck<string[]>('id')

const csrfOf = (page: Page) => /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''

async function signedIn(resident: MadeResident): Promise<Browser> {
  const browser = new Browser(site.issuer)
  await browser.signIn(await browser.open('/login'), { email: resident.email, password: PASSWORD })
  return browser
}

describe('asking', () => {
  test('the page names services, what is erased, and what stays; a wrong password changes nothing', async () => {
    const resident = await makeResident(site.env)
    const service = await makeService(site.env, { name: 'まちの図書館' })
    const browser = new Browser(site.issuer)
    const { access } = await tokensFor(site, browser, service, resident)
    expect((await browser.open('/account/security')).text).toContain('href="/account/close"')
    const page = await browser.open('/account/close')
    expect(page.text).toContain('まちの図書館')
    for (const words of ['メールアドレスとパスワード', '作った月の終わりから3年', '7日後'])
      expect(page.text).toContain(words)
    const { keptItems, untils } = messages.ja.closing
    for (const { id, until } of KEPT)
      expect(page.text).toMatch(
        new RegExp(`<h3>${keptItems[id].what}</h3>(?:(?!<h3>).)*${untils[until]}`, 's'),
      )
    const wrong = await browser.submit(page, { password: 'not the password at all' })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('id="password-e"')
    expect((await userinfo(site, access)).status).toBe(200)
    expect(await rowOf(resident.id)).toMatchObject({ closes_at: null })
  })

  test('from that moment every path refuses, companies are asked to erase, and one letter says so', async () => {
    const resident = await makeResident(site.env)
    const service = await makeService(site.env, { offlineAccess: true })
    const browser = new Browser(site.issuer)
    const code = await codeFor(browser, service, resident)
    const tokens = await tokensFor(site, browser, service, resident, OFFLINE)
    const page = await browser.open('/account/close')
    const done = await browser.submit(page, { password: PASSWORD })
    expect(done.url).toMatch(/\/account\/close$/)
    expect(done.text).toContain('登録をやめる手続き中です')
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    expect((await refresh(site, service, tokens.refresh)).status).toBe(400)
    expect((await redeem(site, service, code)).status).toBe(400)
    expect((await introspect(site, service, tokens.access)).body).toEqual({ active: false })
    for (const path of ['/account', '/account/profile', '/account/services/withdraw-all'])
      expect((await browser.request(path)).headers.get('location')).toBe('/account/close')
    expect((await browser.open(authorizePath(service))).url).toMatch(/\/account\/close$/)
    const silent = await browser.open(authorizePath(service, { prompt: 'none' }))
    expect(silent.headers.get('location')).toContain('error=')
    const [asked] = await site.env.db('deletion_requests').where({ resident_id: resident.id })
    expect(asked).toMatchObject({ service_id: service.id, member_id: service.memberId })
    const [mail] = await mailsTo(site.env, resident.email, 1, '登録をやめる手続き')
    expect(mail?.attachments).toHaveLength(1)
    await queueIsEmpty(site.env)
    expect(await mailsTo(site.env, resident.email, 1, '登録をやめる')).toHaveLength(1)
    expect(await mailsTo(site.env, resident.email, 0, '撤回')).toEqual([])
    const again = await signedIn(resident)
    expect((await again.open('/account')).text).toContain('登録をやめる手続き中です')
  })

  test('the evidence can be taken along until the end, and the pages say so', async () => {
    const resident = await makeResident(site.env)
    const service = await makeService(site.env)
    const browser = new Browser(site.issuer)
    await tokensFor(site, browser, service, resident)
    const before = await browser.open('/account/close')
    const after = await browser.submit(before, { password: PASSWORD })
    for (const { text } of [before, after])
      for (const path of ['history', 'receipts']) expect(text).toContain(`href="/account/${path}"`)
    const newest = await consents.newest(site.env, resident.id, service.id)
    const id = newest?.consent.id ?? ''
    await ledger.sequence(site.env)
    const paths = ['history', 'history.csv', 'history.json', 'history/print', 'texts']
    for (const path of [
      ...paths,
      'receipts',
      `receipts/${id}`,
      `receipts/${id}.json`,
      `proofs/${id}`,
    ]) {
      const page = await browser.request(`/account/${path}`)
      expect([path, page.status]).toEqual([path, 200])
    }
    const elsewhere = await browser.request('/account/security')
    expect(elsewhere.headers.get('location')).toBe('/account/close')
  })

  test('what must be read can be read until then, and what companies answer', async () => {
    const [resident, other] = [await makeResident(site.env), await makeResident(site.env)]
    const service = await makeService(site.env)
    const browser = new Browser(site.issuer)
    await tokensFor(site, browser, service, resident)
    await browser.submit(await browser.open('/account/close'), { password: PASSWORD })
    for (const { id } of [resident, other])
      await notices.post(site.env, id, {
        ...{ kind: 'request_answered', mustRead: true, link: '/account/requests' },
        values: { number: 'R-2026-0042', kind: 'disclosure' },
      })
    const waiting = await browser.open('/account/close')
    expect(waiting.text).toMatch(/href="\/account\/notices">お知らせを開く（未読1件）</)
    expect((await browser.open('/account/history')).text).toContain('必ずお読みください')
    const list = await browser.open('/account/notices')
    expect(list.url).toMatch(/\/account\/notices$/)
    const href = /href="(\/account\/notices\/[0-9a-f-]{36})"/.exec(list.text)?.[1] ?? ''
    const one = await browser.open(href)
    expect([one.status, one.text.includes('R-2026-0042')]).toEqual([200, true])
    expect((await browser.open('/account/close')).text).toContain('お知らせを開く<')

    const foreign = await browser.request(`/account/letters/${site.env.newId()}`)
    expect(foreign.status).toBe(404)
    expect(waiting.text).toContain('href="/account/services"')
    expect((await browser.open('/account/services')).text).toContain(service.id)
    const detail = await browser.open(`/account/services/${service.id}`)
    expect(detail.text).toContain('id="deletion"')
    const csrf = csrfOf(waiting)
    for (const path of ['withdraw', 'pause', 'resume', 'change']) {
      const there = `/account/services/${service.id}/${path}`
      for (const answer of [await browser.request(there), await browser.post(there, { csrf })])
        expect([path, answer.headers.get('location')]).toEqual([path, '/account/close'])
    }
  })

  test('no consent is given while it closes', async () => {
    const resident = await makeResident(site.env)
    const service = await makeService(site.env)
    const browser = new Browser(site.issuer)
    let screen = await browser.open(authorizePath(service))
    screen = await browser.signIn(screen, { email: resident.email, password: PASSWORD })
    await closing.begin(site.env, self(resident), PASSWORD)
    await browser.submit(screen, { decision: 'agree' })
    expect(await consents.newest(site.env, resident.id, service.id)).toBeUndefined()
  })

  test('an answer that waited while the closing began gives nothing', async () => {
    const resident = await makeResident(site.env)
    const service = await makeService(site.env)
    const browser = new Browser(site.issuer)
    let screen = await browser.open(authorizePath(service))
    screen = await browser.signIn(screen, { email: resident.email, password: PASSWORD })
    const answered: Promise<unknown>[] = []
    await site.env.db.transaction(async (db) => {
      await closeGate(db, resident.id)
      answered.push(browser.submit(screen, { decision: 'agree' }))
      await new Promise((resolve) => setTimeout(resolve, 500))
      await residents.beginClosing({ ...site.env, db }, resident.id, new Date(Date.now() + 1e8))
    })
    await Promise.all(answered)
    expect(await site.env.db('agreements').where({ resident_id: resident.id })).toEqual([])
  })

  test('twenty at once are one', async () => {
    const resident = await makeResident(site.env)
    const service = await makeService(site.env)
    await tokensFor(site, new Browser(site.issuer), service, resident)
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, () => closing.begin(site.env, self(resident), PASSWORD)),
    )
    // Some are too many tries of one password at once (H3): they change nothing.
    const until = all.flatMap((one) => (one.status === 'fulfilled' ? [Number(one.value)] : []))
    expect(until.length).toBeGreaterThan(1)
    expect(new Set(until).size).toBe(1)
    expect(Math.round(((until[0] ?? 0) - Date.now()) / 86_400_000)).toBe(7)
    expect(await acts(resident.id, 'closing.begun')).toHaveLength(1)
    const rows = await site.env.db('consents').where({ resident_id: resident.id })
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(['given', 'withdrawn']))
    expect(rows).toHaveLength(2)
    await itIsTime(resident.id)
    const ways = await Promise.allSettled(Array.from({ length: 20 }, closeDue))
    // On a slow machine some give up waiting for a connection or for the row: their next turn finds nothing to do.
    for (const one of ways)
      if (one.status === 'rejected') expect(isUnavailable(one.reason)).toBe(true)
    await closeDue()
    expect(await acts(resident.id, 'residents.closed')).toHaveLength(1)
    await queueIsEmpty(site.env)
    expect(await mailsTo(site.env, resident.email, 1, '登録をやめる')).toHaveLength(1)
    expect(await mailsTo(site.env, resident.email, 1, '消しました')).toHaveLength(1)
  })
})

test('called off, the account is back without consents', async () => {
  const resident = await makeResident(site.env)
  const service = await makeService(site.env)
  const browser = new Browser(site.issuer)
  const { access } = await tokensFor(site, browser, service, resident)
  const page = await browser.submit(await browser.open('/account/close'), { password: PASSWORD })
  const back = await browser.submit(page, {}, '/account/close/keep')
  expect(back.text).toContain('登録を続けます')
  expect((await userinfo(site, access)).status).toBe(401)
  expect((await browser.open(`/account/services/${service.id}`)).text).toContain('撤回')
  await itIsTime(resident.id)
  await closeDue()
  expect(await residents.find(site.env, resident.id)).toBeDefined()
  expect((await browser.open('/account/history')).text).toContain('取り消しました')
  const anew = await tokensFor(site, browser, service, resident)
  expect((await userinfo(site, anew.access)).status).toBe(200)
})

describe('after the waiting period', () => {
  test('the person is gone from the database, the ledger verifies, a new sign-up is somebody else', async () => {
    const email = 'kanaria.mail@canary.example'
    const resident = await makeResident(site.env, { ...CANARY, email })
    const service = await makeService(site.env, { subjectType: 'pairwise', offlineAccess: true })
    const browser = new Browser(site.issuer)
    const tokens = await tokensFor(site, browser, service, resident, OFFLINE)
    const before = (await userinfo(site, tokens.access)).body
    expect(JSON.stringify(before)).toMatch(TRACE)
    await closing.begin(site.env, self(resident), PASSWORD)
    await mailsTo(site.env, email, 1, '手続きを受け付けました')
    await closeDue()
    expect(await rowOf(resident.id)).toMatchObject({ closed_at: null })
    await itIsTime(resident.id)
    await closeDue()
    expect(await rowOf(resident.id)).toMatchObject({
      ...{ user_id: resident.userId, email_index: null, pending_index: null, password_hash: null },
      ...{ data_key: null, profile: null, closed_at: expect.any(Date) },
    })
    expect(await leftOver(resident)).toEqual([])
    expect(await residents.authenticate(site.env, typed(email))).toBeUndefined()
    expect((await browser.request('/account')).headers.get('location')).toMatch(/^\/login/)
    expect((await refresh(site, service, tokens.refresh)).status).toBe(400)
    expect(await mailsTo(site.env, email, 1, '消しました')).toHaveLength(1)
    await queueIsEmpty(site.env)
    expect(await traces()).toEqual([])
    expect(await verified()).toMatchObject({ ok: true })

    const anew = await makeResident(site.env, { ...CANARY, email })
    expect(anew.userId).not.toBe(resident.userId)
    const other = await tokensFor(site, new Browser(site.issuer), service, anew)
    expect((await userinfo(site, other.access)).body['sub']).not.toBe(before['sub'])
  })
})

const typed = (email: string) => ({ email, password: PASSWORD, address: undefined })

/** Rows of browsers, sessions and tokens that still name the account. */
async function leftOver({ id, userId }: MadeResident): Promise<string[]> {
  const { db } = site.env
  const found = {
    sign_ins: await db('sign_ins').where({ resident_id: id }),
    links: await db('mail_links').where({ resident_id: id }),
    sessions: await db('oidc_sessions').where({ account_id: userId }),
    tokens: await db('oidc_tokens').whereRaw(`payload ->> 'accountId' = ?`, [userId]),
  }
  return Object.entries(found).flatMap(([name, rows]) => (rows.length ? [name] : []))
}

/** Tables with a value of the person in any row; the mails a demo shows at /dev/mail are no part of a real one. */
async function traces(): Promise<string[]> {
  const { rows } = await site.owner.raw<{ rows: { name: string }[] }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'dev_mails'`,
  )
  expect(rows.length).toBeGreaterThan(40)
  const found: string[] = []
  for (const { name } of rows) {
    const all = await site.owner.raw<{ rows: { text: string }[] }>(
      `select row_to_json(t)::text as text from ${name} t`,
    )
    if (all.rows.some(({ text }) => TRACE.test(text))) found.push(name)
  }
  return found
}

async function verified() {
  do await ledger.sequence(site.env)
  while ((await site.env.db('ledger_pending').first()) !== undefined)
  await ledger.checkpoint(site.env, 'provisions')
  const { keys } = ledger.publicKeys(site.env)
  const client = new pg.Client({ connectionString: site.url, options: '-c timezone=UTC' })
  await client.connect()
  try {
    // Of one moment: the timetable of the site gives entries their places meanwhile.
    await client.query('begin isolation level repeatable read')
    return await verify(rowsOf(client), createPublicKey({ key: { ...keys[0] }, format: 'jwk' }), [])
  } finally {
    await client.end()
  }
}

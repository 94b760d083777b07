/** A resident's requests (R10): the way from choosing to the number, the due date, the answer at once, and the file. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { YEAR_END } from '../../src/input/business_days.ts'
import { dayOf } from '../../src/input/days.ts'
import * as closing from '../../src/closing/actions.ts'
import { forgetAccount } from '../../src/oidc/jobs.ts'
import * as rights from '../../src/rights/actions.ts'
import { dueOf } from '../../src/rights/clock.ts'
import type { CaseNow } from '../../src/rights/model.ts'
import { confirmed } from '../../src/rights/identity.ts'
import * as store from '../../src/rights/store.ts'
import { Browser, hidden, type Page } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD, type MadeResident } from '../support/builders.ts'
import { mailsTo } from '../support/mailbox.ts'
import { openSite, type Site } from '../support/site.ts'
import { tokensFor, userinfo } from '../oidc/steps.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

const PATH = '/account/requests'
const MY_NUMBER = '123456789018'

async function signedIn(resident: MadeResident): Promise<Browser> {
  const browser = new Browser(site.issuer)
  await browser.signIn(await browser.open('/login'), { email: resident.email, password: PASSWORD })
  return browser
}
const errorAt = (page: Page, name: string) => page.text.includes(`id="${name}-e"`)
const idIn = (page: Page) => /\/requests\/([0-9a-f-]{36})/.exec(page.url)?.[1] ?? ''
async function checkOf(residentId: string): Promise<{ sid: string }> {
  const row = await site.env
    .db<{ resident_id: string; session_uid: string }>('identity_checks')
    .where({ resident_id: residentId })
    .first('session_uid as sid')
  return row as unknown as { sid: string }
}
const casesOf = (resident: MadeResident) => rights.casesOf(site.env, resident.id)

/** From the form to the page of the case. */
async function ask(browser: Browser, what: string, typed: Record<string, string>): Promise<Page> {
  const form = await browser.open(`${PATH}/new/${what}`)
  const check = await browser.submit(form, typed)
  expect(check.text).toContain('請求の内容の確認')
  const needs = check.text.includes('name="password"')
  return browser.submit(check, { step: 'send', ...(needs && { password: PASSWORD }) })
}

describe('the way', () => {
  test('four kinds in plain words, what can be done at once, and what each can be about', async () => {
    const browser = await signedIn(await makeResident(site.env))
    const page = await browser.open(PATH)
    expect(page.status).toBe(200)
    for (const kind of ['disclosure', 'correction', 'suspension', 'stop_provision'])
      expect(page.text).toContain(`href="${PATH}/new/${kind}"`)
    for (const own of ['/account/profile', '/account/services', '/account/close'])
      expect(page.text).toContain(`href="${own}"`)
    const subjects = await browser.open(`${PATH}/new/disclosure`)
    expect(subjects.text).toContain(`href="${PATH}/new/disclosure/records"`)
    for (const strange of ['deletion', 'disclosure/services', 'stop_provision/registered'])
      expect((await browser.open(`${PATH}/new/${strange}`)).status).toBe(404)
    expect((await new Browser(site.issuer).open(PATH)).url).toContain('/login')
  })

  test('a form keeps what was typed and says at the field what is wrong (I-39)', async () => {
    const resident = await makeResident(site.env)
    const browser = await signedIn(resident)
    const form = await browser.open(`${PATH}/new/correction/registered`)
    expect(form.text).toContain('山田')
    expect(form.text).toContain('例：氏名の漢字を「高」から「髙」に直す')
    expect(form.text).not.toContain('提供の履歴から、手がかりを探せます')
    const bad = await browser.submit(form, { what: `番号は${MY_NUMBER}です`, reason: '' })
    expect(bad.status).toBe(422)
    expect([errorAt(bad, 'item'), errorAt(bad, 'what'), errorAt(bad, 'reason')]).toEqual([
      ...[true, true, false],
    ])
    expect(bad.text).toContain(`番号は${MY_NUMBER}です`)
    expect(bad.text).toContain('個人番号は、ここでは受け取りません')
    const days = await browser.submit(await browser.open(`${PATH}/new/disclosure/records`), {
      ...{ from: '2026-02-30', to: '2999-01-01', method: 'fax' },
    })
    for (const name of ['from', 'to', 'method'])
      expect([name, errorAt(days, name)]).toEqual([name, true])
    const turned = await browser.submit(await browser.open(`${PATH}/new/disclosure/records`), {
      ...{ from: '2026-03-02', to: '2026-03-01', method: 'csv' },
    })
    expect(errorAt(turned, 'to')).toBe(true)
    const foreign = await makeService(site.env)
    const stop = await browser.submit(await browser.open(`${PATH}/new/stop_provision/service`), {
      ...{ service: foreign.id, reason: '理由' },
    })
    expect(errorAt(stop, 'service')).toBe(true)
    const extra = await browser.submit(form, { what: 'x', state: 'answered' })
    expect(extra.status).toBe(422)
    expect(await casesOf(resident)).toEqual([])
  })

  test('the password shows who asks; then number, due date with its sum, mail; withdrawn again', async () => {
    const resident = await makeResident(site.env)
    const browser = await signedIn(resident)
    const form = await browser.open(`${PATH}/new/correction/registered`)
    const check = await browser.submit(form, { item: 'birth_year', what: '1988ではなく1986' })
    expect(check.text).toContain('山田 花子')
    expect(check.text).toContain('1988ではなく1986')
    const wrong = await browser.submit(check, { step: 'send', password: 'not the password at all' })
    expect([wrong.status, errorAt(wrong, 'password')]).toEqual([422, true])
    expect(await casesOf(resident)).toEqual([])
    const changed = await browser.submit(wrong, { step: 'edit' })
    expect(changed.text).toContain('1988ではなく1986')
    const sent = await browser.submit(wrong, { step: 'send', password: PASSWORD })
    const [of] = (await casesOf(resident)) as [CaseNow]
    expect(sent.url).toBe(`${site.issuer}${PATH}/${of.id}?done=sent`)
    expect(of.number).toMatch(/^R-\d{4}-\d{4}$/)
    for (const words of [
      of.number,
      '請求を受け付けました',
      '翌日から数えて14日目',
      '1988ではなく1986',
    ])
      expect(sent.text).toContain(words)
    expect(of).toMatchObject({ state: 'received', profile: 'private', items: ['birth_year'] })
    const [mail] = await mailsTo(site.env, resident.email)
    expect(mail?.subject).toContain(of.number)
    expect(mail?.text).not.toMatch(/(?<![\w-])198[68](?![\w-])|山田/)
    const back = await browser.submit(sent, {}, `${site.issuer}${PATH}/${of.id}/withdraw`)
    expect(back.text).toContain('請求を取り下げました')
    expect((await casesOf(resident))[0]).toMatchObject({ state: 'withdrawn', dueAt: null })
    const twice = await browser.submit(sent, {}, `${site.issuer}${PATH}/${of.id}/withdraw`)
    expect(twice.status).toBe(409)
    expect((await browser.open(PATH)).text).toContain('取下げ')
  })

  test('what was written is sealed: in no column, and gone with the account', async () => {
    const resident = await makeResident(site.env)
    const browser = await signedIn(resident)
    await ask(browser, 'suspension/other', { what: '金糸雀の件', reason: '鳴くので' })
    const [of] = (await casesOf(resident)) as [CaseNow]
    const rows = await site.env.db('case_steps').where({ case_id: of.id })
    expect(rows).toHaveLength(1)
    expect(
      JSON.stringify({ rows, cases: await site.env.db('rights_cases').where({ id: of.id }) }),
    ).not.toMatch(/金糸雀|鳴く/)
    expect((rows[0] as { sealed: Buffer }).sealed.toString('utf8')).not.toMatch(/金糸雀/)
    await closing.begin(
      site.env,
      { residentId: resident.id, sessionUid: '', address: undefined, device: undefined },
      PASSWORD,
    )
    await site.env
      .db('residents')
      .where({ id: resident.id })
      .update({ closes_at: new Date(Date.now() - 1) })
    await closing.closeDue(site.env, forgetAccount)
    expect(await casesOf(resident)).toMatchObject([{ number: of.number, state: 'received' }])
  })

  test('one form makes one case, posted by twenty at once; and nobody else’s form is theirs', async () => {
    const [resident, other] = [await makeResident(site.env), await makeResident(site.env)]
    const browser = await signedIn(resident)
    const form = await browser.open(`${PATH}/new/disclosure/other`)
    const check = await browser.submit(form, { what: '窓口とのやりとり' })
    const body = { ...hidden(check), step: 'send', password: PASSWORD }
    const first = await browser.post(check.url, body)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => browser.post(check.url, body)),
    )
    expect(new Set([first, ...answers].map(({ headers }) => headers.get('location'))).size).toBe(1)
    const [of] = (await casesOf(resident)) as [CaseNow]
    expect(await casesOf(resident)).toHaveLength(1)
    const stranger = await signedIn(other)
    const theirs = await stranger.open(`${PATH}/new/disclosure/other`)
    const { csrf = '' } = hidden(theirs)
    const taken = await stranger.post(`${PATH}/new/disclosure/other`, { ...body, csrf })
    expect(taken.status).toBe(404)
    const nothing = await stranger.open(`${PATH}/00000000-0000-4000-8000-000000000000`)
    const mainOf = ({ text }: Page) => /<main[\s\S]*<\/main>/.exec(text)?.[0]
    for (const path of ['', '/letter', '/confirm', '/file/csv', '/page']) {
      const answer = await stranger.open(`${PATH}/${of.id}${path}`)
      expect([path, answer.status, mainOf(answer) === mainOf(nothing)]).toEqual([path, 404, true])
    }
    expect((await stranger.post(`${PATH}/${of.id}/withdraw`, { csrf })).status).toBe(404)
    expect((await casesOf(resident))[0]).toMatchObject({ state: 'received' })
  })
})

describe('answered at once (APPI 33(5))', () => {
  test('the records of provision: every row the law lists, in each form, behind the password', async () => {
    const resident = await makeResident(site.env)
    const service = await makeService(site.env, { name: '=cmd()図書館' })
    const browser = await signedIn(resident)
    const { access } = await tokensFor(site, browser, service, resident)
    expect((await userinfo(site, access)).status).toBe(200)
    const page = await ask(browser, 'disclosure/records', { method: 'csv' })
    const id = idIn(page)
    expect(page.text).toContain('お答えできます')
    const [{ n }] = (await site.env
      .db('provision_records')
      .where({ resident_id: resident.id })
      .count('* as n')) as [{ n: string }]
    expect(page.text).toContain(`提供の記録は${n}件です`)
    expect(await casesOf(resident)).toMatchObject([
      { state: 'answered', outcome: 'whole', subject: 'records', dueAt: null },
    ])
    const { text: own } = await browser.open(`${PATH}/${id}`)
    expect(own).toContain('自動で記録を調べました')
    expect(own).not.toMatch(/担当者が対応を始めました|あなた/)
    const csv = await browser.request(`${PATH}/${id}/file/csv`)
    expect(csv.headers.get('content-disposition')).toMatch(
      /^attachment; filename="machi-id-records-R-/,
    )
    const lines = csv.text.trim().split('\r\n')
    expect(lines).toHaveLength(Number(n) + 1)
    expect(lines[0]?.replace('\uFEFF', '')).toMatch(
      /^記録の番号,渡した日時（UTC）,渡した側,.*渡した相手,.*渡し方,.*証明のアドレス$/,
    )
    expect(lines[0]).not.toMatch(/[a-z]/)
    expect(csv.text).toContain('サービスからの照会')
    expect(csv.text).not.toContain('ユーザー情報')
    await browser.open(`${PATH}?lang=en`)
    const english = await browser.request(`${PATH}/${id}/file/csv`)
    expect(english.text).toContain('Record,Given at (UTC),Given by,')
    expect(english.text).toContain('Asked for by the service')
    await browser.open(`${PATH}?lang=ja`)
    expect(csv.text).toContain("'=cmd()図書館")
    expect(csv.text).toContain('代表 一郎')
    expect(csv.text).toContain('あおば市中央区1-1')
    expect(csv.text).not.toMatch(/山田|(?<![\w-])1988(?![\w-])/)
    const json = JSON.parse((await browser.request(`${PATH}/${id}/file/json`)).text) as {
      law: { ja: string }
      records: { proof: string; consent: object; receiver: object; residentId?: string }[]
    }
    expect(json.law.ja).toBe('個人情報の保護に関する法律第33条第5項')
    expect(json.records).toHaveLength(Number(n))
    expect(json.records[0]).not.toHaveProperty('residentId')
    const proof = await browser.request(String(json.records[0]?.proof))
    expect([proof.status, proof.text.includes('"entry"')]).toEqual([200, true])
    const shown = await browser.open(`${PATH}/${id}/page`)
    expect(shown.text).toContain('記録が書き換えられていないことの証明')
    // A later provision is not in what was disclosed then.
    await userinfo(site, access)
    const again = await browser.request(`${PATH}/${id}/file/csv`)
    expect(again.text).toBe(csv.text)
    // It counts in the browser it was shown in, and for five minutes.
    const { sid } = await checkOf(resident.id)
    const later = { ...site.env, now: () => new Date(Date.now() + 301_000) }
    expect(await confirmed(site.env, { residentId: resident.id, sessionUid: sid })).toBeDefined()
    expect(await confirmed(later, { residentId: resident.id, sessionUid: sid })).toBeUndefined()
    const anew = await signedIn(resident)
    for (const path of ['file/csv', 'file/json', 'page'])
      expect((await anew.request(`${PATH}/${id}/${path}`)).headers.get('location')).toMatch(
        /\/confirm\?file=/,
      )
    const confirm = await anew.open(`${PATH}/${id}/file/csv`)
    const wrong = await anew.submit(confirm, { password: 'not the password at all' })
    expect([wrong.status, errorAt(wrong, 'password')]).toEqual([422, true])
    const back = await anew.submit(wrong, { password: PASSWORD })
    expect(back.url).toContain('?done=confirmed')
    expect((await anew.request(`${PATH}/${id}/file/csv`)).status).toBe(200)
    expect(
      (await site.env.db('audit_events').where({ act: 'rights.handed_over', object_id: id }))
        .length,
    ).toBe(6)
  })

  test('the registered data, as file and page', async () => {
    const resident = await makeResident(site.env, { family_name: '=1+1' })
    const browser = await signedIn(resident)
    const id = idIn(await ask(browser, 'disclosure/registered', { method: 'json' }))
    const file = JSON.parse((await browser.request(`${PATH}/${id}/file/json`)).text) as object
    expect(file).toMatchObject({ user_id: resident.userId, source: 'self' })
    expect(JSON.stringify(file)).toContain('1988')
    expect((await browser.request(`${PATH}/${id}/file/csv`)).text).toContain("'=1+1")
    expect((await browser.open(`${PATH}/${id}/page`)).text).toContain(resident.userId)
  })
})

test('closing the account names what is open, and it can be read until the erasure', async () => {
  const resident = await makeResident(site.env)
  const browser = await signedIn(resident)
  const sent = await ask(browser, 'disclosure/other', { what: '窓口とのやりとり' })
  const [of] = (await casesOf(resident)) as [CaseNow]
  const close = await browser.open('/account/close')
  expect(close.text).toContain('回答がまだの請求')
  expect(close.text).toContain(of.number)
  const waiting = await browser.submit(close, { password: PASSWORD })
  expect(waiting.text).toMatch(new RegExp(`登録をやめる手続き中です[\\s\\S]*${of.number}`))
  expect((await browser.open(`${PATH}/${of.id}`)).text).toContain('窓口とのやりとり')
  expect((await browser.request('/account')).headers.get('location')).toBe('/account/close')
  expect(sent.text).toContain(of.number)
})

test('in English too, and a made-up person of a company cannot fill the desk', async () => {
  const resident = await makeResident(site.env)
  const browser = await signedIn(resident)
  await ask(browser, 'correction/other', { what: 'An old letter' })
  const [of] = (await casesOf(resident)) as [CaseNow]
  const page = await browser.open(`${PATH}/${of.id}?lang=en`)
  expect(page.text).toMatch(/names no days[\s\S]*day 14 is/)
  const made = { ...resident, testMemberId: site.env.newId() }
  const entry = { once: site.env.newId(), text: 'x', evidence: {} }
  await expect(rights.report(site.env, made, entry)).rejects.toMatchObject({
    reason: 'wrong_state',
  })
})

test('where a case stands is what its steps and its rule say', async () => {
  const { env } = site
  const { rows } = (await env.db.raw('select case_id as id from rights_standing')) as {
    rows: { id: string }[]
  }
  expect(rows.length).toBeGreaterThan(3)
  for (const { id } of rows) {
    const { of, steps } = await rights.anyCase(env, id)
    const due = dueOf(of.rule, steps, { yearEnd: YEAR_END, today: dayOf(env.now()) })
    expect({ id, dueAt: of.dueAt }).toEqual({ id, dueAt: due.kind === 'runs' ? due.dueAt : null })
  }
  await expect(env.db('case_steps').update({ step: 'closed' })).rejects.toThrow(/append|denied/)
  await expect(env.db('rights_cases').del()).rejects.toThrow(/append|denied/)
  expect(await store.lateCount(env.db, new Date('2100-01-01'))).toBeGreaterThan(0)
})

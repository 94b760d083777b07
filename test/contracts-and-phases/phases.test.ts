/** The two governance phases: dated, tried before, decided by two persons, effective by the clock (S-02, S-39, S-57). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as contracts from '../../src/contracts/actions.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService } from '../support/builders.ts'
import { makeOperator } from '../support/people.ts'
import { tokensFor } from '../oidc/steps.ts'
import { openSite, type Site } from '../support/site.ts'
import { browserOf, errorsOn, makeMember, send, type Fields } from './steps.ts'

const BASE = '/admin/phases'
let site: Site
let registrar: Browser
let approver: Browser

beforeAll(async () => {
  site = await openSite()
  registrar = browserOf(site.issuer, await makeOperator(site.env, ['registrar']))
  approver = browserOf(site.issuer, await makeOperator(site.env, ['approver']))
})
afterAll(() => site.close())

const incorporation = (changes: Fields = {}): Fields => ({
  switchesOn: '2029-04-01',
  text_ja: '一般社団法人になりました。',
  text_en: 'It became a legal person.',
  provider_before_ja: '株式会社代表',
  provider_before_en: 'Lead Inc.',
  provider_after_ja: '一般社団法人あおばデータ',
  provider_after_en: 'Aoba Data Association',
  liable_before: 'jointly',
  liable_after: 'consortium',
  ...changes,
})
const propose = (axis: string, fields: Fields, who = registrar) =>
  send(who, `${BASE}/${axis}`, `${BASE}/${axis}`, fields)
const hashIn = (text: string) => /name="hash" value="([0-9a-f]{64})"/.exec(text)?.[1] ?? ''
async function decide(axis: string, verb: string, who = approver, note = '') {
  const { text } = await who.open(BASE)
  return send(who, BASE, `${BASE}/${axis}/${verb}`, { hash: hashIn(text), note })
}

test('the settings file holds until something is decided', async () => {
  const { incorporation, self_running } = await contracts.phasesAt(site.env, site.env.now())
  expect([incorporation.version, self_running.version]).toEqual([0, 0])
  expect(await contracts.siteAt(site.env, site.env.now())).toBe(site.env.config.installation)
})

test('a dry run where nobody decided anything has what holds now before the switch, and no joint liability', async () => {
  const member = await makeMember(site.env, 'active', 'ためしの加盟社')
  const { incorporation } = await contracts.phasesAt(site.env, site.env.now())
  expect(incorporation.body).toBeUndefined()
  expect(site.env.config.installation.legalForm).toBe('company')
  for (const axis of ['self_running', 'incorporation']) {
    const { text } = await approver.open(`${BASE}?axis=${axis}&on=2027-04-01`)
    const result = text.slice(text.indexOf('id="result"'))
    expect(result).toContain('切り替え後の内容は、まだ決まっていません')
    expect(result).not.toContain('参画企業の連帯')
    expect(result).not.toContain('代表する法人')
    expect(result).not.toContain('ためしの加盟社')
    expect(result).toContain('責任を負うのは民間推進体制です')
    expect(result).toContain('提供者は変わりません')
  }
  await site.env.db('member_status_changes').insert({
    id: site.env.newId(),
    member_id: member,
    status: 'left',
    at: site.env.now(),
  })
})

test('a switch is proposed, approved by another, and happens by the clock', async () => {
  expect((await propose('incorporation', incorporation())).status).toBe(303)
  expect((await contracts.phasesAt(site.env, site.env.now())).incorporation.version).toBe(0)
  const both = browserOf(site.issuer, await makeOperator(site.env, ['registrar', 'approver']))
  await propose('incorporation', incorporation({ text_en: 'Changed.' }), both)
  const tried = (await approver.open(`${BASE}?axis=incorporation&on=2028-01-01`)).text
  expect(tried).toContain('2人目の承認を待っている内容で試しています')
  expect(tried).toContain('代表する法人：株式会社代表')
  expect(tried).toContain('提供者が変わります。いま同意している人はいない')
  expect((await decide('incorporation', 'approve', both)).status).toBe(403)
  expect((await decide('incorporation', 'approve')).status).toBe(303)
  const dayBefore = new Date('2029-03-31T23:59:59+09:00')
  const day = new Date('2029-04-01T00:00:00+09:00')
  expect(await contracts.siteAt(site.env, dayBefore)).toMatchObject({
    legalForm: 'association',
    leadMember: { ja: '株式会社代表' },
  })
  const after = await contracts.siteAt(site.env, day)
  expect(after).toMatchObject({
    legalForm: 'company',
    consortium: { ja: '一般社団法人あおばデータ' },
  })
  expect(after.leadMember).toBeUndefined()
  // A node may keep the phases it read for a second.
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const foot = (await new Browser(site.issuer).open('/members')).text
  expect(foot).toContain('株式会社代表')
  site.setNow(day)
  const later = (await new Browser(site.issuer).open('/members')).text
  expect(later).toContain('一般社団法人あおばデータ')
  expect(later).not.toContain('株式会社代表')
  site.setNow(undefined)
})

test('the jointly liable set is the members on the day of the cause, from the history', async () => {
  const member = await makeMember(site.env, 'active', '連帯ためし社')
  const left = new Date('2027-02-01T00:00:00+09:00')
  await site.env.db('member_status_changes').insert({
    id: site.env.newId(),
    member_id: member,
    status: 'left',
    at: left,
  })
  const names = async (at: string) =>
    (await contracts.jointlyLiable(site.env, new Date(at))).map(({ names }) => names.ja)
  expect(await names('2027-01-31T23:00:00+09:00')).toContain('連帯ためし社')
  expect(await names('2027-02-01T00:00:00+09:00')).not.toContain('連帯ためし社')
  expect(await names('2029-04-01T00:00:00+09:00')).toEqual([])
  const tried = async (axis: string, on: string) => {
    const { text } = await approver.open(`${BASE}?axis=${axis}&on=${on}`)
    return text.slice(text.indexOf('id="result"'))
  }
  // A cause of the eve is borne by the members of the eve; after the other axis switched, by the consortium.
  expect(await tried('self_running', '2027-02-01')).toContain('連帯ためし社')
  expect(await tried('self_running', '2027-02-02')).not.toContain('連帯ためし社')
  expect(await tried('self_running', '2029-05-01')).toContain('責任を負うのは民間推進体制です')
})

describe('the dry run', () => {
  test('says what would change, who is liable, which contracts, whom to ask, and writes nothing', async () => {
    const service = await makeService(site.env)
    const person = await makeResident(site.env)
    await tokensFor(site, new Browser(site.issuer), service, person)
    const counts = async () =>
      Promise.all(
        ['proposals', 'phase_versions', 'audit_events'].map(async (table) =>
          Number((await site.env.db(table).count())[0]?.['count']),
        ),
      )
    const before = await counts()
    const page = await approver.open(`${BASE}?axis=incorporation&on=2028-01-01`)
    expect(page.status).toBe(200)
    expect(page.text).toContain('2028年1月1日')
    expect(page.text).toContain('株式会社代表')
    expect(page.text).toContain('一般社団法人あおばデータ')
    expect(page.text).toContain('1人にうかがい直します')
    const row = (await site.env.db('contracts').where({ id: service.contractId }).first()) as {
      number: string
    }
    expect(page.text).toContain(row.number)
    const sources = await approver.open(`${BASE}?axis=self_running&on=2028-01-01`)
    expect(sources.text).toContain('設置したセンサー、承認したセンサー</td>')
    expect(sources.text).toContain('うかがい直す人はいません')
    expect(await counts()).toEqual(before)
  })

  test('refuses a day that is none', async () => {
    const page = await approver.open(`${BASE}?axis=self_running&on=2028-02-30`)
    expect(errorsOn(page)).toEqual(['on'])
  })
})

describe('bad input', () => {
  test.each([
    ['a day that does not exist', { switchesOn: '2029-02-30' }, ['switchesOn']],
    ['a day in the past', { switchesOn: '2020-01-01' }, ['switchesOn']],
    ['no name', { provider_after_ja: '' }, ['provider_after_ja']],
    ['no text', { text_en: ' ' }, ['text_en']],
    ['nobody liable', { liable_after: 'nobody' }, ['liable_after']],
  ])('%s', async (_name, changes, fields) => {
    const page = await propose('incorporation', incorporation(changes as Fields))
    expect([page.status, errorsOn(page)]).toEqual([422, fields])
    for (const field of fields) expect(page.text).toContain(`id="${field}"`)
  })

  test('fields of the other phase, unknown phases, other roles', async () => {
    const extra = { ...incorporation(), version: '9' }
    expect((await propose('incorporation', extra)).status).toBe(422)
    expect((await propose('democracy', incorporation())).status).toBe(404)
    const auditor = browserOf(site.issuer, await makeOperator(site.env, ['auditor']))
    expect((await propose('incorporation', incorporation(), auditor)).status).toBe(403)
    expect((await auditor.open(BASE)).status).toBe(200)
  })

  test('a switch that has happened cannot be moved', async () => {
    site.setNow(new Date('2029-05-01T00:00:00+09:00'))
    const later = browserOf(site.issuer, await makeOperator(site.env, ['registrar']))
    const page = await propose('incorporation', incorporation({ switchesOn: '2030-01-01' }), later)
    expect(errorsOn(page)).toEqual(['switchesOn'])
    site.setNow(undefined)
  })
})

test('self-running: giving back needs a reason, and the sources follow the date', async () => {
  const fields: Fields = {
    switchesOn: '2029-10-01',
    text_ja: '自走しました。',
    text_en: 'It runs by itself.',
    sources_before: ['sensor_installed', 'sensor_approved'],
    sources_after: ['sensor_installed', 'sensor_approved', 'service_company'],
  }
  expect((await propose('self_running', fields)).status).toBe(303)
  expect((await decide('self_running', 'return')).status).toBe(422)
  expect((await decide('self_running', 'return', approver, '日を確かめてください')).status).toBe(
    303,
  )
  expect((await propose('self_running', fields)).status).toBe(303)
  expect((await decide('self_running', 'approve')).status).toBe(303)
  const { self_running } = await contracts.phasesAt(site.env, new Date('2029-10-01T00:00:00+09:00'))
  expect(self_running.side).toBe('after')
})

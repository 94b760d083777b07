/** The record of articles 29 and 30: what it lists, whose it is, and that it is the ledger's (E-04…E-08, M8). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as ledger from '../../src/ledger/actions.ts'
import * as records from '../../src/records/actions.ts'
import { makeProgram } from '../api/steps.ts'
import { ALL, tokensFor, userinfo } from '../oidc/steps.ts'
import { Browser, hidden } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { makeCrowd } from '../support/crowd.ts'
import { makeOperator, makeStaff, signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let walk: MadeService
let bath: MadeService
let hanako: MadeResident
let taro: MadeResident
/** When the receiver got another representative. */
let turned: Date

async function provide(person: MadeResident, service: MadeService) {
  const browser = new Browser(site.issuer)
  const { access } = await tokensFor(site, browser, service, person, { scope: ALL }, ['sex'])
  expect((await userinfo(site, access)).status).toBe(200)
  return access
}

async function renamed(service: MadeService) {
  const last = await site.env
    .db('member_versions')
    .where({ member_id: service.memberId })
    .first<{ body: object }>()
  turned = new Date()
  await site.env.db('member_versions').insert({
    id: site.env.newId(),
    member_id: service.memberId,
    version: 2,
    body: JSON.stringify({
      ...last.body,
      names: { ja: '=HYPERLINK("x")株式会社', en: 'New Ltd' },
      representative: { ja: '新任 二郎', en: 'Jiro Shinnin' },
    }),
    body_hash: Buffer.alloc(32, 2),
    created_at: turned,
  })
}

beforeAll(async () => {
  site = await openSite()
  await records.noteGiver(site.env)
  walk = await makeService(site.env, { name: 'まちなか回遊アプリ' })
  bath = await makeService(site.env, { name: 'ゆめぐり手帖', subjectType: 'pairwise' })
  hanako = await makeResident(site.env)
  taro = await makeResident(site.env)
  const access = await provide(hanako, walk)
  await renamed(walk)
  expect((await userinfo(site, access)).status).toBe(200)
  await provide(taro, bath)
  await provide(hanako, bath)
})
afterAll(() => site.close())

const ledgerCount = async () => {
  const found = await site.env.db('ledger_leaves').where({ source: 'provisions' }).count().first()
  return Number(found?.['count'])
}

async function officer(...roles: Parameters<typeof makeOperator>[1]) {
  const browser = new Browser(site.issuer)
  const one = await makeOperator(site.env, roles)
  signIn(browser, one)
  return { browser, id: one.person.id }
}

async function staffOf(service: MadeService, role: 'manager' | 'developer' = 'manager') {
  const browser = new Browser(site.issuer)
  signIn(browser, await makeStaff(site.env, service.memberId, role))
  return browser
}

async function taken(browser: Browser, path: string, fields: Record<string, string>) {
  const form = await browser.open(`${path}/export`)
  expect(form.status).toBe(200)
  return browser.post(`${path}/export`, { csrf: hidden(form)['csrf'] ?? '', ...fields })
}

/** Lines of a CSV as cells; no cell of these holds a line end. */
const cells = (text: string) =>
  text
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split('\r\n')
    .map((line) =>
      [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)]
        .map((m) => (m[1] ?? '').replace(/^"(.*)"$/, '$1').replaceAll('""', '"'))
        .slice(0, -1),
    )

/** Rule 24(1)(ii): the consent, the giver and how they came by it, the person, the items. */
const RECEIVED = [
  ...['本人の同意', '同意の番号', '同意の日時（UTC）'],
  ...['提供者の名称', '提供者の代表会員', '提供者の住所', '提供者の代表者'],
  ...['提供者による取得の経緯', '本人（受領者が受け取ったID）', '項目'],
]
/** Rule 20(1)(ii): the consent, the receiver, the person, the items. */
const GIVEN = [
  ...['本人の同意', '同意の番号', '同意の日時（UTC）'],
  ...['受領者の名称', '受領者の法人番号', '受領者の住所', '受領者の代表者'],
  ...['本人（共通のユーザーID）', '本人（受領者が受け取ったID）', '項目'],
]

const audited = (act: string) =>
  site.env
    .db('audit_events')
    .where({ act })
    .orderBy('at', 'desc')
    .first<{ details: Record<string, unknown>; object_id: string }>()

describe('what was given about one resident', () => {
  test('is listed with receiver, items and consent as they were then', async () => {
    const all = await records.recordsOfResident(site.env, hanako.id, { limit: 100 })
    expect(all.map((row) => row.path)).toEqual([
      'id_token',
      'userinfo',
      'userinfo',
      'id_token',
      'userinfo',
    ])
    const [, first, second] = all
    expect(first?.receiver.representative.ja).toBe('代表 一郎')
    expect(second?.receiver.representative.ja).toBe('新任 二郎')
    expect(first?.receiver.address.ja).toBe('あおば市中央区1-1')
    expect(first?.items.map((item) => item.names.ja)).toContain('氏名とフリガナ')
    const consent = await site.env
      .db('consents')
      .where({ resident_id: hanako.id, service_id: walk.id })
      .first<{ id: string; agreed_at: Date }>()
    expect(first?.consent).toMatchObject({ id: consent.id, agreedAt: consent.agreed_at })
    const { installation } = site.env.config
    expect(first?.giver).toMatchObject({
      names: installation.consortium,
      representative: installation.representative,
    })
  })

  test('pages by the last row, in a period, and never shows anybody else', async () => {
    const all = await records.recordsOfResident(site.env, hanako.id, { limit: 100 })
    const seen = []
    for (let after: { at: Date; id: string } | undefined; ;) {
      const page = await records.recordsOfResident(site.env, hanako.id, {
        limit: 2,
        ...(after && { after }),
      })
      seen.push(...page)
      after = page.at(-1)
      if (page.length < 2) break
    }
    expect(seen).toEqual(all)
    expect(new Set(all.map((row) => row.residentId))).toEqual(new Set([hanako.id]))
    const early = await records.recordsOfResident(site.env, hanako.id, { to: turned, limit: 9 })
    expect(early).toEqual(all.slice(0, 2))
    expect(
      await records.recordsOfResident(site.env, hanako.id, { from: turned, limit: 9 }),
    ).toEqual(all.slice(2))
  })

  test('names the giver of that day after the settings changed', async () => {
    const { env } = site
    const installation = {
      ...env.config.installation,
      representative: { ja: '代表理事 次代', en: 'Next' },
    }
    await records.noteGiver({ ...env, config: { ...env.config, installation } })
    const [old] = await records.recordsOfResident(env, hanako.id, { limit: 1 })
    expect(old?.giver.representative).toEqual(env.config.installation.representative)
    const access = await provide(taro, walk)
    expect(access).not.toBe('')
    const [, , , newest] = await records.recordsOfResident(env, taro.id, { limit: 9 })
    expect(newest?.giver.representative.ja).toBe('代表理事 次代')
    expect((await env.db('giver_versions').count().first())?.['count']).toBe('2')
  })
})

describe('the giver’s record', () => {
  test('has every provision of the ledger, harmless cells, and its hash in the audit record', async () => {
    const { browser, id } = await officer('privacy_officer')
    const page = await taken(browser, '/admin/records', {
      side: 'giver',
      form: 'raw',
      type: 'csv',
      reason: '年次の監査のため',
    })
    expect(page.status).toBe(200)
    expect(page.headers.get('content-disposition')).toMatch(
      /^attachment; filename="provision-records-giver-raw-/,
    )
    const bytes = page.text.startsWith('\uFEFF') ? page.text : `\uFEFF${page.text}`
    do await ledger.sequence(site.env)
    while ((await site.env.db('ledger_pending').first()) !== undefined)
    const [head, ...rows] = cells(page.text)
    expect(rows).toHaveLength(await ledgerCount())
    expect(head?.slice(2, 12)).toEqual(GIVEN)
    const column = (name: string) => rows.map((row) => row[head?.indexOf(name) ?? -1] ?? '')
    expect(column('受領者の名称')).toContain(`'=HYPERLINK("x")株式会社`)
    expect(new Set(column('本人の同意'))).toEqual(new Set(['あり']))
    expect(column('本人（共通のユーザーID）')).toContain(hanako.userId)
    for (const value of ['山田', '花子', hanako.email, '0600001'])
      expect(page.text).not.toContain(value)
    expect(page.text).not.toMatch(/(?<![\w-])1988(?![\w-])/)
    const done = await audited('records.exported')
    expect(done.details).toMatchObject({
      rows: rows.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      reason: '年次の監査のため',
    })
    const begun = await audited('records.export')
    expect(begun.object_id).toBe(done.object_id)
    const actor = await site.env
      .db('audit_events')
      .where({ act: 'records.export' })
      .first<{ actor_id: string }>()
    expect(actor.actor_id).toBe(id)
  })

  test('lumped adds up to the same, and begins anew where the receiver was named anew', async () => {
    const { browser } = await officer('privacy_officer')
    const page = await taken(browser, '/admin/records', {
      side: 'giver',
      form: 'lump',
      type: 'json',
      reason: '確認',
      service: walk.id,
    })
    const file = JSON.parse(page.text) as {
      record: { law: string; givenByCompanies: { rows: number } }
      rows: {
        times: number
        person: { userId: string }
        receiver: { representative: { ja: string } }
      }[]
    }
    const total = await site.env
      .db('provision_records')
      .where({ service_id: walk.id })
      .count()
      .first()
    expect(file.rows.reduce((sum, row) => sum + row.times, 0)).toBe(Number(total?.['count']))
    expect(file.record).toMatchObject({ law: 'APPI 29', givenByCompanies: { rows: 0 } })
    const own = file.rows.filter((row) => row.person.userId === hanako.userId)
    expect(own.map((row) => [row.times, row.receiver.representative.ja])).toEqual([
      [2, '代表 一郎'],
      [1, '新任 二郎'],
    ])
  })

  test('is taken by privacy officers with a reason and a fresh factor; auditors read', async () => {
    const { browser } = await officer('privacy_officer')
    const page = await taken(browser, '/admin/records', {
      side: 'giver',
      form: 'raw',
      type: 'csv',
      reason: ' ',
    })
    expect(page.status).toBe(422)
    expect(page.text).toContain('id="reason-e"')
    const auditor = await officer('auditor')
    const list = await auditor.browser.open('/admin/records')
    expect(list.status).toBe(200)
    expect(list.text).toContain('このシステムではまだ受け取っていません')
    expect((await auditor.browser.open('/admin/records/export')).status).toBe(403)
    const registrar = await officer('registrar')
    expect((await registrar.browser.open('/admin/records')).status).toBe(403)
    const stale = await officer('privacy_officer')
    await site.env
      .db('operator_sessions')
      .where({ holder_id: stale.id })
      .update({
        confirmed_at: new Date(Date.now() - 6 * 60_000),
      })
    const asked = await stale.browser.request('/admin/records/export')
    expect(asked.headers.get('location')).toContain('/admin/confirm')
  })
})

describe('a company’s record', () => {
  test('holds its own rows, the person as it knows them, and no shared ID', async () => {
    const browser = await staffOf(bath)
    const page = await taken(browser, '/company/records', {
      form: 'raw',
      type: 'csv',
      service: walk.id,
    })
    expect(cells(page.text)).toHaveLength(1)
    const all = await taken(browser, '/company/records', { form: 'raw', type: 'csv' })
    const [head, ...rows] = cells(all.text)
    expect(rows).toHaveLength(4)
    expect(head?.slice(0, 2)).toEqual(['記録の番号', '提供した日時（UTC）'])
    expect(head?.slice(2, 12)).toEqual(RECEIVED)
    const path = rows.map((row) => row[head?.indexOf('渡し方') ?? -1])
    expect(new Set(path)).toEqual(new Set(['サインイン', 'サービスからの照会']))
    const lump = await taken(browser, '/company/records', { form: 'lump', type: 'csv' })
    expect(cells(lump.text)[0]?.slice(3, 13)).toEqual(RECEIVED)
    expect(all.text).not.toContain(hanako.userId)
    expect(all.text).not.toContain(hanako.id)
    expect(all.text).toContain('本人がユーザーIDの登録')
    expect((await (await staffOf(bath, 'developer')).open('/company/records/export')).status).toBe(
      403,
    )
    const list = await browser.open('/company/records')
    expect(list.text).toContain('ゆめぐり手帖')
    expect(list.text).not.toContain('まちなか回遊アプリ')
  })

  test('comes through the API page by page, and is noted', async () => {
    const crowd = await makeCrowd(site.env, bath, { persons: 101, times: 2 })
    const staff = await makeStaff(site.env, bath.memberId)
    const program = await makeProgram(site, bath.memberId, staff.person)
    const seen: string[] = []
    let next: unknown = null
    do {
      const after = typeof next === 'string' ? `?after=${next}` : ''
      const answer = await program.call(`/records${after}`)
      expect(answer.status).toBe(200)
      seen.push(...(answer.body['items'] as { record: string }[]).map((row) => row.record))
      next = answer.body['next']
    } while (next)
    expect(seen).toHaveLength(4 + crowd.provisions)
    expect(new Set(seen).size).toBe(seen.length)
    expect((await program.call('/records?after=x')).status).toBe(422)
    expect((await program.call(`/records?service=${walk.id}`)).body['items']).toEqual([])
    const rows = await site.env
      .db('audit_events')
      .where({ act: 'records.exported', actor_id: program.id })
      .select('details')
    expect(rows.length).toBeGreaterThanOrEqual(2)
  })
})

test('a reader who goes away leaves a note of how far they came', async () => {
  await makeCrowd(site.env, walk, { persons: 800, times: 3 })
  const to = new Date(Date.now() + 1)
  const scope = { memberId: walk.memberId, serviceId: undefined, from: undefined, to }
  const lines = await records.hand(site.env, {
    ...{ id: site.env.newId(), side: 'giver', form: 'raw', type: 'csv', scope, language: 'ja' },
    ...{ actor: { kind: 'operator', id: 'x' }, reason: 'x' },
  })
  let pieces = 0
  for await (const piece of lines) {
    expect(piece).not.toBe('')
    if (++pieces === 2) break
  }
  expect((await audited('records.export_broken_off')).details).toMatchObject({ rows: 2000 })
})

test('an erased resident stays in the record as a number', async () => {
  await site.env
    .db('residents')
    .where({ id: taro.id })
    .update({ data_key: null, profile: null, email_index: null, closed_at: new Date() })
  const all = await records.recordsOfResident(site.env, taro.id, { limit: 9 })
  expect(all.length).toBeGreaterThan(0)
  expect(all[0]).toMatchObject({ userId: taro.userId })
})

test('the giver’s versions cannot be rewritten', async () => {
  await expect(site.env.db('giver_versions').update({ version: 9 })).rejects.toMatchObject({
    code: '42501',
  })
})

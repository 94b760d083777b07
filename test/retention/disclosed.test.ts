/** What is disclosed after months went at the end of their term says so, wherever it is read (APPI 33(5); E-06). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as ledger from '../../src/ledger/actions.ts'
import * as retention from '../../src/retention/actions.ts'
import { tokensFor, userinfo } from '../oidc/steps.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD, type MadeService } from '../support/builders.ts'
import { insertRecord } from '../support/evidence.ts'
import { makeOperator, makeStaff, signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'

let site: Site
let service: MadeService
let own: Browser
const records: string[] = []

beforeAll(async () => {
  site = await openSite()
  const { env } = site
  service = await makeService(env)
  const resident = await makeResident(env)
  await env
    .db('residents')
    .where({ id: resident.id })
    .update({ created_at: '2022-04-02T00:00:00Z' })
  own = new Browser(site.issuer)
  const { access } = await tokensFor(site, own, service, resident)
  await userinfo(site, access)
  const agreed = await env
    .db('agreements')
    .where({ resident_id: resident.id })
    .first<{ id: string }>()
  for (const month of ['2022-04-01', '2022-05-01', '2022-06-01'])
    await site.owner.raw('select ensure_provision_partition(?)', [month])
  const of = { resident: resident.id, agreement: agreed?.id ?? '', service }
  for (const day of ['2022-04-10', '2022-05-20', '2022-06-02'])
    records.push(await insertRecord(env, new Date(`${day}T00:00:00Z`), of))
  // The bare rows name the consent they stand on, as the files read it.
  await site.owner.transaction(async (trx) => {
    await trx.raw('set local session_replication_role = replica')
    await trx.raw(
      `update provision_records p set consent_id = c.id, service_version_id = c.service_version_id,
         contract_version_id = c.contract_version_id from consents c
       where c.agreement_id = p.agreement_id and p.id = any (?)`,
      [records],
    )
  })
  do await ledger.sequence(env)
  while ((await env.db('ledger_pending').first()) !== undefined)
})
afterAll(() => site.close())

/** Asks for the records of April and May; the address of the answer. */
async function asked(): Promise<string> {
  const form = await own.open('/account/requests/new/disclosure/records')
  const check = await own.submit(form, { method: 'csv', from: '2022-04-01', to: '2022-05-31' })
  const needs = check.text.includes('name="password"')
  const sent = await own.submit(check, { step: 'send', ...(needs && { password: PASSWORD }) })
  return new URL(sent.url).pathname
}

async function removed(month: string): Promise<void> {
  const [officer, approver] = [
    await makeOperator(site.env, ['privacy_officer']),
    await makeOperator(site.env, ['approver']),
  ]
  const { id, hash } = await retention.propose(site.env, month, officer.person)
  await retention.approve(site.env, { id, hash, by: approver.person })
  await until(`${month} is gone`, async () => {
    await retention.tend(site.env)
    return (await retention.closures(site.env)).find((one) => one.month === month)?.droppedAt
  })
}

const rowsIn = (csv: string) => csv.trim().split('\n').slice(1)
const GONE = /2022年6月1日 9:00 より前の記録は、法律で決まった保存期間が過ぎたものを消しました/

test('an older answer, a new one, both files, the lists of company and desk, and the proof', async () => {
  const before = await asked()
  expect((await own.open(before)).text).toContain('提供の記録は2件です')
  expect(rowsIn((await own.request(`${before}/file/csv`)).text)).toHaveLength(2)
  expect((await own.open(`${before}/page`)).text).not.toMatch(GONE)
  for (const month of ['2022-04', '2022-05']) await removed(month)
  const after = await asked()
  for (const [path, rows] of [
    [before, 2],
    [after, 0],
  ] as const) {
    const one = (await own.open(path)).text
    expect(one).toContain(`お答えしたとき、提供の記録は${rows}件でした`)
    expect(one).toMatch(GONE)
    expect(one).not.toContain('同じ内容')
    const paper = (await own.open(`${path}/page`)).text
    expect(paper).toMatch(GONE)
    expect(paper).toContain('いま残っているものはありません')
    const csv = rowsIn((await own.request(`${path}/file/csv`)).text)
    expect([csv.length, GONE.test(csv[0] ?? '')]).toEqual([1, true])
    const json = JSON.parse((await own.request(`${path}/file/json`)).text) as object
    expect(json).toMatchObject({ removed_before: '2022-06-01T00:00:00.000Z', records: [] })
  }
  const company = new Browser(site.issuer)
  signIn(company, await makeStaff(site.env, service.memberId))
  const desk = new Browser(site.issuer)
  signIn(desk, await makeOperator(site.env, ['privacy_officer']))
  for (const [browser, path] of [
    [company, '/company/records'],
    [desk, '/admin/records'],
  ] as const) {
    expect((await browser.open(`${path}?from=2022-05-01&to=2022-06-30`)).text).toMatch(GONE)
    expect((await browser.open(`${path}?from=2022-06-02`)).text).not.toMatch(GONE)
    const turned = await browser.open(`${path}?from=2022-06-02&to=2022-06-01`)
    expect(turned.text).toContain('終わりの日は、始まりの日か、それより後に')
  }
  const real = await site.env
    .db('provision_records')
    .where({ service_id: service.id, path: 'userinfo' })
    .where('at', '>', '2026-01-01')
    .first<{ id: string }>()
  const ids = [...records.slice(0, 2), real?.id ?? '', crypto.randomUUID()]
  const proofs = await Promise.all(ids.map((id) => own.request(`/account/proofs/${id}`)))
  expect(proofs.map(({ status }) => status)).toEqual([410, 410, 200, 404])
  const said = JSON.parse(proofs[1]?.text ?? '') as { closing: string; proof: object; gone: string }
  expect(said.gone).toContain('保存期間が過ぎたので消しました')
  expect(JSON.parse(said.closing)).toMatchObject({ entries: 1 })
  expect(said.proof).toMatchObject({ tree: 'provisions' })
  expect((await new Browser(site.issuer).request(`/account/proofs/${records[0]}`)).status).toBe(303)
})

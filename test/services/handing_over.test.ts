/** A service goes to another company: another recipient, so nothing flows until it is agreed to anew (S-59, J4). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Browser, hidden, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  markDemo,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { makeOperator, makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { endAll } from '../../src/services/handing_over.ts'
import { asksConsent, authorizePath, OFFLINE, refresh, tokensFor, userinfo } from '../oidc/steps.ts'

let site: Site
let from: MadeService
let to: MadeService
let resident: MadeResident
let registrar: SignedInPerson
let approver: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  await markDemo(site.env)
  from = await makeService(site.env)
  to = await makeService(site.env)
  resident = await makeResident(site.env)
  registrar = await makeOperator(site.env, ['registrar'])
  approver = await makeOperator(site.env, ['approver'])
})
afterAll(() => site.close())

async function post(
  person: SignedInPerson,
  path: string,
  fields: Record<string, string>,
): Promise<Page> {
  const browser = new Browser(site.issuer)
  signIn(browser, person)
  const csrf = hidden(await browser.open('/company/apply'))['csrf'] ?? ''
  return browser.follow(await browser.post(path, { csrf, ...fields }))
}

const propose = (fields: Record<string, string>) =>
  post(registrar, `/admin/members/${from.memberId}/hand-over`, {
    service: from.id,
    to_contract: `${to.memberId}:${to.contractId}`,
    note: '事業の譲渡のため',
    ...fields,
  })

test('what does not fit is refused at its field, with nothing stored', async () => {
  for (const [wrong, place] of [
    [{ service: to.id }, '#service'],
    [{ service: 'x' }, '#service'],
    [{ to_contract: `${to.memberId}:${from.contractId}` }, '#to_contract'],
    [{ to_contract: `${from.memberId}:${from.contractId}` }, '#to_contract'],
    [{ to_contract: '' }, '#to_contract'],
    [{ note: '' }, '#note'],
    [{ fromMemberId: to.memberId }, '#fromMemberId'],
  ] as const) {
    const page = await propose(wrong as unknown as Record<string, string>)
    expect(page.status).toBe(422)
    expect(page.text).toContain(`href="${place}"`)
  }
  expect(await site.env.db('proposals').where({ kind: 'hand_over' })).toEqual([])
})

test('a service handed over yields nothing, and asks again naming the new company', async () => {
  const browser = new Browser(site.issuer)
  const tokens = await tokensFor(site, browser, from, resident, OFFLINE)
  expect((await userinfo(site, tokens.access)).status).toBe(200)

  const page = await propose({})
  expect(page.status).toBe(200)
  const hash = /name="hash" value="([0-9a-f]{64})"/.exec(page.text)?.[1] ?? ''
  const path = new URL(page.url).pathname
  expect((await userinfo(site, tokens.access)).status).toBe(200)
  expect((await post(registrar, `${path}/approve`, { hash })).status).toBe(403)
  const both = await makeOperator(site.env, ['approver'], { name: registrar.name })
  expect((await post(both, `${path}/approve`, { hash })).status).toBe(403)
  expect((await post(approver, `${path}/approve`, { hash: 'f'.repeat(64) })).status).toBe(409)
  expect((await userinfo(site, tokens.access)).status).toBe(200)

  expect((await post(approver, `${path}/approve`, { hash })).status).toBe(200)
  const after = await userinfo(site, tokens.access)
  expect(after.text).not.toMatch(/山田|example\.jp|1988/)
  expect([401, 403]).toContain(after.status)
  expect(tokens.refresh).not.toBe('')
  const again = await refresh(site, from, tokens.refresh)
  expect(again.text).not.toMatch(/access_token/)

  const asked = await browser.open(authorizePath(from))
  expect(asksConsent(asked)).toBe(true)
  const { body } = await site.env.db('member_versions').where({ member_id: to.memberId }).first()
  expect(asked.text).toContain(body.names.ja)
  const anew = await tokensFor(site, browser, from, resident)
  expect((await userinfo(site, anew.access)).status).toBe(200)

  const service = await site.env.db('services').where({ id: from.id }).first()
  expect(service).toMatchObject({ member_id: to.memberId, contract_id: to.contractId })
  const [line] = await site.env
    .db('audit_events')
    .where({ act: 'services.hand_over', object_id: from.id })
  expect(line.details).toEqual({
    before: { member: from.memberId, contract: from.contractId },
    after: { member: to.memberId, contract: to.contractId },
  })
})

test('the new company sees its page, the old one is told; a second approval changes nothing', async () => {
  const old = await makeStaff(site.env, from.memberId, 'manager')
  const { rows } = await site.env.db.raw(
    `select p.id, encode(r.body_hash, 'hex') as hash from proposals p
     join proposal_revisions r on r.proposal_id = p.id where p.kind = 'hand_over'`,
  )
  expect(rows).toHaveLength(1)
  expect(
    (await post(approver, `/admin/hand-overs/${rows[0].id}/approve`, { hash: rows[0].hash }))
      .status,
  ).toBe(409)
  expect(
    (await post(old, `/admin/hand-overs/${rows[0].id}/approve`, { hash: rows[0].hash })).status,
  ).toBe(401)
})

test('the services of a company that left end for good, whatever was planned, and residents are told once', async () => {
  const gone = await makeService(site.env, { required: ['name'], optional: [] })
  const person = await makeResident(site.env)
  await tokensFor(site, new Browser(site.issuer), gone, person, { scope: 'openid name' })
  await site.env
    .db('services')
    .where({ id: gone.id })
    .update({ turns_to: 'suspended', turns_at: new Date(Date.now() + 3_600_000) })
  await site.env.db('members').where({ id: gone.memberId }).update({ status: 'left' })
  for (let n = 0; n < 2; n++) {
    await endAll(site.env, gone.memberId)
    await queueIsEmpty(site.env)
  }
  const row = await site.env.db('services').where({ id: gone.id }).first()
  expect(row).toMatchObject({ status: 'ended', turns_to: null, turns_at: null })
  const mails = (await mailsTo(site.env, person.email)).filter(({ subject }) =>
    subject.includes('が終了しました'),
  )
  expect(mails).toHaveLength(1)
})

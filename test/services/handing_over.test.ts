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
import { allApproved, allFound, draftOf, handIn } from '../support/proposals.ts'
import * as services from '../../src/services/actions.ts'
import * as drafts from '../../src/services/drafts.ts'
import { endAll } from '../../src/services/handing_over.ts'
import { issueSecret } from '../../src/services/keys.ts'
import { goLive, lacksOf } from '../../src/services/life.ts'
import * as review from '../../src/services/review.ts'
import { saveTest, testOf } from '../../src/services/test_side.ts'
import {
  asksConsent,
  authorizePath,
  codeFor,
  OFFLINE,
  redeem,
  refresh,
  tokensFor,
  userinfo,
} from '../oidc/steps.ts'

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

const CALLBACK = 'http://localhost:3999/callback'

async function examineAndApprove(
  seen: { id: string; hash: string },
  asked: Awaited<ReturnType<typeof draftOf>>,
): Promise<void> {
  const given = {
    kind: 'third_party' as const,
    results: allApproved(asked),
    clauses: allFound(),
  }
  const { id, hash } = await review.examine(site.env, { ...seen, by: registrar.person }, given)
  await review.approve(site.env, { id, hash, by: approver.person })
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

test('a service handed over yields nothing, to nobody, until the new company opens it with what is its own', async () => {
  const browser = new Browser(site.issuer)
  const tokens = await tokensFor(site, browser, from, resident, OFFLINE)
  const held = await codeFor(browser, from, resident)
  const old = await makeStaff(site.env, from.memberId, 'manager')
  const heir = await makeStaff(site.env, to.memberId, 'manager')
  const leftOver = await handIn(site.env, await draftOf(site.env, from), {
    memberId: from.memberId,
    by: old.person,
    serviceId: from.id,
  })
  const { clientId } = await saveTest(
    site.env,
    { serviceId: from.id, redirectUris: [CALLBACK], authMethod: 'client_secret_basic' },
    { ...old.person, memberId: from.memberId },
  )
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
  expect(after.text).not.toMatch(/山田|example\.jp|(?<![\w-])1988(?![\w-])/)
  expect([401, 403]).toContain(after.status)
  expect(tokens.refresh).not.toBe('')
  const again = await refresh(site, from, tokens.refresh)
  expect(again.text).not.toMatch(/access_token/)

  expect((await redeem(site, from, held)).status).toBe(401)
  const closed = await browser.open(authorizePath(from))
  expect(asksConsent(closed)).toBe(false)
  expect(closed.headers.get('location') ?? '').not.toContain(from.redirectUri)
  const test = await services.byClientId(site.env, clientId)
  expect(test?.service.status).toBe('ended')
  const mineOf = (memberId: string) => drafts.mine(site.env, from.id, memberId)
  await expect(mineOf(from.memberId)).rejects.toMatchObject({ reason: 'not_found' })
  const { id, hash: seen } = leftOver
  await expect(
    examineAndApprove({ id, hash: seen }, await draftOf(site.env, from)),
  ).rejects.toMatchObject({ reason: 'wrong_state' })

  const going = { serviceId: from.id, memberId: to.memberId, by: heir.person }
  const lacking = await services.byId(site.env, from.id)
  expect(lacking?.service.status).toBe('approved')
  expect(lacking && (await lacksOf(site.env, lacking))).toEqual(['clauses', 'secret', 'addresses'])
  await expect(goLive(site.env, going)).rejects.toMatchObject({
    details: { code: 'not_ready_to_go_live' },
  })
  expect((await mineOf(to.memberId)).asked.client).toMatchObject({ redirectUris: [] })
  expect(await testOf(site.env, from.id, to.memberId)).toBeUndefined()
  await saveTest(
    site.env,
    { serviceId: from.id, redirectUris: [CALLBACK], authMethod: 'client_secret_basic' },
    { ...heir.person, memberId: to.memberId },
  )

  const redirectUri = 'https://heir.company.example/callback'
  const client = { redirectUris: [redirectUri], authMethod: 'client_secret_basic' as const }
  const draft = await draftOf(site.env, to, { client: { ...client, secretReason: '移行のため' } })
  const handed = await handIn(site.env, draft, {
    memberId: to.memberId,
    by: heir.person,
    serviceId: from.id,
  })
  await examineAndApprove(handed, draft)
  await expect(goLive(site.env, going)).rejects.toMatchObject({ details: { lacks: ['secret'] } })
  const { secret } = await issueSecret(site.env, from.id, { ...heir.person, memberId: to.memberId })
  await goLive(site.env, going)

  const open = { ...from, redirectUri, clientSecret: secret }
  const oldAddress = await browser.open(authorizePath(from))
  expect(asksConsent(oldAddress)).toBe(false)
  const asked = await browser.open(authorizePath(open))
  expect(asksConsent(asked)).toBe(true)
  const { body } = await site.env.db('member_versions').where({ member_id: to.memberId }).first()
  expect(asked.text).toContain(body.names.ja)
  const code = await codeFor(browser, open, resident)
  expect((await redeem(site, from, code)).status).toBe(401)
  const anew = await tokensFor(site, browser, open, resident)
  expect((await userinfo(site, anew.access)).status).toBe(200)
  expect((await userinfo(site, tokens.access)).status).toBe(401)

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

test('of keys none are left, and those that are reviewed next count', async () => {
  const jwks = { keys: [{ kty: 'EC', kid: 'old' }] }
  const signing = await makeService(site.env, { authMethod: 'private_key_jwt', jwks })
  const page = await post(registrar, `/admin/members/${signing.memberId}/hand-over`, {
    service: signing.id,
    to_contract: `${to.memberId}:${to.contractId}`,
    note: '事業の譲渡のため',
  })
  const hash = /name="hash" value="([0-9a-f]{64})"/.exec(page.text)?.[1] ?? ''
  const path = new URL(page.url).pathname
  const planned = { turns_to: 'suspended', turns_at: new Date(Date.now() + 3_600_000) }
  const services_ = () => site.env.db('services').where({ id: signing.id })
  await services_().update(planned)
  expect((await post(approver, `${path}/approve`, { hash })).status).toBe(409)
  await services_().update({ turns_to: null, turns_at: null })
  expect((await post(approver, `${path}/approve`, { hash })).status).toBe(200)
  expect(await services_().first()).toMatchObject({ jwks: { keys: [] }, status: 'approved' })

  const heir = await makeStaff(site.env, to.memberId, 'manager')
  const { asked } = await drafts.mine(site.env, signing.id, to.memberId)
  expect(asked.client).not.toHaveProperty('jwks')
  const draft = await draftOf(site.env, to)
  const by = { memberId: to.memberId, by: heir.person, serviceId: signing.id }
  await examineAndApprove(await handIn(site.env, draft, by), draft)
  const row = await services_().first()
  expect(row.jwks.keys).toMatchObject([{ kid: draft.client.jwks?.keys[0]?.kid }])
})

test('a suspended service is not handed over', async () => {
  const stopped = await makeService(site.env, { status: 'suspended' })
  const page = await post(registrar, `/admin/members/${stopped.memberId}/hand-over`, {
    service: stopped.id,
    to_contract: `${to.memberId}:${to.contractId}`,
    note: '事業の譲渡のため',
  })
  expect(page.status).toBe(422)
})

test('the new company sees its page, the old one is told; a second approval changes nothing', async () => {
  const old = await makeStaff(site.env, from.memberId, 'manager')
  const { rows } = await site.env.db.raw(
    `select p.id, encode(r.body_hash, 'hex') as hash from proposals p
     join proposal_revisions r on r.proposal_id = p.id
     where p.kind = 'hand_over' and p.member_id = :memberId`,
    { memberId: from.memberId },
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

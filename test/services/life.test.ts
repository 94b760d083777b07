/** A service begins and ends by its company's manager, only while everything stands at that moment (I-11, S-19, J8). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as members from '../../src/members/actions.ts'
import * as services from '../../src/services/actions.ts'
import type { ServiceDraft } from '../../src/services/draft_schema.ts'
import * as life from '../../src/services/life.ts'
import * as review from '../../src/services/review.ts'
import { authorizePath, tokensFor, userinfo } from '../oidc/steps.ts'
import { Browser } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  type MadeService,
} from '../support/builders.ts'
import { mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { makeOperator, makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { allApproved, allFound, draftOf, handIn, item } from '../support/proposals.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let registrar: SignedInPerson
let approver: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  registrar = await makeOperator(site.env, ['registrar'])
  approver = await makeOperator(site.env, ['approver'])
})
afterAll(() => site.close())

type Made = { company: MadeService; manager: SignedInPerson; serviceId: string }

/** A service that two operators approved a moment ago. */
async function approved(changes: Partial<ServiceDraft> = {}, clauses = allFound()): Promise<Made> {
  const company = await makeService(site.env, { required: ['name'], optional: [] })
  const manager = await makeStaff(site.env, company.memberId)
  const serviceId = await approve(company, manager, { changes, clauses })
  return { company, manager, serviceId }
}

/** What a manager hands in, examined and approved by two operators. @returns the service */
async function approve(
  company: MadeService,
  manager: SignedInPerson,
  given: {
    changes?: Partial<ServiceDraft>
    clauses?: ReturnType<typeof allFound>
    serviceId?: string
  },
): Promise<string> {
  const { changes = {}, clauses = allFound(), serviceId } = given
  const asked = await draftOf(site.env, company, {
    items: [item('user_id', true), item('name', true)],
    ...changes,
  })
  const by = { memberId: company.memberId, by: manager.person, ...(serviceId && { serviceId }) }
  const handed = await handIn(site.env, asked, by)
  const seen = { id: handed.id, hash: handed.hash, by: registrar.person }
  const results = allApproved(asked)
  const proposal = await review.examine(site.env, seen, { kind: 'third_party', results, clauses })
  await review.approve(site.env, { id: proposal.id, hash: proposal.hash, by: approver.person })
  return proposal.subjectId ?? ''
}

const asked = ({ company, manager, serviceId }: Made) => ({
  serviceId,
  memberId: company.memberId,
  by: manager.person,
})
const statusOf = async (id: string) => (await services.byId(site.env, id))?.service.status
const lacks = async ({ serviceId }: Made) => {
  const now = await services.byId(site.env, serviceId)
  return now ? life.lacksOf(site.env, now) : undefined
}

describe('going live', () => {
  test('the manager presses, and it is live, on record', async () => {
    const made = await approved()
    await life.goLive(site.env, asked(made))
    expect(await statusOf(made.serviceId)).toBe('live')
    const changes = await site.env
      .db('service_status_changes')
      .where({ service_id: made.serviceId })
      .orderBy('at')
    expect(changes.map(({ status }: { status: string }) => status)).toEqual(['approved', 'live'])
    const events = await site.env
      .db('audit_events')
      .where({ object_id: made.serviceId, act: 'services.go_live' })
    expect(events).toHaveLength(1)
  })

  test('stands on the first page of staff until it is done, with who may do it', async () => {
    const made = await approved()
    const developer = await makeStaff(site.env, made.company.memberId, 'developer')
    const home = async (person: SignedInPerson) => {
      const browser = new Browser(site.issuer)
      signIn(browser, person)
      return (await browser.open('/company')).text
    }
    const href = `/company/services/${made.serviceId}/life`
    const opener = new Browser(site.issuer)
    signIn(opener, made.manager)
    const heading = /<h1>.*<\/h1>/.exec((await opener.open(href)).text)?.[0]
    expect(heading?.replace(/<[^>]*>/g, '')).toMatch(/^散歩.+：公開と終了$/)
    const manager = await home(made.manager)
    expect(manager).toContain(href)
    expect(manager).toContain('承認されました。「公開と終了」から公開できます')
    expect(manager).not.toContain('対応が必要なことはありません')
    const waiting = await home(developer)
    expect(waiting).toContain('承認されました。管理者の公開を待っています')
    expect(waiting).not.toContain('から公開できます')
    await makeContractVersion(site.env, made.company.contractId, 2, {
      required: ['name'],
      optional: [],
      startsAt: new Date('2026-04-01T00:00:00+09:00'),
      endsAt: new Date(Date.now() - 1000),
    })
    expect(await home(made.manager)).toContain('まだ公開できません')
    const other = await approved()
    await life.goLive(site.env, asked(other))
    const done = await home(other.manager)
    expect(done).not.toContain(`${other.serviceId}/life`)
    expect(done).toContain('対応が必要なことはありません')
  })

  test('not while a clause is missing', async () => {
    const clauses = allFound().map((one) =>
      one.clause === 'given_to_consortium' ? { ...one, found: false } : one,
    )
    const made = await approved({}, clauses)
    expect(await lacks(made)).toEqual(['clauses'])
    await expect(life.goLive(site.env, asked(made))).rejects.toMatchObject({
      reason: 'wrong_state',
      details: { code: 'not_ready_to_go_live' },
    })
    expect(await statusOf(made.serviceId)).toBe('approved')
  })

  test('not outside the contract’s term, nor while the company is suspended', async () => {
    const made = await approved()
    await makeContractVersion(site.env, made.company.contractId, 2, {
      required: ['name'],
      optional: [],
      startsAt: new Date('2026-04-01T00:00:00+09:00'),
      endsAt: new Date(Date.now() - 1000),
    })
    expect(await lacks(made)).toEqual(['contract'])
    await expect(life.goLive(site.env, asked(made))).rejects.toMatchObject({
      reason: 'wrong_state',
    })
    const other = await approved()
    await site.env
      .db('members')
      .where({ id: other.company.memberId })
      .update({ status: 'suspended' })
    expect((await members.byId(site.env, other.company.memberId))?.status).toBe('suspended')
    expect(await lacks(other)).toEqual(['company'])
  })

  test('not with a secret that nobody was shown', async () => {
    const made = await approved({
      client: {
        redirectUris: ['https://walk.company.example/callback'],
        authMethod: 'client_secret_basic',
        secretReason: 'いまのサーバーが鍵を使えないため',
      },
    })
    expect(await lacks(made)).toEqual(['secret'])
    await site.env
      .db('services')
      .where({ id: made.serviceId })
      .update({ secret_issued_at: site.env.now() })
    expect(await lacks(made)).toEqual([])
  })

  test('a service that a file only announced goes the same way', async () => {
    const company = await makeService(site.env, { required: ['name'], status: 'draft' })
    const manager = await makeStaff(site.env, company.memberId)
    const made = { company, manager, serviceId: company.id }
    await expect(life.goLive(site.env, asked(made))).rejects.toMatchObject({
      reason: 'wrong_state',
    })
    await approve(company, manager, { serviceId: company.id })
    expect(await statusOf(company.id)).toBe('approved')
    expect(await lacks(made)).toEqual([])
    await life.goLive(site.env, asked(made))
    expect(await statusOf(company.id)).toBe('live')
  })

  test('another company finds nothing, and nothing happens twice', async () => {
    const made = await approved()
    const other = await approved()
    const foreign = { ...asked(other), serviceId: made.serviceId }
    await expect(life.goLive(site.env, foreign)).rejects.toMatchObject({ reason: 'not_found' })
    await expect(life.end(site.env, foreign)).rejects.toMatchObject({ reason: 'not_found' })
    const settled = await Promise.allSettled(
      [1, 2, 3].map(() => life.goLive(site.env, asked(made))),
    )
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('in the portal: a developer reads, a manager presses', async () => {
    const made = await approved()
    const path = `/company/services/${made.serviceId}`
    const developer = await makeStaff(site.env, made.company.memberId, 'developer')
    const reader = new Browser(site.issuer)
    signIn(reader, developer)
    const page = await reader.open(`${path}/life`)
    expect(page.status).toBe(200)
    expect(page.text).not.toContain(`${path}/go-live`)
    expect((await reader.submit(page, {}, `${path}/go-live`)).status).toBe(403)
    const browser = new Browser(site.issuer)
    signIn(browser, made.manager)
    const form = await browser.open(`${path}/life`)
    expect(form.text).toContain('公開できます')
    expect((await browser.submit(form, {}, `${path}/go-live`)).text).toContain('公開しました')
    expect(await statusOf(made.serviceId)).toBe('live')
    const stranger = new Browser(site.issuer)
    signIn(stranger, (await approved()).manager)
    expect((await stranger.open(`${path}/life`)).status).toBe(404)
  })
})

describe('ending', () => {
  test('its tokens die at their next use, nobody signs in, consents stay, residents are told once', async () => {
    const service = await makeService(site.env, { required: ['name'], optional: [] })
    const manager = await makeStaff(site.env, service.memberId)
    const people = [await makeResident(site.env), await makeResident(site.env)]
    const tokens = []
    for (const person of people)
      tokens.push(
        await tokensFor(site, new Browser(site.issuer), service, person, { scope: 'openid name' }),
      )
    const given = { serviceId: service.id, memberId: service.memberId, by: manager.person }
    await life.end(site.env, given)
    for (const { access } of tokens) expect((await userinfo(site, access)).status).toBe(401)
    const page = await new Browser(site.issuer).open(
      authorizePath(service, { scope: 'openid name' }),
    )
    expect(page.status).toBeGreaterThanOrEqual(400)
    const agreements = await site.env.db('agreements').where({ service_id: service.id })
    expect(agreements.map((one: { ended_at: Date | null }) => one.ended_at)).toEqual([null, null])
    await life.tellOfEnd(site.env, service.id)
    await queueIsEmpty(site.env)
    await life.tellOfEnd(site.env, service.id)
    await queueIsEmpty(site.env)
    for (const person of people) {
      const mails = (await mailsTo(site.env, person.email)).filter(({ subject }) =>
        subject.includes('が終了しました'),
      )
      expect(mails).toHaveLength(1)
      expect(mails[0]?.text).toContain('何も渡りません')
    }
    await expect(life.end(site.env, given)).rejects.toMatchObject({ reason: 'wrong_state' })
  })

  test('what the operators suspended is not the company’s to end or to open', async () => {
    const service = await makeService(site.env, { status: 'suspended' })
    const manager = await makeStaff(site.env, service.memberId)
    const given = { serviceId: service.id, memberId: service.memberId, by: manager.person }
    await expect(life.end(site.env, given)).rejects.toMatchObject({ reason: 'wrong_state' })
    await expect(life.goLive(site.env, given)).rejects.toMatchObject({ reason: 'wrong_state' })
  })

  test('what a file only announced stands at its first step, and in force is nothing yet', async () => {
    const service = await makeService(site.env, { status: 'draft' })
    const browser = new Browser(site.issuer)
    signIn(browser, await makeStaff(site.env, service.memberId))
    const about = await browser.open(`/company/services/${service.id}`)
    expect(about.status).toBe(200)
    expect(about.text).not.toContain('class="done"')
    expect(about.text).not.toContain('いま有効な内容です')
    const page = await browser.open(`/company/services/${service.id}/life`)
    expect(page.text).toContain('まだ提出していません')
  })
})

/** Stopping a company and the way back (S-51, C7, E2, J9, K8, K9), on two nodes and real PostgreSQL. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { askForDeletion } from '../../src/consents/deletions.ts'
import { numberOf, type Consent } from '../../src/consents/model.ts'
import { closeGate, closeStopGate } from '../../src/database/gate.ts'
import * as duties from '../../src/duties/actions.ts'
import { atomically } from '../../src/env.ts'
import * as members from '../../src/members/actions.ts'
import * as stopping from '../../src/members/stopping.ts'
import type { Aim, StopBody } from '../../src/members/stopping_model.ts'
import * as telling from '../../src/members/telling.ts'
import { Refusal } from '../../src/refusal.ts'
import { Browser } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  makeServiceVersion,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { makeProgram } from '../api/steps.ts'
import { makePair, type Pair } from '../support/duties.ts'
import { queueIsEmpty } from '../support/mailbox.ts'
import { makeOperator, makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'
import {
  asksConsent,
  authorizeParams,
  authorizePath,
  codeFor,
  errorOn,
  goOn,
  introspect,
  OFFLINE,
  postAs,
  redeem,
  refresh,
  revoke,
  tokensFor,
  userinfo,
} from '../oidc/steps.ts'

let site: Site
let registrar: SignedInPerson
let approver: SignedInPerson

beforeAll(async () => {
  site = await openSite({}, 2)
  registrar = await makeOperator(site.env, ['registrar'])
  approver = await makeOperator(site.env, ['approver'])
})
afterAll(() => site.close())

const subjectOf = (service: MadeService, kind: 'member' | 'service' = 'member') => ({
  kind,
  id: kind === 'member' ? service.memberId : service.id,
  memberId: service.memberId,
  names: { ja: '試験の会社', en: 'Company of the test' },
})

const bodyOf = (aim: Aim, effectiveAt: Date | null = null): StopBody => ({
  aim,
  reason: aim === 'lift' ? 'resolved' : 'security',
  residents: { ja: '調べが終わるまで止めます。', en: '' },
  company: '直ちに原因を報告してください。',
  effectiveAt: effectiveAt?.toISOString() ?? null,
})

async function decide(
  service: MadeService,
  aim: Aim,
  kind: 'member' | 'service' = 'member',
  at?: Date,
) {
  const subject = subjectOf(service, kind)
  const proposal = await stopping.propose(site.env, subject, bodyOf(aim, at), registrar.person)
  return stopping.approve(site.env, subject, {
    id: proposal.id,
    hash: proposal.hash,
    by: approver.person,
  })
}

/** A resident with every kind of credential at a service, and the company's staff at the portal. */
async function inUse(service?: MadeService) {
  const made = service ?? (await makeService(site.env))
  const resident = await makeResident(site.env)
  const browser = new Browser(site.issuer)
  const tokens = await tokensFor(site, browser, made, resident, OFFLINE)
  const code = await codeFor(browser, made, resident)
  const staff = new Browser(site.issuer)
  signIn(staff, await makeStaff(site.env, made.memberId))
  return { service: made, resident, browser, tokens, code, staff }
}
type InUse = Awaited<ReturnType<typeof inUse>>

/** Requests take turns between the nodes: each door is tried at both. */
async function atEveryDoor({ service, tokens, code, browser }: InUse) {
  const twice = async <T>(ask: () => Promise<T>) => [await ask(), await ask()] as const
  const { status } = {
    status: (answers: readonly { status: number }[]) => answers.map((a) => a.status),
  }
  const params = Object.fromEntries(authorizeParams(service))
  const pages = await twice(() => browser.open(authorizePath(service)))
  const fresh = await twice(() => new Browser(site.issuer).open(authorizePath(service)))
  const introspected = await twice(() => introspect(site, service, tokens.access))
  return {
    authorize: pages.map((page) => errorOn(page) ?? 'open'),
    'authorize, unknown browser': fresh.map((page) => errorOn(page) ?? 'open'),
    pages,
    par: status(await twice(() => postAs(site, service, '/request', params))),
    token: status(await twice(() => redeem(site, service, code))),
    refresh: status(await twice(() => refresh(site, service, tokens.refresh))),
    userinfo: status(await twice(() => userinfo(site, tokens.access))),
    introspection: introspected.map((a) => (a.status === 200 ? a.body['active'] : a.status)),
    revocation: status(await twice(() => revoke(site, service, tokens.access))),
  }
}

const recordsOf = async ({ id }: MadeService) =>
  Number(
    (await site.env.db('provision_records').where({ service_id: id }).count('* as n').first())?.[
      'n'
    ],
  )

// Asked at once: whoever would keep the status for any time at all is found. How long answers take is for bench.
describe('within a second, on both nodes', () => {
  test.each(['suspend', 'exclude'] as const)(
    '%s refuses at every door of the service',
    async (aim) => {
      const world = await inUse()
      expect((await userinfo(site, world.tokens.access)).status).toBe(200)
      const records = await recordsOf(world.service)
      await decide(world.service, aim)
      const { pages, ...doors } = await atEveryDoor(world)
      expect(doors).toEqual({
        authorize: ['invalid_client', 'invalid_client'],
        'authorize, unknown browser': ['invalid_client', 'invalid_client'],
        par: [401, 401],
        token: [401, 401],
        refresh: [401, 401],
        userinfo: [401, 401],
        introspection: [401, 401],
        revocation: [401, 401],
      })
      for (const page of pages) {
        expect(page.status).toBe(400)
        expect(page.text).toContain('お客様の操作が原因ではありません')
        expect(page.headers.get('location')).toBeNull()
      }
      expect(await recordsOf(world.service)).toBe(records)
    },
  )

  test('after the approval the first request of each node is refused', async () => {
    const world = await inUse()
    await decide(world.service, 'suspend')
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => userinfo(site, world.tokens.access)),
    )
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(401))
  })

  test('a single service stops alone; its company and the other service go on', async () => {
    const world = await inUse()
    const other = await inUse(await sibling(world.service))
    await decide(world.service, 'suspend', 'service')
    expect((await userinfo(site, world.tokens.access)).status).toBe(401)
    expect((await userinfo(site, other.tokens.access)).status).toBe(200)
    expect((await members.byId(site.env, world.service.memberId))?.status).toBe('active')
  })

  test('staff see that their company is stopped, and nothing else', async () => {
    const world = await inUse()
    const person = await makeStaff(site.env, world.service.memberId)
    expect((await world.staff.request('/company/api')).status).not.toBe(403)
    await decide(world.service, 'suspend')
    for (const _node of [1, 2]) {
      const led = await world.staff.request('/company/api')
      expect(led.headers.get('location')).toMatch(/^\/company\/login/)
    }
    const again = new Browser(site.issuer)
    const { staffSession } = await sessionOf(person)
    again.jar.set(`staff|/company`, staffSession.value)
    again.jar.set(`staff.sig|/company`, staffSession.signature)
    for (const _node of [1, 2]) {
      const page = await again.request('/company/api')
      expect(page.status).toBe(403)
      expect(page.text).toContain('直ちに原因を報告してください。')
      expect(page.text).not.toContain('<form method="post"')
    }
  })
})

test('a stopped company reads what it owes all the same, and where to send it (S-48)', async () => {
  const pair = await makePair(site.env)
  const other = await makePair(site.env)
  const values = { period_from: '2026-04-01', period_to: '2026-09-30', due: '2099-11-30' }
  const asked = async ({ given: flow, consortium: actor }: Pair) =>
    duties.open(site.env, { kind: 'report', subject: { flow }, values, actor })
  const [own, others] = [await asked(pair), await asked(other)]
  await tokensFor(site, new Browser(site.issuer), pair.service, await makeResident(site.env))
  const row = await site.env.db('consents').where({ service_id: pair.service.id }).first('*')
  const of = { serviceId: pair.service.id, memberId: pair.memberId, residentId: row.resident_id }
  const consent = { ...of, id: row.id, kind: 'withdrawn', agreedAt: row.agreed_at } as Consent
  await atomically(site.env, (env) => askForDeletion(env, consent, 'a-sub'))
  await decide(pair.service, 'suspend')
  const browser = new Browser(site.issuer)
  const { staffSession } = await sessionOf(pair.staff)
  browser.jar.set(`staff|/company`, staffSession.value)
  browser.jar.set(`staff.sig|/company`, staffSession.signature)
  const page = await browser.request('/company')
  expect(page.status).toBe(403)
  expect(page.text).toMatch(new RegExp(`利用状況の報告</dt><dd><span[^>]*>${own.number}<`))
  expect(page.text).toContain('2099年11月30日')
  expect(page.text).toMatch(new RegExp(`消去の依頼</dt><dd><span[^>]*>${numberOf(consent)}<`))
  expect(page.text).not.toContain(String(others.number))
})

test.each(['suspend', 'exclude'] as const)(
  '%s stops the programs of the company as well, with the tokens they hold',
  async (aim) => {
    const service = await makeService(site.env)
    const { person } = await makeStaff(site.env, service.memberId)
    const program = await makeProgram(site, service.memberId, person)
    const token = await program.token()
    expect((await program.call('/company', { token })).status).toBe(200)
    await decide(service, aim)
    for (const _node of [1, 2]) {
      expect((await program.call('/company', { token })).status).toBe(401)
      await expect(program.token()).rejects.toMatchObject({ error: 'invalid_client' })
    }
  },
)

/** A new session of somebody whose company is stopped: signing in leads to the page that says so. */
async function sessionOf(person: SignedInPerson) {
  const { openSession } = await import('../../src/people/actions.ts')
  const { cookieKeys } = await import('../../src/oidc/provider.ts')
  const value = await openSession(site.env, 'staff', { holderId: person.person.id, device: 'test' })
  const flags = { path: '/company', httpOnly: true, secure: false, sameSite: 'lax' }
  return {
    staffSession: {
      value: { ...flags, value },
      signature: { ...flags, value: cookieKeys(site.env).sign(`staff=${value}`) },
    },
  }
}

/** Another live service of the same company and contract. */
async function sibling(service: MadeService): Promise<MadeService> {
  const other = await makeService(site.env)
  await site.env
    .db('services')
    .where({ id: other.id })
    .update({ member_id: service.memberId, contract_id: service.contractId })
  return { ...other, memberId: service.memberId, contractId: service.contractId }
}

describe('a moment that is still to come', () => {
  afterEach(() => site.setNow(undefined))

  test('counts by itself, whether or not anything is written down', async () => {
    const { service, tokens } = await inUse()
    const at = new Date(Date.now() + 60_000)
    await decide(service, 'suspend', 'member', at)
    expect((await userinfo(site, tokens.access)).status).toBe(200)
    expect((await members.byId(site.env, service.memberId))?.status).toBe('active')
    site.setNow(new Date(at.getTime() + 20))
    const page = await new Browser(site.issuer).open(authorizePath(service))
    expect(errorOn(page)).toBe('invalid_client')
    expect((await introspect(site, service, tokens.access)).status).toBe(401)
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    const found = await members.list(site.env)
    const one = found.find(({ member }) => member.id === service.memberId)
    expect(one?.member.status).toBe('suspended')
    expect(one?.history.at(-1)).toEqual({ status: 'suspended', at })
    await telling.settle(site.env)
    const settled = await site.env.db('members').where({ id: service.memberId }).first('*')
    expect(settled).toMatchObject({ status: 'suspended', turns_to: null })
    const changes = site.env.db('member_status_changes').where({ member_id: service.memberId })
    expect(await changes.where({ status: 'suspended' }).pluck('at')).toEqual([at])
  })

  test('can be called off by two persons', async () => {
    const { service, tokens } = await inUse()
    await decide(service, 'suspend', 'member', new Date(Date.now() + 60_000))
    await decide(service, 'lift')
    const row = await site.env.db('members').where({ id: service.memberId }).first('*')
    expect(row).toMatchObject({ status: 'active', turns_to: null, turns_at: null })
    expect((await userinfo(site, tokens.access)).status).toBe(200)
  })
})

describe('the way back', () => {
  test('a lifted suspension asks nobody again, and brings no old token back', async () => {
    const world = await inUse()
    const { service, tokens, browser, code } = world
    await decide(service, 'suspend')
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await decide(service, 'lift')
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    expect((await refresh(site, service, tokens.refresh)).status).toBe(400)
    expect((await redeem(site, service, code)).status).toBe(400)
    expect((await introspect(site, service, tokens.access)).body).toEqual({ active: false })
    const page = await browser.open(authorizePath(service))
    expect(asksConsent(page)).toBe(false)
    expect(page.headers.get('location')).toContain('code=')
    const anew = await tokensFor(site, browser, service, world.resident)
    expect((await userinfo(site, anew.access)).status).toBe(200)
  })

  /** Tokens that programs hold for themselves: of the company, and of its service. */
  async function ownTokens(service: MadeService) {
    const { person } = await makeStaff(site.env, service.memberId)
    const program = await makeProgram(site, service.memberId, person)
    const ofService = async () => {
      const scope = 'events grant_management_query'
      const asked = { grant_type: 'client_credentials', scope }
      return String((await postAs(site, service, '/token', asked)).body['access_token'])
    }
    return { company: await program.token(), service: await ofService(), program, ofService }
  }

  /** What each opens, twice: at both nodes. Whoever may ask does not find a grant nobody has, nor events to come for. */
  async function openedBy({ company, service }: { company: string; service: string }) {
    const as = (token: string) => ({ authorization: `Bearer ${token}` })
    const api = `${site.issuer}/api/v1`
    const poll = { maxEvents: 0, returnImmediately: true }
    const asked = [
      () => fetch(`${api}/company`, { headers: as(company) }),
      () => fetch(`${api}/grants/${site.env.newId()}`, { headers: as(service) }),
      () =>
        fetch(`${api}/events/poll`, {
          method: 'POST',
          headers: { ...as(service), 'content-type': 'application/json' },
          body: JSON.stringify(poll),
        }),
    ]
    const found: [number, number][] = []
    for (const ask of asked) found.push([(await ask()).status, (await ask()).status])
    return { company: found[0], grants: found[1], events: found[2] }
  }
  const OPEN = { company: [200, 200], grants: [404, 404], events: [404, 404] }
  const SHUT = { company: [401, 401], grants: [401, 401], events: [401, 401] }

  /** Tokens say when they were issued in whole seconds. */
  async function nextSecond(): Promise<void> {
    const now = Math.floor(Date.now() / 1000)
    await until('the next second', () => Math.floor(Date.now() / 1000) > now)
  }

  test('programs need new tokens: those from before a stop of the company stay void', async () => {
    const service = await makeService(site.env)
    const before = await ownTokens(service)
    expect(await openedBy(before)).toEqual(OPEN)
    await decide(service, 'suspend')
    expect(await openedBy(before)).toEqual(SHUT)
    await nextSecond()
    await decide(service, 'lift')
    expect(await openedBy(before)).toEqual(SHUT)
    for (const _node of [1, 2])
      expect((await introspect(site, service, before.service)).body).toEqual({ active: false })
    const anew = { company: await before.program.token(), service: await before.ofService() }
    expect(await openedBy(anew)).toEqual(OPEN)
  })

  test('a stop of one service voids its own tokens, not those of its company', async () => {
    const service = await makeService(site.env)
    const before = await ownTokens(service)
    await decide(service, 'suspend', 'service')
    const ofService = { ...SHUT, company: [200, 200] }
    expect(await openedBy(before)).toEqual(ofService)
    await nextSecond()
    await decide(service, 'lift', 'service')
    expect(await openedBy(before)).toEqual(ofService)
    expect(await openedBy({ ...before, service: await before.ofService() })).toEqual(OPEN)
  })

  test('an excluded company’s tokens are void, whatever kind', async () => {
    const service = await makeService(site.env)
    const before = await ownTokens(service)
    await decide(service, 'exclude')
    expect(await openedBy(before)).toEqual(SHUT)
  })

  test('a way back by the onboarding file brings no old token back either', async () => {
    const service = await makeService(site.env)
    const before = await ownTokens(service)
    const { memberId } = service
    const known = await members.byId(site.env, memberId)
    if (!known) throw new Error('no company')
    const { corporateNumber, names, address, representative, contact } = known
    const asked = { corporateNumber, names, address, representative, contact }
    const turnTo = (status: 'suspended' | 'active') =>
      members.onboard(site.env, { ...asked, status, statusReason: 'test' }, '/members/0')
    expect((await turnTo('suspended')).faults).toEqual([])
    expect(await openedBy(before)).toEqual(SHUT)
    await nextSecond()
    expect((await turnTo('active')).faults).toEqual([])
    expect(await openedBy(before)).toEqual(SHUT)
    const anew = { company: await before.program.token(), service: await before.ofService() }
    expect(await openedBy(anew)).toEqual(OPEN)
  })

  test('a company whose first contract came meanwhile is active', async () => {
    const service = await makeService(site.env)
    await site.env.db('members').where({ id: service.memberId }).update({ status: 'approved' })
    await decide(service, 'suspend')
    await decide(service, 'lift')
    expect((await members.byId(site.env, service.memberId))?.status).toBe('active')
    const { id } = service
    const bare = { id: site.env.newId(), corporate_number: '9999999999990', status: 'approved' }
    await site.env.db('members').insert({ ...bare, created_at: site.env.now() })
    const other = { ...service, id, memberId: bare.id }
    await decide(other, 'suspend')
    await decide(other, 'lift')
    const row = await site.env.db('members').where({ id: bare.id }).first('status')
    expect(row).toEqual({ status: 'approved' })
  })

  test('a service that was handed over while it was stopped leaves no stop behind', async () => {
    const service = await makeService(site.env)
    const heir = await makeService(site.env)
    await decide(service, 'suspend', 'service')
    const owner = { member_id: heir.memberId, contract_id: heir.contractId }
    await site.env.db('services').where({ id: service.id }).update(owner)
    await decide({ ...service, memberId: heir.memberId }, 'lift', 'service')
    const left = (await stopping.stopsInForce(site.env)).map(({ serviceId }) => serviceId)
    expect(left).not.toContain(service.id)
  })

  test('an exclusion has none', async () => {
    const service = await makeService(site.env)
    await decide(service, 'exclude')
    for (const aim of ['lift', 'suspend', 'exclude'] as const)
      await expect(decide(service, aim)).rejects.toMatchObject({ reason: 'wrong_state' })
  })
})

describe('two persons', () => {
  const seenBy = (proposal: { id: string; hash: string }, { person }: SignedInPerson) => ({
    id: proposal.id,
    hash: proposal.hash,
    by: person,
  })

  test('nobody approves what they proposed, also not through another account', async () => {
    const service = await makeService(site.env)
    const subject = subjectOf(service)
    const both = await makeOperator(site.env, ['registrar', 'approver'], { name: '二役 花子' })
    const alias = await makeOperator(site.env, ['approver'], { name: '二役　花子' })
    const proposal = await stopping.propose(site.env, subject, bodyOf('suspend'), both.person)
    for (const person of [both, alias])
      await expect(
        stopping.approve(site.env, subject, seenBy(proposal, person)),
      ).rejects.toMatchObject({ reason: 'second_person_needed' })
    expect((await members.byId(site.env, service.memberId))?.status).toBe('active')
  })

  test('the approval is of what was seen, about this company, and happens once', async () => {
    const service = await makeService(site.env)
    const other = await makeService(site.env)
    const subject = subjectOf(service)
    const proposal = await stopping.propose(site.env, subject, bodyOf('exclude'), registrar.person)
    const seen = seenBy(proposal, approver)
    await expect(
      stopping.approve(site.env, subject, { ...seen, hash: '0'.repeat(64) }),
    ).rejects.toMatchObject({ reason: 'changed_meanwhile' })
    await expect(stopping.approve(site.env, subjectOf(other), seen)).rejects.toMatchObject({
      reason: 'not_found',
    })
    const second = await makeOperator(site.env, ['approver'])
    const raced = await Promise.allSettled([
      stopping.approve(site.env, subject, seen),
      stopping.approve(site.env, subject, seenBy(proposal, second)),
    ])
    expect(raced.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await site.env.db('stops').where({ member_id: service.memberId })).toHaveLength(1)
  })

  test('one proposal at a time, also when two are sent at once', async () => {
    const service = await makeService(site.env)
    const sent = await Promise.allSettled(
      Array.from({ length: 4 }, () =>
        stopping.propose(site.env, subjectOf(service), bodyOf('suspend'), registrar.person),
      ),
    )
    expect(sent.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
  })
})

describe('a release under way', () => {
  /** How many wait for a lock of this kind. */
  const waiting = async (what: string) => {
    const { rows } = (await site.env.db.raw(
      `select count(*) as n from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and wait_event = ?`,
      [what],
    )) as { rows: { n: string }[] }
    return Number(rows[0]?.n)
  }
  const oneWaits = (what = 'advisory') =>
    until(`one waits for a lock (${what})`, async () => (await waiting(what)) === 1)

  test('K8 a release held at the gate is refused when the company is stopped meanwhile', async () => {
    const { service, tokens, resident } = await inUse()
    const records = await recordsOf(service)
    const held = await site.env.db.transaction()
    await closeGate(held, resident.id)
    const asked = userinfo(site, tokens.access)
    await oneWaits()
    await decide(service, 'suspend')
    await held.commit()
    expect((await asked).status).toBe(401)
    expect(await recordsOf(service)).toBe(records)
  })

  test('K8 a release that has passed the gate ends, ledgered, before the stop counts', async () => {
    const { service, tokens } = await inUse()
    const records = await recordsOf(service)
    const held = await site.owner.transaction()
    await held.raw('lock table provision_records in exclusive mode')
    const asked = userinfo(site, tokens.access)
    await oneWaits('relation')
    let done = false
    const stop = decide(service, 'suspend').then(() => (done = true))
    await oneWaits()
    expect(done).toBe(false)
    await held.commit()
    expect((await asked).status).toBe(200)
    await stop
    expect(await recordsOf(service)).toBe(records + 1)
    expect((await userinfo(site, tokens.access)).status).toBe(401)
  })

  test('stopping while many ask: each answer is ledgered or refused, none is both', async () => {
    const { service, tokens } = await inUse()
    const before = await recordsOf(service)
    const asking = Promise.all(Array.from({ length: 40 }, () => userinfo(site, tokens.access)))
    await decide(service, 'suspend')
    const answers = await asking
    const given = answers.filter((answer) => answer.status === 200).length
    expect(answers.every((answer) => answer.status === 200 || answer.status === 401)).toBe(true)
    expect(await recordsOf(service)).toBe(before + given)
  })

  test('one company’s stop keeps no other company waiting', async () => {
    const { tokens } = await inUse()
    const stop = await site.env.db.transaction()
    await closeStopGate(stop, (await makeService(site.env)).memberId)
    expect((await userinfo(site, tokens.access)).status).toBe(200)
    await stop.rollback()
  })
})

describe('whoever is concerned', () => {
  /** Until all that is due is told and on its way: what the timetable is telling just now, ours passes over. */
  async function allTold(): Promise<void> {
    await until('all is told', async () => {
      await telling.tellAll(site.env)
      const due = site.env.db('stop_tellings').whereNull('done_at')
      return (await due.where('due_at', '<=', site.env.now())).length === 0
    })
    await queueIsEmpty(site.env)
  }

  test('the dry run counts what is there, and changes nothing', async () => {
    const { service } = await inUse()
    const other = await makeResident(site.env)
    await tokensFor(site, new Browser(site.issuer), service, other)
    const run = await stopping.dryRun(site.env, subjectOf(service))
    expect(run).toMatchObject({
      residents: 2,
      accessTokens: 2,
      refreshTokens: 1,
      staff: 1,
      staffSessions: 1,
      apiClients: 0,
    })
    expect(run.services).toMatchObject([{ id: service.id, status: 'live', consents: 2 }])
    expect((await members.byId(site.env, service.memberId))?.status).toBe('active')
  })

  test('residents with a consent in force are told once each, however often the job runs', async () => {
    const service = await makeService(site.env)
    const told: MadeResident[] = []
    for (let n = 0; n < 3; n++) told.push((await inUse(service)).resident)
    const left = await inUse(service)
    const { withdraw } = await import('../oidc/steps.ts')
    await withdraw(left.browser, service)
    await makeServiceVersion(site.env, service, 2, { name: '街のさんぽ' })
    await decide(service, 'suspend')
    await Promise.all(Array.from({ length: 4 }, () => telling.tellAll(site.env)))
    await allTold()
    const mails = async (email: string) =>
      site.env.db('dev_mails').where({ recipient: email }).whereILike('subject', '%止まりました')
    for (const { email } of told) {
      const [mail, ...more] = await mails(email)
      expect(more).toEqual([])
      expect(mail?.['body_text']).toContain('・街のさんぽ')
      expect(mail?.['body_text']).toContain('調べが終わるまで止めます。')
      expect(mail?.['body_text']).not.toContain('直ちに原因を報告')
    }
    expect(await mails(left.resident.email)).toEqual([])
    expect(await site.env.db('stop_notices').count('* as n').first()).toMatchObject({
      n: expect.anything(),
    })
    await decide(service, 'lift')
    await allTold()
    const again = site.env.db('dev_mails').whereILike('subject', '%また使えます')
    expect(await again.pluck('recipient')).toEqual(
      expect.arrayContaining(told.map(({ email }) => email)),
    )
  })

  test('they see it on their own page, with date and reason, and their consent afterwards', async () => {
    const { service, browser } = await inUse()
    await decide(service, 'suspend')
    const list = await browser.open('/account/services')
    expect(list.text).toContain('停止中')
    expect(list.text).toContain('安全上の問題が見つかったため')
    const one = await browser.open(`/account/services/${service.id}`)
    expect(one.text).toContain('調べが終わるまで止めます。')
    expect(one.text).not.toContain('直ちに原因を報告')
    await decide(service, 'lift')
    expect((await browser.open('/account/services')).text).toContain('利用中')
    await decide(service, 'exclude')
    expect((await browser.open('/account/services')).text).toContain('事業者除外')
  })

  test('the public list says so, the records stay, and the audit names before and after', async () => {
    const { service } = await inUse()
    const records = await recordsOf(service)
    await decide(service, 'exclude')
    const feed = (await (await fetch(`${site.issuer}/members.json`)).json()) as {
      members: { corporateNumber: string; left: string | null; history: { status: string }[] }[]
    }
    const { corporateNumber } = (await members.byId(site.env, service.memberId)) ?? {}
    const mine = feed.members.find((one) => one.corporateNumber === corporateNumber)
    expect(mine?.left).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(mine?.history.map((turn) => turn.status)).toEqual(['active', 'excluded'])
    expect(await recordsOf(service)).toBe(records)
    const line = await site.env
      .db('audit_events')
      .where({ act: 'members.exclude' })
      .orderBy('at', 'desc')
      .first('*')
    expect(JSON.stringify(line)).toContain('"status":"excluded"')
  })
})

test('an unknown subject is not stopped', async () => {
  const service = await makeService(site.env)
  const subject = { ...subjectOf(service), id: '00000000-0000-4000-8000-000000000000' }
  await expect(
    stopping.propose(site.env, subject, bodyOf('suspend'), registrar.person),
  ).rejects.toBeInstanceOf(Refusal)
})

test('a browser in the midst of signing in is told calmly', async () => {
  const service = await makeService(site.env)
  const resident = await makeResident(site.env)
  const browser = new Browser(site.issuer)
  const start = await browser.open(authorizePath(service))
  await decide(service, 'suspend')
  const page = await goOn(browser, start, resident)
  expect(page.text).toContain('お客様の操作が原因ではありません')
})

describe('the page', () => {
  const at = (service: MadeService, kind: 'member' | 'service' = 'member') =>
    `/admin/${kind}s/${kind === 'member' ? service.memberId : service.id}/stop`
  function browserOf(person: SignedInPerson): Browser {
    const browser = new Browser(site.issuer)
    signIn(browser, person)
    return browser
  }
  const typed = {
    aim: 'suspend',
    reason: 'security',
    residents_ja: '調べが終わるまで止めます。',
    residents_en: '',
    company: '直ちに原因を報告してください。',
    at: '',
  }
  /** The fields of the one form that leads there. */
  function formOf(page: { text: string }, action: string): Record<string, string> {
    const form =
      new RegExp(`<form[^>]*action="${action}"[\\s\\S]*?</form>`).exec(page.text)?.[0] ?? ''
    return Object.fromEntries(
      [...form.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map((m) => [
        m[1] ?? '',
        m[2] ?? '',
      ]),
    )
  }
  const open = async (browser: Browser, path: string) => {
    const page = await browser.request(path)
    expect(page.status).toBe(200)
    return page
  }

  test('leads two operators from the dry run to the stop and back', async () => {
    const { service, tokens } = await inUse()
    const path = at(service)
    const one = browserOf(registrar)
    const sent = await one.submit(await open(one, path), typed)
    expect(sent.url).toContain('?done=proposed')
    expect(sent.text).not.toContain(`action="${path}/approve"`)
    expect((await userinfo(site, tokens.access)).status).toBe(200)
    const two = browserOf(approver)
    const seen = await open(two, path)
    expect(seen.text).toContain('調べが終わるまで止めます。')
    const done = await two.follow(
      await two.post(`${path}/approve`, formOf(seen, `${path}/approve`)),
    )
    expect(done.text).toContain('承認しました')
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    await two.submit(await open(two, path), { aim: 'lift', company: '原因を確かめました。' })
    const back = browserOf(await makeOperator(site.env, ['approver']))
    const lifted = await open(back, path)
    await back.follow(await back.post(`${path}/approve`, formOf(lifted, `${path}/approve`)))
    expect((await members.byId(site.env, service.memberId))?.status).toBe('active')
  })

  test('of a single service works alike, and knows no exclusion', async () => {
    const service = await makeService(site.env)
    const path = at(service, 'service')
    const one = browserOf(registrar)
    const page = await open(one, path)
    expect(page.text).not.toContain('value="exclude"')
    const bent = await one.submit(page, { ...typed, aim: 'exclude' })
    expect(bent.status).toBe(422)
    const sent = await one.submit(page, typed)
    expect(sent.url).toContain('?done=proposed')
  })

  test.each([
    [{ residents_ja: '' }, 'residents_ja'],
    [{ residents_ja: '\u202e止めます' }, 'residents_ja'],
    [{ residents_ja: '長'.repeat(201) }, 'residents_ja'],
    [{ company: ' ' }, 'company'],
    [{ reason: 'because' }, 'reason'],
    [{ aim: 'forget' }, 'aim'],
    [{ at: '2020-01-01T09:00' }, 'at'],
    [{ at: '2999-01-01T09:00' }, 'at'],
    [{ at: 'tomorrow' }, 'at'],
  ])('names the field that is wrong and keeps the rest: %j', async (bent, field) => {
    const service = await makeService(site.env)
    const one = browserOf(registrar)
    const page = await one.submit(await open(one, at(service)), { ...typed, ...bent })
    expect(page.status).toBe(422)
    expect(page.text).toContain(`href="#${field}"`)
    if (field !== 'company')
      expect(page.text).toContain('直ちに原因を報告してください。</textarea>')
    expect(await site.env.db('proposals').where({ subject_id: service.memberId })).toEqual([])
  })

  test('takes no more than it asks for, and no form of another site', async () => {
    const service = await makeService(site.env)
    const one = browserOf(registrar)
    const page = await open(one, at(service))
    const more = await one.submit(page, { ...typed, status: 'excluded' })
    expect(more.status).toBe(422)
    expect((await one.post(at(service), typed)).status).toBe(403)
  })

  test('lets nobody approve without a fresh second factor', async () => {
    const service = await makeService(site.env)
    const path = at(service)
    const one = browserOf(registrar)
    await one.submit(await open(one, path), typed)
    const stale = await makeOperator(site.env, ['approver'])
    await site.env
      .db('operator_sessions')
      .where({ holder_id: stale.person.id })
      .update({ confirmed_at: new Date(Date.now() - 301_000) })
    const two = browserOf(stale)
    const page = await open(two, path)
    expect(page.text).toContain(`href="${path}/decide"`)
    const form = { ...formOf(page, `${path}/refuse`) }
    expect((await two.post(`${path}/approve`, form)).status).toBe(403)
    expect((await two.request(`${path}/decide`)).headers.get('location')).toMatch(
      /^\/admin\/confirm/,
    )
  })

  test.each(['auditor', 'privacy_officer', 'administrator'] as const)(
    'an operator who is %s may look and change nothing',
    async (role) => {
      const service = await makeService(site.env)
      const reader = browserOf(await makeOperator(site.env, [role]))
      const page = await open(reader, at(service))
      expect(page.text).not.toContain('<form class="rise" method="post"')
      expect((await reader.post(at(service), typed)).status).toBe(403)
    },
  )

  test.each(['x', '00000000-0000-4000-8000-000000000000'])('of %s there is none', async (id) => {
    const one = browserOf(registrar)
    expect((await one.request(`/admin/members/${id}/stop`)).status).toBe(404)
    expect((await one.request(`/admin/services/${id}/stop`)).status).toBe(404)
  })
})

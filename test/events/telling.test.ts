/** What services are told, read as a receiver reads it: with jose and the keys at /jwks (RFC 8417, 8935, 9493; CAEP, RISC). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  createLocalJWKSet,
  decodeProtectedHeader,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose'
import * as closing from '../../src/closing/actions.ts'
import { deliveriesOf } from '../../src/events/actions.ts'
import { changePassword } from '../../src/residents/credentials.ts'
import { timetable } from '../../src/events/jobs.ts'
import { workers } from '../../src/events/delivering.ts'
import { noteExpired } from '../../src/events/store.ts'
import { tell } from '../../src/events/telling.ts'
import * as consents from '../../src/consents/actions.ts'
import * as residents from '../../src/residents/actions.ts'
import { Browser } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  PASSWORD,
  type MadeResident,
  type MadeService,
  type ServiceAsked,
} from '../support/builders.ts'
import { ALL, narrow, pause, tokensFor, withdraw } from '../oidc/steps.ts'
import { agree } from '../support/relying-party.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'

let site: Site
let keys: ReturnType<typeof createLocalJWKSet>
const receivers: Receiver[] = []

beforeAll(async () => {
  site = await openSite()
  keys = createLocalJWKSet((await (await fetch(`${site.issuer}/jwks`)).json()) as JSONWebKeySet)
})
afterAll(async () => {
  await site.close()
  for (const receiver of receivers) await receiver.close()
})

type Told = {
  resident: MadeResident
  browser: Browser
  service: MadeService
  receiver: Receiver
  sub: string
}

/** A resident who is signed in to a service of their own, whose receiver takes events. */
async function met(
  { scope = ALL, ...asked }: ServiceAsked & { scope?: string } = {},
  logout = false,
  known?: Told,
): Promise<Told> {
  const receiver = await openReceiver()
  receivers.push(receiver)
  receiver.behave(({ path }) => ({ status: path === '/logout' ? 200 : 202 }))
  const service = await makeService(site.env, {
    eventsUri: receiver.events,
    ...(logout && { backchannelLogoutUri: receiver.logout }),
    ...asked,
  })
  const resident = known?.resident ?? (await makeResident(site.env))
  const browser = known?.browser ?? new Browser(site.issuer)
  const picked = asked.optional ? [] : ['birth_year', 'address']
  const { id } = await tokensFor(site, browser, service, resident, { scope }, picked)
  const { payload } = await jwtVerify(id, keys)
  return { resident, browser, service, receiver, sub: String(payload.sub) }
}

type Event = {
  name: string
  said: Record<string, unknown>
  claims: JWTPayload & Record<string, unknown>
  token: string
}

/** To the end of what is due, however slow the machine is. */
const deliver = workers(Infinity)
/** What the timetable does every two seconds, at once. */
async function turn(): Promise<void> {
  await tell(site.env)
  await deliver(site.env)
}
const allTold = () =>
  until('all facts are told', async () => {
    await turn()
    return (await site.env.db('event_facts').whereNull('told_at')).length === 0
  })

/** The events that came, verified as RFC 8417 and RFC 8935 say, in their order. */
async function events({ receiver, service }: Told, count: number): Promise<Event[]> {
  const tokens = await until(`${count} events`, async () => {
    await turn()
    const all = receiver.tokens()
    return all.length >= count && all
  })
  return Promise.all(
    tokens.map(async (token) => {
      const { payload } = await jwtVerify(token, keys, {
        typ: 'secevent+jwt',
        issuer: site.issuer,
        audience: service.clientId,
      })
      const [[type, said] = []] = Object.entries(payload['events'] as object) as [
        string,
        Event['said'],
      ][]
      return {
        name: type?.replace(site.issuer, '') ?? '',
        said: said ?? {},
        claims: payload,
        token,
      }
    }),
  )
}

const residentNow = async ({ resident }: Told) => {
  const found = await residents.find(site.env, resident.id)
  if (!found) throw new Error('no resident')
  return found
}

describe('a consent', () => {
  test('narrowed, then withdrawn: two events in order, naming the person by sub alone', async () => {
    const told = await met()
    await narrow(told.browser, told.service, 'address')
    await withdraw(told.browser, told.service)
    const [changed, withdrawn] = await events(told, 2)
    expect(changed?.name).toBe('/events/consent-changed')
    expect(changed?.said).toEqual({
      items: ['user_id', 'name', 'email', 'birth_year'],
      ends_at: expect.any(Number),
    })
    expect(withdrawn?.name).toBe('/events/consent-withdrawn')
    expect(withdrawn?.said).toEqual({ reason: 'withdrawn', deletion_requested: false })
    const subject = { format: 'iss_sub', iss: site.issuer, sub: told.sub }
    for (const { claims, token } of [changed, withdrawn].flatMap((one) => one ?? [])) {
      expect(claims['sub_id']).toEqual(subject)
      expect(Object.keys(claims).sort()).toEqual(
        ['aud', 'events', 'iat', 'iss', 'jti', 'sub_id', 'toe', 'txn'].sort(),
      )
      expect(Object.keys(claims['events'] as object)).toHaveLength(1)
      expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'secevent+jwt', alg: 'ES256' })
    }
    expect(changed?.claims.jti).not.toBe(withdrawn?.claims.jti)
    expect(told.receiver.got[0]?.type).toBe('application/secevent+jwt')
  })

  test('carries nothing that a resident registered', async () => {
    const told = await met()
    const { profile } = await residentNow(told)
    await withdraw(told.browser, told.service)
    const [one] = await events(told, 1)
    const said = JSON.stringify(one?.claims)
    for (const value of Object.values(profile)) expect(said).not.toContain(value)
  })

  test('paused: nothing flows, so it is withdrawn, and the reason says how', async () => {
    const told = await met({ subjectType: 'pairwise' })
    await pause(told.browser, told.service)
    const [one] = await events(told, 1)
    expect(one?.said).toEqual({ reason: 'paused', deletion_requested: false })
    expect(one?.claims['sub_id']).toMatchObject({ sub: told.sub })
    expect(told.sub).not.toBe(told.resident.userId)

    const page = await told.browser.open(`/account/services/${told.service.id}/resume`)
    await agree(told.browser, page, ['sex'])
    const [, resumed] = await events(told, 2)
    expect(resumed?.name).toBe('/events/consent-changed')
    expect(resumed?.said['items']).toEqual(['user_id', 'name', 'email', 'sex'])
  })

  test('given on the way to the service is no event: it knows by its token', async () => {
    const told = await met()
    await allTold()
    expect(await deliveriesOf(site.env, told.resident.id, told.service.id)).toEqual([])
  })

  test('run out by itself is told once', async () => {
    const told = await met()
    const [row] = await site.env.db('consents').where({ service_id: told.service.id })
    const end = (row as { ends_at: Date }).ends_at
    const at = new Date(end.getTime() + 1000)
    // Nobody else's: two may agree within a second.
    const after = new Date(end.getTime() - 2)
    expect(await noteExpired(site.env.db, new Date(end.getTime() - 1), after)).toBe(0)
    const [first, second] = [
      await noteExpired(site.env.db, at, after),
      await noteExpired(site.env.db, at, after),
    ]
    expect([first > 0, second]).toEqual([true, 0])
    expect((await events(told, 1))[0]?.said['reason']).toBe('expired')
  })

  test('while its company is suspended it waits, and is told once that is lifted (S-51)', async () => {
    const told = await met()
    const company = () => site.env.db('members').where({ id: told.service.memberId })
    await company().update({ status: 'suspended' })
    await consents.withdraw(site.env, await residentNow(told), told.service.id)
    await allTold()
    await turn()
    expect(told.receiver.got).toEqual([])
    await company().update({ status: 'active', returned_at: site.env.now() })
    expect((await events(told, 1))[0]?.said).toMatchObject({ reason: 'withdrawn' })
  })

  test('two pairwise companies find nothing in their events by which to put their subs together (D6)', async () => {
    const one = await met({ subjectType: 'pairwise' }, true)
    const other = await met({ subjectType: 'pairwise' }, true, one)
    const answer = { kind: 'provision' as const, given: false, shown: undefined }
    await residents.answerTerms(site.env, one.resident.id, answer)
    await one.browser.submit(await one.browser.open('/logout'), {})
    const said = async (told: Told) => {
      const all = await events(told, 2)
      return all.flatMap(({ claims: { iat: _at, toe: _when, events: _what, ...rest } }) =>
        JSON.stringify(rest).match(/[A-Za-z0-9_-]{16,}/g),
      )
    }
    const theirs = await said(other)
    const mine = await said(one)
    expect(mine.length).toBeGreaterThan(5)
    expect(
      mine.filter((text) => theirs.includes(text) && !/^(iss_sub|events)$/.test(text ?? '')),
    ).toEqual([])
  })

  test('a company that is excluded, or has the service no more, is told nothing', async () => {
    const [stopped, ended] = [await met(), await met({}, true)]
    await site.env
      .db('members')
      .where({ id: stopped.service.memberId })
      .update({ status: 'excluded' })
    const other = await makeService(site.env)
    await site.env
      .db('services')
      .where({ id: ended.service.id })
      .update({ member_id: other.memberId, contract_id: other.contractId })
    await consents.withdraw(site.env, await residentNow(stopped), stopped.service.id)
    await consents.withdraw(site.env, await residentNow(ended), ended.service.id)
    await ended.browser.submit(await ended.browser.open('/logout'), {})
    await allTold()
    for (const { resident, service, receiver } of [stopped, ended]) {
      expect(await deliveriesOf(site.env, resident.id, service.id)).toEqual([])
      expect(receiver.got).toEqual([])
    }
  })
})

describe('an item corrected', () => {
  test('is told, without its value, to whoever may have it now and to nobody else', async () => {
    const has = await met()
    const declined = await met({ optional: ['birth_year', 'sex', 'address'] }, false, has)
    const mayNot = await met(
      { required: ['name'], optional: ['sex'], scope: 'openid name sex' },
      false,
      has,
    )
    const left = await met({}, false, has)
    await withdraw(has.browser, left.service)
    const page = await has.browser.open('/account/profile')
    const saved = await has.browser.submit(page, { birth_year: '1990' })
    expect(saved.status).toBe(200)
    const [one, ...more] = await events(has, 1)
    expect(one?.name).toBe('/events/item-corrected')
    expect(one?.said).toEqual({ items: ['birth_year'] })
    expect(more).toEqual([])
    await allTold()
    for (const { service } of [declined, mayNot])
      expect(await deliveriesOf(site.env, has.resident.id, service.id)).toEqual([])
    expect(
      (await deliveriesOf(site.env, has.resident.id, left.service.id)).map((d) => d.type),
    ).toEqual(['consent-withdrawn'])
  })
})

test('provision switched off as a whole: each service is told, and of nothing that is corrected meanwhile (S-56)', async () => {
  const told = await met()
  const second = await met({}, false, told)
  const answer = { kind: 'provision' as const, given: false, shown: undefined }
  await residents.answerTerms(site.env, told.resident.id, answer)
  for (const one of [told, second])
    expect((await events(one, 1))[0]?.said).toEqual({
      reason: 'provision_stopped',
      deletion_requested: false,
    })
  const page = await told.browser.open('/account/profile')
  await told.browser.submit(page, { birth_year: '1991' })
  await allTold()
  for (const { service } of [told, second])
    expect(await deliveriesOf(site.env, told.resident.id, service.id)).toHaveLength(1)
})

describe('a session that ends', () => {
  const logoutOf = async ({ receiver, service }: Told) => {
    const [token] = await until('a logout token', async () => {
      await turn()
      const all = receiver.logouts()
      return all.length > 0 && all
    })
    const { payload, protectedHeader } = await jwtVerify(token ?? '', keys, {
      typ: 'logout+jwt',
      issuer: site.issuer,
      audience: service.clientId,
    })
    expect(protectedHeader.typ).toBe('logout+jwt')
    return payload
  }
  const bodyOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload

  test('at /logout each service it signed in to gets its sid and sub, by logout token and event (G13)', async () => {
    const told = await met({}, true)
    const second = await met({ subjectType: 'pairwise', idTokenAlg: 'RS256' }, true, told)
    const never = await met({}, true)
    const { id } = await tokensFor(site, told.browser, told.service, told.resident, { scope: ALL })
    await told.browser.submit(await told.browser.open('/logout'), {})
    const first = await logoutOf(told)
    expect(first).toEqual({
      iss: site.issuer,
      aud: told.service.clientId,
      sub: told.sub,
      sid: bodyOf(id)['sid'],
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.any(String),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    expect(typeof first['sid']).toBe('string')
    expect(Number(first.exp) - Number(first.iat)).toBeLessThanOrEqual(120)
    const other = await logoutOf(second)
    expect(other.sub).toBe(second.sub)
    expect(other['sid']).not.toBe(first['sid'])
    const [event] = await events(told, 1)
    expect(event?.name).toBe('https://schemas.openid.net/secevent/caep/event-type/session-revoked')
    expect(event?.said).toEqual({ event_timestamp: event?.claims['toe'] })
    expect(event?.claims['sub_id']).toEqual({
      format: 'complex',
      user: { format: 'iss_sub', iss: site.issuer, sub: told.sub },
      session: { format: 'opaque', id: first['sid'] },
    })
    expect(never.receiver.got).toEqual([])
  })

  test('after the contract turned to the shared ID: told by the sub that the company knows (D6)', async () => {
    const told = await met({ subjectType: 'pairwise' }, true)
    const { contractId, id } = told.service
    await makeContractVersion(site.env, contractId, 2, { subjectType: 'public' })
    await consents.withdraw(site.env, await residentNow(told), id)
    await told.browser.submit(await told.browser.open('/logout'), {})
    expect((await logoutOf(told)).sub).toBe(told.sub)
    const all = await events(told, 2)
    expect(all.map(({ name }) => name.split('/').at(-1))).toEqual([
      'consent-withdrawn',
      'session-revoked',
    ])
    expect(JSON.stringify(all.map(({ claims }) => claims))).not.toContain(told.resident.userId)
    for (const { claims } of all) expect(JSON.stringify(claims['sub_id'])).toContain(told.sub)
  })

  test('at /session/end, by a new password, and by ending a device', async () => {
    const [byService, byPassword, byDevice] = [
      await met({}, true),
      await met({}, true),
      await met({}, true),
    ]
    const confirm = await byService.browser.open('/session/end')
    await byService.browser.submit(confirm, {}, `${site.issuer}/session/end/confirm`)
    await changePassword(
      site.env,
      {
        residentId: byPassword.resident.id,
        sessionUid: 'another',
        address: '192.0.2.1',
        device: undefined,
      } as never,
      { current: PASSWORD, next: 'Hasu no hana ga saku 9' },
    )
    const [signIn] = await site.env.db('sign_ins').where({ resident_id: byDevice.resident.id })
    await residents.endOwnSignIn(
      site.env,
      byDevice.resident.id,
      (signIn as { session_uid: string }).session_uid,
    )
    for (const told of [byService, byPassword, byDevice]) {
      expect((await logoutOf(told)).sub).toBe(told.sub)
      expect(told.receiver.logouts()).toHaveLength(1)
    }
  })

  test('the metadata says so, and the ID token has a sid only where somebody is told', async () => {
    const metadata = (await (
      await fetch(`${site.issuer}/.well-known/openid-configuration`)
    ).json()) as object
    expect(metadata).toMatchObject({
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    })
    const plain = await makeService(site.env)
    const resident = await makeResident(site.env)
    const { id } = await tokensFor(site, new Browser(site.issuer), plain, resident)
    expect(bodyOf(id)).not.toHaveProperty('sid')
  })
})

test('a closed account: withdrawn at once, purged at the end, told after the erasure, then forgotten', async () => {
  const told = await met({}, true)
  const before = await met({}, false, told)
  await withdraw(told.browser, before.service)
  const self = {
    residentId: told.resident.id,
    sessionUid: '',
    address: '192.0.2.1',
    device: undefined,
  }
  const erasedAt = await closing.begin(site.env, self as never, PASSWORD)
  expect((await events(told, 1))[0]?.said).toEqual({
    reason: 'account_closing',
    deletion_requested: true,
  })

  site.setNow(new Date(erasedAt.getTime() + 1000))
  await closing.closeDue(site.env, async () => undefined)
  const all = await events(told, 2)
  expect(all[1]).toMatchObject({
    name: 'https://schemas.openid.net/secevent/risc/event-type/account-purged',
    said: {},
    claims: { sub_id: { format: 'iss_sub', iss: site.issuer, sub: told.sub } },
  })
  // The workers of the timetable may have taken these, and be at it.
  await until('the others are told', async () => {
    await turn()
    return told.receiver.logouts().length > 0 && before.receiver.tokens().length > 0
  })
  expect(told.receiver.logouts()).toHaveLength(1)
  expect(before.receiver.tokens()).toHaveLength(1)

  const sweep = timetable().find((entry) => entry.name === 'events.sweep')
  const rows = () => site.env.db('event_messages').where({ resident_id: told.resident.id })
  await until(
    'all are settled',
    async () => (await rows().where({ state: 'waiting' })).length === 0,
  )
  await sweep?.run(site.env)
  expect(await rows()).not.toEqual([])
  site.setNow(new Date(erasedAt.getTime() + 8 * 86_400_000))
  await sweep?.run(site.env)
  expect(await rows()).toEqual([])
  site.setNow(undefined)
})

test('a service registered for no events gets none, and one that is handed addresses gets the next', async () => {
  const plain = await makeService(site.env)
  const resident = await makeResident(site.env)
  const browser = new Browser(site.issuer)
  await tokensFor(site, browser, plain, resident, { scope: ALL }, ['sex', 'address'])
  await narrow(browser, plain, 'sex')
  await allTold()
  const receiver = await openReceiver()
  receivers.push(receiver)
  await makeServiceVersion(site.env, plain, 2, { eventsUri: receiver.events })
  await narrow(browser, plain, 'address')
  const told = { resident, browser, service: plain, receiver, sub: resident.userId }
  expect((await events(told, 1)).map((one) => one.said['items'])).toEqual([
    ['user_id', 'name', 'email'],
  ])
})

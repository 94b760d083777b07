/** A service that comes for its events (RFC 8936): each stays until it is acknowledged, in order, its own alone. */
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import * as client from 'openid-client'
import * as events from '../../src/events/actions.ts'
import { poll } from '../../src/events/polling.ts'
import { giveUpPolls } from '../../src/events/overdue_store.ts'
import { tell } from '../../src/events/telling.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD, type MadeService } from '../support/builders.ts'
import { relyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'
import { ALL, narrow, withdraw } from '../oidc/steps.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())
afterEach(() => site.setNow(undefined))

type Answer = { status: number; sets: Record<string, string>; moreAvailable: boolean }

/** A service that polls, with a token of its own. */
async function polling(asked: Parameters<typeof makeService>[1] = {}) {
  const service = await makeService(site.env, asked)
  await site.env.db('event_streams').insert({
    service_id: service.id,
    delivery: 'poll',
    changed_at: site.env.now(),
  })
  const party = await relyingParty(site.issuer, service)
  const token = async (scope = 'events') =>
    (await client.clientCredentialsGrant(party.config, { scope })).access_token
  const ask = async (body: object, given?: string): Promise<Answer> => {
    const response = await fetch(`${site.issuer}/api/v1/events/poll`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${given ?? (await token())}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    })
    const { sets = {}, moreAvailable = false } = (await response.json()) as Partial<Answer>
    return { status: response.status, sets, moreAvailable }
  }
  return { service, party, token, ask }
}

async function lay({ id }: MadeService, n: number): Promise<string> {
  const subject = { format: 'opaque', id }
  const jti = await events.enqueueEvent(site.env, id, {
    name: 'verification',
    subject,
    payload: { n },
  })
  return jti ?? ''
}

const NOW = { returnImmediately: true }

describe('a poll', () => {
  test('hands out in order, again and again, until it is acknowledged', async () => {
    const { service, ask } = await polling()
    const laid = [await lay(service, 1), await lay(service, 2), await lay(service, 3)]
    const first = await ask({ ...NOW, maxEvents: 2 })
    expect([Object.keys(first.sets), first.moreAvailable]).toEqual([laid.slice(0, 2), true])
    const again = await ask({ ...NOW, maxEvents: 2 })
    expect(again.sets).toEqual(first.sets)
    const rest = await ask({ ...NOW, ack: laid.slice(0, 2) })
    expect([Object.keys(rest.sets), rest.moreAvailable]).toEqual([laid.slice(2), false])
    expect(await ask({ ack: laid.slice(2), maxEvents: 0 })).toEqual({
      status: 200,
      sets: {},
      moreAvailable: false,
    })
    const states = await site.env
      .db('event_messages')
      .where({ service_id: service.id })
      .pluck('state')
    expect(states).toEqual(['delivered', 'delivered', 'delivered'])
  })

  test('tells what residents did, verifiable with /jwks alone', async () => {
    const { service, party, ask } = await polling({ subjectType: 'pairwise' })
    const resident = await makeResident(site.env)
    const browser = new Browser(site.issuer)
    const person = { email: resident.email, password: PASSWORD }
    const tokens = await party.signIn(browser, person, ALL, ['sex'])
    await narrow(browser, service, 'sex')
    await withdraw(browser, service)
    // Where the timetable is at it, ours passes.
    await until('both are laid', async () => {
      await tell(site.env)
      const laid = await site.env.db('event_messages').where({ service_id: service.id })
      return laid.length > 1
    })
    const { sets } = await ask(NOW)
    const keys = createRemoteJWKSet(new URL(`${site.issuer}/jwks`))
    const told = []
    for (const set of Object.values(sets)) {
      const { payload } = await jwtVerify(set, keys, {
        issuer: site.issuer,
        audience: service.clientId,
        typ: 'secevent+jwt',
      })
      expect(payload['sub_id']).toMatchObject({ sub: tokens.claims()?.sub })
      told.push(...Object.keys(payload['events'] as object).map((type) => type.split('/').at(-1)))
      expect(JSON.stringify(payload)).not.toContain(resident.userId)
    }
    expect(told).toEqual(['consent-changed', 'consent-withdrawn'])
  })

  test('waits for something to happen, and no longer than that', async () => {
    const { service, ask } = await polling()
    const waiting = ask({})
    const jti = await lay(service, 1)
    expect(Object.keys((await waiting).sets)).toEqual([jti])
  })

  test('ends empty when its time is over, and when the caller has gone', async () => {
    const { service } = await polling()
    const here = { serviceId: service.id, memberId: service.memberId }
    const staying = new AbortController().signal
    expect(await poll(site.env, here, {}, staying, 30)).toEqual({ sets: {}, moreAvailable: false })
    const leaving = new AbortController()
    const answer = poll(site.env, here, {}, leaving.signal, 60_000)
    leaving.abort()
    expect((await answer).sets).toEqual({})
  })

  test('of which four wait already is answered at once', async () => {
    const { service } = await polling()
    const here = { serviceId: service.id, memberId: service.memberId }
    const leaving = new AbortController()
    const five = Array.from({ length: 5 }, () => poll(site.env, here, {}, leaving.signal, 600_000))
    expect((await Promise.race(five)).sets).toEqual({})
    const { pool } = site.env.db.client as { pool: { numUsed: () => number } }
    await until('they wait without a connection', () => pool.numUsed() === 0)
    leaving.abort()
    await Promise.all(five)
  })

  test('that says it cannot read one lays it aside with a code, and no words of the receiver', async () => {
    const { service, ask } = await polling()
    const [one, two] = [await lay(service, 1), await lay(service, 2)]
    const setErrs = {
      [one]: { err: 'invalid_key', description: 'secret words' },
      [two]: { err: '<script>' },
    }
    expect((await ask({ ...NOW, setErrs })).sets).toEqual({})
    const rows = await site.env
      .db('event_messages')
      .where({ service_id: service.id })
      .orderBy('seq')
      .select('state', 'last_error')
    expect(rows).toEqual([
      { state: 'dead', last_error: 'invalid_key' },
      { state: 'dead', last_error: 'refused' },
    ])
  })

  test('that nobody makes for a week leaves dead letters', async () => {
    const { service } = await polling()
    const at = site.env.now()
    await lay(service, 1)
    await giveUpPolls(site.env.db, { before: new Date(at.getTime() - 1000), at })
    const state = () =>
      site.env.db('event_messages').where({ service_id: service.id }).pluck('state')
    expect(await state()).toEqual(['waiting'])
    const later = new Date(site.env.now().getTime() + 1000)
    await giveUpPolls(site.env.db, { before: later, at: later })
    expect(await state()).toEqual(['dead'])
  })
})

describe('whose events they are', () => {
  test('nobody takes or acknowledges those of another service', async () => {
    const [one, two] = [await polling(), await polling()]
    const jti = await lay(one.service, 1)
    expect((await two.ask({ ...NOW, ack: [jti], setErrs: { [jti]: { err: 'x' } } })).sets).toEqual(
      {},
    )
    expect(Object.keys((await one.ask(NOW)).sets)).toEqual([jti])
  })

  test('what was written for a company that gave the service away is not handed out', async () => {
    const { service, ask } = await polling()
    await lay(service, 1)
    const other = await makeService(site.env)
    await site.env
      .db('event_messages')
      .where({ service_id: service.id })
      .update({ member_id: other.memberId })
    expect((await ask(NOW)).sets).toEqual({})
  })

  test('another scope, a resident’s token and none are refused', async () => {
    const { ask, token, party } = await polling()
    expect((await ask(NOW, await token('grant_management_query'))).status).toBe(403)
    const resident = await makeResident(site.env)
    const person = { email: resident.email, password: PASSWORD }
    const tokens = await party.signIn(new Browser(site.issuer), person, 'openid name email')
    expect((await ask(NOW, tokens.access_token)).status).toBe(401)
    expect((await ask(NOW, 'A'.repeat(43))).status).toBe(401)
  })

  test('a service that is pushed to, or told nothing, has no such address', async () => {
    const { service, ask } = await polling()
    const stream = () => site.env.db('event_streams').where({ service_id: service.id })
    await stream().update({ delivery: 'push' })
    expect((await ask(NOW)).status).toBe(404)
    await stream().update({ delivery: 'poll', status: 'disabled' })
    expect((await ask(NOW)).status).toBe(404)
  })

  test('a body of another shape is refused at its place', async () => {
    const { ask } = await polling()
    expect((await ask({ maxEvents: -1 })).status).toBe(422)
    expect((await ask({ ack: 'all' })).status).toBe(422)
    expect((await ask({ unknown: 1 })).status).toBe(422)
  })
})

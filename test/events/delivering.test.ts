/** Receivers as they are: down for hours, slow, wrong, twice the same, and workers that die (R17, R18). */
import { randomUUID } from 'node:crypto'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import * as catalogues from '../../src/catalogue/actions.ts'
import * as consents from '../../src/consents/actions.ts'
import { question } from '../../src/consents/asking.ts'
import { atomically, type Env } from '../../src/env.ts'
import * as events from '../../src/events/actions.ts'
import { workers } from '../../src/events/delivering.ts'
import { timetable } from '../../src/events/jobs.ts'
import { logoutOutcome, pushOutcome, waitAfter } from '../../src/events/model.ts'
import { tell } from '../../src/events/telling.ts'
import * as services from '../../src/services/actions.ts'
import {
  makeResident,
  makeService,
  makeServiceVersion,
  markDemo,
  type MadeService,
} from '../support/builders.ts'
import { openWorld, type World } from '../support/env.ts'
import { startNode } from '../support/node.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'
import { until } from '../support/until.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let world: World
let env: Env
const opened: Receiver[] = []

beforeAll(async () => {
  world = await openWorld()
  env = world.env
  await markDemo(env)
})
afterAll(async () => {
  for (const receiver of opened) await receiver.close()
  await world.close()
})
afterEach(() => world.setNow(undefined))

/** To the end of what is due, however slow the machine is. */
const deliver = workers(Infinity)

async function receiving(): Promise<{ service: MadeService; receiver: Receiver }> {
  const receiver = await openReceiver()
  opened.push(receiver)
  return { service: await makeService(env, { eventsUri: receiver.events }), receiver }
}

/** An event about `subject`, told apart by its number. */
async function lay(service: MadeService, subject: string, n: number): Promise<string> {
  const jti = await events.enqueueEvent(env, service.id, {
    name: 'verification',
    subject: { format: 'opaque', id: subject },
    payload: { n },
  })
  if (!jti) throw new Error('nothing was laid')
  return jti
}

const rows = ({ id }: { id: string }) =>
  env
    .db<{
      id: string
      state: string
      jti: string
      last_error: string | null
      attempts: number
      leased_until: Date | null
      tries_from: Date
    }>('event_messages')
    .where('service_id', id)
    .orderBy('seq')
const states = async (service: MadeService) => (await rows(service)).map((row) => row.state)

/** What came, as numbers by subject, and each event once: what a receiver that knows each `jti` is left with. */
function kept(receiver: Receiver): Record<string, number[]> {
  const seen = new Set<string>()
  const bySubject: Record<string, number[]> = {}
  for (const token of receiver.tokens()) {
    const { jti = '', events: said, sub_id } = decodeJwt(token)
    if (seen.has(jti)) continue
    seen.add(jti)
    const subject = (sub_id as { id: string }).id
    const [payload] = Object.values(said as Record<string, { n: number }>)
    ;(bySubject[subject] ??= []).push(payload?.n ?? -1)
  }
  return bySubject
}

/** Turns of the workers, the clock moved on by `step` before each. */
async function turns(count: number, step: number, from = Date.now()): Promise<number> {
  let at = from
  for (let n = 0; n < count; n++) {
    at += step
    world.setNow(new Date(at))
    await deliver(env)
  }
  return at
}

describe('a receiver that is away', () => {
  test('for hours gets each event once it is back, in order, byte by byte the same', async () => {
    const { service, receiver } = await receiving()
    const laid = [
      await lay(service, 'a', 1),
      await lay(service, 'a', 2),
      await lay(service, 'b', 3),
      await lay(service, 'a', 4),
    ]
    receiver.behave({ status: 500 })
    const at = await turns(30, 5 * MINUTE)
    expect(await states(service)).toEqual(['waiting', 'waiting', 'waiting', 'waiting'])
    const failed = receiver.tokens()
    expect(failed.length).toBeGreaterThan(5)
    expect(
      Object.values(kept(receiver))
        .flat()
        .sort((a, b) => a - b),
    ).toEqual([1, 3])
    receiver.behave({ status: 202 })
    await turns(10, 16 * MINUTE, at)
    expect(await states(service)).toEqual(['delivered', 'delivered', 'delivered', 'delivered'])
    expect(kept(receiver)).toEqual({ a: [1, 2, 4], b: [3] })
    expect(new Set(receiver.tokens())).toHaveProperty('size', 4)
    expect(new Set(receiver.tokens().map((token) => decodeJwt(token).jti))).toEqual(new Set(laid))
  })

  test('nobody listens: the waits grow, and only one event at a time goes to see', async () => {
    // A port that nobody is ever given, as one that was let go may be.
    const service = await makeService(env, { eventsUri: 'http://127.0.0.1:9/events' })
    for (let n = 0; n < 12; n++) await lay(service, `s${n}`, n)
    await turns(60, 10_000)
    const attempts = (await rows(service)).reduce((sum, row) => sum + row.attempts, 0)
    // Ten minutes: 4 at first, then one after each wait of 2.5, 5, 10 … seconds, a quarter more or less.
    expect(attempts).toBeGreaterThanOrEqual(8)
    expect(attempts).toBeLessThan(20)
    expect(
      (await rows(service)).every(
        (row) => row.last_error === null || row.last_error === 'unreachable',
      ),
    ).toBe(true)
    await env.db('event_messages').where('service_id', service.id).delete()
  })

  test('for a day: dead, somebody is told, what comes later goes on, and it can be tried again', async () => {
    const { service, receiver } = await receiving()
    receiver.behave({ status: 503 })
    const first = await lay(service, 'a', 1)
    const started = Date.now()
    await turns(2, 10 * MINUTE, started)
    world.setNow(new Date(started + 24 * HOUR + 11 * MINUTE))
    const second = await lay(service, 'a', 2)
    await turns(1, MINUTE, started + 24 * HOUR + 30 * MINUTE)
    expect(await states(service)).toEqual(['dead', 'waiting'])
    const mine = (await events.tasks(env)).filter((task) => task.href.endsWith(service.id))
    expect(mine).toMatchObject([{ kind: 'events_dead' }])
    receiver.behave({ status: 202 })
    await turns(1, 20 * MINUTE, started + 25 * HOUR)
    expect(await states(service)).toEqual(['dead', 'delivered'])

    const { rows: dead, total } = await events.deadLetters(env, {
      memberId: service.memberId,
      limit: 10,
      offset: 0,
    })
    expect([total, dead.map((one) => one.jti)]).toEqual([1, [first]])
    const id = dead[0]?.id ?? ''
    const by = { kind: 'operator' as const, id: randomUUID(), marks: [] }
    await expect(events.retryDead(env, id, by, randomUUID())).rejects.toMatchObject({
      reason: 'not_found',
    })
    await events.retryDead(env, id, by)
    await expect(events.retryDead(env, id, by)).rejects.toMatchObject({ reason: 'not_found' })
    await turns(1, MINUTE, started + 26 * HOUR)
    expect(await states(service)).toEqual(['delivered', 'delivered'])
    const order = receiver.tokens().map((token) => decodeJwt(token).jti)
    expect(order.slice(-2)).toEqual([second, first])
    expect(
      await env.db('audit_events').where({ act: 'events.retried', object_id: id }),
    ).toHaveLength(1)
  })
})

describe('a receiver that answers', () => {
  test.each([
    [202, '', { kind: 'delivered' }],
    [200, '', { kind: 'again', fault: 'receiver', error: 'http_200' }],
    [302, '', { kind: 'again', fault: 'receiver', error: 'http_302' }],
    [404, '', { kind: 'again', fault: 'receiver', error: 'http_404' }],
    [429, '', { kind: 'again', fault: 'receiver', error: 'http_429' }],
    [400, 'no JSON', { kind: 'again', fault: 'receiver', error: 'http_400' }],
    [400, '{"err":"<script>"}', { kind: 'again', fault: 'receiver', error: 'http_400' }],
    [400, '{"err":"invalid_key"}', { kind: 'again', fault: 'message', error: 'invalid_key' }],
    [400, '{"err":"access_denied"}', { kind: 'again', fault: 'message', error: 'access_denied' }],
    [
      400,
      '{"err":"invalid_request","description":"x"}',
      { kind: 'dead', error: 'invalid_request' },
    ],
    [400, '{"err":"invalid_audience"}', { kind: 'dead', error: 'invalid_audience' }],
  ])('%i %s', (status, text, outcome) => {
    expect(pushOutcome({ status, text })).toEqual(outcome)
  })

  test('a logout token: 200 or 204 is done, 400 is final, anything else is tried again', () => {
    expect([200, 204, 400, 500].map((status) => logoutOutcome({ status }).kind)).toEqual([
      'delivered',
      'delivered',
      'dead',
      'again',
    ])
  })

  test('that one is wrong: it alone is dead, the next goes on', async () => {
    const { service, receiver } = await receiving()
    const wrong = await lay(service, 'a', 1)
    await lay(service, 'a', 2)
    receiver.behave(({ body }) =>
      decodeJwt(body).jti === wrong
        ? { status: 400, body: JSON.stringify({ err: 'invalid_request', description: 'x' }) }
        : { status: 202 },
    )
    await deliver(env)
    expect(await states(service)).toEqual(['dead', 'delivered'])
    expect((await rows(service))[0]?.last_error).toBe('invalid_request')
  })

  test('that it does not know our key yet: tried again for a day, then dead, and never held to be away', async () => {
    const { service, receiver } = await receiving()
    await lay(service, 'a', 1)
    receiver.behave({ status: 400, body: JSON.stringify({ err: 'invalid_key' }) })
    const at = await turns(3, 10 * MINUTE)
    expect(await states(service)).toEqual(['waiting'])
    expect(await env.db('event_receivers').where({ service_id: service.id })).toEqual([])
    await turns(1, 24 * HOUR, at)
    expect((await rows(service)).map((row) => [row.state, row.last_error])).toEqual([
      ['dead', 'invalid_key'],
    ])
  })

  test('one that it cannot digest keeps back nobody else', async () => {
    const { service, receiver } = await receiving()
    const poison = await lay(service, 'poison', 0)
    for (let n = 1; n <= 8; n++) await lay(service, `s${n}`, n)
    receiver.behave(({ body }) => ({ status: decodeJwt(body).jti === poison ? 500 : 202 }))
    await turns(10, MINUTE)
    expect(await states(service)).toEqual([
      'waiting',
      ...Array.from({ length: 8 }, () => 'delivered'),
    ])
  })
})

test('a receiver that hangs delays no other, and takes few of the places', async () => {
  const stuck = await receiving()
  const well = await receiving()
  stuck.receiver.behave('hang')
  // The clock stands: nobody's wait is over while those that hang are given up.
  world.setNow(new Date())
  for (let n = 0; n < 20; n++) await lay(stuck.service, `s${n}`, n)
  for (let n = 0; n < 40; n++) await lay(well.service, `s${n}`, n)
  const turn = deliver(env)
  await until('the other has all', () => well.receiver.got.length >= 40)
  const waiting = (await rows(stuck.service)).filter((row) => row.state === 'waiting')
  expect(waiting).toHaveLength(20)
  expect(waiting.filter((row) => row.leased_until !== null).length).toBeLessThanOrEqual(4)
  expect(waiting.every((row) => row.last_error === null)).toBe(true)
  await turn
  expect(stuck.receiver.got).toHaveLength(4)
  expect(
    (await rows(stuck.service)).filter((row) => row.last_error === 'unreachable'),
  ).toHaveLength(4)
  await env.db('event_messages').where('service_id', stuck.service.id).delete()
})

test('several workers at once: each event goes out once, and those of one person in order', async () => {
  const { service, receiver } = await receiving()
  for (let n = 0; n < 60; n++) await lay(service, `s${n % 6}`, n)
  const others = Array.from({ length: 4 }, () => workers())
  await until('all are delivered', async () => {
    await Promise.all(others.map((work) => work(env)))
    return (await states(service)).every((state) => state === 'delivered')
  })
  expect(receiver.got).toHaveLength(60)
  for (let s = 0; s < 6; s++)
    expect(kept(receiver)[`s${s}`]).toEqual(Array.from({ length: 10 }, (_, n) => n * 6 + s))
})

test('a turn goes through all of one person, though each ends while the next is looked for', async () => {
  const { service } = await receiving()
  for (let n = 0; n < 100; n++) await lay(service, 'a', n)
  await deliver(env)
  expect((await states(service)).filter((state) => state !== 'delivered')).toEqual([])
})

test('a worker killed with -9 in the middle: another one delivers the same event within a minute (R18)', async () => {
  const { service, receiver } = await receiving()
  receiver.behave('hang')
  const jti = await lay(service, 'a', 1)
  const node = await startNode({ DATABASE_URL: world.url })
  await node.says(/ready/)
  await until('the node is sending', () => receiver.got.length > 0)
  node.child.kill('SIGKILL')
  await node.ended
  receiver.behave({ status: 202 })
  await deliver(env)
  expect(receiver.got).toHaveLength(1)
  await turns(1, MINUTE)
  expect(await states(service)).toEqual(['delivered'])
  expect(receiver.tokens().map((token) => decodeJwt(token).jti)).toEqual([jti, jti])
  expect(receiver.tokens()[0]).toBe(receiver.tokens()[1])
})

/** Somebody who agreed, without pages. */
async function agreed(service: MadeService) {
  const resident = await makeResident(env)
  const now = await services.byId(env, service.id)
  if (!now) throw new Error('no service')
  const { offer, asksFor } = await question(env, resident, now, ['user_id', 'name', 'email'])
  const showingId = env.newId()
  await consents.recordShowing(env, {
    catalogue: await catalogues.catalogue(env),
    ...{ id: showingId, resident, offer, reason: asksFor, interactionUid: 'way', language: 'ja' },
    pageHash: Buffer.alloc(32),
  })
  await consents.give(env, { resident, offer, showingId, interactionUid: 'way' }, [])
  return resident
}

test('withdrawing waits for nobody: no connection is made before the workers make one', async () => {
  const { service, receiver } = await receiving()
  receiver.behave('hang')
  const residents = [await agreed(service), await agreed(service)]
  for (const resident of residents) await consents.withdraw(env, resident, service.id)
  expect(receiver.connections()).toBe(0)
  await tell(env)
  expect(receiver.connections()).toBe(0)
  expect(await states(service)).toEqual(['waiting', 'waiting'])
  await env.db('event_messages').where('service_id', service.id).delete()
})

test('what is rolled back was never a fact; what is told twice is one message', async () => {
  const { service } = await receiving()
  const resident = await agreed(service)
  const facts = () =>
    env.db('event_facts').where({ resident_id: resident.id, kind: 'consent_withdrawn' })
  await expect(
    atomically(env, async (env) => {
      await consents.withdraw(env, resident, service.id)
      throw new Error('undone')
    }),
  ).rejects.toThrow('undone')
  expect(await facts()).toEqual([])
  await consents.withdraw(env, resident, service.id)
  await Promise.all([tell(env), tell(env), tell(env)])
  await tell(env)
  await env.db('event_facts').where({ resident_id: resident.id }).update({ told_at: null })
  await tell(env)
  expect(await rows(service)).toHaveLength(1)
  expect(await facts().whereNull('told_at')).toEqual([])
})

test('what waited for a company that was excluded, or gave the service away, is never sent', async () => {
  const [stopped, given, quiet] = [await receiving(), await receiving(), await receiving()]
  for (const { service } of [stopped, given, quiet]) await lay(service, 'a', 1)
  await env.db('services').where({ id: stopped.service.id }).update({ status: 'ended' })
  const other = await makeService(env)
  await env
    .db('services')
    .where({ id: given.service.id })
    .update({ member_id: other.memberId, contract_id: other.contractId })
  await makeServiceVersion(env, quiet.service, 2, {})
  await deliver(env)
  for (const { service, receiver } of [stopped, given, quiet]) {
    expect((await rows(service)).map((row) => [row.state, row.last_error])).toEqual([
      ['dead', 'not_receiving'],
    ])
    expect(receiver.connections()).toBe(0)
  }
})

test('what waits for a suspended service: held, its day begins when that is lifted, dead after thirty', async () => {
  const [lifted, never] = [await receiving(), await receiving()]
  const of = ({ service }: typeof lifted) => env.db('services').where({ id: service.id })
  lifted.receiver.behave({ status: 500 })
  for (const one of [lifted, never]) {
    await lay(one.service, 'a', 1)
    await of(one).update({ status: 'suspended' })
  }
  const overdue = timetable().find((entry) => entry.name === 'events.overdue')
  const day = async (n: number) => {
    world.setNow(new Date(started + n * 24 * HOUR))
    await overdue?.run(env)
    await deliver(env)
  }
  const started = Date.now()
  await day(20)
  expect(lifted.receiver.connections() + never.receiver.connections()).toBe(0)
  await of(lifted).update({ status: 'live', returned_at: env.now() })
  await day(20.1)
  expect(lifted.receiver.got).toHaveLength(1)
  expect(await states(lifted.service)).toEqual(['waiting'])
  lifted.receiver.behave({ status: 202 })
  await day(20.2)
  expect(await states(lifted.service)).toEqual(['delivered'])
  expect(await states(never.service)).toEqual(['waiting'])
  await day(31)
  expect((await rows(never.service)).map((row) => [row.state, row.last_error])).toEqual([
    ['dead', 'not_receiving'],
  ])
  expect(never.receiver.connections()).toBe(0)
})

test('a service that switches protocols instead of answering takes no place from others', async () => {
  const switching = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
    })
  })
  await new Promise<void>((resolve) => switching.listen(0, '127.0.0.1', resolve))
  const { port } = switching.address() as AddressInfo
  const rude = await makeService(env, { eventsUri: `http://127.0.0.1:${port}/events` })
  for (let n = 0; n < 20; n++) await lay(rude, `s${n}`, n)
  await turns(5, MINUTE)
  const { service, receiver } = await receiving()
  await lay(service, 'a', 1)
  await deliver(env)
  expect(receiver.got).toHaveLength(1)
  expect((await rows(rude)).filter((row) => row.last_error === 'http_101')).not.toEqual([])
  await env.db('event_messages').where('service_id', rude.id).delete()
  await new Promise((resolve) => switching.close(resolve))
})

test('a hundred facts of one resident that cannot be told hold up nobody else, and the desk sees them', async () => {
  const [unsigned, well] = [
    await makeService(env, {
      eventsUri: 'http://127.0.0.1:9/events',
      idTokenAlg: 'PS256' as never,
    }),
    await receiving(),
  ]
  const [stuck, other] = [await agreed(unsigned), await agreed(well.service)]
  await tell(env)
  await consents.withdraw(env, stuck, unsigned.id)
  await env.db.raw(
    `insert into event_facts (id, kind, resident_id, service_id, ref, at)
       select gen_random_uuid(), kind, resident_id, service_id, ref, at from event_facts, generate_series(1, 150)
       where resident_id = ? and kind = 'consent_withdrawn'`,
    [stuck.id],
  )
  await consents.withdraw(env, other, well.service.id)
  await tell(env)
  expect(await states(well.service)).toEqual(['waiting'])
  const untold = () => env.db('event_facts').where({ resident_id: stuck.id }).whereNull('told_at')
  expect(await untold()).toHaveLength(151)
  expect(await events.tasks(env)).toContainEqual(
    expect.objectContaining({ kind: 'events_stuck', name: '1' }),
  )
  await makeServiceVersion(env, unsigned, 2, { eventsUri: 'http://127.0.0.1:9/events' })
  world.setNow(new Date(Date.now() + HOUR))
  await tell(env)
  expect(await untold()).toEqual([])
  await env.db('event_messages').whereIn('service_id', [unsigned.id, well.service.id]).delete()
})

test('a stream that is paused holds its events; one that is off gets none', async () => {
  const { service, receiver } = await receiving()
  await lay(service, 'a', 1)
  const stream = { service_id: service.id, delivery: 'push', changed_at: env.now() }
  await env.db('event_streams').insert({ ...stream, status: 'paused' })
  await lay(service, 'a', 2)
  await deliver(env)
  expect(receiver.got).toEqual([])
  await env.db('event_streams').where({ service_id: service.id }).update({ status: 'enabled' })
  await deliver(env)
  expect(kept(receiver)).toEqual({ a: [1, 2] })
  await env.db('event_streams').where({ service_id: service.id }).update({ status: 'disabled' })
  await expect(lay(service, 'a', 3)).rejects.toThrow('nothing was laid')
})

test('what a service fetches itself is sent nowhere, and dead when nobody came for a week', async () => {
  const { service, receiver } = await receiving()
  const stream = { service_id: service.id, delivery: 'poll', status: 'enabled' }
  await env.db('event_streams').insert({ ...stream, changed_at: env.now() })
  await lay(service, 'a', 1)
  const overdue = timetable().find((entry) => entry.name === 'events.overdue')
  for (const [days, state] of [
    [6, 'waiting'],
    [8, 'dead'],
  ] as const) {
    world.setNow(new Date(Date.now() + days * 24 * HOUR))
    await deliver(env)
    await overdue?.run(env)
    expect(await states(service)).toEqual([state])
  }
  expect((await rows(service))[0]?.last_error).toBe('not_collected')
  expect(receiver.connections()).toBe(0)
})

test('the waits: twice as long each time, a quarter more or less, never over twenty minutes', () => {
  expect([1, 2, 3].map((n) => waitAfter(n, 0.5))).toEqual([5_000, 10_000, 20_000])
  expect([waitAfter(3, 0), waitAfter(3, 1)]).toEqual([15_000, 25_000])
  expect(waitAfter(500, 1)).toBeLessThanOrEqual(20 * MINUTE)
})

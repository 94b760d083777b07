/** The storage contract of oidc-provider: one suite for its own memory adapter and for ours, then what ours adds (T1–T4). */
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { errors, type Adapter, type AdapterPayload } from 'oidc-provider'
// The library's own adapter is not exported; a deep import is allowed here alone.
// @ts-expect-error: it has no types
import MemoryAdapter from '../../node_modules/oidc-provider/lib/adapters/memory_adapter.js'
import * as catalogues from '../../src/catalogue/actions.ts'
import { adapterFor } from '../../src/oidc/adapter.ts'
import { openWorld, type World } from '../support/env.ts'

type Make = (model: string) => Adapter

let world: World
let ours: Make

beforeAll(async () => {
  world = await openWorld()
  const { items } = await catalogues.catalogue(world.env)
  ours = adapterFor(world.env, items)
})
afterAll(() => world.close())

const memory: Make = (model) =>
  new (MemoryAdapter as new (model: string, store: undefined) => Adapter)(model, undefined)

const newId = () => randomBytes(32).toString('base64url')
const seconds = () => Math.floor(Date.now() / 1000)

/** What the library hands over: plain JSON that repeats the id. */
const payloadOf = (id: string, kind: string, more: object = {}): AdapterPayload =>
  ({ jti: id, kind, iat: seconds(), exp: seconds() + 60, ...more }) as AdapterPayload

const TOKENS = ['AccessToken', 'RefreshToken', 'AuthorizationCode'] as const
const CONSUMABLE = ['RefreshToken', 'AuthorizationCode', 'PushedAuthorizationRequest'] as const
const STORED = [...TOKENS, 'Session', 'Interaction', 'PushedAuthorizationRequest'] as const

/** The members a model cannot do without. */
const needed = (kind: string) => (kind === 'Session' ? { uid: newId() } : { grantId: newId() })

describe.each<[string, Make]>([
  ['the library’s memory', memory],
  ['ours', (model) => ours(model)],
])('%s', (_name, adapter) => {
  describe.each(STORED)('%s', (kind) => {
    test('what was put is found; what was not is not', async () => {
      const id = newId()
      expect(await adapter(kind).find(id)).toBeFalsy()
      const payload = payloadOf(id, kind, {
        ...needed(kind),
        params: { state: '戻る \\ "x" \u2028', nested: { list: [1, null, { deep: true }] } },
        scope: 'openid name',
      })
      await adapter(kind).upsert(id, payload, 60)
      expect(await adapter(kind).find(id)).toEqual(payload)
    })

    test('putting again replaces', async () => {
      const id = newId()
      const base = needed(kind)
      await adapter(kind).upsert(id, payloadOf(id, kind, { ...base, scope: 'old', gone: 1 }), 60)
      await adapter(kind).upsert(id, payloadOf(id, kind, { ...base, scope: 'new' }), 60)
      const found = (await adapter(kind).find(id)) as Record<string, unknown>
      expect(found['scope']).toBe('new')
      expect(found).not.toHaveProperty('gone')
    })

    test('what is destroyed is gone; destroying what is not there is nothing', async () => {
      const [id, other] = [newId(), newId()]
      for (const one of [id, other])
        await adapter(kind).upsert(one, payloadOf(one, kind, needed(kind)), 60)
      await adapter(kind).destroy(id)
      expect(await adapter(kind).find(id)).toBeFalsy()
      expect(await adapter(kind).find(other)).toBeTruthy()
      if (kind !== 'Interaction') await adapter(kind).destroy(id)
      await adapter(kind).destroy(newId())
    })

    test('one id in two models is two things', async () => {
      const id = newId()
      const another = STORED.find((model) => model !== kind) as string
      await adapter(kind).upsert(id, payloadOf(id, kind, needed(kind)), 60)
      expect(await adapter(another).find(id)).toBeFalsy()
      await adapter(another).destroy(id)
      expect(await adapter(kind).find(id)).toBeTruthy()
    })

    test('many at once are all kept', async () => {
      const ids = Array.from({ length: 30 }, newId)
      await Promise.all(
        ids.map((id) => adapter(kind).upsert(id, payloadOf(id, kind, needed(kind)), 60)),
      )
      const found = await Promise.all(ids.map((id) => adapter(kind).find(id)))
      expect(found.filter(Boolean)).toHaveLength(30)
    })
  })

  test.each(CONSUMABLE)('%s: what was consumed says so', async (kind) => {
    const id = newId()
    await adapter(kind).upsert(id, payloadOf(id, kind, needed(kind)), 60)
    expect(((await adapter(kind).find(id)) as AdapterPayload).consumed).toBeFalsy()
    const began = seconds()
    await adapter(kind).consume(id)
    const { consumed } = (await adapter(kind).find(id)) as AdapterPayload
    expect(consumed).toBeGreaterThanOrEqual(began)
    expect(consumed).toBeLessThanOrEqual(seconds())
  })

  test('all codes and tokens of one grant go, as the library asks: once per model, at the same moment', async () => {
    const [grantId, otherGrant] = [newId(), newId()]
    const ids = TOKENS.map((kind) => ({ kind, mine: newId(), others: newId() }))
    for (const { kind, mine, others } of ids) {
      await adapter(kind).upsert(mine, payloadOf(mine, kind, { grantId }), 60)
      await adapter(kind).upsert(others, payloadOf(others, kind, { grantId: otherGrant }), 60)
    }
    await Promise.all(TOKENS.map((kind) => adapter(kind).revokeByGrantId(grantId)))
    for (const { kind, mine, others } of ids) {
      expect(await adapter(kind).find(mine)).toBeFalsy()
      expect(await adapter(kind).find(others)).toBeTruthy()
    }
  })

  test('a session is found by its uid, also after its identifier changed', async () => {
    const [id, next, uid] = [newId(), newId(), newId()]
    await adapter('Session').upsert(id, payloadOf(id, 'Session', { uid }), 60)
    expect(await adapter('Session').findByUid(uid)).toMatchObject({ uid })
    await adapter('Session').upsert(next, payloadOf(next, 'Session', { uid, state: { a: 1 } }), 60)
    expect(await adapter('Session').findByUid(uid)).toMatchObject({ uid, state: { a: 1 } })
    expect(await adapter('Session').findByUid(newId())).toBeFalsy()
  })
})

describe('what ours adds', () => {
  const errorOf = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: Error) => error.name,
    )

  test.each<[(typeof CONSUMABLE)[number], string]>([
    ['AuthorizationCode', 'InvalidGrant'],
    ['RefreshToken', 'InvalidGrant'],
    ['PushedAuthorizationRequest', 'InvalidRequestUri'],
  ])('T1 of 20 that consume one %s, one does; the others are told %s', async (kind, name) => {
    const id = newId()
    await ours(kind).upsert(id, payloadOf(id, kind, needed(kind)), 60)
    const names = await Promise.all(
      Array.from({ length: 20 }, () => errorOf(ours(kind).consume(id) as Promise<unknown>)),
    )
    expect(names.filter((one) => one === undefined)).toHaveLength(1)
    expect(names.filter((one) => one === name)).toHaveLength(19)
    expect(await errorOf(ours(kind).consume(newId()) as Promise<unknown>)).toBe(name)
  })

  test('T2 of 20 that use one assertion, one does; also again once it has run out', async () => {
    const id = newId()
    const use = (expiresIn: number) =>
      errorOf(
        ours('ReplayDetection').upsert(
          id,
          payloadOf(id, 'ReplayDetection'),
          expiresIn,
        ) as Promise<unknown>,
      )
    const names = await Promise.all(Array.from({ length: 20 }, () => use(60)))
    expect(names.filter((one) => one === undefined)).toHaveLength(1)
    expect(names.filter((one) => one === 'InvalidClientAuth')).toHaveLength(19)
    expect(await ours('ReplayDetection').find(id)).toBeUndefined()
    world.setNow(new Date(Date.now() + 120_000))
    expect(await use(60)).toBeUndefined()
    world.setNow(undefined)
  })

  test('T3 of 20 that resume one interaction, one does', async () => {
    const id = newId()
    await ours('Interaction').upsert(id, payloadOf(id, 'Interaction'), 60)
    const names = await Promise.all(
      Array.from({ length: 20 }, () =>
        errorOf(ours('Interaction').destroy(id) as Promise<unknown>),
      ),
    )
    expect(names.filter((one) => one === undefined)).toHaveLength(1)
    expect(names.filter((one) => one === 'SessionNotFound')).toHaveLength(19)
  })

  test('T4 no identifier is in the database, only its hash', async () => {
    const ids = STORED.map((kind) => [kind, newId()] as const)
    const raw = newId()
    for (const [kind, id] of ids) {
      const session = kind === 'Interaction' ? { session: { accountId: 'a', cookie: raw } } : {}
      await ours(kind).upsert(id, payloadOf(id, kind, { ...needed(kind), ...session }), 60)
    }
    const tables = ['oidc_tokens', 'oidc_sessions', 'oidc_ephemerals']
    const dump = JSON.stringify(
      await Promise.all(
        tables.map((t) => world.env.db(t).select(world.env.db.raw('to_jsonb(??) as row', [t]))),
      ),
    )
    expect(dump.includes(raw)).toBe(false)
    for (const [, id] of ids) {
      expect(dump.includes(id)).toBe(false)
      expect(dump.includes(createHash('sha256').update(id).digest('hex'))).toBe(true)
    }
  })

  test('two tabs that save one session keep each other’s services', async () => {
    const [id, uid] = [newId(), newId()]
    const save = (client: string) =>
      ours('Session').upsert(
        id,
        payloadOf(id, 'Session', { uid, authorizations: { [client]: { sid: client } } }),
        60,
      )
    await save('first')
    await Promise.all(Array.from({ length: 10 }, (_, n) => save(`tab-${n}`)))
    const found = (await ours('Session').find(id)) as { authorizations: object }
    expect(Object.keys(found.authorizations)).toHaveLength(11)
  })

  test('A16 a text that is none is refused as a fault of the request, and nothing is kept', async () => {
    for (const state of ['a\0b', '\ud800', '\ufffd']) {
      const id = newId()
      const payload = payloadOf(id, 'Interaction', { params: { state } })
      await expect(ours('Interaction').upsert(id, payload, 60)).rejects.toThrow(
        errors.InvalidRequest,
      )
      const named = payloadOf(id, 'AuthorizationCode', { claims: { userinfo: { [state]: null } } })
      await expect(ours('AuthorizationCode').upsert(id, named, 60)).rejects.toThrow(
        errors.InvalidRequest,
      )
      expect(await ours('Interaction').find(id)).toBeUndefined()
    }
  })

  test('clients and grants are what services and consents are: nothing is written', async () => {
    for (const kind of ['Client', 'Grant']) {
      expect(await ours(kind).find(newId())).toBeUndefined()
      expect(await ours(kind).find('nobody')).toBeUndefined()
      expect(await ours(kind).find("'; drop table services; --")).toBeUndefined()
      expect(await ours(kind).find('a\0b')).toBeUndefined()
      await expect(ours(kind).upsert('x', payloadOf('x', kind), 60)).rejects.toThrow(
        'not stored here',
      )
    }
    await ours('Grant').destroy(newId())
  })

  test.each([
    'DeviceCode',
    'BackchannelAuthenticationRequest',
    'InitialAccessToken',
    'PreAuthorizedCode',
  ])('%s is switched off and says so', async (kind) => {
    await expect(ours(kind).find('x')).rejects.toThrow('not stored here')
  })

  test('what has run out is swept after a day, not before; a request half-way is, with what it holds', async () => {
    const [old, young] = [newId(), newId()]
    await ours('AccessToken').upsert(old, payloadOf(old, 'AccessToken'), -90_000)
    await ours('AccessToken').upsert(young, payloadOf(young, 'AccessToken'), 60)
    const hinted = { params: { login_hint: 'hanako@example.jp' } }
    const [over, open] = [newId(), newId()]
    await ours('Interaction').upsert(over, payloadOf(over, 'Interaction', hinted), -120)
    await ours('Interaction').upsert(open, payloadOf(open, 'Interaction'), 60)
    const { run } = (await import('../../src/oidc/jobs.ts')).timetable[0] ?? {}
    await run?.(world.env)
    expect(await ours('Interaction').find(over)).toBeUndefined()
    expect(await ours('Interaction').find(open)).toBeTruthy()
    expect(await ours('AccessToken').find(old)).toBeUndefined()
    expect(await ours('AccessToken').find(young)).toBeTruthy()
  })
})

/** How a service says who it is (docs/security.md, C1–C8; RFC 7523, FAPI 2.0 §5.3.2). */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTHeaderParameters } from 'jose'
import { Browser } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { relyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { resumeTime, skip } from './clock.ts'
import {
  authorizeParams,
  authorizePath,
  basic,
  errorOn,
  introspect,
  OFFLINE,
  post,
  postAs,
  redeem,
  refresh,
  tally,
  tokensFor,
  userinfo,
  type Answer,
  type Changes,
} from './steps.ts'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
const rsaPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })

let site: Site
let resident: MadeResident
let byKey: MadeService
let bySecret: MadeService
let native: MadeService
let ec: Pair
let rsa: ReturnType<typeof rsaPair>

beforeAll(async () => {
  site = await openSite()
  resident = await makeResident(site.env)
  ec = await generateKeyPair('ES256', { extractable: true })
  rsa = rsaPair()
  byKey = await makeService(site.env, {
    authMethod: 'private_key_jwt',
    jwks: await publicKeys(),
  })
  bySecret = await makeService(site.env)
  native = await makeService(site.env, {
    applicationType: 'native',
    authMethod: 'none',
    redirectUris: ['example.town:/callback'],
  })
})
afterAll(() => site.close())
afterEach(resumeTime)

const publicKeys = async () => ({
  keys: [
    { ...(await exportJWK(ec.publicKey)), kid: 'ec', use: 'sig' },
    { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', use: 'sig' },
  ],
})

const seconds = () => Math.floor(Date.now() / 1000)

type Bent = {
  from?: MadeService
  claims?: Record<string, unknown>
  header?: Partial<JWTHeaderParameters>
  key?: Parameters<SignJWT['sign']>[0]
}

/** A right assertion with these parts changed; a claim of `undefined` is left out. */
function assertion({ from = byKey, claims, header, key }: Bent = {}): Promise<string> {
  const all = {
    iss: from.clientId,
    sub: from.clientId,
    aud: site.issuer,
    jti: randomUUID(),
    iat: seconds(),
    exp: seconds() + 60,
    ...claims,
  }
  const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return new SignJWT(said)
    .setProtectedHeader({ alg: 'ES256', kid: 'ec', ...header })
    .sign(key ?? ec.privateKey)
}

/** An endpoint that answers 200 to whoever is authenticated. */
const ask = (client_assertion: string, more: Changes = {}) =>
  post(site, '/token/introspection', {
    token: 'x'.repeat(43),
    client_assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    ...more,
  })

const said = (answer: Answer) => [answer.status, answer.body['error'] ?? answer.body]
const WELCOME = [200, { active: false }]
const STRANGER = [401, 'invalid_client']

describe('private_key_jwt', () => {
  test('the whole way with openid-client', async () => {
    const rp = await relyingParty(site.issuer, byKey, { key: { key: ec.privateKey, kid: 'ec' } })
    const browser = new Browser(site.issuer)
    const tokens = await rp.signIn(
      browser,
      { email: resident.email, password: PASSWORD },
      'openid name',
    )
    expect((await rp.userinfo(tokens.access_token, resident.userId)).name).toBe('山田 花子')
  })

  test.each<[string, () => Bent, unknown[]]>([
    ['as it should be', () => ({}), WELCOME],
    ['by PS256', () => ({ header: { alg: 'PS256', kid: 'rsa' }, key: rsa.privateKey }), WELCOME],
    ['without a key id', () => ({ header: { kid: undefined as unknown as string } }), WELCOME],
    ['C2 aud: the token endpoint', () => ({ claims: { aud: `${site.issuer}/token` } }), STRANGER],
    [
      'C2 aud: this endpoint',
      () => ({ claims: { aud: `${site.issuer}/token/introspection` } }),
      STRANGER,
    ],
    [
      'C2 aud: the pushing endpoint',
      () => ({ claims: { aud: `${site.issuer}/request` } }),
      STRANGER,
    ],
    ['C2 aud: the issuer in a list', () => ({ claims: { aud: [site.issuer] } }), STRANGER],
    [
      'C2 aud: one of two',
      () => ({ claims: { aud: [site.issuer, 'https://evil.example'] } }),
      STRANGER,
    ],
    ['C2 aud: with a slash', () => ({ claims: { aud: `${site.issuer}/` } }), STRANGER],
    ['C2 aud: somebody else', () => ({ claims: { aud: 'https://evil.example' } }), STRANGER],
    ['C2 no aud', () => ({ claims: { aud: undefined } }), STRANGER],
    ['C4 iat 8 s ahead', () => ({ claims: { iat: seconds() + 8 } }), WELCOME],
    ['C4 nbf 4 s ahead', () => ({ claims: { nbf: seconds() + 4 } }), WELCOME],
    [
      'C4 iat 61 s ahead',
      () => ({ claims: { iat: seconds() + 61, exp: seconds() + 120 } }),
      STRANGER,
    ],
    [
      'C4 nbf 61 s ahead',
      () => ({ claims: { nbf: seconds() + 61, exp: seconds() + 120 } }),
      STRANGER,
    ],
    [
      'C4 ended 300 s ago',
      () => ({ claims: { iat: seconds() - 360, exp: seconds() - 300 } }),
      STRANGER,
    ],
    ['C4 ends in a year', () => ({ claims: { exp: seconds() + 31_536_000 } }), STRANGER],
    ['C4 ends in 4 minutes', () => ({ claims: { exp: seconds() + 240 } }), WELCOME],
    ['C4 no end', () => ({ claims: { exp: undefined } }), STRANGER],
    ['C4 an end that is no number', () => ({ claims: { exp: 'soon' } }), STRANGER],
    ['C4 an iat that is no number', () => ({ claims: { iat: 'now' } }), STRANGER],
    ['no jti', () => ({ claims: { jti: undefined } }), STRANGER],
    ['an empty jti', () => ({ claims: { jti: '' } }), STRANGER],
    ['no iss', () => ({ claims: { iss: undefined } }), STRANGER],
    ['iss: somebody else', () => ({ claims: { iss: bySecret.clientId } }), STRANGER],
    ['no sub', () => ({ claims: { sub: undefined } }), STRANGER],
    ['an unknown sub', () => ({ claims: { sub: 'nobody', iss: 'nobody' } }), STRANGER],
    [
      'C5 by a key nobody knows',
      () => ({ key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }),
      STRANGER,
    ],
    ['C5 under another key’s name', () => ({ header: { kid: 'rsa' } }), STRANGER],
    ['C5 under an unknown name', () => ({ header: { kid: '../../x' } }), STRANGER],
    [
      'C5 RS256 with the right key',
      () => ({ header: { alg: 'RS256', kid: 'rsa' }, key: rsa.privateKey }),
      STRANGER,
    ],
    [
      'C5 PS384 with the right key',
      () => ({ header: { alg: 'PS384', kid: 'rsa' }, key: rsa.privateKey }),
      STRANGER,
    ],
    ['C5 HS256', () => ({ header: { alg: 'HS256' }, key: Buffer.alloc(32, 'k') }), STRANGER],
  ])('%s', async (_name, bend, expected) => {
    expect(said(await ask(await assertion(bend())))).toEqual(expected)
  })

  test('C5 HS256 signed with the public key itself', async () => {
    const { publicKey } = rsaPair()
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'PS256', use: 'sig' }]
    const one = await makeService(site.env, { authMethod: 'private_key_jwt', jwks: { keys } })
    const pems = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'pkcs1', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(keys[0]),
    ]
    for (const pem of pems)
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        const forged = await assertion({
          claims: { iss: one.clientId, sub: one.clientId },
          header: { alg, kid: 'one' },
          key: Buffer.from(pem),
        })
        expect(said(await ask(forged))).toEqual(STRANGER)
      }
  })

  test('C5 no algorithm at all', async () => {
    const claims = { jti: randomUUID(), exp: seconds() + 60, iat: seconds() }
    const who = { iss: byKey.clientId, sub: byKey.clientId, aud: site.issuer }
    const none = new UnsecuredJWT({ ...claims, ...who }).encode()
    expect(said(await ask(none))).toEqual(STRANGER)
    const [, payload] = none.split('.')
    for (const alg of ['none', 'None', 'NONE', '', 'nOnE']) {
      const header = Buffer.from(JSON.stringify({ alg })).toString('base64url')
      for (const signature of ['', 'AA'])
        expect(said(await ask(`${header}.${payload}.${signature}`))[0]).toBe(401)
    }
  })

  describe('C5 a header that brings its own key', () => {
    let listener: Server
    let connections = 0
    beforeAll(async () => {
      listener = createServer((_req, res) => void res.end('{"keys":[]}'))
      listener.on('connection', () => connections++)
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    })
    afterAll(() => new Promise((resolve) => listener.close(resolve)))

    test('is refused, even with the right signature, and nobody is asked', async () => {
      const address = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/k`
      const mine = await generateKeyPair('ES256', { extractable: true })
      const jwk = await exportJWK(mine.publicKey)
      const headers = [{ jku: address }, { x5u: address }, { x5c: ['AA'] }, { jwk }]
      for (const header of headers)
        for (const key of [ec.privateKey, mine.privateKey])
          expect(
            said(await ask(await assertion({ header: header as Bent['header'] & object, key }))),
          ).toEqual(STRANGER)
      expect(connections).toBe(0)
    })
  })

  /** Who fails too often is told to wait (C8): these tests fail on purpose, each as somebody else. */
  const anew = async () =>
    makeService(site.env, { authMethod: 'private_key_jwt', jwks: await publicKeys() })

  test('C3 an assertion is good once, also 20 at the same moment', async () => {
    const from = await anew()
    for (let round = 0; round < 3; round++) {
      const once = await assertion({ from })
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(once)))
      expect(tally(answers)).toEqual({ 200: 1, 401: 19 })
    }
    const jti = randomUUID()
    expect((await ask(await assertion({ from, claims: { jti } }))).status).toBe(200)
    expect(
      (await ask(await assertion({ from, claims: { jti, exp: seconds() + 90 } }))).status,
    ).toBe(401)
    expect((await ask(await assertion({ from, claims: { jti: 'x'.repeat(5000) } }))).status).toBe(
      200,
    )
  })

  test('C3 it is not good again later, while it still says it is', async () => {
    const from = await anew()
    const once = await assertion({ from, claims: { exp: seconds() + 200 } })
    expect((await ask(once)).status).toBe(200)
    skip(150)
    expect((await ask(once)).status).toBe(401)
  })

  test.each<[string, Changes, unknown[]]>([
    ['another type', { client_assertion_type: 'urn:x' }, [400, 'invalid_request']],
    ['no type', { client_assertion_type: undefined }, [400, 'invalid_request']],
    ['somebody else’s client_id beside it', { client_id: 'x' }, [400, 'invalid_request']],
  ])('%s', async (_name, more, expected) => {
    expect(said(await ask(await assertion({ from: await anew() }), more))).toEqual(expected)
  })

  test.each(['', 'x', 'a.b.c', '..', `${'x'.repeat(20_000)}.x.x`, 'e30.e30.', 'bnVsbA.bnVsbA.x'])(
    'no assertion at all: %#',
    async (text) => {
      expect([400, 401]).toContain((await ask(text)).status)
    },
  )
})

describe('C6 the method it is registered for, and no other', () => {
  const strangers: [string, () => Promise<Answer>][] = [
    ['an unknown service', () => asked({ authorization: basic('nobody', 'x'.repeat(43)) })],
    ['a wrong secret', () => asked({ authorization: basic(bySecret.clientId, 'x'.repeat(43)) })],
    ['a secret too short', () => asked({ authorization: basic(bySecret.clientId, 'x') })],
    [
      'the stored hash for a secret',
      async () => {
        const row = await site.env
          .db('services')
          .where({ id: bySecret.id })
          .first<{ secret_hash: Buffer }>()
        return asked({ authorization: basic(bySecret.clientId, row.secret_hash.toString('hex')) })
      },
    ],
    [
      'a secret for a service that has a key',
      () => asked({ authorization: basic(byKey.clientId, byKey.clientSecret) }),
    ],
    [
      'a secret for a public service',
      () => asked({ authorization: basic(native.clientId, native.clientSecret) }),
    ],
    ['no secret where there is one', () => asked({}, { client_id: bySecret.clientId })],
    ['no key where there is one', () => asked({}, { client_id: byKey.clientId })],
    [
      'the secret in the form',
      () => asked({}, { client_id: bySecret.clientId, client_secret: bySecret.clientSecret }),
    ],
    [
      'an assertion for a service that has a secret',
      async () =>
        ask(await assertion({ claims: { iss: bySecret.clientId, sub: bySecret.clientId } })),
    ],
  ]
  const asked = (headers: Record<string, string>, more: Changes = {}) =>
    post(site, '/token/introspection', { token: 'x'.repeat(43), ...more }, headers)

  test.each(strangers)('%s: the same answer', async (_name, attempt) => {
    const answer = await attempt()
    expect(answer.status).toBe(401)
    expect(answer.body).toEqual({
      error: 'invalid_client',
      error_description: 'client authentication failed',
    })
  })

  test('two ways at once are refused', async () => {
    const authorization = basic(bySecret.clientId, bySecret.clientSecret)
    const client_assertion = await assertion()
    const answer = await asked({ authorization }, { client_assertion })
    expect(said(answer)).toEqual([400, 'invalid_request'])
  })

  test.each([
    'Basic',
    'Basic ',
    'Basic !!!',
    'Basic eA==',
    'Bearer x',
    'Basic a b',
    'Digest x',
    `Basic ${'eA'.repeat(5000)}`,
  ])('a broken header: %#', async (authorization) => {
    expect([400, 401]).toContain((await asked({ authorization })).status)
  })

  test('the right one is welcome', async () => {
    const authorization = basic(bySecret.clientId, bySecret.clientSecret)
    expect(said(await asked({ authorization }))).toEqual(WELCOME)
  })
})

test('C1 no secret can be had again: nothing in the database is one', async () => {
  const rows = await site.env.db('services').select('secret_hash')
  const text = JSON.stringify(rows.map((row) => row.secret_hash?.toString('latin1')))
  expect(text).not.toContain(bySecret.clientSecret)
  const registration = await post(site, '/register', {})
  expect([403, 404, 415]).toContain(registration.status)
})

test.each<
  [string, (service: MadeService) => Promise<unknown>, (service: MadeService) => Promise<unknown>]
>([
  [
    'suspended',
    ({ id }) => site.env.db('services').where({ id }).update({ status: 'suspended' }),
    ({ id }) => site.env.db('services').where({ id }).update({ status: 'live' }),
  ],
  [
    'of a suspended company',
    ({ memberId: id }) => site.env.db('members').where({ id }).update({ status: 'suspended' }),
    ({ memberId: id }) => site.env.db('members').where({ id }).update({ status: 'active' }),
  ],
])(
  'C7 a service %s is refused at once and everywhere, and serves again afterwards',
  async (_name, stop, start) => {
    const service = await makeService(site.env)
    const browser = new Browser(site.issuer)
    const tokens = await tokensFor(site, browser, service, resident, OFFLINE)
    await stop(service)
    const page = await browser.open(authorizePath(service))
    expect([page.status, errorOn(page)]).toEqual([400, 'invalid_client'])
    const pushed = Object.fromEntries(authorizeParams(service))
    expect(said(await postAs(site, service, '/request', pushed))).toEqual(STRANGER)
    expect(said(await refresh(site, service, tokens.refresh))).toEqual(STRANGER)
    const code = { code: 'x', verifier: 'x'.repeat(43), redirectUri: service.redirectUri }
    expect(said(await redeem(site, service, code))).toEqual(STRANGER)
    expect(said(await introspect(site, service, tokens.access))).toEqual(STRANGER)
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    await start(service)
    expect((await userinfo(site, tokens.access)).status).toBe(200)
    expect((await refresh(site, service, tokens.refresh)).status).toBe(200)
  },
)

test('C8 who keeps failing as one service is told to wait; others are not slowed', async () => {
  const [victim, calm] = [await makeService(site.env), await makeService(site.env)]
  const guess = () =>
    post(
      site,
      '/token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      {
        authorization: basic(victim.clientId, `guess-${randomUUID()}`),
      },
    )
  const answers: Answer[] = []
  for (let n = 0; n < 10; n++)
    answers.push(...(await Promise.all(Array.from({ length: 20 }, guess))))
  expect(answers.filter((answer) => ![401, 429].includes(answer.status))).toEqual([])
  const told = answers.filter((answer) => answer.status === 429)
  expect(told.length).toBeGreaterThan(50)
  expect(Number(told[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(said(await introspect(site, calm, 'x'))).toEqual(WELCOME)
})

/** The token endpoint: codes, refresh tokens, scopes and what the tokens say (docs/security.md, B1–B12, D1–D4, M1). */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { Browser } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { resumeTime, skip } from './clock.ts'
import {
  ALL,
  answerOf,
  arrived,
  basic,
  codeFor,
  goOn,
  authorizePath,
  introspect,
  narrow,
  newVerifier,
  OFFLINE,
  post,
  postAs,
  redeem,
  refresh,
  tokensFor,
  tokensIn,
  userinfo,
  type Answer,
  type Changes,
  type Code,
} from './steps.ts'

let site: Site
let service: MadeService
let other: MadeService
let native: MadeService
let resident: MadeResident

beforeAll(async () => {
  site = await openSite()
  service = await makeService(site.env, {
    redirectUris: ['https://service.example/a', 'https://service.example/b'],
  })
  other = await makeService(site.env)
  native = await makeService(site.env, {
    applicationType: 'native',
    authMethod: 'none',
    redirectUris: ['example.town:/callback'],
  })
  resident = await makeResident(site.env)
})
afterAll(() => site.close())
afterEach(resumeTime)

const newBrowser = () => new Browser(site.issuer)
const newCode = (changes: Changes = {}, picked: string[] = []) =>
  codeFor(newBrowser(), service, resident, changes, picked)
const asNative = (fields: Changes) =>
  post(site, '/token', { client_id: native.clientId, ...fields })
const sorted = (scope: string) => scope.split(' ').sort().join(' ')

async function nativeTokens() {
  const verifier = newVerifier()
  const browser = newBrowser()
  const start = await browser.open(authorizePath(native, OFFLINE, verifier))
  const code = arrived(await goOn(browser, start, resident))?.get('code') ?? ''
  return tokensIn(
    await asNative({
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: native.redirectUri,
    }),
  )
}

const refused = (answer: Answer) => [answer.status, answer.body['error']]
const INVALID_GRANT = [400, 'invalid_grant']

describe('codes', () => {
  test('B1 a code redeemed twice ends all that came of it, and the consent stays', async () => {
    const code = await newCode(OFFLINE)
    const tokens = tokensIn(await redeem(site, service, code))
    expect((await userinfo(site, tokens.access)).status).toBe(200)
    expect(refused(await redeem(site, service, code))).toEqual(INVALID_GRANT)
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    expect(refused(await refresh(site, service, tokens.refresh))).toEqual(INVALID_GRANT)
    expect((await introspect(site, service, tokens.access)).body).toEqual({ active: false })
    const agreements = await site.env.db('agreements').where({ resident_id: resident.id })
    expect(agreements.every((row) => row.ended_at === null)).toBe(true)
  })

  test('B1 only those of this browser: another device goes on', async () => {
    const elsewhere = await tokensFor(site, newBrowser(), service, resident)
    const code = await newCode()
    await redeem(site, service, code)
    await redeem(site, service, code)
    expect((await userinfo(site, elsewhere.access)).status).toBe(200)
  })

  test.each([
    [59, 200],
    [60, 400],
    [66, 400],
  ])('B3 after %i seconds: %i', async (seconds, status) => {
    // The clock stands while the code is made: its seconds are whole ones.
    skip(0)
    const code = await newCode()
    skip(seconds)
    const answer = await redeem(site, service, code)
    expect(answer.status).toBe(status)
    if (status === 400) expect(answer.body['error']).toBe('invalid_grant')
  })

  test.each<[string, (code: Code) => Promise<Answer>]>([
    ['by another company', (code) => redeem(site, other, code)],
    [
      'with another registered address',
      (code) => redeem(site, service, code, { redirect_uri: 'https://service.example/b' }),
    ],
    [
      'with a wrong verifier',
      (code) => redeem(site, service, code, { code_verifier: newVerifier() }),
    ],
    ['without a verifier', (code) => redeem(site, service, code, { code_verifier: undefined })],
    ['with an empty verifier', (code) => redeem(site, service, code, { code_verifier: '' })],
    [
      'with the challenge for a verifier',
      (code) => redeem(site, service, code, { code_verifier: code.verifier.toUpperCase() }),
    ],
  ])('B4 %s: refused, and a right try afterwards works', async (_name, attempt) => {
    const code = await newCode()
    expect(refused(await attempt(code))).toEqual(INVALID_GRANT)
    expect((await redeem(site, service, code)).status).toBe(200)
  })

  test.each<[string, Changes, string]>([
    ['no redirect address', { redirect_uri: undefined }, 'invalid_request'],
    ['no code', { code: undefined }, 'invalid_request'],
    ['an unknown code', { code: 'x'.repeat(43) }, 'invalid_grant'],
    ['a code with NUL', { code: 'a\0b' }, 'invalid_grant'],
    ['a code of 10 KB', { code: 'x'.repeat(10_000) }, 'invalid_grant'],
    ['a verifier of 42 characters', { code_verifier: 'a'.repeat(42) }, 'invalid_request'],
    ['no grant type', { grant_type: undefined }, 'invalid_request'],
  ])('%s', async (_name, changes, error) => {
    expect(refused(await redeem(site, service, await newCode(), changes))).toEqual([400, error])
  })

  test('A4 a parameter twice is refused', async () => {
    const { code, verifier, redirectUri } = await newCode()
    const fields: [string, string][] = [
      ['grant_type', 'authorization_code'],
      ['code', code],
      ['code', code],
      ['code_verifier', verifier],
      ['redirect_uri', redirectUri],
    ]
    const authorization = basic(service.clientId, service.clientSecret)
    expect(refused(await post(site, '/token', fields, { authorization }))).toEqual([
      400,
      'invalid_request',
    ])
  })

  test('K2, K3 where the record cannot be written, no token is there and the code is still good', async () => {
    const code = await newCode()
    const before = await site.env.db('oidc_tokens').count({ n: '*' })
    await site.owner.raw(`create function refuse_record() returns trigger language plpgsql as
      $$ begin raise exception 'no room'; end $$`)
    await site.owner.raw(
      'create trigger refuse_record before insert on provision_records for each row execute function refuse_record()',
    )
    const failed = await redeem(site, service, code)
    await site.owner.raw('drop trigger refuse_record on provision_records')
    expect(failed.status).toBe(500)
    expect(failed.text).not.toMatch(/token|no room/)
    expect(await site.env.db('oidc_tokens').count({ n: '*' })).toEqual(before)
    expect((await redeem(site, service, code)).status).toBe(200)
  })
})

describe('B6, B8 refresh tokens', () => {
  test('come only where the service asks by prompt=consent and the contract allows it', async () => {
    const scope = `${ALL} offline_access`
    const plain = tokensIn(await redeem(site, service, await newCode({ scope })))
    expect(plain.refresh).toBe('')
    expect(plain.scope).not.toContain('offline_access')
    const asked = tokensIn(await redeem(site, service, await newCode(OFFLINE)))
    expect(asked.refresh).toMatch(/^[\w-]{43}$/)
    expect(asked.scope).toContain('offline_access')
    const without = await makeService(site.env, { offlineAccess: false })
    const none = await tokensFor(site, newBrowser(), without, resident, OFFLINE)
    expect(none.refresh).toBe('')
    expect(none.scope).not.toContain('offline_access')
    const used = await refresh(site, without, 'x'.repeat(43))
    expect(refused(used)).toEqual([400, 'invalid_request'])
  })

  test('a confidential client’s stays the same: an answer lost on the way can be asked for again', async () => {
    const tokens = tokensIn(await redeem(site, service, await newCode(OFFLINE)))
    const first = tokensIn(await refresh(site, service, tokens.refresh))
    const second = tokensIn(await refresh(site, service, tokens.refresh))
    expect([first.refresh, second.refresh]).toEqual([tokens.refresh, tokens.refresh])
    for (const { access } of [tokens, first, second])
      expect((await userinfo(site, access)).status).toBe(200)
  })

  test('a public client’s changes each time; an old one ends the family', async () => {
    const first = await nativeTokens()
    const use = (token: string) => asNative({ grant_type: 'refresh_token', refresh_token: token })
    const second = tokensIn(await use(first.refresh))
    const third = tokensIn(await use(second.refresh))
    expect(new Set([first.refresh, second.refresh, third.refresh]).size).toBe(3)
    expect((await userinfo(site, third.access)).status).toBe(200)
    expect(refused(await use(first.refresh))).toEqual(INVALID_GRANT)
    expect(refused(await use(third.refresh))).toEqual(INVALID_GRANT)
    expect((await userinfo(site, third.access)).status).toBe(401)
  })

  test('by another company: refused, and nothing ends', async () => {
    const tokens = tokensIn(await redeem(site, service, await newCode(OFFLINE)))
    expect(refused(await refresh(site, other, tokens.refresh))).toEqual(INVALID_GRANT)
    const public_ = await asNative({ grant_type: 'refresh_token', refresh_token: tokens.refresh })
    expect(refused(public_)).toEqual(INVALID_GRANT)
    expect((await refresh(site, service, tokens.refresh)).status).toBe(200)
  })

  const DAY = 86_400
  test('both end 30 days after the sign-in, though used in between', async () => {
    const confidential = tokensIn(await redeem(site, service, await newCode(OFFLINE)))
    let rotating = await nativeTokens()
    const both = async () => {
      const mine = await refresh(site, service, confidential.refresh)
      const theirs = await asNative({
        grant_type: 'refresh_token',
        refresh_token: rotating.refresh,
      })
      if (theirs.status === 200) rotating = tokensIn(theirs)
      return [mine.status, theirs.status]
    }
    for (const days of [10, 10, 9]) {
      skip(days * DAY)
      expect(await both()).toEqual([200, 200])
    }
    skip(DAY + 60)
    expect(await both()).toEqual([400, 400])
  })

  test.each([
    ['openid name', 'name openid'],
    ['openid', 'openid'],
  ])('B8 %s: less may be asked for, and less comes', async (scope, granted) => {
    const tokens = tokensIn(await redeem(site, service, await newCode(OFFLINE)))
    const answer = tokensIn(await refresh(site, service, tokens.refresh, { scope }))
    expect(sorted(answer.scope)).toBe(granted)
    const { body } = await userinfo(site, answer.access)
    expect('name' in body).toBe(scope.includes('name'))
    expect('email' in body).toBe(false)
    const whole = tokensIn(await refresh(site, service, tokens.refresh))
    expect(whole.scope).toBe(tokens.scope)
  })

  test('B8 more may not', async () => {
    const changes = { scope: 'openid name offline_access', prompt: 'consent' }
    const tokens = tokensIn(await redeem(site, service, await newCode(changes)))
    for (const scope of ['openid name email', 'openid name my_number'])
      expect(refused(await refresh(site, service, tokens.refresh, { scope }))).toEqual([
        400,
        'invalid_scope',
      ])
    expect((await refresh(site, service, tokens.refresh)).status).toBe(200)
  })

  test('the scope of a refreshed token is what still flows', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const tokens = await tokensFor(site, browser, service, person, OFFLINE, ['address', 'sex'])
    expect(sorted(tokens.scope)).toBe('address email name offline_access openid sex')
    await narrow(browser, service, 'address')
    const after = tokensIn(await refresh(site, service, tokens.refresh))
    expect(sorted(after.scope)).toBe('email name offline_access openid sex')
    for (const { access } of [tokens, after]) {
      const { body } = await userinfo(site, access)
      expect('address' in body).toBe(false)
      expect(body['gender']).toBe('female')
      const told = await introspect(site, service, access)
      expect(String(told.body['scope'])).not.toContain('address')
    }
  })
})

describe('B10–B12 the endpoint itself', () => {
  test.each([
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:openid:params:grant-type:ciba',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    '__proto__',
    '',
  ])('B10 the grant type %s is not there', async (grant_type) => {
    const fields = { grant_type, username: resident.email, password: 'x', assertion: 'x' }
    const answer = await postAs(site, service, '/token', fields)
    expect(refused(answer)).toEqual([
      400,
      grant_type ? 'unsupported_grant_type' : 'invalid_request',
    ])
  })

  const ask = (init: RequestInit, query = '') =>
    fetch(`${site.issuer}/token${query}`, { redirect: 'manual', ...init }).then(answerOf)

  test('B11 only a form is taken, only by POST, and no token from an address', async () => {
    const { code, verifier, redirectUri } = await newCode()
    const fields = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
    }
    const authorization = basic(service.clientId, service.clientSecret)
    const query = `?${new URLSearchParams(fields).toString()}`
    expect((await ask({ headers: { authorization } }, query)).status).toBe(404)
    const json = await ask({
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    })
    expect(json.status).toBe(400)
    const empty = await ask({ method: 'POST', headers: { authorization } }, query)
    expect(empty.status).toBe(400)
    for (const method of ['PUT', 'DELETE', 'PATCH'])
      expect([404, 405]).toContain((await ask({ method, headers: { authorization } })).status)
    expect((await redeem(site, service, { code, verifier, redirectUri })).status).toBe(200)
  })

  test.each<[string, string | Buffer, string, number[]]>([
    ['60 KB', `grant_type=${'x'.repeat(60_000)}`, 'application/x-www-form-urlencoded', [400, 413]],
    ['no form', '\0\xff\xfe', 'application/x-www-form-urlencoded', [400]],
    ['multipart', '--x\r\n\r\n--x--', 'multipart/form-data; boundary=x', [400]],
    ['a gzip', Buffer.from('1f8b08', 'hex'), 'application/x-www-form-urlencoded', [400]],
    ['nothing', '', 'application/x-www-form-urlencoded', [400]],
  ])('%s: a plain refusal', async (_name, body, type, statuses) => {
    const authorization = basic(service.clientId, service.clientSecret)
    const headers = { authorization, 'content-type': type }
    const answer = await ask({ method: 'POST', headers, body: body as BodyInit })
    expect(statuses).toContain(answer.status)
    expect(answer.body['error']).toBe('invalid_request')
  })

  test('B12 nothing may be kept: 200, 400, 401', async () => {
    const code = await newCode()
    const good = await redeem(site, service, code)
    const bad = await redeem(site, service, code)
    const unknown = await redeem(site, { ...service, clientSecret: 'x'.repeat(43) }, code)
    expect([good.status, bad.status, unknown.status]).toEqual([200, 400, 401])
    for (const { headers } of [good, bad, unknown]) {
      expect(headers.get('cache-control')).toContain('no-store')
      expect(headers.get('content-type')).toContain('application/json')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })
})

describe('D1–D4 what the tokens are', () => {
  test('D1 an access token is opaque and lives ten minutes', async () => {
    const answer = await redeem(site, service, await newCode(OFFLINE))
    const { access, refresh: refreshToken } = tokensIn(answer)
    expect(answer.body['expires_in']).toBe(600)
    expect(answer.body['token_type']).toBe('Bearer')
    for (const token of [access, refreshToken]) expect(token).toMatch(/^[\w-]{43}$/)
    expect((await userinfo(site, access)).status).toBe(200)
    skip(610)
    const late = await userinfo(site, access)
    expect(late.status).toBe(401)
    expect(late.headers.get('www-authenticate')).toContain('invalid_token')
    expect((await introspect(site, service, access)).body).toEqual({ active: false })
  })

  test.each([
    ['ES256', undefined],
    ['RS256', 'RS256'],
  ] as const)('D2, D4 an ID token by %s says just this', async (alg, idTokenAlg) => {
    const one = await makeService(site.env, idTokenAlg ? { idTokenAlg } : {})
    const begun = Math.floor(Date.now() / 1000)
    const { id, access } = await tokensFor(site, newBrowser(), one, resident, { scope: ALL }, [
      'sex',
    ])
    const keys = createRemoteJWKSet(new URL(`${site.issuer}/jwks`))
    const { payload, protectedHeader } = await jwtVerify(id, keys, {
      issuer: site.issuer,
      audience: one.clientId,
    })
    expect(protectedHeader).toEqual({ alg, kid: expect.any(String) })
    expect(payload).toEqual({
      sub: resident.userId,
      iss: site.issuer,
      aud: one.clientId,
      nonce: 'nonce-of-the-test',
      amr: ['pwd'],
      auth_time: expect.any(Number),
      iat: expect.any(Number),
      exp: expect.any(Number),
    })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600)
    expect(payload['auth_time']).toBeGreaterThanOrEqual(begun - 1)
    expect(access).not.toBe(id)
  })

  test('D4 the keys are public halves with a name, an algorithm and a use', async () => {
    const { keys } = (await (await fetch(`${site.issuer}/jwks`)).json()) as {
      keys: Record<string, string>[]
    }
    expect(new Set(keys.map((key) => key['alg']))).toEqual(new Set(['ES256', 'RS256']))
    for (const key of keys) {
      expect(key).toMatchObject({ use: 'sig', kid: expect.any(String) })
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
        expect(key).not.toHaveProperty(secret)
    }
  })

  test('D3 no token stands for another', async () => {
    const {
      id,
      access,
      refresh: refreshToken,
    } = tokensIn(await redeem(site, service, await newCode(OFFLINE)))
    const code = await newCode()
    for (const wrong of [id, refreshToken, code.code, '', 'x', 'a\tb', 'é', 'x'.repeat(9000)])
      expect([400, 401]).toContain(
        (await userinfo(site, wrong).catch(() => ({ status: 400 }))).status,
      )
    for (const wrong of [access, id, code.code])
      expect(refused(await refresh(site, service, wrong))).toEqual(INVALID_GRANT)
    expect(refused(await redeem(site, service, { ...code, code: access }))).toEqual(INVALID_GRANT)
    expect((await userinfo(site, access)).status).toBe(200)
  })

  test('D7 nothing repeats', async () => {
    const browser = newBrowser()
    await codeFor(browser, service, resident)
    const codes = await Promise.all(
      Array.from({ length: 60 }, () => codeFor(browser, service, resident)),
    )
    expect(new Set(codes.map(({ code }) => code)).size).toBe(60)
  })

  test('M1, T4 nothing that is stored can be used: neither codes nor tokens nor cookies nor secrets', async () => {
    const browser = newBrowser()
    const code = await codeFor(browser, service, resident, OFFLINE)
    const tokens = tokensIn(await redeem(site, service, code))
    const unused = await codeFor(browser, service, resident)
    await browser.open(authorizePath(service, { prompt: 'login' }))
    // An interaction's cookie is its address, which is useless without the cookie's signature.
    const cookies = [...browser.jar]
      .filter(([name]) => !/^(interaction|resume|.*\.sig)\|/.test(name))
      .map(([, cookie]) => cookie.value)
      // A chosen language is no secret.
      .filter((value) => value.length > 20)
    const bearer = [
      code.code,
      unused.code,
      tokens.access,
      tokens.refresh,
      service.clientSecret,
      ...cookies,
    ]
    const tables = [
      'oidc_sessions',
      'oidc_tokens',
      'oidc_ephemerals',
      'oidc_replays',
      'services',
      'sign_ins',
    ]
    const dump = JSON.stringify(
      await Promise.all(
        tables.map((table) => site.env.db(table).select(site.env.db.raw('to_jsonb(??)', [table]))),
      ),
    )
    expect(bearer.length).toBeGreaterThan(6)
    const found = bearer.map((value) => [value, Buffer.from(value).toString('hex')])
    expect(found.map((forms) => forms.filter((form) => dump.includes(form)))).toEqual(
      bearer.map(() => []),
    )
    // The hashes are there, so the rows are the right ones.
    expect(dump.includes(createHash('sha256').update(unused.code).digest('hex'))).toBe(true)
  })
})

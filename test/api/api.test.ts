/** The door to /api/v1: tokens, scopes, senders, bodies, and the description held to the routes (D5, J2, L10, L14). */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as client from 'openid-client'
import * as api from '../../src/api/actions.ts'
import { ENDPOINTS, SERVICE_ENDPOINTS } from '../../src/api/endpoints.ts'
import { openapi } from '../../src/api/openapi.ts'
import { createApp } from '../../src/app.ts'
import { makeService, type MadeService } from '../support/builders.ts'
import { makeStaff, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { answerOf, keyPair, makeProgram, type Program } from './steps.ts'

const DOORS = [...ENDPOINTS, ...SERVICE_ENDPOINTS]

const NOBODY = '00000000-0000-4000-8000-000000000000'

let site: Site
let service: MadeService
let staff: SignedInPerson
let program: Program

beforeAll(async () => {
  site = await openSite()
  service = await makeService(site.env)
  staff = await makeStaff(site.env, service.memberId, 'manager')
  program = await makeProgram(site, service.memberId, staff.person)
})
afterAll(() => site.close())

describe('a token', () => {
  test('opens what its company may see', async () => {
    const answer = await program.call('/company')
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ status: 'active', version: 1 })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test.each([
    ['invented', `Bearer ${'A'.repeat(43)}`],
    ['odd', 'Bearer a b'],
    ['bound, without its proof', `DPoP ${'A'.repeat(43)}`],
  ])('%s is refused, and told so', async (_, authorization) => {
    const headers = { authorization }
    const answer = await answerOf(await fetch(`${site.issuer}/api/v1/company`, { headers }))
    expect([answer.status, answer.body['type']]).toEqual([401, 'token_invalid'])
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  test.each([
    ['nothing', '/company', {}],
    ['another scheme', '/company', { authorization: 'Basic abc' }],
    ['nothing, for a service', `/grants/${NOBODY}`, {}],
  ])('%s is asked for one, and told of no error (RFC 6750 §3.1)', async (_, path, headers) => {
    const answer = await fetch(`${site.issuer}/api/v1${path}`, { headers })
    expect(answer.status).toBe(401)
    const asked = answer.headers.get('www-authenticate') ?? ''
    expect(asked).toContain(`Bearer realm="${site.issuer}"`)
    expect(asked).toMatch(/DPoP algs=/)
    expect(asked).not.toContain('error')
  })

  test('with less scope does less', async () => {
    const token = await program.token('company:write')
    const answer = await program.call('/company', { token })
    expect([answer.status, answer.body['type']]).toEqual([403, 'scope_missing'])
    expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope')
  })

  test('cannot have more scope than the program was given', async () => {
    const narrow = await makeProgram(site, service.memberId, staff.person, {
      scopes: ['company:read'],
    })
    await expect(narrow.token('company:read company:write')).rejects.toMatchObject({
      error: 'invalid_scope',
    })
  })

  test('is no token for residents’ data, and theirs is none here', async () => {
    const token = await program.token()
    const answer = await fetch(`${site.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(answer.status).toBe(401)
  })

  test('of a service by client credentials does not exist', async () => {
    const auth = Buffer.from(`${service.clientId}:${service.clientSecret}`).toString('base64')
    const answer = await answerOf(
      await fetch(`${site.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${auth}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'company:read' }),
      }),
    )
    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_scope'])
  })

  test('a program cannot ask a resident to sign in', async () => {
    const query = new URLSearchParams({
      client_id: program.clientId,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: 'https://company.example/back',
      code_challenge: 'A'.repeat(43),
      code_challenge_method: 'S256',
    })
    const answer = await fetch(`${site.issuer}/authorize?${query}`, { redirect: 'manual' })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
  })
})

describe('what stops a program', () => {
  const refusedNow = async (token: string, other: Program) => {
    expect((await other.call('/company', { token })).status).toBe(401)
    await expect(other.token()).rejects.toMatchObject({ error: 'invalid_client' })
  }

  test('its end by the company', async () => {
    const other = await makeProgram(site, service.memberId, staff.person)
    const token = await other.token()
    const { memberId } = service
    await expect(
      api.end(site.env, { id: other.id, memberId: service.id, by: staff.person }),
    ).rejects.toMatchObject({ reason: 'not_found' })
    await api.end(site.env, { id: other.id, memberId, by: staff.person })
    await refusedNow(token, other)
  })

  test('the company being stopped, at once', async () => {
    const made = await makeService(site.env)
    const manager = await makeStaff(site.env, made.memberId)
    const other = await makeProgram(site, made.memberId, manager.person)
    const token = await other.token()
    expect((await other.call('/company', { token })).status).toBe(200)
    for (const status of ['suspended', 'excluded', 'left']) {
      await site.env.db('members').where({ id: made.memberId }).update({ status })
      await refusedNow(token, other)
    }
  })

  test('the person who answers for it being manager no more', async () => {
    const before = await makeStaff(site.env, service.memberId, 'manager')
    const made = await makeProgram(site, service.memberId, before.person)
    const token = await made.token()
    expect((await made.call('/company', { token })).status).toBe(200)
    await site.env.db('staff').where({ id: before.person.id }).update({ role: 'developer' })
    expect((await made.call('/company', { token })).status).toBe(401)
  })

  test('the person who answers for it leaving', async () => {
    const leaver = await makeStaff(site.env, service.memberId, 'manager')
    const other = await makeProgram(site, service.memberId, leaver.person)
    const token = await other.token()
    await site.env.db('staff').where({ id: leaver.person.id }).update({ ends_on: '2026-01-01' })
    expect((await other.call('/company', { token })).status).toBe(401)
  })
})

describe('D5 a token bound to its sender', () => {
  const bound = async (demanded: boolean) => {
    const made = await makeProgram(site, service.memberId, staff.person, { dpop: demanded })
    const handle = client.getDPoPHandle(made.config, await client.randomDPoPKeyPair('ES256'))
    const tokens = await client.clientCredentialsGrant(
      made.config,
      { scope: 'company:read' },
      { DPoP: handle },
    )
    return { made, handle, token: tokens.access_token, type: tokens.token_type }
  }
  const url = () => new URL(`${site.issuer}/api/v1/company`)

  test('opens for its sender, with a fresh proof each time', async () => {
    const { made, handle, token, type } = await bound(false)
    expect(type).toBe('dpop')
    for (let n = 0; n < 2; n++) {
      const answer = await client.fetchProtectedResource(
        made.config,
        token,
        url(),
        'GET',
        undefined,
        undefined,
        { DPoP: handle },
      )
      expect(answer.status).toBe(200)
    }
  })

  test('is worth nothing to a thief', async () => {
    const { made, token } = await bound(false)
    const thief = client.getDPoPHandle(made.config, await client.randomDPoPKeyPair('ES256'))
    expect((await made.call('/company', { token })).status).toBe(401)
    expect(
      (await made.call('/company', { token, headers: { authorization: `DPoP ${token}` } })).status,
    ).toBe(401)
    await expect(
      client.fetchProtectedResource(made.config, token, url(), 'GET', undefined, undefined, {
        DPoP: thief,
      }),
    ).rejects.toThrow()
  })

  test('a proof is good once, for one address, method and token', async () => {
    const { made, handle, token } = await bound(false)
    let sent = new Headers()
    const watching = new client.Configuration(
      made.config.serverMetadata(),
      made.clientId,
      undefined,
      client.None(),
    )
    client.allowInsecureRequests(watching)
    watching[client.customFetch] = async (address, options) => {
      sent = new Headers(options.headers)
      return fetch(address, options as RequestInit)
    }
    const answer = await client.fetchProtectedResource(
      watching,
      token,
      url(),
      'GET',
      undefined,
      undefined,
      { DPoP: handle },
    )
    expect(answer.status).toBe(200)
    const headers = { authorization: `DPoP ${token}`, dpop: sent.get('dpop') ?? '' }
    expect((await made.call('/company', { headers })).status).toBe(401)
    expect((await made.call('/openapi', { headers })).status).toBe(404)
  })

  test('where it is demanded, no other token is given', async () => {
    const made = await makeProgram(site, service.memberId, staff.person, { dpop: true })
    await expect(made.token()).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})

describe('keys', () => {
  test.each([
    ['no JSON', 'x', 'jwks_not_json'],
    ['a key twice', '{"keys":[],"keys":[]}', 'jwks_not_json'],
    ['another shape', '{"keys":[]}', 'jwks_shape'],
  ])('%s is refused at its field', async (_, jwks, rule) => {
    const asked = { name: 'x', jwks, scopes: ['company:read' as const], dpop: false }
    await expect(api.create(site.env, service.memberId, asked, staff.person)).rejects.toMatchObject(
      { details: { fields: { jwks: rule } } },
    )
  })

  test('a private key, an unusable one and one said twice are refused', async () => {
    const { jwks } = await keyPair()
    const { keys } = JSON.parse(jwks) as { keys: [Record<string, string>] }
    const rule = async (set: object) => {
      const text = JSON.stringify(set)
      const asked = { name: 'x', jwks: text, scopes: ['company:read' as const], dpop: false }
      const error = (await api
        .create(site.env, service.memberId, asked, staff.person)
        .catch((e: unknown) => e)) as { details: { fields: { jwks: string } } }
      return error.details.fields.jwks
    }
    expect(await rule({ keys: [{ ...keys[0], d: 'AAAA' }] })).toBe('jwks_private')
    expect(await rule({ keys: [{ ...keys[0], x: 'AAAA' }] })).toBe('jwks_unusable')
    expect(await rule({ keys: [keys[0], keys[0]] })).toBe('jwks_twice')
  })
})

describe('the description', () => {
  test('is served to everybody and names every door, and only those', async () => {
    const served = await answerOf(await fetch(`${site.issuer}/api/v1/openapi.json`))
    expect([served.status, served.body['openapi']]).toEqual([200, '3.1.0'])
    const paths = served.body['paths'] as Record<string, Record<string, { operationId: string }>>
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const { rooms } = await createApp(site.env)
    const routed = rooms
      .flatMap((room) => room.stack)
      .filter((layer) => String(layer.path).startsWith('/api/v1/'))
      .flatMap((layer) =>
        layer.methods
          .filter((method) => method !== 'HEAD')
          .map((method) => `${method} ${String(layer.path).replaceAll(/:(\w+)/g, '{$1}')}`),
      )
      .filter((route) => route !== 'GET /api/v1/openapi.json')
    expect([...described].sort()).toEqual([...routed].sort())
    expect(new Set(DOORS.map(({ operation }) => operation)).size).toBe(DOORS.length)
  })

  test('every door declines a stranger', async () => {
    for (const { method, path } of DOORS) {
      const address = `${site.issuer}/api/v1${path.replaceAll(/\{\w+\}/g, NOBODY)}`
      expect((await fetch(address, { method: method.toUpperCase() })).status).toBe(401)
    }
  })
})

describe('other addresses', () => {
  test('a door that is not there is a 404 problem', async () => {
    const answer = await program.call('/nothing')
    expect([answer.status, answer.body['type']]).toEqual([404, 'not_found'])
  })

  test('an address asks for nothing a door does not offer', async () => {
    const answer = await program.call('/company?fields=all')
    expect(answer.status).toBe(422)
    expect(answer.body['errors']).toEqual([{ field: 'fields', rule: 'unknown_field' }])
  })

  test.each([
    ['DELETE', '/services', 'GET, HEAD, POST'],
    ['PUT', '/services', 'GET, HEAD, POST'],
    ['PATCH', '/services', 'GET, HEAD, POST'],
    ['OPTIONS', '/services', 'GET, HEAD, POST'],
    ['PROPFIND', '/services', 'GET, HEAD, POST'],
    ['DELETE', '/company', 'GET, HEAD'],
    ['GET', '/leaks', 'POST'],
    ['POST', `/services/${NOBODY}`, 'GET, HEAD'],
    ['GET', `/services/${NOBODY}/draft`, 'POST, PUT'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ])('%s %s is a 405 that says what is allowed there', async (method, path, allow) => {
    const answer = await answerOf(await fetch(`${site.issuer}/api/v1${path}`, { method }))
    expect([answer.status, answer.body['type']]).toEqual([405, 'method_not_allowed'])
    expect(answer.headers.get('allow')).toBe(allow)
  })

  test.each(['POST', 'PATCH', 'DELETE'])('%s where no door is stays 404', async (method) => {
    const answer = await answerOf(await fetch(`${site.issuer}/api/v1/nothing`, { method }))
    expect([answer.status, answer.body['type']]).toEqual([404, 'not_found'])
  })

  test('PUT and DELETE stay with the API', async () => {
    for (const method of ['PUT', 'DELETE'])
      expect((await fetch(`${site.issuer}/members`, { method })).status).toBe(405)
  })
})

test('formats of our own are in words, and only statuses that can be are described', () => {
  const { paths } = openapi(site.issuer, DOORS)
  type Described = { responses: object; requestBody?: object }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Described>).map(([method, one]) => ({
      path,
      method,
      statuses: Object.keys(one.responses),
      body: 'requestBody' in one,
    })),
  )
  for (const { path, method, statuses, body } of operations) {
    expect([path, statuses]).toEqual([path, expect.arrayContaining(['401', '403', '422', '503'])])
    for (const status of ['400', '413', '415'])
      expect([path, method, status, statuses.includes(status)]).toEqual([
        path,
        method,
        status,
        body,
      ])
    if (method === 'get') expect(statuses).not.toContain('409')
    if (path.includes('{')) expect(statuses).toContain('404')
  }
  const unworded = (part: unknown, key = ''): string[] => {
    if (typeof part !== 'object' || part === null) return []
    const { format, description } = part as { format?: unknown; description?: unknown }
    const known = ['uuid', 'date-time', 'date', 'email'].includes(String(format))
    const here = typeof format === 'string' && !known && !description ? [`${key} ${format}`] : []
    return [...here, ...Object.entries(part).flatMap(([name, below]) => unworded(below, name))]
  }
  expect(unworded(paths)).toEqual([])
})

test('docs/openapi.json is what is served', async () => {
  const kept = await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8')
  expect(JSON.parse(kept)).toEqual(
    JSON.parse(JSON.stringify(openapi('https://id.example.jp', DOORS))),
  )
})

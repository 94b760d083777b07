/** The authorization endpoint against requests that are wrong, odd or hostile (docs/security.md, A1–A16). */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Browser } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import {
  arrived,
  asksConsent,
  asksPassword,
  authorizeParams,
  authorizePath,
  errorOn,
  newVerifier,
  postAs,
  type Changes,
} from './steps.ts'

const RETURN = 'https://service.example/callback'

let site: Site
let service: MadeService
let other: MadeService
let resident: MadeResident

beforeAll(async () => {
  site = await openSite()
  service = await makeService(site.env, { redirectUris: [RETURN, `${RETURN}?kind=1`] })
  other = await makeService(site.env, {
    required: ['name'],
    optional: [],
    redirectUris: ['https://other.example/callback'],
  })
  resident = await makeResident(site.env)
})
afterAll(() => site.close())

const open = (query: string | URLSearchParams, browser = new Browser(site.issuer)) =>
  browser.request(`/authorize?${query.toString()}`)
const ask = (changes: Changes, browser?: Browser) =>
  open(authorizeParams(service, changes), browser)

/** A refusal that went back to the service by the protocol. */
async function refusal(changes: Changes, browser?: Browser) {
  const page = await ask(changes, browser)
  const params = arrived(page)
  return {
    status: page.status,
    error: params?.get('error'),
    state: params?.get('state'),
    iss: params?.get('iss'),
    code: params?.get('code') ?? undefined,
  }
}

const sentBack = (error: string) => ({
  status: 303,
  error,
  state: 'state-of-the-test',
  iss: site.issuer,
  code: undefined,
})

describe('where the answer may go', () => {
  test.each([
    ['a trailing slash', `${RETURN}/`],
    ['another query', `${RETURN}?kind=2`],
    ['a query added', `${RETURN}?kind=1&x=1`],
    ['a fragment', `${RETURN}#x`],
    ['an upper-case scheme', RETURN.replace('https', 'HTTPS')],
    ['an upper-case host', RETURN.replace('service', 'SERVICE')],
    ['the port written out', RETURN.replace('.example', '.example:443')],
    ['another port', RETURN.replace('.example', '.example:8443')],
    ['an escaped letter', RETURN.replace('callback', '%63allback')],
    ['an escaped dot', `${RETURN}/%2e`],
    ['dots and a semicolon', RETURN.replace('/callback', '/..;/callback')],
    ['dots', RETURN.replace('/callback', '/x/../callback')],
    ['another host behind an at', `${RETURN.replace('/callback', '')}@evil.example/callback`],
    ['another host behind a backslash', 'https://service.example\\@evil.example/callback'],
    ['a host under another', 'https://service.example.evil.example/callback'],
    ['no encryption', RETURN.replace('https', 'http')],
    ['a script', 'javascript:alert(1)//evil.example'],
    ['a data address', 'data:text/html,evil.example'],
    ['nothing', ''],
    ['a word', 'evil.example'],
    ['a blank behind', `${RETURN} `],
  ])('A1 %s is not the registered address', async (_name, redirect_uri) => {
    const page = await ask({ redirect_uri })
    expect(page.status).toBe(400)
    expect(page.headers.get('location')).toBeNull()
    expect(['invalid_redirect_uri', 'invalid_request']).toContain(errorOn(page))
    expect(page.text).not.toContain('evil')
    expect(page.text).not.toContain('service.example')
  })

  test('A1 a missing address is not made up, though only one is registered', async () => {
    const page = await open(authorizeParams(other, { redirect_uri: undefined }))
    expect(page.status).toBe(400)
    expect(page.headers.get('location')).toBeNull()
    expect(errorOn(page)).toBe('invalid_request')
  })

  test('A1 each registered address is right, byte for byte', async () => {
    for (const redirect_uri of [RETURN, `${RETURN}?kind=1`]) {
      const page = await ask({ redirect_uri, prompt: 'none' })
      expect(page.headers.get('location')).toContain(redirect_uri)
      expect(arrived(page)?.get('error')).toBe('login_required')
    }
  })

  test.each([
    ['unknown', 'evil-client'],
    ['with markup', '<script>evil</script>'],
    ['of another alphabet', 'ｅｖｉｌ'],
    ['very long', `evil${'x'.repeat(5000)}`],
    ['empty', ''],
    ['with NUL', 'evil\0'],
  ])(
    'A2 an unknown client (%s) gets a page of ours, signed in or not',
    async (_name, client_id) => {
      const browser = await signedIn()
      for (const who of [new Browser(site.issuer), browser]) {
        const page = await ask(
          {
            client_id,
            redirect_uri: 'https://evil.example/x',
            state: 'evil-state',
            error_description: 'evil text',
          },
          who,
        )
        expect(page.status).toBe(400)
        expect(page.headers.get('location')).toBeNull()
        expect(errorOn(page)).toMatch(/^invalid_(client|request)$/)
        expect(page.text.toLowerCase()).not.toContain('evil')
      }
    },
  )
})

async function signedIn(): Promise<Browser> {
  const browser = new Browser(site.issuer)
  const page = await browser.open(authorizePath(service))
  await browser.signIn(page, { email: resident.email, password: PASSWORD })
  return browser
}

describe('A4 parameters sent twice', () => {
  const twice = (name: string, value: string) => {
    const params = authorizeParams(service)
    params.append(name, value)
    return open(params)
  }

  test.each([
    ['client_id', 'x'],
    ['redirect_uri', RETURN],
  ])('%s: a page, since nobody can be trusted with the answer', async (name, value) => {
    const page = await twice(name, value)
    expect(page.status).toBe(400)
    expect(page.headers.get('location')).toBeNull()
    expect(errorOn(page)).toMatch(/^invalid_(request|client)$/)
  })

  test.each([
    ['scope', 'openid'],
    ['nonce', 'n'],
    ['code_challenge', 'x'.repeat(43)],
    ['prompt', 'none'],
    ['claims', '{}'],
  ])('%s: sent back', async (name, value) => {
    if (name === 'prompt' || name === 'claims') {
      const params = authorizeParams(service, { [name]: value })
      params.append(name, value)
      expect(arrived(await open(params))?.get('error')).toBe('invalid_request')
      return
    }
    const params = arrived(await twice(name, value))
    expect(params?.get('error')).toBe('invalid_request')
    expect(params?.get('iss')).toBe(site.issuer)
  })

  test('state: sent back without either', async () => {
    const params = arrived(await twice('state', 'b'))
    expect(params?.get('error')).toBe('invalid_request')
    expect(params?.getAll('state')).toHaveLength(0)
  })
})

describe('A5 PKCE', () => {
  test.each<[string, Changes]>([
    ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['a method without a challenge', { code_challenge: undefined }],
    ['plain', { code_challenge_method: 'plain' }],
    ['no method, which means plain', { code_challenge_method: undefined }],
    ['an unknown method', { code_challenge_method: 'S512' }],
    ['42 characters', { code_challenge: 'a'.repeat(42) }],
    ['129 characters', { code_challenge: 'a'.repeat(129) }],
    ['characters outside base64url', { code_challenge: `${'a'.repeat(42)}+` }],
  ])('%s', async (_name, changes) => {
    expect(await refusal(changes)).toEqual(sentBack('invalid_request'))
  })
})

describe('A6 response types', () => {
  test.each([
    // These would answer in the fragment, which is refused before the type is looked at.
    ['token', 'invalid_request'],
    ['id_token', 'invalid_request'],
    ['code id_token', 'invalid_request'],
    ['code token', 'invalid_request'],
    ['none', 'unsupported_response_type'],
    ['', 'invalid_request'],
    [undefined, 'invalid_request'],
  ])('%s', async (response_type, error) => {
    const answer = await refusal({ response_type })
    expect(answer).toEqual(sentBack(error))
  })

  test('the metadata lists the code alone', async () => {
    const metadata = (await (
      await fetch(`${site.issuer}/.well-known/openid-configuration`)
    ).json()) as Record<string, unknown>
    expect(metadata).toMatchObject({
      issuer: site.issuer,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      request_uri_parameter_supported: false,
      claims_parameter_supported: true,
      subject_types_supported: ['public', 'pairwise'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'none'],
      scopes_supported: [
        'openid',
        'offline_access',
        'profile',
        'name',
        'birth_year',
        'sex',
        'email',
        'address',
        'company:read',
        'company:write',
        'grant_management_query',
        'grant_management_revoke',
        'events',
      ],
    })
    expect(metadata['response_modes_supported']).toEqual(['query'])
    expect(metadata['request_parameter_supported'] ?? false).toBe(false)
    expect(JSON.stringify(metadata)).not.toMatch(
      /implicit|device|ciba|registration|HS256|"none"[^,\]]/,
    )
    for (const [name, address] of Object.entries(metadata))
      if (name.endsWith('_endpoint') || name.endsWith('_uri'))
        expect(String(address).startsWith(`${site.issuer}/`)).toBe(true)
  })
})

describe('A8 response modes', () => {
  test.each(['fragment', 'web_message', 'jwt', 'query.jwt', 'form_post.jwt', 'form_post', 'x'])(
    '%s',
    async (response_mode) => {
      const page = await ask({ response_mode })
      expect(page.headers.get('location')).not.toContain('#')
      expect(await refusal({ response_mode })).toEqual(sentBack('unsupported_response_mode'))
    },
  )

  test('query is what it is anyway', async () => {
    expect(
      asksPassword(
        await new Browser(site.issuer).open(authorizePath(service, { response_mode: 'query' })),
      ),
    ).toBe(true)
  })
})

describe('A9 a request by value or by reference', () => {
  let listener: Server
  let connections = 0
  beforeAll(async () => {
    listener = createServer((_req, res) => void res.end())
    listener.on('connection', () => connections++)
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => new Promise((resolve) => listener.close(resolve)))

  test('is refused, and nobody is asked for it', async () => {
    const { port } = listener.address() as AddressInfo
    expect(await refusal({ request: 'eyJhbGciOiJub25lIn0.e30.' })).toEqual(
      sentBack('request_not_supported'),
    )
    for (const address of [`http://127.0.0.1:${port}/r`, `https://localhost:${port}/r`, 'urn:x'])
      expect(await refusal({ request_uri: address })).toMatchObject({
        status: 303,
        error: expect.stringMatching(/^(request_uri_not_supported|invalid_request_uri)$/),
      })
    expect(connections).toBe(0)
  })
})

describe('A10 a pushed request', () => {
  const push = async (from = service, changes: Changes = {}) => {
    const fields = Object.fromEntries(authorizeParams(from, changes))
    return postAs(site, from, '/request', fields)
  }

  test('works once, for its own client', async () => {
    const pushed = await push()
    expect(pushed.status).toBe(201)
    expect(pushed.body['expires_in']).toBeLessThanOrEqual(60)
    const request_uri = String(pushed.body['request_uri'])
    const query = new URLSearchParams({ client_id: service.clientId, request_uri })
    const foreign = await open(new URLSearchParams({ client_id: other.clientId, request_uri }))
    expect(foreign.status).toBe(400)
    const browser = await signedIn()
    let page = await browser.follow(await open(query, browser))
    expect(asksConsent(page)).toBe(true)
    page = await browser.submit(page, { decision: 'agree' })
    expect(arrived(page)?.get('code')).toBeTruthy()
    const again = await open(query, browser)
    expect(arrived(again)?.get('code') ?? undefined).toBeUndefined()
    expect(again.status === 400 || arrived(again)?.get('error') === 'invalid_request_uri').toBe(
      true,
    )
  })

  test('gives at most one code to two tabs', async () => {
    const browser = await signedIn()
    const agreed = await browser.open(authorizePath(service))
    if (asksConsent(agreed)) await browser.submit(agreed, { decision: 'agree' })
    const request_uri = String((await push()).body['request_uri'])
    const query = new URLSearchParams({ client_id: service.clientId, request_uri })
    const pages = await Promise.all(Array.from({ length: 6 }, () => open(query, browser)))
    expect(pages.filter((page) => arrived(page)?.get('code'))).toHaveLength(1)
    expect(pages.filter((page) => page.status >= 500)).toHaveLength(0)
  })

  test('is checked like any other', async () => {
    expect((await push(service, { redirect_uri: 'https://evil.example' })).status).toBe(400)
    expect((await push(service, { code_challenge_method: 'plain' })).status).toBe(400)
    expect((await push(other, { scope: 'openid email' })).body['error']).toBe('invalid_scope')
    expect((await push(service, { request_uri: 'urn:x' })).status).toBe(400)
  })
})

describe('A15, A16 odd requests', () => {
  test.each(['OPTIONS', 'GET'])('A15 %s opens nothing to other origins', async (method) => {
    const response = await fetch(`${site.issuer}${authorizePath(service)}`, {
      method,
      redirect: 'manual',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    })
    const cors = [...response.headers.keys()].filter((name) => name.startsWith('access-control'))
    expect(cors).toEqual([])
    expect(response.status).toBeLessThan(500)
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is no way to begin', async (method) => {
    const response = await fetch(`${site.issuer}/authorize`, {
      method,
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: authorizeParams(service).toString(),
    })
    expect([404, 405]).toContain(response.status)
  })

  const long = 'x'.repeat(12_000)
  test('A16 a state of 12 KB goes there and back', async () => {
    const answer = await refusal({ state: long, prompt: 'none' })
    expect(answer).toEqual({ ...sentBack('login_required'), state: long })
    const browser = await signedIn()
    const page = await browser.follow(await ask({ state: long }, browser))
    const left = asksConsent(page) ? await browser.submit(page, { decision: 'agree' }) : page
    expect(arrived(left)?.get('state')).toBe(long)
    expect(arrived(left)?.get('code')).toBeTruthy()
  })

  test('A16 a line break in the state cannot end a header', async () => {
    const state = 'a\r\nSet-Cookie: evil=1\r\n\r\n<b>'
    const page = await ask({ state, prompt: 'none' })
    expect(page.status).toBe(303)
    expect(page.headers.getSetCookie().join()).not.toContain('evil')
    expect(arrived(page)?.get('state')).toBe(state)
  })

  const PARAMETERS = [
    'state',
    'nonce',
    'scope',
    'prompt',
    'max_age',
    'ui_locales',
    'claims_locales',
    'claims',
    'acr_values',
    'login_hint',
    'id_token_hint',
    'display',
    'code_challenge',
    'response_mode',
    'client_id',
    'redirect_uri',
  ]
  test.each(PARAMETERS)('A16 NUL in %s is refused, and nothing is stored', async (name) => {
    const before = await interactions()
    for (const value of ['a\0b', '\0']) {
      const page = await ask({ [name]: value })
      expect([303, 400]).toContain(page.status)
      const error = arrived(page)?.get('error') ?? errorOn(page)
      expect(error).toMatch(/^(invalid|unsupported)_[a-z_]+$/)
      expect(page.headers.get('location') ?? '').not.toMatch(/interaction|\0/)
    }
    expect(await interactions()).toBe(before)
  })

  test.each(PARAMETERS)(
    'A16 broken UTF-8 in %s is refused, and nothing is stored',
    async (name) => {
      const before = await interactions()
      const query = authorizeParams(service, { [name]: undefined }).toString()
      for (const bytes of ['%ff', '%c3%28', '%ed%a0%80', '%f0%9f']) {
        const page = await open(`${query}&${name}=a${bytes}`)
        expect([303, 400]).toContain(page.status)
        expect(arrived(page)?.get('error') ?? errorOn(page)).toMatch(
          /^(invalid|unsupported)_[a-z_]+$/,
        )
      }
      expect(await interactions()).toBe(before)
    },
  )

  const interactions = async () =>
    Number((await site.env.db('oidc_ephemerals').count({ n: '*' }))[0]?.['n'])

  test('A16 NUL inside the JSON of claims is an unknown name like any other', async () => {
    const claims = '{"userinfo":{"\\u0000":null,"email":null},"id_token":{"\\ud800":null}}'
    const browser = await signedIn()
    const verifier = newVerifier()
    const page = await browser.open(authorizePath(service, { claims }, verifier))
    const left = asksConsent(page) ? await browser.submit(page, { decision: 'agree' }) : page
    expect(arrived(left)?.get('code')).toBeTruthy()
  })

  test.each<[string, string]>([
    ['an array for a name', 'client_id[]=x&scope=openid'],
    ['names of the prototype', '__proto__=x&constructor=y&hasOwnProperty=z&toString=1'],
    ['nothing', ''],
    ['only separators', '&&&&===&&'],
    ['a thousand parameters', Array.from({ length: 1000 }, (_, n) => `a${n}=1`).join('&')],
    ['ten thousand scopes', `client_id=x&scope=${'a+'.repeat(10_000)}`],
    ['100 KB', `client_id=${'x'.repeat(100_000)}`],
  ])('A16 %s', async (_name, query) => {
    let quickest = Infinity
    // What takes long by itself does so each time; a machine that is busy does not.
    for (let tries = 0; tries < 3 && quickest >= 1500; tries++) {
      const begun = performance.now()
      const response = await fetch(`${site.issuer}/authorize?${query}`, { redirect: 'manual' })
      await response.text()
      quickest = Math.min(quickest, performance.now() - begun)
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(response.status).toBeLessThan(500)
    }
    expect(quickest).toBeLessThan(1500)
  })
})

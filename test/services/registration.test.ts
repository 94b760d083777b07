/** The public side (I-11, S-18, S-36, I7): registrations, lists for programs, signed statements and answers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose'
import { Browser } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  PASSWORD,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { authorizePath } from '../oidc/steps.ts'

let site: Site
let service: MadeService
beforeAll(async () => {
  site = await openSite({}, 2)
  service = await makeService(site.env, { name: '街のさんぽ' })
})
afterAll(() => site.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${site.issuer}${path}`, { headers: { accept: 'application/json', ...headers } })
const page = (path: string) => new Browser(site.issuer).open(path)
const setStatus = (made: MadeService, status: string) =>
  site.env.db('services').where({ id: made.id }).update({ status })

/** As a stranger does it: with jose, the issuer's keys and the type that is expected. */
function verify(jws: string, typ: string) {
  const keys = createRemoteJWKSet(new URL(`${site.issuer}/jwks`))
  return jwtVerify<JWTPayload & Record<string, unknown>>(jws, keys, {
    issuer: site.issuer,
    typ,
    algorithms: ['ES256'],
    requiredClaims: ['iat', 'exp', 'sub'],
  })
}

describe('a registration', () => {
  test('shows the six items to everybody', async () => {
    const shown = await page(`/services/${service.id}`)
    expect(shown.status).toBe(200)
    for (const text of [
      '街のさんぽ',
      'サービスの提供',
      '氏名とフリガナ',
      '提供元',
      '利用を終えてから1年',
      'お客様窓口',
    ])
      expect(shown.text).toContain(text)
    expect(shown.text).toContain(`/services/${service.id}/statements/service_delivery`)
  })

  test('is there before the service begins, and gives nothing yet', async () => {
    const made = await makeService(site.env, { status: 'approved' })
    const shown = await page(`/services/${made.id}`)
    expect(shown.text).toContain('登録済み（これから）')
    expect(shown.text).toContain('まだ始まっていません')
    expect(shown.text).not.toContain('/statements/')
    expect((await get(`/services/${made.id}/statements/service_delivery`)).status).toBe(404)
    expect((await page('/services')).text).toContain(made.id)
  })

  test('stays, struck off with its day, after the end', async () => {
    const made = await makeService(site.env)
    const at = new Date('2026-10-31T03:00:00Z')
    await setStatus(made, 'ended')
    const change = { id: crypto.randomUUID(), service_id: made.id, status: 'ended', at }
    await site.env.db('service_status_changes').insert(change)
    const shown = await page(`/services/${made.id}`)
    expect(shown.text).toContain('抹消した日')
    expect(shown.text).toContain('2026年10月31日')
    expect((await page('/services')).text).not.toContain(made.id)
    expect((await page('/services?filter=struck')).text).toContain(made.id)
    const { services } = (await (await get('/services.json')).json()) as {
      services: { id: string; state: string; ended: string | null }[]
    }
    expect(services.find((one) => one.id === made.id)).toMatchObject({
      state: 'struck',
      ended: '2026-10-31',
    })
  })

  test.each(['draft', 'submitted'])('of a service that is %s there is none', async (status) => {
    const made = await makeService(site.env, { status })
    expect((await page(`/services/${made.id}`)).status).toBe(404)
    expect(await (await get('/services.json')).text()).not.toContain(made.id)
  })

  test('of a test side there is none, nor any statement', async () => {
    const made = await makeService(site.env)
    await site.env
      .db('services')
      .where({ id: made.id })
      .update({ side: 'test', test_of: crypto.randomUUID() })
    expect((await page(`/services/${made.id}`)).status).toBe(404)
    expect(await (await get('/services.json')).text()).not.toContain(made.id)
    expect((await get(`/services/${made.id}/statements/service_delivery`)).status).toBe(404)
    const query = `client_id=${made.clientId}&item=name&purpose=service_delivery`
    const asked = await get(`/members/check-intended-use?${query}`)
    expect(await asked.json()).toMatchObject({ permitted: false })
  })

  test.each(['x', '00000000-0000-4000-8000-000000000000', "1' or 1=1"])(
    'an id that is none is not found: %s',
    async (id) => {
      expect((await page(`/services/${encodeURIComponent(id)}`)).status).toBe(404)
    },
  )

  test('is linked from the consent screen', async () => {
    const resident = await makeResident(site.env)
    const browser = new Browser(site.issuer)
    const start = await browser.open(authorizePath(service))
    const screen = await browser.signIn(start, { email: resident.email, password: PASSWORD })
    expect(screen.text).toContain(`href="/services/${service.id}#statements"`)
  })
})

describe('the list', () => {
  test('searches, narrows and sorts on the server', async () => {
    const made = await makeService(site.env, { name: 'ことりの森' })
    const found = await page(`/services?q=${encodeURIComponent('ことり')}`)
    expect(found.text).toContain(made.id)
    expect(found.text).not.toContain(service.id)
    await setStatus(made, 'suspended')
    expect((await page('/services?filter=paused')).text).toContain(made.id)
    expect((await page('/services?filter=open')).text).not.toContain(made.id)
    const at = new Date()
    await site.env.db('services').where({ id: made.id }).update({ created_at: at })
    const order = async (sort: string) => {
      const { text } = await page(`/services?sort=${sort}`)
      return [text.indexOf(made.id), text.indexOf(service.id)] as const
    }
    const [newest, oldest] = await order('new')
    expect(newest).toBeLessThan(oldest)
    const [later, earlier] = await order('-new')
    expect(later).toBeGreaterThan(earlier)
  })

  test.each(['/services.json', '/members.json'])(
    '%s is kept by its tag until something changes, and holds no resident',
    async (path) => {
      const first = await get(path)
      const etag = first.headers.get('etag') ?? ''
      expect(first.headers.get('cache-control')).toBe('public, no-cache')
      expect(etag).toMatch(/^W\/".+"$/)
      const resident = await makeResident(site.env)
      const again = await get(path, { 'if-none-match': etag })
      expect([again.status, await again.text()]).toEqual([304, ''])
      const made = await makeService(site.env)
      const changed = await get(path, { 'if-none-match': etag })
      expect(changed.status).toBe(200)
      expect(changed.headers.get('etag')).not.toBe(etag)
      const text = await changed.text()
      expect(text).not.toContain(resident.email)
      expect(text).not.toContain(resident.userId)
      expect(made.id).toBeTruthy()
    },
  )
})

describe('a registration statement', () => {
  const path = () => `/services/${service.id}/statements/service_delivery`

  test('is a JWS of its own type that anybody can check with the keys of the issuer', async () => {
    const answer = await get(path())
    const { statement } = (await answer.json()) as { statement: string }
    const { payload, protectedHeader } = await verify(statement, 'registration-statement+jwt')
    expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'registration-statement+jwt' })
    const hash = await site.env
      .db('contract_versions')
      .where({ contract_id: service.contractId })
      .first<{ body_hash: Buffer }>('body_hash')
    expect(payload).toMatchObject({
      iss: site.issuer,
      sub: service.clientId,
      service: { id: service.id, name: { ja: '街のさんぽ' } },
      purpose: { id: 'service_delivery', name: { ja: 'サービスの提供' } },
      contract: { version: 1, sha256: hash.body_hash.toString('hex') },
    })
    expect((payload['items'] as { id: string }[]).map((item) => item.id)).toEqual([
      'user_id',
      'name',
      'email',
      'birth_year',
      'sex',
      'address',
    ])
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600)
    await expect(verify(statement, 'JWT')).rejects.toThrow('unexpected "typ"')
  })

  test('comes alone where application/jose is asked for', async () => {
    const answer = await get(path(), { accept: 'application/jose' })
    expect(answer.headers.get('content-type')).toContain('application/jose')
    await verify(await answer.text(), 'registration-statement+jwt')
  })

  test('cannot be changed, nor passed off as an ID token', async () => {
    const { statement } = (await (await get(path())).json()) as { statement: string }
    const [head = '', , signature = ''] = statement.split('.')
    const forged = Buffer.from(JSON.stringify({ iss: site.issuer, sub: 'x', iat: 1, exp: 9e9 }))
    await expect(
      verify(`${head}.${forged.toString('base64url')}.${signature}`, 'registration-statement+jwt'),
    ).rejects.toThrow('signature')
    expect(decodeProtectedHeader(statement).typ).not.toBe('JWT')
  })

  test('follows the contract: a purpose or an item that left is in none', async () => {
    const made = await makeService(site.env)
    const at = `/services/${made.id}/statements/service_delivery`
    await makeContractVersion(site.env, made.contractId, 2, { flowItems: ['user_id', 'name'] })
    const { statement } = (await (await get(at)).json()) as { statement: string }
    const { payload } = await verify(statement, 'registration-statement+jwt')
    expect((payload['items'] as { id: string }[]).map((item) => item.id)).toEqual([
      'user_id',
      'name',
    ])
    expect(payload['contract']).toMatchObject({ version: 2 })
    await makeContractVersion(site.env, made.contractId, 3, { purposes: ['contact'] })
    const none = await get(at)
    expect(none.status).toBe(404)
    expect(none.headers.get('content-type')).toContain('application/problem+json')
  })

  test.each(['usage_analysis', 'nothing', '__proto__', '%00'])(
    'there is none for the purpose %s',
    async (purpose) => {
      expect((await get(`/services/${service.id}/statements/${purpose}`)).status).toBe(404)
    },
  )
})

describe('whether a use is intended', () => {
  const ask = (params: string, headers = {}) =>
    get(`/members/check-intended-use?${params}`, headers)
  const use = (clientId: string, item: string, purpose: string) =>
    new URLSearchParams({ client_id: clientId, item, purpose }).toString()

  async function answered(params: string) {
    const answer = await ask(params)
    expect(answer.status).toBe(200)
    const body = (await answer.json()) as { permitted: boolean; statement: string }
    const { payload } = await verify(body.statement, 'intended-use+jwt')
    expect(payload['permitted']).toBe(body.permitted)
    return { ...body, payload }
  }

  test('is answered yes, signed, for a minute', async () => {
    const { permitted, payload } = await answered(use(service.clientId, 'name', 'service_delivery'))
    expect(permitted).toBe(true)
    expect(payload).toMatchObject({
      sub: service.clientId,
      item: 'name',
      purpose: 'service_delivery',
    })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60)
  })

  test.each([
    ['another purpose', () => use(service.clientId, 'name', 'contact')],
    ['an unknown purpose', () => use(service.clientId, 'name', 'anything')],
    ['an unknown item', () => use(service.clientId, 'income', 'service_delivery')],
    ['an unknown client', () => use('nobody-knows-me', 'name', 'service_delivery')],
  ])('is answered no, signed, for %s', async (_, params) => {
    expect((await answered(params())).permitted).toBe(false)
  })

  test('is answered for this moment: an item that left, a service that stopped', async () => {
    const made = await makeService(site.env)
    const sex = use(made.clientId, 'sex', 'service_delivery')
    expect((await answered(sex)).permitted).toBe(true)
    await makeServiceVersion(site.env, made, 2, { optional: ['address'] })
    expect((await answered(sex)).permitted).toBe(false)
    const name = use(made.clientId, 'name', 'service_delivery')
    expect((await answered(name)).permitted).toBe(true)
    await setStatus(made, 'suspended')
    expect((await answered(name)).permitted).toBe(false)
  })

  test.each([
    ['', ['client_id', 'item', 'purpose']],
    ['client_id=a&item=name', ['purpose']],
    ['client_id=a&client_id=b&item=name&purpose=contact', ['client_id']],
    ['client_id=a%00b&item=name&purpose=contact', ['client_id']],
    ['client_id=a&item=%3Cscript%3E&purpose=contact', ['item']],
    ['client_id=a&item=name&purpose=contact&on=2026-01-01', ['on']],
    [`client_id=a&item=name&purpose=${'p'.repeat(200)}`, ['purpose']],
  ])('names each bad parameter: %s', async (params, names) => {
    for (const headers of [{}, { accept: '*/*' }, { accept: 'text/html' }]) {
      const answer = await ask(params, headers)
      expect(answer.status).toBe(422)
      expect(answer.headers.get('content-type')).toContain('application/problem+json')
      const { errors } = (await answer.json()) as { errors: { field: string }[] }
      expect(errors.map((error) => error.field)).toEqual(names)
    }
  })
})

describe('pages of other origins (I7)', () => {
  const cors = async (path: string) => {
    const { headers } = await get(path, { origin: 'https://evil.example' })
    return [
      headers.get('access-control-allow-origin'),
      headers.get('access-control-allow-credentials'),
    ]
  }

  test('may read what is the same for everybody, without credentials', async () => {
    for (const path of [
      '/members.json',
      '/services.json',
      `/services/${service.id}/statements/service_delivery`,
      '/members/check-intended-use?client_id=a&item=name&purpose=contact',
      '/members/check-intended-use',
    ])
      expect([path, ...(await cors(path))]).toEqual([path, '*', null])
  })

  test('may read nothing else', async () => {
    for (const path of [
      '/',
      '/members',
      '/services',
      `/services/${service.id}`,
      '/account',
      '/login',
    ])
      expect([path, ...(await cors(path))]).toEqual([path, null, null])
  })
})

/** The demo: what an empty database becomes, and when it does not. */
import { createPublicKey } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { ceiling, standing } from '../../src/services/model.ts'
import * as demo from '../../src/demo/actions.ts'
import { PRIVATE_JWKS } from '../../src/demo/clients.ts'
import type { Env } from '../../src/env.ts'
import type { OperatorRole } from '../../src/persons.ts'
import type { Kind } from '../../src/reviews/model.ts'
import * as residents from '../../src/residents/actions.ts'
import * as services from '../../src/services/actions.ts'
import { unseal } from '../../src/vault.ts'
import { openWorld, type World } from '../support/env.ts'

let world: World
const open = async () => {
  world = await openWorld({ PORT: '4700' })
}
const close = () => world.close()

const inProduction = (env: Env): Env => ({ ...env, config: { ...env.config, production: true } })

const atPort = (env: Env, port: number): Env => ({
  ...env,
  config: { ...env.config, port, issuer: `http://localhost:${port}` },
})

async function counts(env: Env): Promise<number[]> {
  const tables = [
    'installation',
    'members',
    'services',
    'service_versions',
    'residents',
    'operators',
    'staff',
  ]
  return Promise.all(
    tables.map(async (table) => Number((await env.db(table).count())[0]?.['count'])),
  )
}

describe('an empty database outside production', () => {
  beforeAll(async () => {
    await open()
    await demo.prepare(world.env)
  })
  afterAll(close)

  test('becomes a demo of three companies, five services, eight residents, operators and staff', async () => {
    expect(await demo.isDemo(world.env)).toBe(true)
    expect(await counts(world.env)).toEqual([1, 3, 5, 5, 8, 3, 3])
  })

  test('stays as it is at later starts', async () => {
    await demo.prepare(world.env)
    expect(await counts(world.env)).toEqual([1, 3, 5, 5, 8, 3, 3])
  })

  test('describes itself to programs exactly', async () => {
    const said = await demo.describe(world.env)
    expect(Object.keys(said)).toEqual(['issuer', 'residents', 'operators', 'staff', 'services'])
    expect(said.issuer).toBe('http://localhost:4700')
    expect(said.residents).toHaveLength(8)
    for (const one of said.residents) {
      expect(Object.keys(one)).toEqual(['email', 'password'])
      expect(one.password.length).toBeGreaterThanOrEqual(15)
    }
    expect(said.operators.length).toBeGreaterThanOrEqual(2)
    expect(said.staff).toHaveLength(3)
    expect(said.operators.flatMap(({ roles }) => roles)).toContain('approver')
    expect(said.staff.map(({ role }) => role)).toEqual(['manager', 'developer', 'manager'])
    for (const one of [...said.operators, ...said.staff]) {
      expect(Object.keys(one).slice(0, 3)).toEqual(['email', 'password', 'totpSecret'])
      expect(one.totpSecret).toMatch(/^[A-Z2-7]{32}$/)
    }
    const known = [
      'serviceId',
      'name',
      'clientId',
      'clientSecret',
      'redirectUris',
      'requiredItems',
      'optionalItems',
      'status',
    ]
    for (const service of said.services)
      expect(Object.keys(service).filter((key) => key !== 'privateJwk')).toEqual(known)
    const live = said.services.filter(({ status }) => status === 'live')
    expect(live.some((s) => s.clientSecret && s.optionalItems.length)).toBe(true)
    expect(live.some((s) => s.privateJwk)).toBe(true)
    expect(live.some((s) => !s.clientSecret && !s.privateJwk)).toBe(true)
    expect(said.services.map(({ status }) => status).sort()).toEqual([
      'draft',
      'live',
      'live',
      'live',
      'suspended',
    ])
  })

  test('holds services that stand, with every item under the ceiling of their contract', async () => {
    for (const clientId of ['machinaka-kaiyu', 'tosho-yoyaku', 'aruku-point']) {
      const service = await services.byClientId(world.env, clientId)
      expect(service && standing(service, world.env.now())).toBe('ok')
      expect(service && ceiling(service, world.env.now())).toEqual(service?.version.items)
    }
    const subjects = (await services.list(world.env)).map(({ contract }) => contract.subjectType)
    expect(new Set(subjects)).toEqual(new Set(['public', 'pairwise']))
  })

  test('has, for every act of two persons, one who proposes and another who approves', async () => {
    const usual: [OperatorRole, OperatorRole] = ['registrar', 'approver']
    const officers: [OperatorRole, OperatorRole] = ['privacy_officer', 'approver']
    const acts: Record<Kind, [proposes: OperatorRole, approves: OperatorRole]> = {
      ...{ member: usual, contract: usual, service: usual, hand_over: usual, phase: usual },
      ...{ stop_member: usual, lift_member: usual, exclude_member: usual },
      ...{ stop_service: usual, lift_service: usual },
      ...{ retention: officers, leak_letter: officers },
      operator: ['administrator', 'administrator'],
    }
    const { operators } = await demo.describe(world.env)
    const holding = (role: OperatorRole) =>
      operators.filter(({ roles }) => roles.includes(role)).map(({ email }) => email)
    for (const [act, [proposes, approves]] of Object.entries(acts)) {
      const pairs = holding(proposes).flatMap((one) =>
        holding(approves).filter((other) => other !== one),
      )
      expect([act, pairs.length > 0]).toEqual([act, true])
    }
  })

  test('publishes a private key that belongs to the public one', async () => {
    const service = await services.byClientId(world.env, 'tosho-yoyaku')
    const [kept] = service?.service.jwks?.keys ?? []
    expect(kept).not.toHaveProperty('d')
    const key = PRIVATE_JWKS['tosho-yoyaku'] ?? {}
    const { x, y } = createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' })
    expect([kept?.['x'], kept?.['y']]).toEqual([x, y])
  })

  test('lets its residents sign in; the first is complete and shares', async () => {
    const said = await demo.describe(world.env)
    for (const [n, { email, password }] of said.residents.entries()) {
      const resident = await residents.authenticate(world.env, {
        email,
        password,
        address: `10.0.0.${n}`,
      })
      expect(resident?.profile.email).toBe(email)
      const terms = resident && (await residents.provisionTerms(world.env, resident.id))
      expect(terms?.given).toBe(n !== 7)
      if (n === 0) {
        const { family_name_kana, birth_year, sex, postal_code, region, locality } =
          resident?.profile ?? {}
        for (const value of [family_name_kana, birth_year, sex, postal_code, region, locality])
          expect(value).toBeTruthy()
      }
    }
  })

  test('keeps the TOTP seeds of operators and staff sealed', async () => {
    const said = await demo.describe(world.env)
    for (const table of ['operators', 'staff']) {
      const people = table === 'staff' ? said.staff : said.operators
      for (const row of await world.env.db(table)) {
        const seed = people.find(({ email }) => email === row.email)?.totpSecret
        expect(row.totp_sealed.toString('latin1')).not.toContain(seed)
        expect(unseal(world.env.secrets.people, row.totp_sealed, row.id).toString()).toBe(seed)
        expect(row.password_hash).toMatch(/^\$argon2id\$/)
      }
    }
  })

  test('follows the port of the issuer, and comes back', async () => {
    const uris = async () =>
      (await demo.describe(world.env)).services.flatMap((s) => s.redirectUris)
    const before = await uris()
    expect(before[0]).toBe('http://localhost:4701/callback')
    await demo.prepare(atPort(world.env, 4800))
    expect(await uris()).toEqual(before.map((uri) => uri.replace(':470', ':480')))
    await demo.prepare(atPort(world.env, 4800))
    expect((await services.byClientId(world.env, 'machinaka-kaiyu'))?.version.version).toBe(2)
    await demo.prepare(world.env)
    expect(await uris()).toEqual(before)
  })

  test('leaves addresses alone that somebody changed', async () => {
    const service = await services.byClientId(world.env, 'machinaka-kaiyu')
    const addresses = { redirectUris: ['https://a.example/cb'], postLogoutRedirectUris: [] }
    if (service) await services.readdress(world.env, service, addresses)
    await demo.prepare(atPort(world.env, 4800))
    expect((await services.byClientId(world.env, 'machinaka-kaiyu'))?.version.redirectUris).toEqual(
      ['https://a.example/cb'],
    )
  })

  test('is refused in production', async () => {
    expect(await demo.isDemo(inProduction(world.env))).toBe(false)
    await expect(demo.prepare(inProduction(world.env))).rejects.toThrow('demo data')
  })
})

describe('other beginnings', () => {
  beforeEach(open)
  afterEach(close)

  test('several nodes that start at once make one demo', async () => {
    await Promise.all([1, 2, 3].map(() => demo.prepare(world.env)))
    expect(await counts(world.env)).toEqual([1, 3, 5, 5, 8, 3, 3])
  })

  test('an empty database in production stays empty, and never becomes a demo', async () => {
    await demo.prepare(inProduction(world.env))
    expect(await counts(world.env)).toEqual([1, 0, 0, 0, 0, 0, 0])
    await demo.prepare(world.env)
    expect(await demo.isDemo(world.env)).toBe(false)
    expect(await counts(world.env)).toEqual([1, 0, 0, 0, 0, 0, 0])
  })

  test('a database that somebody began to fill is no demo', async () => {
    const { onboardingFile } = await import('../../src/demo/companies.ts')
    const text = JSON.stringify(onboardingFile(world.env.now(), 4700))
    await services.onboard(world.env, text, { loopback: true })
    await demo.prepare(world.env)
    expect(await demo.isDemo(world.env)).toBe(false)
    expect((await counts(world.env))[4]).toBe(0)
  })
})

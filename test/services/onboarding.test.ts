/** Taking in an onboarding file on real PostgreSQL: idempotent, append-only, all or nothing. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { onboardingFile } from '../../src/demo/companies.ts'
import type { Fault } from '../../src/input/faults.ts'
import { Refusal } from '../../src/refusal.ts'
import * as services from '../../src/services/actions.ts'
import { openWorld, type World } from '../support/env.ts'

const NOW = new Date('2026-11-21T09:00:00+09:00')
const TABLES = [
  'members',
  'member_versions',
  'member_status_changes',
  'contracts',
  'contract_versions',
  'contract_flows',
  'services',
  'service_versions',
  'service_items',
  'service_status_changes',
  'audit_events',
]

let world: World
beforeAll(async () => {
  world = await openWorld()
  world.setNow(NOW)
})
afterAll(() => world.close())

type File = ReturnType<typeof onboardingFile>

/** The demo's file, changed as a test needs it. */
function fileWith(change: (file: any) => void = () => {}): File {
  const file = JSON.parse(JSON.stringify(onboardingFile(NOW, 3000)))
  change(file)
  return file
}

const onboard = (file: unknown, loopback = true) =>
  services.onboard(world.env, typeof file === 'string' ? file : JSON.stringify(file), { loopback })

const newsOf = ({ changes }: services.Onboarded) =>
  Object.fromEntries(
    changes.flatMap(({ name, version, news }) => (news.length ? [[name, [version, ...news]]] : [])),
  )

async function counts(): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const table of TABLES)
    found[table] = Number((await world.env.db(table).count())[0]?.['count'])
  return found
}

/** Every fault of a file that must be refused; nothing may have been stored. */
async function faultsOf(file: unknown, loopback = true): Promise<string[]> {
  const before = await counts()
  const refusal = await onboard(file, loopback).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(refusal).toBeInstanceOf(Refusal)
  expect(await counts()).toEqual(before)
  const faults = (refusal as Refusal).details['faults'] as Fault[]
  return faults.map(({ path, rule }) => `${path} ${rule}`).sort()
}

describe('the life of a file', () => {
  test('at first everything is new', async () => {
    const done = await onboard(fileWith())
    expect(newsOf(done)).toMatchObject({
      株式会社まちなか交通: [1, 'added'],
      'AOBA-001': [1, 'added'],
      まちなか回遊アプリ: [1, 'added'],
      ゆめぐり手帖: [1, 'added'],
    })
    expect(done.secrets).toEqual([])
    const service = await services.byClientId(world.env, 'machinaka-kaiyu')
    expect(service).toMatchObject({
      service: { status: 'live', kind: 'third_party', authMethod: 'client_secret_basic' },
      version: {
        version: 1,
        idTokenAlg: 'RS256',
        redirectUris: ['http://localhost:3001/callback'],
      },
      member: { names: { ja: '株式会社まちなか交通' }, status: 'active' },
      contract: { number: 'AOBA-001', version: 1, subjectType: 'public', offlineAccess: true },
    })
    expect(service?.contract.startsAt).toEqual(new Date('2026-04-01T00:00:00+09:00'))
    expect(service?.contract.endsAt).toEqual(new Date('2028-04-01T00:00:00+09:00'))
    expect(service?.version.items.map(({ item, required }) => [item, required])).toEqual([
      ['user_id', true],
      ['name', true],
      ['email', true],
      ['birth_year', false],
      ['sex', false],
      ['address', false],
    ])
    expect(await services.byId(world.env, service?.service.id ?? '')).toEqual(service)
    expect((await services.list(world.env)).map(({ service: s }) => s.clientId).sort()).toEqual([
      'aruku-point',
      'machinaka-kaiyu',
      'norimono-yoyaku',
      'tosho-yoyaku',
      'yumeguri-techo',
    ])
  })

  test('the same file again changes nothing, not even the audit record', async () => {
    const before = await counts()
    expect(newsOf(await onboard(fileWith()))).toEqual({})
    expect(await counts()).toEqual(before)
  })

  test('nor does a file that only looks different', async () => {
    const file = fileWith((f) => {
      f.members.reverse()
      f.members[2].names.ja = '株式会社まちなか交通 '
      f.members[2].services[0].names.ja = 'まちなか回遊ｱﾌﾟﾘ'
      f.members[2].services[0].kind = 'third_party'
    })
    expect(newsOf(await onboard(file))).toEqual({})
  })

  test('what changed becomes a new version, and the old one stays as it was', async () => {
    const old = await world.env.db('service_versions').orderBy('id')
    const file = fileWith((f) => {
      f.members[0].address.ja = 'あおば県あおば市中央区駅前3-1'
      f.members[0].contracts[0].rights += '（確認済み）'
      f.members[0].services[0].items[3].required = true
    })
    const done = await onboard(file)
    expect(newsOf(done)).toEqual({
      株式会社まちなか交通: [2, 'new_version'],
      'AOBA-001': [2, 'new_version'],
      まちなか回遊アプリ: [2, 'new_version'],
    })
    const service = await services.byClientId(world.env, 'machinaka-kaiyu')
    expect(service?.version.version).toBe(2)
    expect(service?.version.items.find(({ item }) => item === 'birth_year')?.required).toBe(true)
    expect(service?.member.address.ja).toBe('あおば県あおば市中央区駅前3-1')
    expect(service?.contract.version).toBe(2)
    const now = await world.env.db('service_versions').orderBy('id')
    expect(now).toEqual(expect.arrayContaining(old))
    expect(newsOf(await onboard(file))).toEqual({})
  })

  test('a consent that names the earlier versions still finds them', async () => {
    const [first] = await world.env
      .db('service_versions')
      .join('services', 'services.id', 'service_versions.service_id')
      .where({ client_id: 'machinaka-kaiyu', version: 1 })
      .select('service_versions.id')
    const now = await services.byClientId(world.env, 'machinaka-kaiyu')
    const then = await services.atVersions(world.env, {
      serviceVersionId: first.id,
      memberVersionId: now?.member.versionId ?? '',
      contractVersionId: now?.contract.id ?? '',
    })
    expect(then?.version.version).toBe(1)
    expect(then?.version.items.find(({ item }) => item === 'birth_year')?.required).toBe(false)
  })

  test('a status is changed and its history kept', async () => {
    const file = fileWith((f) => {
      f.members[1].status = 'suspended'
      f.members[1].statusSince = '2026-11-01'
      f.members[1].statusReason = '報告書の遅れ'
      f.members[1].services[0].status = 'suspended'
    })
    expect(newsOf(await onboard(file))).toMatchObject({
      一般財団法人ひろば文庫: [1, 'status'],
      としょ予約: [1, 'status'],
    })
    const service = await services.byClientId(world.env, 'tosho-yoyaku')
    expect([service?.member.status, service?.service.status]).toEqual(['suspended', 'suspended'])
    const history = await world.env
      .db('member_status_changes')
      .where({ member_id: service?.member.id })
      .orderBy('at')
    expect(history.map(({ status, reason, at }) => [status, reason, at.toISOString()])).toEqual([
      ['active', null, '2026-03-31T15:00:00.000Z'],
      ['suspended', '報告書の遅れ', '2026-10-31T15:00:00.000Z'],
    ])
    expect(
      await faultsOf({
        ...file,
        members: [{ ...file.members[1], status: 'active', statusSince: '2026-10-01' }],
      }),
    ).toEqual(['/members/0/statusSince since_before_last'])
    expect(
      await faultsOf({
        ...file,
        members: [{ ...file.members[1], status: 'active', statusSince: '2026-11-22' }],
      }),
    ).toEqual(['/members/0/statusSince since_future'])
  })

  test('each act stands in the audit record with what was before and after', async () => {
    const events = await world.env.db('audit_events').where({ act: 'services.onboard' })
    const changed = events.filter(({ details }) => details.version === 2)
    expect(changed).toHaveLength(1)
    expect(changed[0].details.before.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(changed[0].details.after.hash).not.toBe(changed[0].details.before.hash)
    expect(changed[0]).toMatchObject({
      actor_kind: 'system',
      actor_id: 'onboarding',
      object_kind: 'service',
    })
  })

  test('published rows cannot be changed', async () => {
    for (const table of [
      'member_versions',
      'contract_versions',
      'contract_flows',
      'service_versions',
      'service_items',
    ])
      await expect(world.env.db(table).delete()).rejects.toMatchObject({ code: '42501' })
  })
})

describe('contract versions over time (S-36)', () => {
  const renewal = (f: any) => {
    f.members = [f.members[2]]
    f.members[0].contracts[0].from = '2028-04-01'
    f.members[0].contracts[0].to = '2030-03-31'
  }

  test('a renewal written early waits for its day; an ended version never comes back', async () => {
    expect(newsOf(await onboard(fileWith(renewal)))).toEqual({ 'AOBA-003': [2, 'new_version'] })
    const versionAt = async (day: string) => {
      world.setNow(new Date(`${day}T12:00:00+09:00`))
      const service = await services.byClientId(world.env, 'aruku-point')
      world.setNow(NOW)
      return service?.contract.version
    }
    expect(await versionAt('2026-01-01')).toBe(1)
    expect(await versionAt('2026-11-21')).toBe(1)
    expect(await versionAt('2028-03-31')).toBe(1)
    expect(await versionAt('2028-04-01')).toBe(2)
    const cut = fileWith((f) => {
      renewal(f)
      f.members[0].contracts[0].to = '2028-06-30'
    })
    await onboard(cut)
    expect(await versionAt('2028-05-01')).toBe(3)
    expect(await versionAt('2029-05-01')).toBe(3)
  })

  test('a version that would half overlap the one before is refused', async () => {
    const file = fileWith((f) => {
      f.members = [f.members[0]]
      f.members[0].contracts[0].from = '2026-10-01'
    })
    expect(await faultsOf(file)).toContain('/members/0/contracts/0/from version_overlaps')
  })

  test('two contracts of one company never rule on the same day', async () => {
    const second = (from: string, to: string) =>
      fileWith((f) => {
        f.members = [f.members[0]]
        f.members[0].contracts.push({ ...f.members[0].contracts[0], number: 'AOBA-009', from, to })
      })
    expect(await faultsOf(second('2028-03-31', '2029-03-31'))).toEqual([
      '/members/0/contracts term_overlaps',
    ])
    expect(newsOf(await onboard(second('2028-04-01', '2029-03-31')))).toMatchObject({
      'AOBA-009': [1, 'added'],
    })
  })
})

describe('secrets and keys (C1, C5)', () => {
  const added = (client: object, more: object = {}) =>
    fileWith((f) => {
      const [service] = f.members[0].services
      f.members = [f.members[0]]
      f.members[0].services = [
        {
          ...service,
          clientId: undefined,
          key: 'atarashii',
          names: { ja: 'あたらしい窓', en: 'New Window', kana: 'アタラシイマド' },
          client: { redirectUris: ['https://machinaka.example/new'], ...client },
          ...more,
        },
      ]
    })

  test('a key method is the default, and asks for a key', async () => {
    expect(await faultsOf(added({}))).toEqual(['/members/0/services/0/client/jwks jwks_needed'])
  })

  test('a secret is made once, of 256 bits, and only its hash is kept', async () => {
    const file = added({ authMethod: 'client_secret_basic' })
    const { secrets } = await onboard(file)
    expect(secrets).toHaveLength(1)
    const { clientId = '', secret = '' } = secrets[0] ?? {}
    expect(clientId).toMatch(/^atarashii-[0-9a-f]{12}$/)
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
    const service = await services.byClientId(world.env, clientId)
    expect(service?.service.secretHash).toEqual(createHash('sha256').update(secret).digest())
    const again = await onboard(file)
    expect([newsOf(again), again.secrets]).toEqual([{}, []])
    const everything = JSON.stringify(await Promise.all(TABLES.map((table) => world.env.db(table))))
    expect(everything).toContain('atarashii')
    expect(everything).not.toContain(secret)
    expect(world.logLines().join()).not.toContain(secret)
  })

  test('a secret can be exchanged by its hash', async () => {
    const secretSha256 = createHash('sha256').update('another').digest('hex')
    const done = await onboard(added({ authMethod: 'client_secret_basic', secretSha256 }))
    expect(newsOf(done)).toEqual({ あたらしい窓: [1, 'client'] })
    expect(done.secrets).toEqual([])
  })

  const publicJwk = {
    kty: 'EC',
    crv: 'P-256',
    kid: 'k1',
    alg: 'ES256',
    x: '5x0iTXdEeoZnAb0Fevr58HVZGlqtmPPKuIRd0p7urao',
    y: '6dgTEnLBHPHog9uggKMJXKZscuMGnSunwlgAAcblzpk',
  }
  const withKeys = (...keys: object[]) => added({ jwks: { keys } })
  const at = '/members/0/services/0/client/jwks/keys'

  test.each<[string, object[], string[]]>([
    [
      'a private key',
      [{ ...publicJwk, d: 'JsnXCYA-itm61N05UlQQp4fl9pAVwAFdZbgo1GgWZRE' }],
      [`${at}/0/d private_key`],
    ],
    [
      'a shared secret',
      [{ kty: 'oct', kid: 'k', alg: 'HS256', k: 'c2VjcmV0' }],
      [`${at}/0/alg not_one_of`, `${at}/0/k private_key`, `${at}/0/kty not_one_of`],
    ],
    ['an algorithm we do not take', [{ ...publicJwk, alg: 'RS256' }], [`${at}/0/alg not_one_of`]],
    ['an algorithm of another key', [{ ...publicJwk, alg: 'PS256' }], [`${at}/0 key_not_usable`]],
    ['a point beside the curve', [{ ...publicJwk, x: publicJwk.y }], [`${at}/0 key_not_usable`]],
    [
      'a short RSA key',
      [{ kty: 'RSA', kid: 'r', alg: 'PS256', e: 'AQAB', n: 'x'.repeat(171) }],
      [`${at}/0 key_not_usable`],
    ],
    ['a key without a kid', [{ ...publicJwk, kid: undefined }], [`${at}/0/kid required`]],
    ['two keys of one kid', [publicJwk, publicJwk], [`${at}/1/kid key_twice`]],
    [
      'a link to a certificate',
      [{ ...publicJwk, x5u: 'https://a.example/' }],
      [`${at}/0/x5u unknown_field`],
    ],
  ])('%s is refused', async (_, keys, faults) => {
    expect(await faultsOf(withKeys(...keys))).toEqual(faults)
  })

  test('a public key is taken, and replaces the secret', async () => {
    const done = await onboard(withKeys(publicJwk))
    expect(newsOf(done)).toEqual({ あたらしい窓: [1, 'client'] })
    const clientId = done.changes.length
      ? (await services.list(world.env)).find(({ version }) => version.names.ja === 'あたらしい窓')
          ?.service.clientId
      : ''
    const service = await services.byClientId(world.env, clientId ?? '')
    expect(service?.service).toMatchObject({
      authMethod: 'private_key_jwt',
      secretHash: null,
      jwks: { keys: [{ ...publicJwk, use: 'sig' }] },
    })
  })

  test.each<[string, object, string]>([
    [
      'a web service without authentication',
      { authMethod: 'none' },
      'authMethod web_needs_authentication',
    ],
    [
      'a native application with a secret',
      { applicationType: 'native', authMethod: 'client_secret_basic' },
      'authMethod native_needs_none',
    ],
    [
      'a native application with a key',
      { applicationType: 'native', jwks: { keys: [publicJwk] } },
      'jwks jwks_not_wanted',
    ],
    [
      'a key method with a secret',
      { jwks: { keys: [publicJwk] }, secretSha256: 'a'.repeat(64) },
      'secretSha256 secret_not_wanted',
    ],
  ])('%s is refused', async (_, client, fault) => {
    expect(await faultsOf(added(client))).toEqual([`/members/0/services/0/client/${fault}`])
  })

  test('http on loopback counts only in demo mode', async () => {
    const file = added({ jwks: { keys: [publicJwk] }, redirectUris: ['http://localhost:3001/x'] })
    expect(await faultsOf(file, false)).toEqual([
      '/members/0/services/0/client/redirectUris/0 address_not_https',
    ])
  })

  test('a pairwise contract wants one host', async () => {
    const file = fileWith((f) => {
      f.members = [f.members[1]]
      f.members[0].status = 'suspended'
      f.members[0].services[0].status = 'suspended'
      f.members[0].services[0].client.redirectUris = [
        'https://a.example/cb',
        'https://b.example/cb',
      ]
    })
    expect(await faultsOf(file)).toEqual([
      '/members/0/services/0/client/redirectUris pairwise_several_hosts',
    ])
  })
})

/** Companies, contracts, services and residents for tests, written as rows: each test says only what matters to it. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { ItemId } from '../../src/catalogue/model.ts'
import type { Env } from '../../src/env.ts'
import * as residents from '../../src/residents/actions.ts'
import type { Resident } from '../../src/residents/model.ts'
import type { Bounds } from '../../src/services/model.ts'

export const PASSWORD = 'Tanpopo no wata ga tobu 7'

const both = (ja: string, en = ja) => ({ ja, en })
const hash = (value: object) => createHash('sha256').update(JSON.stringify(value)).digest()

export type ServiceAsked = {
  name?: string
  status?: string
  memberStatus?: string
  required?: ItemId[]
  optional?: ItemId[]
  /** Items of the contract's flow; by default all that the service asks for. */
  flowItems?: string[]
  purposes?: string[]
  redirectUris?: string[]
  postLogoutRedirectUris?: string[]
  landingOrigins?: string[]
  applicationType?: 'web' | 'native'
  authMethod?: 'private_key_jwt' | 'client_secret_basic' | 'none'
  jwks?: object
  subjectType?: 'public' | 'pairwise'
  offlineAccess?: boolean
  idTokenAlg?: 'ES256' | 'RS256'
  eventsUri?: string
  backchannelLogoutUri?: string
  startsAt?: Date
  endsAt?: Date
  /** The consent text the contract names. */
  template?: string
  /** What the review held items to. */
  bounds?: Partial<Record<ItemId, Bounds>>
}

export type MadeService = {
  id: string
  memberId: string
  contractId: string
  clientId: string
  clientSecret: string
  redirectUri: string
}

let count = 0

/** A live service of an active company under a contract in term, unless asked otherwise. */
export async function makeService(env: Env, asked: ServiceAsked = {}): Promise<MadeService> {
  const at = new Date('2026-04-01T00:00:00Z')
  const n = ++count
  const made = {
    id: randomUUID(),
    memberId: randomUUID(),
    contractId: randomUUID(),
    clientId: `service-${n}-${randomBytes(3).toString('hex')}`,
    clientSecret: randomBytes(32).toString('base64url'),
    redirectUri: asked.redirectUris?.[0] ?? `http://localhost:9/callback-${n}`,
  }
  const memberBody = {
    names: both(`第${n}株式会社`, `Company ${n}`),
    address: both('あおば市中央区1-1', '1-1 Chuo-ku, Aoba'),
    representative: both('代表 一郎', 'Ichiro Daihyo'),
    contact: {
      desk: both('お客様窓口', 'Help desk'),
      phone: '00-1111-0000',
      email: `desk${n}@company.example`,
      url: 'https://company.example',
    },
  }
  await env.db('members').insert({
    id: made.memberId,
    corporate_number: randomDigits(),
    status: asked.memberStatus ?? 'active',
    created_at: at,
  })
  await env.db('member_versions').insert({
    id: randomUUID(),
    member_id: made.memberId,
    version: 1,
    body: JSON.stringify(memberBody),
    body_hash: hash(memberBody),
    created_at: at,
  })
  await env
    .db('member_status_changes')
    .insert({ id: randomUUID(), member_id: made.memberId, status: 'active', at })
  await env.db('contracts').insert({
    id: made.contractId,
    member_id: made.memberId,
    number: `K-${n}-${randomBytes(3).toString('hex')}`,
    created_at: at,
  })
  await makeContractVersion(env, made.contractId, 1, asked)
  await insertService(env, made, asked, at)
  await makeServiceVersion(env, made, 1, asked)
  return made
}

const randomDigits = () => String(Math.floor(1e12 + Math.random() * 8.99e12))

async function insertService(
  env: Env,
  made: MadeService,
  asked: ServiceAsked,
  at: Date,
): Promise<void> {
  const authMethod = asked.authMethod ?? 'client_secret_basic'
  await env.db('services').insert({
    id: made.id,
    member_id: made.memberId,
    contract_id: made.contractId,
    client_id: made.clientId,
    kind: 'third_party',
    status: asked.status ?? 'live',
    auth_method: authMethod,
    secret_hash:
      authMethod === 'client_secret_basic'
        ? createHash('sha256').update(made.clientSecret).digest()
        : null,
    jwks: authMethod === 'private_key_jwt' ? JSON.stringify(asked.jwks) : null,
    created_at: at,
  })
}

const itemsOf = (asked: ServiceAsked) => ({
  required: asked.required ?? (['name', 'email'] as ItemId[]),
  optional: asked.optional ?? (['birth_year', 'sex', 'address'] as ItemId[]),
})

/** A new version of a contract; the newest that has begun counts. */
export async function makeContractVersion(
  env: Env,
  contractId: string,
  version: number,
  asked: ServiceAsked = {},
): Promise<string> {
  const id = randomUUID()
  const starts_at = asked.startsAt ?? new Date('2026-04-01T00:00:00+09:00')
  const ends_at = asked.endsAt ?? new Date('2030-04-01T00:00:00+09:00')
  const { required, optional } = itemsOf(asked)
  const body = { version, note: randomUUID(), ...(asked.template && { template: asked.template }) }
  await env.db('contract_versions').insert({
    id,
    contract_id: contractId,
    version,
    starts_at,
    ends_at,
    subject_type: asked.subjectType ?? 'public',
    offline_access: asked.offlineAccess ?? true,
    body: JSON.stringify(body),
    body_hash: hash(body),
    created_at: env.now(),
  })
  await env.db('contract_flows').insert({
    id: randomUUID(),
    contract_version_id: id,
    position: 1,
    giver: 'consortium',
    receiver: 'member',
    items: asked.flowItems ?? ['user_id', ...required, ...optional],
    purposes: asked.purposes ?? ['service_delivery', 'contact'],
    delivery: 'OpenID Connect',
    starts_at,
    ends_at,
  })
  return id
}

/** A new version of a service; the newest counts. */
export async function makeServiceVersion(
  env: Env,
  made: MadeService,
  version: number,
  asked: ServiceAsked = {},
): Promise<string> {
  const id = randomUUID()
  const name = asked.name ?? `サービス${made.clientId.split('-')[1]}`
  const body = {
    names: { ja: name, en: name, kana: 'サービス' },
    descriptions: both('街で使うサービスです。', 'A service for the town.'),
    termsUrl: 'https://company.example/terms',
    policyUrl: 'https://company.example/privacy',
    contact: {
      desk: both('お客様窓口', 'Help desk'),
      phone: '00-1111-0000',
      email: 'desk@company.example',
    },
    retention: both('利用を終えてから1年', 'One year after you stop'),
    applicationType: asked.applicationType ?? 'web',
    redirectUris: asked.redirectUris ?? [made.redirectUri],
    postLogoutRedirectUris: asked.postLogoutRedirectUris ?? [],
    landingOrigins: asked.landingOrigins ?? [],
    idTokenAlg: asked.idTokenAlg ?? 'ES256',
    ...(asked.eventsUri && { eventsUri: asked.eventsUri }),
    ...(asked.backchannelLogoutUri && { backchannelLogoutUri: asked.backchannelLogoutUri }),
  }
  await env.db('service_versions').insert({
    id,
    service_id: made.id,
    version,
    body: JSON.stringify(body),
    body_hash: hash({ body, version }),
    created_at: env.now(),
  })
  const { required, optional } = itemsOf(asked)
  const items = (['user_id', ...required, ...optional] as ItemId[]).map((item, position) => ({
    service_version_id: id,
    item,
    item_version: 1,
    position,
    purposes: [asked.purposes?.[0] ?? 'service_delivery'],
    required: item === 'user_id' || required.includes(item),
    reasons: JSON.stringify(both(`${item}が必要な理由`, `why ${item}`)),
    effects: JSON.stringify(both(`${item}を選ばないと`, `without ${item}`)),
    bounds: asked.bounds?.[item] ? JSON.stringify(asked.bounds[item]) : null,
  }))
  await env.db('service_items').insert(items)
  return id
}

export async function markDemo(env: Env): Promise<void> {
  await env
    .db('installation')
    .insert({ demo: true, created_at: env.now() })
    .onConflict('singleton')
    .ignore()
}

export type MadeResident = Resident & { email: string }

/** A verified resident with every item registered; `profile` replaces parts, an empty text leaves one out. */
export async function makeResident(
  env: Env,
  profile: Record<string, string> = {},
  provision = true,
): Promise<MadeResident> {
  await markDemo(env)
  const { email: given, ...rest } = profile
  const email = given ?? `resident${++count}.${randomBytes(3).toString('hex')}@example.jp`
  const full = {
    family_name: '山田',
    given_name: '花子',
    family_name_kana: 'ヤマダ',
    given_name_kana: 'ハナコ',
    birth_year: '1988',
    sex: 'female',
    postal_code: '0600001',
    region: '北海道',
    locality: '札幌市中央区',
    ...rest,
  }
  const made = await residents.enrol(env, {
    email,
    password: PASSWORD,
    profile: full,
    language: 'ja',
    agreed: { provision, collection: false },
    shown: {
      at: new Date(env.now().getTime() - 60_000),
      language: 'ja',
      version: env.templates.inForce('id-terms', env.now()).version,
    },
    address: undefined,
  })
  return { ...made, email }
}

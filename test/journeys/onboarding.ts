/** How a company comes to a live service by the pages alone, told for any hands: what onboarding-story.test.ts runs. */
import { randomUUID } from 'node:crypto'
import { expect } from '@jest/globals'
import { CLAUSES } from '../../src/services/clauses.ts'
import { filled } from '../members/company.ts'
import { codeAt, PASSWORD } from '../people/steps.ts'
import type { Hand } from '../support/hands.ts'
import { linkIn, mailsTo } from '../support/mailbox.ts'
import type { Site } from '../support/site.ts'

export type Hands = Record<'stranger' | 'manager' | 'developer' | 'registrar' | 'approver', Hand>

/** After every page: looks at it; the screen lets axe-core see it. */
export type Look = (name: string, hand: Hand) => Promise<void>

export const REDIRECT = 'https://walk.hoshizora.example.com/callback'

const day = (days: number) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' }).format(
    Date.now() + days * 86_400_000,
  )

/** The link on the desk that leads to what waits. */
async function fromTheDesk(hand: Hand, below: string, look: Look): Promise<string> {
  await hand.open('/admin')
  await look('admin-desk', hand)
  const href = new RegExp(`href="(${below}/[0-9a-f-]{36})"`).exec(await hand.text())?.[1]
  if (!href) throw new Error(`nothing below ${below} waits on the desk`)
  await hand.open(href)
  await look(`admin${below.replaceAll('/', '-')}`, hand)
  return href
}

/** Sends, and holds that nothing was found wrong. */
async function sends(hand: Hand, action: string, fields: Parameters<Hand['send']>[1] = {}) {
  await hand.send(action, fields)
  const text = await hand.text()
  const wrong =
    /<div class="banner banner-bad"[\s\S]*?<\/div><\/div>/.exec(text)?.[0] ??
    /<p class="error"[\s\S]*?<\/p>/.exec(text)?.[0]
  expect([action, wrong?.replace(/<[^>]*>/g, ' ')]).toEqual([action, undefined])
}

/** Opens the newest invitation of an address and chooses password and app. */
async function accepts(site: Site, hand: Hand, email: string, look: Look): Promise<void> {
  await hand.open(linkIn((await mailsTo(site.env, email)).at(-1)))
  await look('company-invitation', hand)
  const seed = /<span class="num">([A-Z2-7 ]{20,})<\/span>/.exec(await hand.text())?.[1] ?? ''
  const code = codeAt(site.env, 0, seed.replaceAll(' ', ''))
  await sends(hand, '/company/invitation/password', { password: PASSWORD, code })
}

/** A company applies; the registrar stands for it, the approver approves; its manager comes in. */
export async function joins(site: Site, hands: Hands, look: Look): Promise<string> {
  const company = filled()
  const manager = company['manager_email'] ?? ''
  await hands.stranger.open('/company/apply')
  await look('company-apply', hands.stranger)
  await sends(hands.stranger, '/company/apply', company)
  const first = await mailsTo(site.env, manager)
  const application = await fromTheDesk(hands.registrar, '/admin/applications', look)
  await sends(hands.registrar, `${application}/propose`)
  expect(await fromTheDesk(hands.approver, '/admin/applications', look)).toBe(application)
  await sends(hands.approver, `${application}/approve`)
  await mailsTo(site.env, manager, first.length + 1)
  await accepts(site, hands.manager, manager, look)
  await hands.manager.open('/company')
  await look('company-home-new', hands.manager)
  return company['name_ja'] ?? ''
}

/** One operator drafts the contract and stands for it, the other approves: now the company is a member. */
export async function contracts(hands: Hands, company: string, look: Look): Promise<string> {
  const { registrar, approver } = hands
  await registrar.open('/admin/contracts/new')
  await look('admin-contract-choose', registrar)
  const options = [
    ...(await registrar.text()).matchAll(/<option value="([0-9a-f-]{36})"[^>]*>([^<]*)/g),
  ]
  const member = options.find(([, , name]) => name === company)?.[1] ?? ''
  await registrar.open(`/admin/contracts/new?member=${member}`)
  await look('admin-contract-form', registrar)
  const number = `AOBA-${randomUUID().slice(0, 8)}`
  await sends(registrar, '/admin/contracts/new', {
    number,
    from: day(0),
    to: day(700),
    subjectType: 'public',
    offlineAccess: 'no',
    retention: '利用を終えてから1年',
    dataContent: '登録情報のうち、流れに書いた項目',
    delivery: 'OpenID Connect',
    rights: '権利は移りません。',
    confidentiality: '秘密を守ります。',
    responsibility: '原因のある側が対応します。',
    foreign_kind: 'none',
    auditNoticeDays: '10',
    auditLimit: 'rolling_12_months',
    flow_0_giver: 'consortium',
    flow_0_items: ['user_id', 'name', 'email', 'birth_year'],
    flow_0_purposes: ['service_delivery'],
    flow_0_delivery: 'OpenID Connect',
  })
  const contract = registrar.here().replace(/\?.*/, '')
  await look('admin-contract', registrar)
  await sends(registrar, `${contract}/propose`)
  expect(await fromTheDesk(approver, '/admin/contracts', look)).toBe(contract)
  await sends(approver, `${contract}/approve`)
  await hands.manager.open('/company')
  expect(await hands.manager.text()).toContain(number)
  await look('company-home', hands.manager)
  return number
}

/** The manager lets a developer in. */
export async function invites(site: Site, hands: Hands, look: Look): Promise<void> {
  const email = `developer.${randomUUID().slice(0, 8)}@hoshizora.example.com`
  await hands.manager.open('/company/staff')
  await look('company-staff', hands.manager)
  await sends(hands.manager, '/company/staff', {
    name: `開発 ${randomUUID().slice(0, 6)}`,
    email,
    role: 'developer',
  })
  await accepts(site, hands.developer, email, look)
}

const both = (name: string, ja: string, en: string) => ({ [`${name}_ja`]: ja, [`${name}_en`]: en })

type Asked = { number: string; jwks: string; name: string }

/** The developer writes the service part by part and looks at its consent screen; the manager hands it in. */
export async function setsUp(hands: Hands, asked: Asked, look: Look): Promise<string> {
  const { developer, manager } = hands
  await developer.open('/company/services/new')
  await look('company-service-new', developer)
  await sends(developer, '/company/services/new', {
    key: `walk-${randomUUID().slice(0, 8)}`,
    contract: asked.number,
    name_ja: asked.name,
    name_kana: 'ホシゾラサンポ',
    name_en: `Stroll ${randomUUID().slice(0, 8)}`,
  })
  const service = /\/company\/services\/[0-9a-f-]{36}/.exec(developer.here())?.[0]
  if (!service) throw new Error(`no service was begun: ${developer.here()}`)
  await look('company-service-about', developer)
  await sends(developer, service, {
    ...both('description', '街を歩くサービスです。', 'A service for walking.'),
    ...both('desk', 'お客様窓口', 'Help desk'),
    phone: '0570-000-000',
    email: 'desk@hoshizora.example.com',
    ...both('retention', '利用を終えてから1年', 'One year after you stop'),
  })
  await developer.open(`${service}/connection`)
  await look('company-service-connection', developer)
  const { jwks } = asked
  await sends(developer, `${service}/connection`, { redirect_uris: REDIRECT, jwks })
  await developer.open(`${service}/papers`)
  await look('company-service-papers', developer)
  await sends(developer, `${service}/papers`, {
    terms_url: 'https://walk.hoshizora.example.com/terms',
    terms_version: '2026-04',
    terms_sha256: 'a'.repeat(64),
    policy_url: 'https://walk.hoshizora.example.com/privacy',
    policy_version: '2026-04',
    policy_sha256: 'b'.repeat(64),
    ...Object.fromEntries(CLAUSES.map((clause, n) => [`clause_${clause}`, `第${n + 1}条`])),
  })
  await developer.open(`${service}/items`)
  await look('company-service-items', developer)
  const item = (id: string, need?: string) => ({
    ...(need && { [`item_${id}`]: 'on', [`need_${id}`]: need }),
    [`purpose_${id}`]: ['service_delivery'],
    ...both(`reason_${id}`, '案内に使うため', 'to guide you'),
    ...both(`effect_${id}`, '案内が少し変わります', 'the guide differs a little'),
  })
  await sends(developer, `${service}/items`, {
    ...item('user_id'),
    ...item('name', 'required'),
    ...item('email', 'required'),
    ...item('birth_year', 'optional'),
  })
  for (const lang of ['ja', 'en']) {
    await developer.open(`${service}/preview?language=${lang}`)
    expect(await developer.text()).toContain(lang === 'ja' ? asked.name : 'Stroll')
  }
  await manager.open(`${service}/review`)
  await look('company-service-review', manager)
  await sends(manager, `${service}/submit`)
  return service
}

/** Two operators look at it; then the manager opens it to residents. Says its client id. */
export async function goesLive(hands: Hands, service: string, look: Look): Promise<string> {
  const { registrar, approver, manager } = hands
  const review = await fromTheDesk(registrar, '/admin/reviews', look)
  const items = ['user_id', 'name', 'email', 'birth_year']
  await sends(registrar, `${review}/examine`, {
    ...Object.fromEntries(items.map((id) => [`result_${id}`, 'approved'])),
    ...Object.fromEntries(
      CLAUSES.flatMap((clause, n) => [
        [`found_${clause}`, '1'],
        [`place_${clause}`, `第${n + 1}条`],
      ]),
    ),
  })
  expect(await fromTheDesk(approver, '/admin/reviews', look)).toBe(review)
  await sends(approver, `${review}/approve`)
  await manager.open(`${service}/life`)
  await look('company-service-life', manager)
  await sends(manager, `${service}/go-live`)
  await manager.open(`${service}/test`)
  await look('company-service-test', manager)
  const clientId = /walk-[0-9a-f]{8}-[0-9a-f]{12}/.exec(await manager.text())?.[0]
  if (!clientId) throw new Error('no page shows the client id')
  return clientId
}

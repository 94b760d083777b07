/** A company writes a service and hands it in: part by part, nothing lost, nothing of anybody else's (M2–M4, F7, A3, J2, J3). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { Browser, hidden, type Page } from '../support/browser.ts'
import { makeService, type MadeService } from '../support/builders.ts'
import { makeOperator, makeStaff, signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import * as reviews from '../../src/reviews/actions.ts'
import * as services from '../../src/services/actions.ts'
import { messages } from '../../src/locales/index.ts'
import { wholeFaults } from '../../src/services/draft_rules.ts'
import type { PartialDraft } from '../../src/services/draft_schema.ts'
import * as drafts from '../../src/services/drafts.ts'

let site: Site
let company: MadeService
let number: string
let manager: Browser
let developer: Browser
let jwks: string

beforeAll(async () => {
  site = await openSite()
  company = await makeService(site.env)
  const row = await site.env.db('contracts').where({ id: company.contractId }).first('number')
  number = row.number
  manager = await browserOf(company.memberId, 'manager')
  developer = await browserOf(company.memberId, 'developer')
  const { publicKey } = await generateKeyPair('ES256')
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] })
})
afterAll(() => site.close())

async function browserOf(memberId: string, role: 'manager' | 'developer'): Promise<Browser> {
  const browser = new Browser(site.issuer)
  signIn(browser, await makeStaff(site.env, memberId, role))
  return browser
}

let count = 0
async function begin(browser = developer, more: Record<string, string> = {}): Promise<string> {
  const n = ++count
  const page = await browser.open('/company/services/new')
  expect(page.status).toBe(200)
  const done = await browser.submit(page, {
    key: `machi-aruki-${n}`,
    contract: number,
    name_ja: `まち歩き日記${'あいうえおかきくけこ'[n]}`,
    name_kana: 'マチアルキ',
    name_en: `Walking diary ${'ABCDEFGHJK'[n]}`,
    ...more,
  })
  expect(done.status).toBe(200)
  return new URL(done.url).pathname.split('/')[3] ?? ''
}

const about = (n = '') => ({
  contract: number,
  name_ja: `街の散歩帳${n}`,
  name_kana: 'マチノサンポチョウ',
  name_en: `Stroll book ${n}`,
  name_zhHans: '散步手册',
  name_ko: '산책 수첩',
  description_ja: '街を歩いた記録を残せます。',
  description_en: 'Keeps your walks.',
  desk_ja: 'お客様窓口',
  desk_en: 'Help desk',
  phone: '03-0000-0000',
  email: 'desk@company.example',
  retention_ja: '利用を終えてから1年',
  retention_en: 'One year after you stop',
})
const connection = () => ({
  application_type: 'web',
  auth_method: 'private_key_jwt',
  jwks,
  redirect_uris: 'https://app.company.example/callback',
  id_token_alg: 'ES256',
  backchannel_logout_uri: 'https://app.company.example/logout',
})
const papers = () => ({
  terms_url: 'https://company.example/terms',
  terms_version: '第3版',
  terms_sha256: 'a'.repeat(64),
  policy_url: 'https://company.example/privacy',
  policy_version: '2',
  policy_sha256: 'b'.repeat(64),
  ...Object.fromEntries(
    ['acquired', 'purposes', 'given_to_consortium', 'recipients', 'member_list', 'precedence'].map(
      (clause) => [`clause_${clause}`, '第5条第2項'],
    ),
  ),
})
const item = (id: string, more: Record<string, string> = {}) => ({
  [`item_${id}`]: 'on',
  [`purpose_${id}`]: 'service_delivery',
  [`need_${id}`]: 'required',
  [`reason_${id}_ja`]: '本人を見分けるため',
  [`reason_${id}_en`]: 'To tell you apart',
  [`effect_${id}_ja`]: '使えません',
  [`effect_${id}_en`]: 'You cannot use it',
  ...more,
})
const items = () => {
  const { item_user_id: _always, need_user_id: _required, ...always } = item('user_id')
  return { ...always, ...item('name'), keep_name_ja: '半年', keep_name_en: 'Half a year' }
}

async function save(
  browser: Browser,
  id: string,
  part: '' | 'items' | 'connection' | 'papers',
  fields: Record<string, string>,
): Promise<Page> {
  const address = `/company/services/${id}${part && `/${part}`}`
  return browser.submit(await browser.open(address), fields, address)
}

async function whole(browser = developer, n = ''): Promise<string> {
  const id = await begin(browser)
  for (const [part, fields] of [
    ['', about(n)],
    ['items', items()],
    ['connection', connection()],
    ['papers', papers()],
  ] as const) {
    const page = await save(browser, id, part, fields)
    expect([part, page.status]).toEqual([part, 200])
  }
  return id
}

const proposalOf = async (id: string) => (await reviews.list(site.env, { subjectId: id }))[0]
const shows = (page: Page, field: string) =>
  new RegExp(`id="${field}-e"|href="#${field}"`).test(page.text)

describe('a draft', () => {
  test('a developer writes it, a manager hands it in, and both take it back', async () => {
    const id = await whole(developer, 'い')
    const hintOf = async (part: string, field: string) => {
      const { text } = await developer.open(`/company/services/${id}${part}`)
      return new RegExp(`id="${field}-h">([^<]*)<`).exec(text)?.[1] ?? ''
    }
    expect(await hintOf('', 'retention_ja')).toBe('例 利用を終えてから1年')
    expect(await hintOf('', 'retention_en')).toBe('例 One year after you stop')
    expect(await hintOf('/papers', 'terms_sha256')).toContain('shasum -a 256')
    expect(await hintOf('/connection', 'jwks')).toContain('docs/integration.md')
    const review = await developer.open(`/company/services/${id}/review`)
    expect(review.text).toContain('提出できます')
    expect((await developer.submit(review, {}, `/company/services/${id}/submit`)).status).toBe(403)
    const seen = await manager.open(`/company/services/${id}/review`)
    const done = await manager.submit(seen, {}, `/company/services/${id}/submit`)
    expect(done.text).toContain('提出しました')
    expect((await proposalOf(id))?.state).toBe('submitted')
    const locked = await save(developer, id, '', about('ろ'))
    expect(locked.status).toBe(409)
    await manager.submit(done, {}, `/company/services/${id}/recall`)
    expect((await proposalOf(id))?.state).toBe('draft')
    expect(await site.env.db('services').where({ id }).first()).toBeUndefined()
  })

  test('keeps blanks until it is handed in, and then names each with the way there', async () => {
    const id = await begin(manager)
    expect((await save(manager, id, '', { ...about('は'), phone: '' })).status).toBe(200)
    const review = await manager.open(`/company/services/${id}/review`)
    expect(review.text).toContain(`/company/services/${id}#phone`)
    expect(review.text).toContain(`/company/services/${id}/papers#clause_acquired`)
    const stale = { ...hidden(review), hash: '0'.repeat(64) }
    const late = await manager.post(`/company/services/${id}/submit`, stale)
    expect(late.status).toBe(409)
    const refused = await manager.submit(review, {}, `/company/services/${id}/submit`)
    expect(refused.status).toBe(422)
    expect((await proposalOf(id))?.state).toBe('draft')
  })

  test.each([
    ['redirect_uris', 'javascript:alert(1)'],
    ['redirect_uris', 'data:text/html,x'],
    ['redirect_uris', 'http://app.company.example/cb'],
    ['redirect_uris', 'http://localhost:3000/cb'],
    ['redirect_uris', 'https://127.0.0.1/cb'],
    ['redirect_uris', 'https://*.company.example/cb'],
    ['redirect_uris', 'https://user@company.example/cb'],
    ['redirect_uris', 'https://company.example/cb#x'],
    ['redirect_uris', 'https://company.example/cb?code=1'],
    ['landing_origins', 'https://company.example/path'],
    ['backchannel_logout_uri', 'https://169.254.169.254/latest'],
    ['backchannel_logout_uri', 'https://[::1]/x'],
    ['backchannel_logout_uri', 'https://0x7f.1/x'],
    ['backchannel_logout_uri', 'https://company.example:8443/x'],
    ['events_uri', 'http://company.example/x'],
    ['auth_method', 'tls_client_auth'],
    ['id_token_alg', 'none'],
    ['jwks', '{"keys":[],"keys":[]}'],
    ['jwks', '{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"a","alg":"HS256"}]}'],
    ['jwks', '{"keys":[{"kty":"EC","crv":"P-256","kid":"a","alg":"ES256","x":"AA","y":"AA"}]}'],
    ['jwks', '{"keys":[{"__proto__":{"a":1},"kty":"EC","kid":"a","alg":"ES256"}]}'],
  ])('refuses %s %s at its field and stores nothing', async (field, value) => {
    const id = await begin()
    const before = await proposalOf(id)
    const page = await save(developer, id, 'connection', { ...connection(), [field]: value })
    expect(page.status).toBe(422)
    expect(shows(page, field)).toBe(true)
    expect((await proposalOf(id))?.hash).toBe(before?.hash)
    await discard(id)
  })

  test('names the line of several addresses', async () => {
    const id = await begin()
    const redirect_uris = 'https://a.example.com/cb\nhttps://b.example.com/cb#x'
    const page = await save(developer, id, 'connection', { ...connection(), redirect_uris })
    expect(page.text).toContain('戻り先のアドレス（2行目）')
    expect(page.text).toContain('https://b.example.com/cb#x')
    await discard(id)
  })

  test.each([
    ['name_ja', 'まち\u202Eアプリ'],
    ['name_ja', 'まち\u200Bアプリ'],
    ['name_ja', 'まち\u2066アプリ'],
    ['name_en', 'W\u0430lk'],
    ['name_ja', 'あおば市公式アプリ'],
    ['name_zhHans', '青叶官方应用'],
    ['name_zhHans', '散步\u202E手册'],
    ['name_ko', '산책\u200B수첩'],
    ['name_ko', '공식 산책'],
    ['name_ja', '</b>散歩'],
    ['name_ja', 'あ'.repeat(41)],
    ['name_kana', '散歩'],
    ['email', 'nobody'],
    ['phone', 'call me'],
  ])('refuses %s %j at its field', async (field, value) => {
    const id = await begin()
    const page = await save(developer, id, '', { ...about('に'), [field]: value })
    expect(page.status).toBe(422)
    expect(shows(page, field)).toBe(true)
    expect(page.text).not.toContain('</b>散歩')
    await discard(id)
  })

  test("refuses another service's name, in whatever script", async () => {
    const other = await makeService(site.env, { name: 'ユメグリ手帖' })
    const id = await begin()
    for (const field of ['name_ja', 'name_zhHant']) {
      const page = await save(developer, id, '', { ...about('ほ'), [field]: 'ゆめぐり手帖' })
      expect([page.status, shows(page, field)]).toEqual([422, true])
    }
    expect(other.id).toBeTruthy()
    await discard(id)
  })

  test('refuses items and purposes beyond the contract, at the item', async () => {
    const id = await begin()
    const over = { ...items(), ...item('name', { purpose_name: 'usage_analysis' }) }
    const page = await save(developer, id, 'items', over)
    expect([page.status, shows(page, 'item_name')]).toEqual([422, true])
    const unknown = await save(developer, id, 'items', { ...items(), purpose_name: 'world_peace' })
    expect([unknown.status, shows(unknown, 'purpose_name')]).toEqual([422, true])
    await discard(id)
  })

  test('shows text as text (F9)', async () => {
    const id = await begin()
    const bad = '<img src=x onerror=alert(1)>{{7*7}}${7*7}'
    await save(developer, id, '', { ...about('へ'), description_ja: bad })
    const page = await developer.open(`/company/services/${id}`)
    expect(page.text).not.toContain('<img src=x')
    expect(page.text).toContain('{{7*7}}${7*7}')
    await discard(id)
  })

  test.each(['status', 'kind', 'member_id', 'results', 'approved_by', 'clauses'])(
    'refuses a posted %s (J3)',
    async (field) => {
      const id = await begin()
      const before = await proposalOf(id)
      const page = await save(developer, id, '', { ...about('と'), [field]: 'approved' })
      expect(page.status).toBe(422)
      expect((await proposalOf(id))?.hash).toBe(before?.hash)
      await discard(id)
    },
  )

  test('brings back what was typed where somebody else saved meanwhile', async () => {
    const id = await begin()
    const old = await developer.open(`/company/services/${id}`)
    await save(manager, id, '', about('ち'))
    const page = await developer.submit(old, about('り'), `/company/services/${id}`)
    expect(page.status).toBe(409)
    expect(page.text).toContain('街の散歩帳り')
    const again = await developer.submit(page, about('り'), `/company/services/${id}`)
    expect(again.status).toBe(200)
    await discard(id)
  })

  test('an operator sends it back; the note stands on the page, and it is handed in again', async () => {
    const id = await whole(manager, 'ぬ')
    const submit = async () =>
      manager.submit(
        await manager.open(`/company/services/${id}/review`),
        {},
        `/company/services/${id}/submit`,
      )
    await submit()
    const proposal = await proposalOf(id)
    const { person } = await makeOperator(site.env, ['registrar'])
    await reviews.giveBack(site.env, {
      id: proposal?.id ?? '',
      hash: proposal?.hash ?? '',
      by: person,
      note: '第5条を直してください',
    })
    const page = await manager.open(`/company/services/${id}/review`)
    expect(page.text).toContain('第5条を直してください')
    await submit()
    expect((await proposalOf(id))?.state).toBe('submitted')
  })

  test('every turn is in the audit record, without what was written', async () => {
    const id = await begin()
    const proposal = await proposalOf(id)
    const rows = await site.env.db('audit_events').where({ object_id: proposal?.id })
    expect(rows.map((row) => row.act)).toEqual(['reviews.drafted'])
    expect(JSON.stringify(rows)).not.toContain('まち歩き')
    await discard(id)
  })

  test('the next version begins from the one in force, once', async () => {
    const page = await manager.open(`/company/services/${company.id}`)
    expect(page.text).toContain('次の版を書き始める')
    await manager.submit(page, {}, `/company/services/${company.id}/next`)
    const again = await manager.submit(page, {}, `/company/services/${company.id}/next`)
    expect(again.status).toBe(409)
    const draft = await proposalOf(company.id)
    expect(draft?.body['asked']).toMatchObject({
      client: { redirectUris: [company.redirectUri] },
    })
  })
})

async function discard(id: string): Promise<void> {
  const page = await manager.open(`/company/services/${id}/review`)
  await manager.submit(page, {}, `/company/services/${id}/discard`)
}

describe('another company', () => {
  test.each([
    ['GET', ''],
    ['GET', '/items'],
    ['GET', '/connection'],
    ['GET', '/papers'],
    ['GET', '/review'],
    ['GET', '/logo'],
    ['GET', '/keys'],
    ['GET', '/test'],
    ['POST', ''],
    ['POST', '/items'],
    ['POST', '/connection'],
    ['POST', '/papers'],
    ['POST', '/submit'],
    ['POST', '/recall'],
    ['POST', '/discard'],
    ['POST', '/next'],
    ['POST', '/keys'],
    ['POST', '/keys/secret'],
    ['POST', '/test'],
    ['POST', '/test/secret'],
    ['POST', '/test/persons'],
    [`POST`, `/test/persons/${randomUUID()}/end`],
  ])('%s %s is not found, like what is nobody’s (J2)', async (method, path) => {
    const mine = await draftOfOurs()
    const stranger = await browserOf((await makeService(site.env)).memberId, 'manager')
    const page = await stranger.open('/company/services')
    const csrf = /name="csrf" value="([^"]+)"/.exec(
      (await stranger.open('/company/services/new')).text,
    )?.[1]
    expect(page.text).not.toContain(mine)
    const answers = await Promise.all(
      [mine, company.id, randomUUID(), 'no-id'].map((id) =>
        method === 'GET'
          ? stranger.request(`/company/services/${id}${path}`)
          : stranger.post(`/company/services/${id}${path}`, {
              csrf: csrf ?? '',
              ...(path !== '/next' && { hash: 'a'.repeat(64) }),
            }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    const bare = answers.map(({ text }) => text.replaceAll(/\/company\/services\/[\w-]+/g, ''))
    expect(new Set(bare.map((text) => /<main[\s\S]*<\/main>/.exec(text)?.[0])).size).toBe(1)
  })
})

let ours: string | undefined
async function draftOfOurs(): Promise<string> {
  ours ??= await begin()
  return ours
}

test('the list of a company reads its own services, and leaves out what went to another', async () => {
  const { env } = site
  const [own, other] = [await makeService(env), await makeService(env)]
  const { person: by } = await makeStaff(env, own.memberId)
  const asked = { kind: 'service', subjectId: other.id, memberId: own.memberId } as const
  await reviews.draft(env, { ...asked, body: { asked: {} }, by })
  const idsOf = (found: Awaited<ReturnType<typeof services.listOf>>) =>
    found.map(({ service }) => service.id)
  expect(idsOf(await services.listOf(env, own.memberId))).toEqual([own.id])
  expect(idsOf(await services.listOf(env, own.memberId, [other.id]))).toEqual([own.id, other.id])
  const shown = await drafts.ofCompany(env, own.memberId)
  expect(shown.map(({ serviceId }) => serviceId)).toEqual([own.id])
})

test('a receiving address whose name leads inside is a fault of its field; one not known yet is none (L8)', async () => {
  const draft: PartialDraft = {
    key: 'x',
    kind: 'third_party',
    contract: number,
    client: { redirectUris: ['https://a.example/'], eventsUri: 'https://receiver.example/events' },
  }
  const owner = { memberId: company.memberId, serviceId: randomUUID() }
  const found = async (addresses: string[]) => {
    const faults = await wholeFaults(site.env, draft, owner, async () => addresses)
    return faults.filter(({ path }) => path === '/client/eventsUri').map(({ rule }) => rule)
  }
  expect(await found(['192.168.0.2'])).toEqual(['address_leads_inside'])
  expect(await found(['1.1.1.1'])).toEqual([])
  expect(await found([])).toEqual([])
  for (const language of ['ja', 'en'] as const)
    expect(messages[language].forms.errors).toHaveProperty('address_leads_inside')
})

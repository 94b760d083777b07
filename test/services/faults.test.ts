/** Onboarding files that must be refused: every fault by place and rule, and nothing half stored. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { onboardingFile } from '../../src/demo/companies.ts'
import type { Fault } from '../../src/input/faults.ts'
import { messages } from '../../src/locales/index.ts'
import { Refusal } from '../../src/refusal.ts'
import * as services from '../../src/services/actions.ts'
import { openWorld, type World } from '../support/env.ts'

const NOW = new Date('2026-11-21T09:00:00+09:00')

let world: World
beforeAll(async () => {
  world = await openWorld()
  world.setNow(NOW)
})
afterAll(() => world.close())

/** The demo's first company alone, changed as a test needs it. */
function fileWith(change: (member: any, file: any) => void): string {
  const file: any = JSON.parse(JSON.stringify(onboardingFile(NOW, 3000)))
  const [first] = file.members
  file.members = [first]
  change(first, file)
  return JSON.stringify(file)
}

const onboard = (text: string) => services.onboard(world.env, text, { loopback: true })

async function faultsOf(text: string): Promise<string[]> {
  const refusal: unknown = await onboard(text).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(Refusal)
  const faults = (refusal as Refusal).details['faults'] as Fault<services.OnboardingRule>[]
  for (const { rule } of faults)
    for (const language of ['ja', 'en'] as const)
      expect(messages[language].onboarding.faults[rule]).toBeTruthy()
  return faults.map(({ path, rule }) => `${path} ${rule}`).sort()
}

describe('an empty database', () => {
  beforeEach(async () => {
    expect(await world.env.db('members').first()).toBeUndefined()
    expect(await world.env.db('audit_events').first()).toBeUndefined()
  })

  test('a receiving address that leads inside; a name that is not known yet passes (L8)', async () => {
    const text = fileWith((m) => {
      m.services[0].client.eventsUri = 'https://inside.example/events'
      m.services[0].client.backchannelLogoutUri = 'https://later.example/logout'
    })
    const asked: string[] = []
    const resolve = async (name: string) => {
      asked.push(name)
      return name === 'inside.example' ? ['1.1.1.1', '10.0.0.1'] : []
    }
    const refusal = (await services
      .onboard(world.env, text, { loopback: true }, resolve)
      .catch((error: unknown) => error)) as Refusal
    expect(refusal.details['faults']).toEqual([
      { path: '/members/0/services/0/client/eventsUri', rule: 'address_leads_inside' },
    ])
    expect(asked.sort()).toEqual(['inside.example', 'later.example'])
    for (const language of ['ja', 'en'] as const)
      expect(messages[language].onboarding.faults.address_leads_inside).toBeTruthy()
  })

  test('all faults are told at once, each with its place and its rule', async () => {
    const text = fileWith((m, f) => {
      f.members.push(structuredClone(m))
      f.members[1].corporateNumber = '8999999999902'
      f.members[1].surprise = true
      m.names.ja = 'まち\u202Eなか'
      m.contact.url = 'http://machinaka.example/'
      m.contracts[0].to = '2027-02-30'
      delete m.contracts[0].confidentiality
      m.services[0].items[1].reasons = { ja: '' }
      m.services[0].client.redirectUris.push('https://user@a.example/')
      m.services[1].status = 'alive'
      m.services[1].client.landingOrigins = ['https://a.example/x']
      m.services[1].items[1].item = 'shoe_size'
    })
    expect(await faultsOf(text)).toEqual([
      '/members/0/contact/url address_not_https',
      '/members/0/contracts/0/confidentiality required',
      '/members/0/contracts/0/to not_a_day',
      '/members/0/names/ja text_hidden_character',
      '/members/0/services/0/client/redirectUris/1 address_user',
      '/members/0/services/0/items/1/reasons/en required',
      '/members/0/services/0/items/1/reasons/ja empty',
      '/members/0/services/1/client/landingOrigins/0 landing_not_origin',
      '/members/0/services/1/items/1/item item_unknown',
      '/members/0/services/1/status not_one_of',
      '/members/1/corporateNumber corporate_number',
      '/members/1/surprise unknown_field',
    ])
  })

  test('a fault in the last company keeps the first one out too', async () => {
    const file: any = onboardingFile(NOW, 3000)
    file.members[2].services[1].client.redirectUris = ['javascript:alert(1)']
    expect(await faultsOf(JSON.stringify(file))).toEqual([
      '/members/2/services/1/client/redirectUris/0 redirect_scheme',
    ])
  })

  test.each<[string, (m: any) => void, string[]]>([
    [
      'an item above the contract',
      (m) => m.contracts[0].flows[0].items.splice(3, 1),
      ['/services/0/items/4 item_over_ceiling'],
    ],
    [
      'a purpose above the contract',
      (m) => m.contracts[0].flows[0].purposes.pop(),
      ['/services/0/items/2 item_over_ceiling', '/services/1/items/2 item_over_ceiling'],
    ],
    [
      'a flow of the other direction only',
      (m) =>
        Object.assign(m.contracts[0].flows[0], {
          giver: 'member',
          receiver: 'consortium',
          dataset: 'steps',
        }),
      [
        ...[0, 1, 2, 3, 4, 5].map((n) => `/services/0/items/${n} item_over_ceiling`),
        ...[0, 1, 2, 3].map((n) => `/services/1/items/${n} item_over_ceiling`),
      ],
    ],
    ['no user ID', (m) => m.services[0].items.shift(), ['/services/0/items user_id_required']],
    [
      'an optional user ID',
      (m) => (m.services[0].items[0].required = false),
      ['/services/0/items user_id_required'],
    ],
    [
      'an item twice',
      (m) => m.services[0].items.push(m.services[0].items[1]),
      ['/services/0/items/6/item item_twice'],
    ],
    [
      'a text that is none for the consent screen',
      (m) => (m.contracts[0].template = 'privacy'),
      ['/contracts/0/template not_one_of'],
    ],
    [
      'an unknown purpose',
      (m) => (m.services[0].items[1].purposes = ['resale']),
      ['/services/0/items/1 item_over_ceiling', '/services/0/items/1/purposes/0 purpose_unknown'],
    ],
    [
      'an unknown item in a flow',
      (m) => m.contracts[0].flows[0].items.push('income'),
      ['/contracts/0/flows/0/items/6 item_unknown'],
    ],
    [
      'an unknown purpose in a flow',
      (m) => m.contracts[0].flows[0].purposes.push('resale'),
      ['/contracts/0/flows/0/purposes/3 purpose_unknown'],
    ],
    [
      'an end before the beginning',
      (m) => (m.contracts[0].to = '2026-03-31'),
      ['/contracts/0/to term_backwards'],
    ],
    [
      'a flow outside the term',
      (m) => (m.contracts[0].flows[0].to = '2028-04-01'),
      ['/contracts/0/flows/0 flow_outside_term'],
    ],
    [
      'a flow from one side to itself',
      (m) => (m.contracts[0].flows[0].receiver = 'consortium'),
      ['/contracts/0/flows/0/receiver flow_same_sides'],
    ],
    [
      'a flow of nothing',
      (m) => m.contracts[0].flows.push({ ...m.contracts[0].flows[0], items: [] }),
      ['/contracts/0/flows/1/items flow_empty'],
    ],
    [
      'a contract of nowhere',
      (m) => (m.services[0].contract = 'AOBA-999'),
      ['/services/0/contract contract_unknown'],
    ],
    [
      'a service without a name of its own',
      (m) => delete m.services[0].clientId,
      ['/services/0/key key_or_client_id'],
    ],
    [
      'one client id for two services',
      (m) => (m.services[1].clientId = m.services[0].clientId),
      ['/services/1/clientId client_id_twice'],
    ],
    [
      'one contract number for two contracts',
      (m) => m.contracts.push(m.contracts[0]),
      ['/contracts/1/number number_twice'],
    ],
    [
      'an inquiry desk left out (S-34)',
      (m) => delete m.services[0].contact,
      ['/services/0/contact required'],
    ],
    [
      'the rights left out (S-10)',
      (m) => delete m.contracts[0].rights,
      ['/contracts/0/rights required'],
    ],
  ])('%s is refused', async (_, change, faults) => {
    expect(await faultsOf(fileWith(change))).toEqual(
      faults.map((fault) => `/members/0${fault}`).sort(),
    )
  })

  test('the same company twice is refused', async () => {
    const text = fileWith((m, f) => f.members.push({ ...m, contracts: [], services: [] }))
    expect(await faultsOf(text)).toEqual(['/members/1/corporateNumber member_twice'])
  })

  test.each([
    ['まちID公式アプリ', 'name_official'],
    ['あおば市ナビ', 'name_official'],
    ['ぁおば市なび', 'name_official'],
    ['Machi lD Helper', 'name_official'],
    ['まちなか\u200B回遊', 'text_hidden_character'],
    ['Mаchinaka', 'name_foreign_script'],
    ['</b>', 'name_symbol'],
    ['あ'.repeat(41), 'name_too_long'],
    ['一般財団法人ひろば文庫', undefined],
  ])('a service of another company named %s: %s', async (name, rule) => {
    const text = fileWith((m) => {
      m.services[0].names.ja = name
      m.services[1].status = 'alive'
    })
    const faults = await faultsOf(text)
    expect(faults.filter((fault) => fault.includes('/names/'))).toEqual(
      rule ? [`/members/0/services/0/names/ja ${rule}`] : [],
    )
  })

  test("the operator's own service may bear the city's name (S-58)", async () => {
    const text = fileWith((m) => {
      m.services[0].names.ja = 'あおば市ナビ'
      m.services[0].kind = 'own'
      m.services[1].status = 'alive'
    })
    expect(await faultsOf(text)).toEqual(['/members/0/services/1/status not_one_of'])
  })

  test.each([
    [
      'a key twice',
      (text: string) => text.replace('"status":"active"', '"status":"active","status":"left"'),
      'line 1 json_key_twice',
    ],
    ['a byte order mark', (text: string) => `\uFEFF${text}`, 'line 1 json_byte_order_mark'],
    [
      '__proto__',
      (text: string) => text.replace('"format"', '"__proto__":{"x":1},"format"'),
      'line 1 json_forbidden_key',
    ],
    [
      'a nest of 10,000',
      (text: string) =>
        text.replace('"format"', `"x":${'['.repeat(10_000)}${']'.repeat(10_000)},"format"`),
      'line 1 json_too_deep',
    ],
    ['no JSON', () => 'members:\n  - name', 'line 1 json_syntax'],
  ])('%s is refused (L9, L10)', async (_, change, fault) => {
    expect(await faultsOf(change(fileWith(() => {})))).toEqual([fault])
  })

  test.each<[string, string]>([
    ['null', ' wrong_type'],
    ['[]', ' wrong_type'],
    ['{}', '/format required,/members required'],
    ['{"format":"machi-id/onboarding/1","members":[]}', '/members empty'],
    [
      '{"format":"machi-id/onboarding/1","members":[null,7]}',
      '/members/0 wrong_type,/members/1 wrong_type',
    ],
    [
      '{"format":"machi-id/onboarding/2","members":{"0":{}}}',
      '/format not_one_of,/members wrong_type',
    ],
  ])('%s is no onboarding file', async (text, faults) => {
    expect((await faultsOf(text)).join()).toBe(faults)
  })
})

describe('a database with companies in it', () => {
  beforeAll(async () => {
    await onboard(JSON.stringify(onboardingFile(NOW, 3000)))
  })

  const other = (change: (m: any) => void) =>
    fileWith((m) => {
      Object.assign(m, {
        corporateNumber: '5999999999904',
        names: { ja: 'みなと舎', en: 'Minatosha' },
      })
      m.contracts[0].number = 'AOBA-004'
      m.services = [
        {
          ...m.services[0],
          contract: 'AOBA-004',
          clientId: 'minato',
          names: { ja: 'みなと便', en: 'Minato Bin', kana: 'ミナトビン' },
        },
      ]
      change(m)
    })

  test.each<[string, (m: any) => void, string[]]>([
    [
      "another company's contract number",
      (m) => (m.contracts[0].number = m.services[0].contract = 'AOBA-002'),
      ['/contracts/0/number number_of_another_member'],
    ],
    [
      "another company's service",
      (m) => (m.services[0].clientId = 'tosho-yoyaku'),
      ['/services/0/clientId client_id_of_another_member'],
    ],
    [
      "another service's name",
      (m) => (m.services[0].names.ja = 'としょ予約'),
      ['/services/0/names/ja name_looks_alike'],
    ],
    [
      'a name that looks like another',
      (m) => (m.services[0].names.ja = 'と・しょ予約'),
      ['/services/0/names/ja name_looks_alike'],
    ],
    [
      'another in English',
      (m) => (m.services[0].names.en = 'T0sho Reserve'),
      ['/services/0/names/en name_looks_alike'],
    ],
    [
      "another company's name as a service",
      (m) => (m.services[0].names.ja = '合同会社あしあと'),
      ['/services/0/names/ja name_looks_alike'],
    ],
    [
      'a company that only looks the same',
      (m) => (m.names = { ja: '合同会社アシアト', en: 'Minatosha' }),
      ['/names/ja name_looks_alike'],
    ],
  ])('%s is refused', async (_, change, faults) => {
    const before = await world.env.db('member_versions').count()
    expect(await faultsOf(other(change))).toEqual(faults.map((fault) => `/members/0${fault}`))
    expect(await world.env.db('member_versions').count()).toEqual(before)
  })

  test('two companies may bear the very same legal name', async () => {
    const text = other((m) => {
      m.names = { ja: '合同会社あしあと', en: 'Ashiato LLC' }
      m.services = []
    })
    await expect(onboard(text)).resolves.toBeDefined()
  })

  test('an ended service does not begin again', async () => {
    const turned = (status: string) =>
      fileWith((m) => {
        m.services = [m.services[1]]
        m.services[0].status = status
      })
    await onboard(turned('ended'))
    expect(await faultsOf(turned('live'))).toEqual([
      '/members/0/services/0/status status_not_possible',
    ])
  })

  test('many at once come one after the other', async () => {
    const text = other((m) => {
      m.corporateNumber = '4999999999905'
      m.names = { ja: 'うみかぜ舎', en: 'Umikazesha' }
      m.contracts[0].number = m.services[0].contract = 'AOBA-005'
    })
    const done = await Promise.all(Array.from({ length: 8 }, () => onboard(text)))
    const added = done.flatMap(({ changes }) =>
      changes.filter(({ news }) => news.includes('added')).map(({ name }) => name),
    )
    expect(added.sort()).toEqual(['AOBA-005', 'うみかぜ舎', 'みなと便'])
    expect(await world.env.db('services').where({ client_id: 'minato' })).toHaveLength(1)
  })
})

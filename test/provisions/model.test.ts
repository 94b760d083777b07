/** The one decision on what may leave (domain.md, rules 1, 4–8). */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ItemId } from '../../src/catalogue/model.ts'
import type { AgreedItem, Agreement, Consent } from '../../src/consents/model.ts'
import type { Flow } from '../../src/contracts/model.ts'
import { release, type Facts } from '../../src/provisions/model.ts'
import type { ServiceItem, ServiceNow } from '../../src/services/model.ts'

const AT = new Date('2026-11-21T00:00:00Z')
const before = (hours: number) => new Date(AT.getTime() - hours * 3_600_000)
const after = (hours: number) => new Date(AT.getTime() + hours * 3_600_000)
const both = { ja: 'あ', en: 'a' }
const ALL: ItemId[] = ['user_id', 'name', 'birth_year', 'sex', 'email', 'address']

const asked = (item: ItemId, more: Partial<ServiceItem> = {}): ServiceItem => ({
  item,
  itemVersion: 1,
  purposes: ['service_delivery'],
  required: item === 'user_id',
  reasons: both,
  effects: both,
  ...more,
})

const agreed = (item: ItemId, more: Partial<AgreedItem> = {}): AgreedItem => ({
  item,
  itemVersion: 1,
  purposes: ['service_delivery'],
  required: item === 'user_id',
  ...more,
})

const flow = (more: Partial<Flow> = {}): Flow => ({
  giver: 'consortium',
  receiver: 'member',
  items: ALL,
  dataset: null,
  purposes: ['service_delivery', 'contact'],
  delivery: 'OpenID Connect',
  startsAt: before(1000),
  endsAt: after(1000),
  consideration: null,
  ...more,
})

type Bent = {
  agreement?: Partial<Agreement>
  consent?: Partial<Consent>
  service?: Partial<ServiceNow['service']>
  items?: ServiceItem[]
  memberStatus?: ServiceNow['member']['status']
  memberId?: string
  contract?: Partial<ServiceNow['contract']>
  facts?: Partial<Facts>
}

/** Facts under which everything may leave, with these parts changed. */
function facts(bent: Bent = {}): Facts {
  const service = {
    service: { id: 's', memberId: 'm', status: 'live', ...bent.service },
    version: { id: 'sv', items: bent.items ?? ALL.map((item) => asked(item)) },
    member: { id: bent.memberId ?? 'm', status: bent.memberStatus ?? 'active' },
    contract: {
      id: 'c',
      startsAt: before(1000),
      endsAt: after(1000),
      subjectType: 'public',
      flows: [flow()],
      ...bent.contract,
    },
  } as unknown as ServiceNow
  const agreement = {
    id: 'a',
    startedAt: before(10),
    endedAt: null,
    endKind: null,
    ...bent.agreement,
  }
  const consent = {
    items: ALL.map((item) => agreed(item)),
    memberId: 'm',
    subjectType: 'public',
    endsAt: after(500),
    ...bent.consent,
  }
  return {
    at: AT,
    standing: { agreement, consent } as Facts['standing'],
    userId: 'MC-1',
    provision: { given: true, at: before(20) },
    sessionLive: true,
    service,
    ...bent.facts,
  }
}

const ids = (of: Facts, only?: ItemId[]) => release(of, only).items.map(({ item }) => item)

test('with everything in order, what was agreed may leave, and no more than was asked', () => {
  expect(ids(facts())).toEqual(ALL)
  expect(ids(facts(), ['email'])).toEqual(['user_id', 'email'])
  expect(ids(facts(), [])).toEqual(['user_id'])
  expect(ids(facts({ consent: { items: [agreed('user_id'), agreed('name')] } }), ALL)).toEqual([
    'user_id',
    'name',
  ])
})

describe('nothing leaves', () => {
  test.each<[string, Bent, string]>([
    ['no consent', { facts: { standing: undefined } }, 'no_consent'],
    ['withdrawn', { agreement: { endedAt: before(1), endKind: 'withdrawn' } }, 'ended'],
    [
      'withdrawn by a clock ahead of ours',
      { agreement: { endedAt: after(1), endKind: 'withdrawn' } },
      'ended',
    ],
    ['provision never agreed to', { facts: { provision: undefined } }, 'asleep'],
    ['provision stopped', { facts: { provision: { given: false, at: before(1) } } }, 'asleep'],
    [
      'provision stopped and given again since',
      { facts: { provision: { given: true, at: before(1) } } },
      'asleep',
    ],
    ['run out', { consent: { endsAt: before(1) } }, 'expired'],
    ['running out this moment', { consent: { endsAt: AT } }, 'expired'],
    ['the sign-in ended', { facts: { sessionLive: false } }, 'session_ended'],
    ['no service', { facts: { service: undefined } }, 'service_not_available'],
    ...(['draft', 'submitted', 'approved', 'suspended', 'ended'] as const).map(
      (status): [string, Bent, string] => [
        `service ${status}`,
        { service: { status } },
        'service_not_available',
      ],
    ),
    ...(['applied', 'approved', 'suspended', 'excluded', 'left'] as const).map(
      (memberStatus): [string, Bent, string] => [
        `company ${memberStatus}`,
        { memberStatus },
        'service_not_available',
      ],
    ),
    ['contract over', { contract: { endsAt: AT } }, 'contract_not_in_force'],
    ['contract to come', { contract: { startsAt: after(1) } }, 'contract_not_in_force'],
    ['another company behind the service', { memberId: 'other' }, 'other_terms'],
    ['another kind of ID', { contract: { subjectType: 'pairwise' } }, 'other_terms'],
    ['the ID not agreed to', { consent: { items: [agreed('name')] } }, 'other_terms'],
    [
      'the ID not in the contract',
      { contract: { flows: [flow({ items: ['name'] })] } },
      'other_terms',
    ],
    ['no flow at all', { contract: { flows: [] } }, 'other_terms'],
    ['the flow over', { contract: { flows: [flow({ endsAt: AT })] } }, 'other_terms'],
    ['the flow to come', { contract: { flows: [flow({ startsAt: after(1) })] } }, 'other_terms'],
    [
      'the flow the other way',
      { contract: { flows: [flow({ giver: 'member', receiver: 'consortium' })] } },
      'other_terms',
    ],
    [
      'the purpose not in the flow',
      { contract: { flows: [flow({ purposes: ['contact'] })] } },
      'other_terms',
    ],
  ])('%s', (_name, bent, why) => {
    expect(release(facts(bent))).toEqual({ items: [], whyNot: why })
    expect(release(facts(bent), ALL)).toEqual({ items: [], whyNot: why })
  })
})

describe('one item does not leave', () => {
  const lessEmail = ALL.filter((item) => item !== 'email')
  const change = (more: Partial<ServiceItem>) =>
    ALL.map((item) => asked(item, item === 'email' ? more : {}))
  test.each<[string, Bent]>([
    ['not agreed to', { consent: { items: lessEmail.map((item) => agreed(item)) } }],
    ['no longer approved', { items: lessEmail.map((item) => asked(item)) }],
    ['no longer in the contract', { contract: { flows: [flow({ items: lessEmail })] } }],
    ['approved for a purpose nobody agreed to', { items: change({ purposes: ['contact'] }) }],
    [
      'approved for one purpose more',
      { items: change({ purposes: ['service_delivery', 'contact'] }) },
    ],
    ['approved for a purpose outside the contract', { items: change({ purposes: ['marketing'] }) }],
    ['of another version in the catalogue', { items: change({ itemVersion: 2 }) }],
  ])('%s', (_name, bent) => {
    expect(ids(facts(bent))).toEqual(lessEmail)
  })

  test('two flows together cover what neither does alone, item by item', () => {
    const flows = [flow({ items: ['user_id', 'name'] }), flow({ items: ['email'] })]
    expect(ids(facts({ contract: { flows } }))).toEqual(['user_id', 'name', 'email'])
    const split = [flow({ purposes: ['service_delivery'] }), flow({ purposes: ['contact'] })]
    const items = ALL.map((item) => asked(item, { purposes: ['service_delivery', 'contact'] }))
    const consent = {
      items: ALL.map((item) => agreed(item, { purposes: ['service_delivery', 'contact'] })),
    }
    expect(ids(facts({ contract: { flows: split }, items, consent }))).toEqual([])
  })
})

test('whatever is agreed, approved, contracted and asked: what leaves is within each of them', () => {
  const some = fc.subarray(ALL)
  fc.assert(
    fc.property(some, some, some, fc.option(some, { nil: undefined }), (a, b, c, d) => {
      const out = ids(
        facts({
          consent: { items: a.map((item) => agreed(item)) },
          items: b.map((item) => asked(item)),
          contract: { flows: [flow({ items: c })] },
        }),
        d,
      )
      const within = ALL.filter(
        (item) =>
          a.includes(item) &&
          b.includes(item) &&
          c.includes(item) &&
          (d === undefined || item === 'user_id' || d.includes(item)),
      )
      expect(out).toEqual(within.includes('user_id') ? a.filter((i) => within.includes(i)) : [])
    }),
  )
})

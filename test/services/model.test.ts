import { describe, expect, test } from '@jest/globals'
import type { MemberNow } from '../../src/members/model.ts'
import {
  ceiling,
  isPublic,
  standing,
  type ServiceItem,
  type ServiceNow,
} from '../../src/services/model.ts'
import { mayBecome } from '../../src/services/writing.ts'

const at = (day: string) => new Date(`${day}T00:00:00+09:00`)
const both = { ja: '', en: '' }
const item = (id: ServiceItem['item'], purposes: string[], required = false): ServiceItem => ({
  item: id,
  itemVersion: 1,
  purposes,
  required,
  reasons: both,
  effects: both,
})

type Flow = ServiceNow['contract']['flows'][number]
const flow = (items: string[], more: Partial<Flow> = {}): Flow => ({
  giver: 'consortium',
  receiver: 'member',
  items,
  dataset: null,
  purposes: ['service_delivery', 'contact'],
  delivery: 'OpenID Connect',
  startsAt: at('2026-04-01'),
  endsAt: at('2027-04-01'),
  consideration: null,
  ...more,
})

function now(change: {
  service?: ServiceNow['service']['status']
  member?: MemberNow['status']
  items?: ServiceItem[]
  flows?: Flow[]
}): ServiceNow {
  return {
    service: { status: change.service ?? 'live' } as ServiceNow['service'],
    member: { status: change.member ?? 'active' } as MemberNow,
    version: { items: change.items ?? [] } as unknown as ServiceNow['version'],
    contract: {
      startsAt: at('2026-04-01'),
      endsAt: at('2027-04-01'),
      flows: change.flows ?? [],
    } as unknown as ServiceNow['contract'],
  }
}

describe('standing (S-36, S-51)', () => {
  test.each([
    ['live', 'active', '2026-11-21', 'ok'],
    ['live', 'active', '2026-04-01', 'ok'],
    ['live', 'active', '2026-03-31', 'contract_not_in_force'],
    ['live', 'active', '2027-03-31', 'ok'],
    ['live', 'active', '2027-04-01', 'contract_not_in_force'],
    ['suspended', 'active', '2026-11-21', 'service_not_available'],
    ['draft', 'active', '2026-11-21', 'service_not_available'],
    ['submitted', 'active', '2026-11-21', 'service_not_available'],
    ['approved', 'active', '2026-11-21', 'service_not_available'],
    ['ended', 'active', '2026-11-21', 'service_not_available'],
    ['live', 'suspended', '2026-11-21', 'service_not_available'],
    ['live', 'excluded', '2026-11-21', 'service_not_available'],
    ['live', 'left', '2026-11-21', 'service_not_available'],
    ['live', 'approved', '2026-11-21', 'service_not_available'],
  ] as const)(
    'a %s service of a company that is %s, on %s: %s',
    (service, member, day, expected) => {
      expect(standing(now({ service, member }), at(day))).toBe(expected)
    },
  )
})

describe('the ceiling (S-36)', () => {
  const items = [item('user_id', ['service_delivery'], true), item('email', ['contact'])]
  const ids = (service: ServiceNow, day = '2026-11-21') =>
    ceiling(service, at(day)).map((one) => one.item)

  test.each<[string, Flow[], string[]]>([
    ['every item and purpose', [flow(['user_id', 'email'])], ['user_id', 'email']],
    ['an item no flow names', [flow(['user_id'])], ['user_id']],
    [
      'a purpose no flow names',
      [flow(['user_id', 'email'], { purposes: ['service_delivery'] })],
      ['user_id'],
    ],
    ['two flows, one for each', [flow(['user_id']), flow(['email'])], ['user_id', 'email']],
    [
      'a flow the other way round',
      [flow(['user_id', 'email'], { giver: 'member', receiver: 'consortium' })],
      [],
    ],
    [
      'a flow not yet in term',
      [flow(['user_id']), flow(['email'], { startsAt: at('2026-12-01') })],
      ['user_id'],
    ],
    [
      'a flow out of term',
      [flow(['user_id']), flow(['email'], { endsAt: at('2026-11-21') })],
      ['user_id'],
    ],
    ['no flow', [], []],
  ])('%s', (_, flows, expected) => {
    expect(ids(now({ items, flows }))).toEqual(expected)
  })

  test('two purposes of one item must be in one flow', () => {
    const asked = [item('email', ['contact', 'service_delivery'])]
    const split = [
      flow(['email'], { purposes: ['contact'] }),
      flow(['email'], { purposes: ['service_delivery'] }),
    ]
    expect(ids(now({ items: asked, flows: split }))).toEqual([])
  })

  test('nothing where the service does not stand', () => {
    const flows = [flow(['user_id', 'email'])]
    expect(ids(now({ items, flows, service: 'suspended' }))).toEqual([])
    expect(ids(now({ items, flows, member: 'excluded' }))).toEqual([])
    expect(ids(now({ items, flows }), '2027-04-01')).toEqual([])
  })
})

test('the public list shows live and suspended services of present companies', () => {
  const shown = (service: ServiceNow['service']['status'], member: MemberNow['status']) =>
    isPublic(now({ service, member }))
  expect(shown('live', 'active')).toBe(true)
  expect(shown('suspended', 'active')).toBe(true)
  expect(shown('live', 'suspended')).toBe(true)
  for (const status of ['draft', 'submitted', 'approved', 'ended'] as const)
    expect(shown(status, 'active')).toBe(false)
  for (const status of ['excluded', 'left', 'applied', 'approved'] as const)
    expect(shown('live', status)).toBe(false)
})

test('an ended service stays ended, and a live one does not become a draft', () => {
  expect(mayBecome('ended', 'live')).toBe(false)
  expect(mayBecome('ended', 'ended')).toBe(true)
  expect(mayBecome('live', 'draft')).toBe(false)
  expect(mayBecome('suspended', 'approved')).toBe(false)
  expect(mayBecome('suspended', 'live')).toBe(true)
  expect(mayBecome('draft', 'live')).toBe(true)
  expect(mayBecome('live', 'ended')).toBe(true)
})

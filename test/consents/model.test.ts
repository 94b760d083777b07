/** When to ask again, what an offer holds, and what a resident may narrow: the rules as tables, without a database. */
import { describe, expect, test } from '@jest/globals'
import type { ItemId } from '../../src/catalogue/model.ts'
import {
  isInForce,
  isSameOffer,
  narrowingFault,
  numberOf,
  offerFacts,
  offerOf,
  oneYearFrom,
  reasonToAsk,
  type Consent,
  type Offer,
  type Standing,
} from '../../src/consents/model.ts'
import { canonical } from '../../src/audit/model.ts'
import { dayOf, endOfDay, isDay } from '../../src/input/days.ts'
import type { Flow } from '../../src/contracts/model.ts'
import { release } from '../../src/provisions/model.ts'
import type { ServiceItem, ServiceNow } from '../../src/services/model.ts'
import type { Template } from '../../src/templates/model.ts'

const both = (text: string) => ({ ja: text, en: text })
const NOW = new Date('2026-11-21T03:00:00Z')
const before = (days: number) => new Date(NOW.getTime() - days * 86_400_000)
const after = (days: number) => new Date(NOW.getTime() + days * 86_400_000)

function item(id: ItemId, required: boolean, more: Partial<ServiceItem> = {}): ServiceItem {
  return {
    item: id,
    itemVersion: 1,
    purposes: ['service_delivery'],
    required,
    reasons: both('why'),
    effects: both('without'),
    ...more,
  }
}

const ITEMS = [
  item('user_id', true),
  item('name', true),
  item('email', true),
  item('birth_year', false),
  item('address', false),
]

function flow(more: Partial<Flow> = {}): Flow {
  return {
    giver: 'consortium',
    receiver: 'member',
    items: ['user_id', 'name', 'email', 'birth_year', 'sex', 'address'],
    dataset: null,
    purposes: ['service_delivery', 'contact'],
    delivery: 'OpenID Connect',
    startsAt: before(100),
    endsAt: after(1000),
    consideration: null,
    ...more,
  }
}

type Asked = {
  items?: ServiceItem[]
  flows?: Flow[]
  endsAt?: Date
  subjectType?: 'public' | 'pairwise'
  memberId?: string
  status?: ServiceNow['service']['status']
}

function serviceOf(asked: Asked = {}): ServiceNow {
  const endsAt = asked.endsAt ?? after(1000)
  return {
    service: {
      id: 'service',
      memberId: 'member',
      contractId: 'contract',
      clientId: 'client',
      kind: 'third_party',
      status: asked.status ?? 'live',
      authMethod: 'none',
      secretHash: null,
      jwks: null,
    },
    version: {
      id: 'service-version',
      version: 1,
      names: { ja: 'サービス', en: 'Service', kana: 'サービス' },
      descriptions: both('description'),
      termsUrl: 'https://company.example/terms',
      policyUrl: 'https://company.example/privacy',
      contact: { desk: both('desk'), phone: '1', email: 'a@b.example' },
      retention: both('one year'),
      applicationType: 'web',
      redirectUris: [],
      postLogoutRedirectUris: [],
      landingOrigins: [],
      idTokenAlg: 'ES256',
      items: asked.items ?? ITEMS,
    },
    member: {
      id: asked.memberId ?? 'member',
      corporateNumber: '1',
      status: 'active',
      versionId: 'member-version',
      version: 1,
      names: both('company'),
      address: both('address'),
      representative: both('person'),
      contact: { desk: both('desk'), phone: '1', email: 'a@b.example', url: 'https://b.example' },
    },
    contract: {
      id: 'contract-version',
      contractId: 'contract',
      number: 'K-1',
      version: 1,
      startsAt: before(100),
      endsAt,
      subjectType: asked.subjectType ?? 'public',
      offlineAccess: true,
      flows: asked.flows ?? [flow({ endsAt })],
    },
  }
}

function templateOf(version = 1, change: Template['change'] = 'ask', name = 'city'): Template {
  const hash = { ja: Buffer.from([version]), en: Buffer.from([version]) }
  const sections = { ja: [], en: [] }
  return {
    template: name,
    version,
    kind: 'consent',
    effectiveOn: '2026-04-01',
    title: both('title'),
    change,
    sections,
    source: { terms: '', texts: { ja: '', en: '' } },
    hash,
  }
}

const ALL: ItemId[] = ['user_id', 'name', 'email', 'birth_year', 'address']
const offer = (asked: Asked = {}, ids: ItemId[] = ALL, template = templateOf()): Offer =>
  offerOf(serviceOf(asked), ids, template, NOW)

function standing(
  consent: Partial<Consent> = {},
  agreement: Partial<Standing['agreement']> = {},
): Standing {
  const agreed = ['user_id', 'name', 'email', 'birth_year'].map((id) => ({
    item: id as ItemId,
    itemVersion: 1,
    purposes: ['service_delivery'],
    required: id !== 'birth_year',
  }))
  return {
    agreement: {
      id: 'agreement',
      residentId: 'resident',
      serviceId: 'service',
      startedAt: before(10),
      endedAt: null,
      endKind: null,
      ...agreement,
    },
    consent: {
      id: 'consent',
      agreementId: 'agreement',
      version: 1,
      kind: 'given',
      residentId: 'resident',
      serviceId: 'service',
      memberId: 'member',
      serviceVersionId: 'service-version',
      contractVersionId: 'contract-version',
      template: 'city',
      templateVersion: 1,
      templateHash: Buffer.from([1]),
      language: 'ja',
      showingId: 'showing',
      pageHash: Buffer.from([2]),
      shownAt: before(10),
      agreedAt: before(10),
      items: agreed,
      declined: ['address'],
      subjectType: 'public',
      endsAt: after(300),
      deletionRequested: false,
      ...consent,
    },
  }
}

const ON = { given: true, at: before(50) }

type Case = {
  says: string
  last?: Standing
  offer?: Offer
  provision?: { given: boolean; at: Date } | null
  differ?: boolean
  asksSince?: number
  reason: string | undefined
}

const someone = standing()
const purposes = (more: string[]) => [
  item('user_id', true),
  item('name', true, { purposes: ['service_delivery', ...more] }),
]

const CASES: Case[] = [
  { says: 'covered: nothing to ask', last: someone, reason: undefined },
  { says: 'never agreed', reason: 'new' },
  {
    says: 'fewer items than agreed',
    last: someone,
    offer: offer({}, ['user_id', 'name']),
    reason: undefined,
  },
  {
    says: 'an optional item never offered before',
    last: standing({ declined: [] }),
    reason: 'more_items',
  },
  {
    says: 'an optional item declined before',
    last: standing({ declined: ['address'] }),
    reason: undefined,
  },
  {
    says: 'an item declined as optional that is required now',
    last: someone,
    offer: offer({ items: [...ITEMS.slice(0, 4), item('address', true)] }),
    reason: 'more_items',
  },
  {
    says: 'withdrawn',
    last: standing({}, { endedAt: before(1), endKind: 'withdrawn' }),
    reason: 'withdrawn',
  },
  {
    says: 'withdrawn, and the master switch off as well',
    last: standing({}, { endedAt: before(1), endKind: 'withdrawn' }),
    provision: { given: false, at: before(1) },
    reason: 'withdrawn',
  },
  {
    says: 'paused',
    last: standing({}, { endedAt: before(1), endKind: 'paused' }),
    reason: 'paused',
  },
  {
    says: 'ended as expired',
    last: standing({}, { endedAt: before(1), endKind: 'expired' }),
    reason: 'expired',
  },
  { says: 'past its end', last: standing({ endsAt: before(1) }), reason: 'expired' },
  { says: 'at its very end', last: standing({ endsAt: NOW }), reason: 'expired' },
  {
    says: 'one millisecond before its end',
    last: standing({ endsAt: new Date(NOW.getTime() + 1) }),
    reason: undefined,
  },
  {
    says: 'the master switch is off',
    last: someone,
    provision: { given: false, at: before(1) },
    reason: 'paused',
  },
  { says: 'no sign-up consent at all', last: someone, provision: null, reason: 'paused' },
  {
    says: 'the switch went off and on again since: waking asks',
    last: someone,
    provision: { given: true, at: before(1) },
    reason: 'paused',
  },
  {
    says: 'another recipient',
    last: someone,
    offer: offer({ memberId: 'other' }),
    reason: 'terms_changed',
  },
  {
    says: 'another kind of ID',
    last: someone,
    offer: offer({ subjectType: 'pairwise' }),
    reason: 'terms_changed',
  },
  {
    says: 'another purpose',
    last: someone,
    offer: offer({ items: purposes(['contact']) }),
    reason: 'terms_changed',
  },
  {
    says: 'fewer purposes than agreed',
    last: standing({
      items: [
        {
          item: 'user_id',
          itemVersion: 1,
          purposes: ['service_delivery', 'contact'],
          required: true,
        },
        { item: 'name', itemVersion: 1, purposes: ['service_delivery', 'contact'], required: true },
      ],
    }),
    offer: offer({ items: purposes([]) }),
    reason: undefined,
  },
  {
    says: 'a coarser or finer item under the same name',
    last: someone,
    offer: offer({ items: [item('user_id', true), item('name', true, { itemVersion: 2 })] }),
    reason: 'terms_changed',
  },
  {
    says: 'a purpose changed for an item that is not asked now',
    last: someone,
    offer: offer({ items: purposes(['contact']) }, ['user_id']),
    reason: undefined,
  },
  {
    says: 'a new text that asks',
    last: someone,
    offer: offer({}, ALL, templateOf(2, 'ask')),
    asksSince: 2,
    reason: 'terms_changed',
  },
  {
    says: 'a new text with a notice only',
    last: someone,
    offer: offer({}, ALL, templateOf(2, 'notice')),
    asksSince: 1,
    reason: undefined,
  },
  {
    says: 'a text with a notice only, after one that asks and was never seen',
    last: someone,
    offer: offer({}, ALL, templateOf(3, 'notice')),
    asksSince: 2,
    reason: 'terms_changed',
  },
  {
    says: 'a text of another name',
    last: someone,
    offer: offer({}, ALL, templateOf(1, 'ask', 'other')),
    reason: 'terms_changed',
  },
  { says: 'a value changed', last: someone, differ: true, reason: 'values_changed' },
  {
    says: 'a value changed and an item is new: the wider reason counts',
    last: standing({ declined: [] }),
    differ: true,
    reason: 'more_items',
  },
  {
    says: 'expired and the recipient changed: that it ended comes first',
    last: standing({ endsAt: before(1) }),
    offer: offer({ memberId: 'other' }),
    reason: 'expired',
  },
]

describe('reasonToAsk', () => {
  test.each(CASES)('$says: $reason', (it) => {
    const provision = it.provision === undefined ? ON : (it.provision ?? undefined)
    const asked = it.offer ?? offer()
    expect(reasonToAsk(it.last, asked, provision, NOW, it.differ ?? false, it.asksSince ?? 1)).toBe(
      it.reason,
    )
  })

  // Rule 8 with rule 1: what is not asked again may be released, and what must be asked may not be (values excepted).
  test.each(CASES.filter((it) => it.last && it.reason !== 'values_changed'))(
    'is no looser than the release: $says',
    (it) => {
      const provision = it.provision === undefined ? ON : (it.provision ?? undefined)
      const asked = it.offer ?? offer()
      const decision = release(
        {
          at: NOW,
          standing: it.last,
          userId: 'user',
          provision,
          sessionLive: true,
          service: asked.service,
        },
        asked.items.map((i) => i.item),
      )
      const released = decision.items.map((i) => i.item)
      if (it.reason === undefined) {
        const declined = it.last?.consent.declined ?? []
        expect(released).toEqual(
          asked.items.map((i) => i.item).filter((id) => !declined.includes(id)),
        )
      }
      if (['withdrawn', 'paused', 'expired'].includes(it.reason ?? '')) expect(released).toEqual([])
    },
  )
})

describe('isInForce', () => {
  test.each([
    ['a live consent', standing(), ON, true],
    ['ended', standing({}, { endedAt: before(1), endKind: 'paused' }), ON, false],
    ['past its end', standing({ endsAt: NOW }), ON, false],
    ['asleep', standing(), { given: false, at: before(1) }, false],
    ['woken by the switch alone', standing(), { given: true, at: before(1) }, false],
    ['no sign-up consent', standing(), undefined, false],
  ])('%s', (_, last, provision, expected) => {
    expect(isInForce(last, provision, NOW)).toBe(expected)
  })
})

describe('offerOf', () => {
  const ids = (asked: Asked, wanted: ItemId[]) => offer(asked, wanted).items.map((i) => i.item)

  test('holds what is asked, approved and under the ceiling, in the order of the service', () => {
    expect(ids({}, ['address', 'name', 'sex'])).toEqual(['user_id', 'name', 'address'])
  })
  test('always holds the user ID', () => {
    expect(ids({}, [])).toEqual(['user_id'])
  })
  test('leaves out an item that no flow gives', () => {
    expect(ids({ flows: [flow({ items: ['user_id', 'name'] })] }, ALL)).toEqual(['user_id', 'name'])
  })
  test('leaves out an item for a purpose that its flow does not hold', () => {
    const items = [item('user_id', true), item('name', true, { purposes: ['usage_analysis'] })]
    expect(ids({ items }, ALL)).toEqual(['user_id'])
  })
  test('leaves out what only a flow in the other direction names', () => {
    const flows = [
      flow({ items: ['user_id'] }),
      flow({ giver: 'member', receiver: 'consortium', items: ['name'] }),
    ]
    expect(ids({ flows }, ALL)).toEqual(['user_id'])
  })
  test.each([
    ['has ended', { endsAt: NOW }],
    ['has not begun', { startsAt: after(1) }],
  ])('leaves out what a flow gives that %s', (_, term) => {
    expect(ids({ flows: [flow({ items: ['user_id'] }), flow(term)] }, ALL)).toEqual(['user_id'])
  })
  test('is empty where the service does not stand', () => {
    expect(ids({ status: 'suspended' }, ALL)).toEqual([])
    expect(ids({ endsAt: NOW }, ALL)).toEqual([])
  })
})

describe('the end of a consent', () => {
  test('is the end of the contract where that comes first', () => {
    expect(offer({ endsAt: after(20) }).endsAt).toEqual(after(20))
  })
  test('is one year else', () => {
    expect(offer().endsAt).toEqual(new Date('2027-11-21T15:00:00Z'))
  })
  test.each([
    // An end date includes its day in Asia/Tokyo, stored as the next midnight there.
    ['2026-11-21T03:00:00Z', '2027-11-21T15:00:00.000Z'],
    ['2026-11-21T14:59:59Z', '2027-11-21T15:00:00.000Z'],
    ['2026-11-21T15:00:00Z', '2027-11-22T15:00:00.000Z'],
    ['2026-12-31T15:00:00Z', '2028-01-01T15:00:00.000Z'],
    ['2028-02-29T00:00:00Z', '2029-03-01T15:00:00.000Z'],
  ])('a year from %s is %s', (from, until) => {
    expect(oneYearFrom(new Date(from)).toISOString()).toBe(until)
  })
  test.each([
    ['2026-11-21', '2026-11-21T15:00:00.000Z'],
    ['2028-02-29', '2028-02-29T15:00:00.000Z'],
    ['2027-02-29', undefined],
    ['2026-02-31', undefined],
    ['2026-13-01', undefined],
    ['2026-1-1', undefined],
    ['', undefined],
    ['２０２６-11-21', undefined],
  ])('the day %s ends at %s', (day, end) => {
    expect(isDay(day) ? endOfDay(day).toISOString() : undefined).toBe(end)
  })
  test('a day and its end fit', () => {
    expect(dayOf(new Date(endOfDay('2026-11-21').getTime() - 1))).toBe('2026-11-21')
  })
})

describe('isSameOffer', () => {
  const shown = canonical({ id: 'x', offer: offerFacts(offer()) })
  test('the offer that was shown', () => expect(isSameOffer(shown, offer())).toBe(true))
  test.each([
    ['an item fewer', offer({}, ['user_id', 'name'])],
    [
      'an optional item made required',
      offer({ items: ITEMS.map((i) => ({ ...i, required: true })) }),
    ],
    ['another purpose', offer({ items: ITEMS.map((i) => ({ ...i, purposes: ['contact'] })) })],
    ['another text', offer({}, ALL, templateOf(2))],
    ['another kind of ID', offer({ subjectType: 'pairwise' })],
    ['nothing any more', offer({ endsAt: NOW })],
  ])('not %s', (_, other) => expect(isSameOffer(shown, other)).toBe(false))
})

describe('narrowing', () => {
  const { consent } = standing()
  const all = consent.items.map((i) => i.item)
  test.each([
    ['nothing', all, undefined, undefined],
    ['an optional item out', all.slice(0, 3), undefined, undefined],
    [
      'a required item out',
      ['user_id', 'name', 'birth_year'],
      undefined,
      { field: 'item', rule: 'required_item' },
    ],
    ['the user ID out', all.slice(1), undefined, { field: 'item', rule: 'required_item' }],
    ['an item more', [...all, 'address'], undefined, { field: 'item', rule: 'not_agreed' }],
    ['an unknown item', [...all, '__proto__'], undefined, { field: 'item', rule: 'not_agreed' }],
    ['an earlier end', all, after(3), undefined],
    ['the same end', all, consent.endsAt, undefined],
    ['a later end', all, after(301), { field: 'until', rule: 'until_not_earlier' }],
    ['an end that is past', all, before(1), { field: 'until', rule: 'until_past' }],
    ['an end just now', all, NOW, { field: 'until', rule: 'until_past' }],
  ])('%s', (_, keep, endsAt, fault) => {
    expect(narrowingFault(consent, { keep, endsAt, version: 1 }, NOW)).toEqual(fault)
  })
})

test('a number names kind, day in Asia/Tokyo and version', () => {
  const id = 'abcdef12-0000-4000-8000-000000000000'
  const at = new Date('2026-11-21T16:00:00Z')
  expect(numberOf({ id, kind: 'withdrawn', agreedAt: at })).toBe('W-20261122-ABCDEF12')
  expect(numberOf({ id, kind: 'given', agreedAt: at })).toBe('C-20261122-ABCDEF12')
})

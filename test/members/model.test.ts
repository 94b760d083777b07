import { describe, expect, test } from '@jest/globals'
import {
  isPublic,
  membership,
  type MemberOfList,
  type MemberStatus,
} from '../../src/members/model.ts'
import { feed, listed } from '../../src/members/pages.ts'

const history = (...turns: [MemberStatus, string][]) =>
  turns.map(([status, day]) => ({ status, at: new Date(`${day}T00:00:00+09:00`) }))
const both = { ja: 'A社', en: 'A Inc.' }

const member = (...turns: [MemberStatus, string][]): MemberOfList => ({
  member: {
    id: 'm',
    corporateNumber: '7000012050002',
    status: turns.at(-1)?.[0] ?? 'applied',
    versionId: 'v',
    version: 1,
    names: both,
    address: both,
    representative: both,
    contact: { desk: both, phone: '00-1111-0000', email: 'a@a.example', url: 'https://a.example/' },
  },
  history: history(...turns),
})

const NOW = new Date('2026-11-21T09:00:00+09:00')

describe('membership (S-18)', () => {
  test.each<[string, [MemberStatus, string][], boolean, string | null, string | null]>([
    ['applied only', [['applied', '2026-04-01']], false, null, null],
    [
      'active',
      [
        ['applied', '2026-03-01'],
        ['active', '2026-04-01'],
      ],
      true,
      '2026-04-01',
      null,
    ],
    [
      'suspended',
      [
        ['active', '2026-04-01'],
        ['suspended', '2026-05-01'],
      ],
      true,
      '2026-04-01',
      null,
    ],
    [
      'left',
      [
        ['active', '2026-04-01'],
        ['left', '2026-06-30'],
      ],
      true,
      '2026-04-01',
      '2026-06-30',
    ],
    [
      'excluded',
      [
        ['active', '2026-04-01'],
        ['excluded', '2026-06-30'],
      ],
      true,
      '2026-04-01',
      '2026-06-30',
    ],
    [
      'back again',
      [
        ['active', '2026-04-01'],
        ['left', '2026-06-30'],
        ['active', '2026-08-01'],
      ],
      true,
      '2026-04-01',
      null,
    ],
    [
      'refused before joining',
      [
        ['applied', '2026-04-01'],
        ['excluded', '2026-05-01'],
      ],
      false,
      null,
      '2026-05-01',
    ],
  ])('%s', (_, turns, shown, joined, left) => {
    const one = member(...turns)
    expect(isPublic(one)).toBe(shown)
    const days = membership(one.history)
    const day = (text: string | null) => (text ? new Date(`${text}T00:00:00+09:00`) : undefined)
    expect([days.joined, days.left]).toEqual([day(joined), day(left)])
    expect(feed([one], NOW).members).toHaveLength(shown ? 1 : 0)
  })

  test('the page says each turn in the order of time, and a return as one', () => {
    const one = member(
      ['active', '2026-04-01'],
      ['suspended', '2026-05-01'],
      ['active', '2026-06-01'],
    )
    const page = listed([one], { language: 'ja', at: NOW })
    expect(page.present).toBe(1)
    expect(page.members[0]?.history).toEqual([
      { on: '2026年4月1日', what: '加盟しました' },
      { on: '2026年5月1日', what: '加盟を停止しました' },
      { on: '2026年6月1日', what: '加盟を再開しました' },
    ])
  })

  test.each([
    ['株式会社まちなか交通', 'まちなか交通'],
    ['一般財団法人ひろば文庫', 'ひろば文庫'],
    ['まちなか交通株式会社', 'まちなか交通株式会社'],
    ['株式会社', '株式会社'],
  ])('the tile of %s begins %s', (ja, short) => {
    const one = member(['active', '2026-04-01'])
    one.member.names = { ja, en: 'A' }
    expect(listed([one], { language: 'ja', at: NOW }).members[0]?.short).toBe(short)
  })

  test('the feed holds days in Asia/Tokyo and no contact of a person', () => {
    const { members } = feed([member(['active', '2026-04-01'], ['left', '2026-06-30'])], NOW)
    expect(members).toEqual([
      {
        corporateNumber: '7000012050002',
        name: both,
        status: 'left',
        version: 1,
        joined: '2026-04-01',
        left: '2026-06-30',
        url: 'https://a.example/',
        history: [
          { status: 'active', on: '2026-04-01' },
          { status: 'left', on: '2026-06-30' },
        ],
      },
    ])
  })
})

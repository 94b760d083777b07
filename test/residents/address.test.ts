import { describe, expect, test } from '@jest/globals'
import { getAddress } from 'yubin'
import { municipalities, officialPlace, placeOf, postalCode } from '../../src/residents/address.ts'
import { REGIONS } from '../../src/input/municipalities.ts'

describe('postcodes (S-24)', () => {
  test.each(['060-0001', '0600001', '〒060-0001', '０６０－０００１', '060 0001', '060ー0001'])(
    '%s',
    (typed) => expect(postalCode(typed)).toBe('0600001'),
  )

  test.each(['', '060-000', '06000011', 'abc', '060-000a'])('%p is none', (typed) =>
    expect(postalCode(typed)).toBeUndefined(),
  )

  test('a postcode tells prefecture and municipality down to the ward', () => {
    expect(placeOf('0600001')).toEqual({ region: '北海道', locality: '札幌市中央区' })
    expect(placeOf('0608611')).toEqual({ region: '北海道', locality: '札幌市中央区' })
    expect(placeOf('1500001')).toEqual({ region: '東京都', locality: '渋谷区' })
    expect(placeOf('0000000')).toBeUndefined()
  })
})

describe('the list of municipalities', () => {
  test('is what yubin knows, no more and no less', () => {
    const known = new Set<string>()
    for (let code = 0; code < 10_000_000; code++) {
      const found = getAddress(String(code).padStart(7, '0'))
      if (found) known.add(`${found.prefecture} ${found.city}`)
    }
    const listed = REGIONS.flatMap((region) => municipalities(region).map((m) => `${region} ${m}`))
    expect(REGIONS).toHaveLength(47)
    expect(listed.toSorted()).toEqual([...known].toSorted())
  })

  test('has no members by accident', () => {
    expect(municipalities('__proto__')).toEqual([])
    expect(officialPlace('constructor', 'name')).toBeUndefined()
  })

  test.each([
    ['北海道', '札幌市中央区', '札幌市中央区'],
    ['北海道', ' 札幌市　中央区 ', '札幌市中央区'],
    ['北海道', '北海道札幌市中央区', '札幌市中央区'],
    ['京都府', '大山崎町', '乙訓郡大山崎町'],
    ['大阪府', '島本町', '三島郡島本町'],
    ['東京都', '三宅村', '三宅島三宅村'],
    ['東京都', '青ヶ島村', '青ヶ島村'],
    ['茨城県', '龍ヶ崎市', '龍ケ崎市'],
  ])('%s %s is %s', (region, typed, official) =>
    expect(officialPlace(region, typed)).toEqual({ region, locality: official }),
  )

  test.each([
    ['北海道', '札幌市'],
    ['北海道', '渋谷区'],
    ['北海道', '区'],
    ['北海道', '郡'],
    ['北海', '札幌市中央区'],
    ['', ''],
  ])('%p %p is none: a designated city needs its ward', (region, typed) =>
    expect(officialPlace(region, typed)).toBeUndefined(),
  )
})

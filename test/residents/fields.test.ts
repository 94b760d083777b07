import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../src/refusal.ts'
import { hasIndividualNumber } from '../../src/input/individual_number.ts'
import { lowestAge, readProfile, type Changes } from '../../src/residents/fields.ts'
import { changed } from '../../src/residents/accounts.ts'
import type { Typed } from '../../src/residents/model.ts'

const NOW = new Date('2026-11-21T03:00:00Z')
const read = (typed: Typed): Changes => readProfile(typed, NOW, 16)

/** The message keys of what is refused. */
function wrong(typed: Typed): Record<string, string> | undefined {
  try {
    read(typed)
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error.details.fields ?? { refused: error.reason }
    throw error
  }
}

describe('names', () => {
  test('are NFKC, with single spaces', () => {
    expect(read({ family_name: '  ﾔﾏﾀﾞ　Ｔａｒｏ  ' })).toEqual({ family_name: 'ヤマダ Taro' })
    expect(read({ family_name: '髙﨑', given_name: '🄰' })).toEqual({
      family_name: '髙﨑',
      given_name: 'A',
    })
  })

  test.each(['a\u202Eb', 'a\u200Bb', 'a\u2066b', 'a\0b', 'a\r\nBcc: b', 'a\u{E0041}b', 'a\uE000b'])(
    'hidden or turning characters are refused: %j',
    (name) => expect(wrong({ given_name: name })).toEqual({ given_name: 'not_text' }),
  )

  test('are 40 characters at most, counted as people count', () => {
    expect(wrong({ family_name: '𠮷'.repeat(40) })).toBeUndefined()
    expect(wrong({ family_name: '𠮷'.repeat(41) })).toEqual({ family_name: 'too_long' })
  })

  test.each([
    ['やまだ', 'ヤマダ'],
    ['ﾔﾏﾀﾞ', 'ヤマダ'],
    ['ヤマダ', 'ヤマダ'],
    ['ガ\u3099'.slice(0, 1) + 'ｷﾞｭｳ', 'ガギュウ'],
    ['か\u3099', 'ガ'],
    ['さいとうーゔぁん', 'サイトウーヴァン'],
    ['ジョン・スミス', 'ジョン・スミス'],
    ['ジヨ-ジ', 'ジヨージ'],
  ])('kana %s becomes %s', (typed, kana) =>
    expect(read({ family_name_kana: typed })).toEqual({ family_name_kana: kana }),
  )

  test.each(['山田', 'Yamada', 'ヤマダ1', 'ヤマダ!'])('kana %s is refused', (typed) =>
    expect(wrong({ given_name_kana: typed })).toEqual({ given_name_kana: 'kana' }),
  )
})

describe('year of birth', () => {
  test.each([
    ['1988', '1988'],
    ['１９８８', '1988'],
    ['1988年', '1988'],
  ])('%s', (typed, year) => expect(read({ birth_year: typed })).toEqual({ birth_year: year }))

  test.each(['88', '1988-05-01', '19880501', 'S63', '1905', '2027', '3000', '-198', '1e3'])(
    '%s is refused',
    (typed) => expect(wrong({ birth_year: typed })).toEqual({ birth_year: 'birth_year' }),
  )

  test('the lowest possible age counts: this year − year − 1', () => {
    expect(lowestAge('2009', NOW)).toBe(16)
    expect(wrong({ birth_year: '2009' })).toBeUndefined()
    expect(wrong({ birth_year: '2010' })).toEqual({ refused: 'under_age' })
  })

  test('the year is that of Tokyo', () => {
    const newYear = new Date('2026-12-31T15:00:00Z')
    expect(lowestAge('2010', newYear)).toBe(16)
    expect(lowestAge('2010', new Date(newYear.getTime() - 1))).toBe(15)
  })

  test('too young counts before whatever else is wrong: nothing is to be kept', () => {
    expect(wrong({ birth_year: '2015', family_name_kana: '山田' })).toEqual({
      refused: 'under_age',
    })
  })
})

describe('address', () => {
  test('a postcode fills in what is missing', () => {
    expect(read({ postal_code: '060-0001', region: '', locality: '' })).toEqual({
      postal_code: '0600001',
      region: '北海道',
      locality: '札幌市中央区',
    })
    expect(read({ postal_code: '060-0001' })).toMatchObject({ locality: '札幌市中央区' })
  })

  test.each([
    ['618-0000', '京都府', '乙訓郡大山崎町'],
    ['618-0000', '大阪府', '三島郡島本町'],
    ['498-0000', '愛知県', '弥富市'],
    ['498-0000', '三重県', '桑名郡木曽岬町'],
  ])(
    '%s spans two municipalities, and what the resident says counts: %s %s',
    (code, region, locality) =>
      expect(read({ postal_code: code, region, locality })).toEqual({
        postal_code: code.replace('-', ''),
        region,
        locality,
      }),
  )

  test('a postcode too new for the list is taken with a place that exists', () => {
    expect(wrong({ postal_code: '000-0000', region: '', locality: '' })).toEqual({
      postal_code: 'postal_code_unknown',
    })
    expect(wrong({ postal_code: '000-0000', region: '東京都', locality: '渋谷区' })).toBeUndefined()
  })

  test.each<[Typed, Record<string, string>]>([
    [{ postal_code: '06', region: '', locality: '' }, { postal_code: 'postal_code' }],
    [
      { postal_code: '0600001', region: '北海道', locality: '札幌市' },
      { locality: 'municipality' },
    ],
    [{ postal_code: '0600001', region: '東京都', locality: '' }, { locality: 'municipality' }],
    [{ postal_code: '', region: '東京都', locality: '渋谷区' }, { postal_code: 'address_whole' }],
  ])('%p is refused at its field', (typed, fields) => expect(wrong(typed)).toEqual(fields))

  test('three empty fields take the address back', () => {
    const profile = {
      email: 'a@example.jp',
      postal_code: '0600001',
      region: '北海道',
      locality: '札幌市中央区',
    }
    expect(changed(profile, read({ postal_code: '', region: '', locality: '' }))).toEqual({
      email: 'a@example.jp',
    })
  })
})

describe('sex', () => {
  test.each(['female', 'male', 'other'])('%s', (sex) => expect(read({ sex })).toEqual({ sex }))
  test('empty is none', () => expect(read({ sex: '' })).toEqual({ sex: undefined }))
  test('anything else is refused', () => expect(wrong({ sex: 'x' })).toEqual({ sex: 'choose' }))
})

test('what is absent is left alone', () => expect(read({})).toEqual({}))

describe('individual numbers are never taken (I-39)', () => {
  // Test numbers with a right check digit; the weights are those of the ministry's ordinance.
  test.each([
    '123456789018',
    '1234 5678 9018',
    '1234-5678-9018',
    '１２３４５６７８９０１８',
    '番号は123456789018です',
  ])('%s', (text) => expect(hasIndividualNumber(text)).toBe(true))
  test.each(['123456789012', '12345678901', '1123456789018', '1234567890180', '09012345678'])(
    '%s is none',
    (text) => expect(hasIndividualNumber(text)).toBe(false),
  )
  test.each([
    'family_name',
    'given_name_kana',
    'birth_year',
    'postal_code',
    'locality',
    'sex',
  ] as const)('in %s', (field) =>
    expect(wrong({ [field]: '123456789018' })).toMatchObject({ [field]: 'number_like_my_number' }),
  )
})

test('100 KB in any field is read in no time (L11)', () => {
  // Of the processor's time: whatever else the machine does does not count.
  const started = process.cpuUsage()
  for (const text of [
    'あ'.repeat(33_000),
    '1 '.repeat(50_000),
    'ヤ-'.repeat(30_000),
    ' '.repeat(100_000) + 'x',
  ])
    for (const field of [
      'family_name',
      'family_name_kana',
      'birth_year',
      'postal_code',
      'locality',
    ] as const)
      wrong({ [field]: text })
  const { user, system } = process.cpuUsage(started)
  expect((user + system) / 1000 / 20).toBeLessThan(50)
})

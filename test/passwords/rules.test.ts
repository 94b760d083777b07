import { describe, expect, test } from '@jest/globals'
import { hashPassword, isOutdated, isPassword } from '../../src/passwords/hashing.ts'
import {
  canonicalPassword,
  commonWords,
  isHashable,
  passwordFault,
} from '../../src/passwords/rules.ts'

const own = [
  'hanako.yamada@example.jp',
  '山田',
  '花子',
  'ハナコ',
  '札幌市中央区',
  'あおば市データ連携コンソーシアム',
]
const fault = (typed: string) => passwordFault(canonicalPassword(typed), own)
const pepper = Buffer.alloc(32, 'pepper')

describe('what a password must be (H8)', () => {
  test.each([
    'correct horse battery staple',
    'tanpopo no wata ga tobu',
    'ねこがえんがわでひるねしている',
    '春の小川のほとりに咲くすみれの花',
    '🍙🌸🚲🎏🍵🗻🦊🌾🏮🎐🧭🪁🍂🌙🐟🥢',
    '😀'.repeat(64),
    '               x Q 7',
    'v'.repeat(99) + 'w',
    '漢'.repeat(341),
  ])('%s is fine: no rule about kinds of characters', async (typed) =>
    expect(await fault(typed)).toBeUndefined(),
  )

  test('14 characters are too few, 15 are enough', async () => {
    expect(await fault('kY3 vd-w0 Zpqa')).toBe('password_short')
    expect(await fault('kY3 vd-w0 Zpqam')).toBeUndefined()
  })

  test('1 KB is the most, in bytes', async () => {
    expect(await fault('漢'.repeat(342))).toBe('password_long')
    expect(isHashable('a'.repeat(1024))).toBe(true)
    expect(isHashable('a'.repeat(1025))).toBe(false)
  })
})

describe('the blocklist works offline (H10)', () => {
  test('it holds more than 100,000 entries', async () => {
    expect((await commonWords()).size).toBeGreaterThan(100_000)
  })

  test.each([
    'Password123456789',
    'P@ssw0rdP@ssw0rd',
    'passwordpassword',
    'qwertyuiopasdfghjkl',
    '123456789012345',
    'aaaaaaaaaaaaaaaaaaaa',
    'iloveyouiloveyou',
    'abcdefghijklmnop',
    'とうきょうたろう1234567',
    'パスワードパスワード12345',
    'あいうえおかきくけこさしすせそ',
    '東京太郎東京太郎1234567',
    'hanako.yamada@example.jp',
    'hanakoyamada1988',
    '山田花子山田花子山田花子2026',
    '札幌市中央区札幌市中央区2026',
    'あおば市データ連携コンソーシアム',
    'まちidまちidまちidまちid',
    'machi-id-password',
  ])('%s is refused', async (typed) => expect(await fault(typed)).toBe('password_common'))

  test('東京太郎1234567 is refused already for its length', async () => {
    expect(await fault('東京太郎1234567')).toBe('password_short')
  })

  test('an individual number is not taken here either (I-39)', async () => {
    expect(await fault('tanpopo 123456789018')).toBe('number_like_my_number')
  })

  test('the estimate takes no time for anything that may be hashed', async () => {
    await commonWords()
    // What takes long by itself does so each time; a machine that is busy does not.
    let quickest = Infinity
    for (let tries = 0; tries < 3; tries++) {
      const started = performance.now()
      for (const part of ['a', 'aA1!', 'p@$$w0rd', 'あ', '1234567890'])
        for (const length of [63, 1000]) await fault(part.repeat(length).slice(0, length))
      quickest = Math.min(quickest, performance.now() - started)
    }
    expect(quickest / 10).toBeLessThan(20)
  })
})

describe('hashes (H9, H11, H12)', () => {
  const hash = (typed: string) => hashPassword(canonicalPassword(typed), pepper)
  const opens = async (typed: string, stored: string | null, key = pepper) =>
    isPassword(canonicalPassword(typed), stored, key)

  test('are argon2id at OWASP cost or above, salted and peppered', async () => {
    const stored = await hash('tanpopo no wata ga tobu')
    const [, m, t] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(stored) ?? []
    expect(Number(m)).toBeGreaterThanOrEqual(19_456)
    expect(Number(t)).toBeGreaterThanOrEqual(2)
    expect(await hash('tanpopo no wata ga tobu')).not.toBe(stored)
    expect(await opens('tanpopo no wata ga tobu', stored)).toBe(true)
    expect(await opens('tanpopo no wata ga tobu', stored, Buffer.alloc(32, 'other'))).toBe(false)
    expect(isOutdated(stored)).toBe(false)
    expect(isOutdated(stored.replace('t=2', 't=1'))).toBe(true)
  })

  test('two long passwords that differ at the end are two', async () => {
    const stored = await hash('v'.repeat(99) + 'w')
    expect(await opens('v'.repeat(99) + 'w', stored)).toBe(true)
    expect(await opens('v'.repeat(99) + 'x', stored)).toBe(false)
    expect(await opens('v'.repeat(72) + 'w', stored)).toBe(false)
  })

  test('が as one or two code points is the same', async () => {
    const stored = await hash('ながいながいあいことばです')
    expect('が'.normalize('NFD')).toHaveLength(2)
    expect(await opens('ながいながいあいことばです'.normalize('NFD'), stored)).toBe(true)
    expect(await opens('ながいながいあいことばてす', stored)).toBe(false)
  })

  test('no account opens to no password', async () => {
    expect(await opens('nobody', null)).toBe(false)
  })
})

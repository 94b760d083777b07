import { describe, expect, test } from '@jest/globals'
import { canonicalEmail, maskedEmail } from '../../src/input/email.ts'

describe('one mailbox is one account (H24)', () => {
  test.each([
    'Hanako@Example.JP',
    'hanako@example.jp',
    '  hanako@example.jp ',
    'hanako@example.jp.',
    'ｈａｎａｋｏ＠ｅｘａｍｐｌｅ．ｊｐ',
  ])('%s', (typed) => expect(canonicalEmail(typed)).toBe('hanako@example.jp'))

  test('an internationalised domain is its ASCII form', () => {
    expect(canonicalEmail('a@まち.jp')).toBe('a@xn--h9jxc.jp')
    expect(canonicalEmail('a@XN--H9JXC.jp')).toBe('a@xn--h9jxc.jp')
  })

  test('dots of old carrier addresses stay', () => {
    expect(canonicalEmail('a..b.@docomo.ne.jp')).toBe('a..b.@docomo.ne.jp')
  })

  test.each([
    '',
    '@',
    'hanako',
    'hanako@',
    '@example.jp',
    'hanako@localhost',
    'hanako@127.0.0.1',
    'ha nako@example.jp',
    'a@b@example.jp,',
    'hanako@example.jp\r\nBcc: x@evil.example',
    'hanako@exam_ple.jp',
    `${'a'.repeat(65)}@example.jp`,
    `a@${'b'.repeat(250)}.jp`,
    '花子@example.jp',
    `${'a'.repeat(100_000)}@example.jp`,
  ])('%p is none', (typed) => expect(canonicalEmail(typed)).toBeUndefined())
})

test('a masked address keeps its beginning and its domain', () => {
  expect(maskedEmail('hanako@example.jp')).toBe('ha•••••@example.jp')
  expect(maskedEmail('h@example.jp')).toBe('h•••••@example.jp')
})

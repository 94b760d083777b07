/** Cells that a spreadsheet would run (L5), and the form of RFC 4180. */
import { expect, test } from '@jest/globals'
import { cell, line } from '../../src/http/csv.ts'

test.each(['=HYPERLINK("x")', '+1', '-1', '@x', '\t=1', '\r=1', ' =1', '＝1', '\u200b=1', '\0=1'])(
  'a formula does not run: %j',
  (text) => expect(cell(text)).toMatch(/^"'/),
)

test('other texts and numbers stay as they are', () => {
  expect(line(['まちなか回遊アプリ', -5, '2026-11-21', 'a=b'])).toBe(
    'まちなか回遊アプリ,-5,2026-11-21,a=b\r\n',
  )
})

test('quotes, commas and line ends are quoted', () => {
  expect(line(['say "x"', 'a,b', 'a\r\nb'])).toBe('"say ""x""","a,b","a\r\nb"\r\n')
})

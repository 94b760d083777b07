import { describe, expect, test } from '@jest/globals'
import { kanaFault, lineFault, nameFault, normalName, skeleton } from '../../src/input/spelling.ts'

describe('names (F7)', () => {
  test.each([
    'まちなか回遊アプリ',
    '株式会社あおば交通',
    '（一社）あおば観光協会',
    'A&B Mobility Inc.',
    'Café 𠮟る々〆ヶ',
    'としょ予約 2.0',
    'あ'.repeat(40),
  ])('%s is a name', (name) => {
    expect(nameFault(name)).toBeUndefined()
  })

  test.each([
    ['right-to-left override', 'まち\u202Eちま', 'text_hidden_character'],
    ['zero-width space', 'まち\u200Bなか', 'text_hidden_character'],
    ['isolate', '\u2066まち', 'text_hidden_character'],
    ['tag character', 'まち\u{E0041}', 'text_hidden_character'],
    ['variation selector', '葛\u{E0100}', 'text_hidden_character'],
    ['Hangul filler', 'まち\u3164', 'text_hidden_character'],
    ['control character', 'まち\u0007', 'text_hidden_character'],
    ['two lines', 'まち\nなか', 'text_several_lines'],
    ['line separator', 'まち\u2028なか', 'text_several_lines'],
    ['Cyrillic letter', 'Mаchi', 'name_foreign_script'],
    ['Greek letter', 'Αoba', 'name_foreign_script'],
    ['dotless i', 'Machı', 'name_foreign_script'],
    ['stacked marks', 'a\u0317b', 'name_foreign_script'],
    ['tag', '</b>', 'name_symbol'],
    ['seal', '✅認証', 'name_symbol'],
    ['one letter too many', 'あ'.repeat(41), 'name_too_long'],
    ['blanks only', '　', 'text_blank'],
    ['signs only', '・・・', 'text_blank'],
  ])('%s is refused', (_, name, rule) => {
    expect(nameFault(name)).toBe(rule)
  })

  test('a name is kept in NFKC with single blanks', () => {
    expect(normalName(' ＡＢＣ　　ｶﾌｪ ')).toBe('ABC カフェ')
  })

  test.each([
    ['まちカフェ', 'まち力フェ'],
    ['サクラ', 'さくら'],
    ['キヤノン', 'キャノン'],
    ['Book1t', 'Booklt'],
    ['Modern Ride', 'Modem Ride'],
    ['タクシー', 'タクシ一'],
    ['としょ・予約', 'としょ予約'],
    ['Café', 'CAFE'],
  ])('%s and %s look alike', (one, other) => {
    expect(skeleton(one)).toBe(skeleton(other))
  })

  test('different names do not', () => {
    expect(skeleton('としょ予約')).not.toBe(skeleton('としょ予定'))
  })

  test('a reading is katakana', () => {
    expect(kanaFault('マチナカ カイユウ・アプリ')).toBeUndefined()
    expect(kanaFault('まちなか')).toBe('kana_only')
  })

  test('a line has letters and no line end', () => {
    expect(lineFault('店頭で確かめるため')).toBeUndefined()
    expect(lineFault('a\r\nBcc: x')).toBe('text_several_lines')
    expect(lineFault('\u00A0')).toBe('text_blank')
  })

  test('no text takes long (L11)', () => {
    for (const text of ['ー'.repeat(100_000), ' '.repeat(100_000), 'rn'.repeat(50_000)]) {
      const from = performance.now()
      nameFault(text)
      kanaFault(text)
      expect(performance.now() - from).toBeLessThan(500)
    }
  })
})

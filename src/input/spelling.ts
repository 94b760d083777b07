/**
 * How names and lines of text may be spelt (F7): no character that hides, turns or imitates.
 * Sources: UTS #39 (confusables, restriction levels), UAX #9 (bidirectional text), RFC 7591 §5.
 */
export type SpellingRule =
  | 'text_hidden_character'
  | 'text_several_lines'
  | 'text_blank'
  | 'name_too_long'
  | 'name_foreign_script'
  | 'name_symbol'
  | 'kana_only'

const LONGEST_NAME = 40

/** Other (controls, bidi, zero width, tags, private use), line separators, variation selectors, blank letters. */
const HIDDEN = /[\p{C}\u2028\u2029\u115F\u1160\u3164\uFFA0\u2800]|\p{Variation_Selector}|\u034F/u
/** Japanese and Latin without the letters that pass for others: the "highly restrictive" level of UTS #39. */
const LETTERS = /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}A-Za-zÀ-ÖØ-öø-ıĵ-ķĹ-ňŊ-ž]$/u
const LOOKS_LIKE_ANOTHER = /[ıĸŉ]/u
const SIGNS = /^[\p{Nd} ・、。,.!?&'’"()「」『』【】〈〉《》\-‐–—~〜〇○◯☆★♪×/+@#%:]$/u

/** A name as it is kept: NFKC, single blanks, trimmed. */
export function normalName(text: string): string {
  return text.normalize('NFKC').replaceAll(/ +/g, ' ').trim()
}

/** A line or paragraph as it is kept: NFC, trimmed. */
export function normalText(text: string): string {
  return text.normalize('NFC').trim()
}

/** What is wrong with a line of text, or undefined. */
export function lineFault(text: string): SpellingRule | undefined {
  if (/[\r\n\u0085\u2028\u2029]/.test(text)) return 'text_several_lines'
  if (HIDDEN.test(text)) return 'text_hidden_character'
  return text.trim() === '' ? 'text_blank' : undefined
}

/** What is wrong with the name of a company or service, or undefined. Judged as it would be kept. */
export function nameFault(text: string): SpellingRule | undefined {
  return faultIn(text, LETTERS)
}

/** The same for a name in Korean: Hangul beside Latin and Han, no kana. */
export function koreanNameFault(text: string): SpellingRule | undefined {
  return faultIn(text, /^[\p{scx=Hangul}\p{scx=Han}A-Za-z]$/u)
}

function faultIn(text: string, letters: RegExp): SpellingRule | undefined {
  const fault = lineFault(text)
  if (fault) return fault
  const name = Array.from(normalName(text))
  if (name.length > LONGEST_NAME) return 'name_too_long'
  for (const letter of name) {
    if (/[\p{L}\p{M}\p{Nl}]/u.test(letter) && letter !== '〇') {
      if (!letters.test(letter) || LOOKS_LIKE_ANOTHER.test(letter)) return 'name_foreign_script'
    } else if (!SIGNS.test(letter)) return 'name_symbol'
  }
  return skeleton(text) === '' ? 'text_blank' : undefined
}

/** What is wrong with the reading of a name: katakana, digits, blanks and ・ー only. */
export function kanaFault(text: string): SpellingRule | undefined {
  const fault = nameFault(text)
  return fault ?? (/^[ァ-ヺー・ 0-9]+$/u.test(normalName(text)) ? undefined : 'kana_only')
}

const ALIKE: readonly (readonly [string, string])[] = [
  ['力', 'か'],
  ['口', 'ろ'],
  ['工', 'え'],
  ['二', 'に'],
  ['八', 'は'],
  ['夕', 'た'],
  ['卜', 'と'],
  ['千', 'ち'],
  ['一', '-'],
  ['ー', '-'],
  ['‐', '-'],
  ['–', '-'],
  ['—', '-'],
  ['〇', 'o'],
  ['○', 'o'],
  ['◯', 'o'],
  ['0', 'o'],
  ['1', 'l'],
  ['i', 'l'],
  ['5', 's'],
  ['rn', 'm'],
  ['vv', 'w'],
]
const SMALL = 'ぁぃぅぇぉっゃゅょゎ'
const FULL = 'あいうえおつやゆよわ'

/** Two names with the same skeleton look alike to a hurried reader: kana, small kana, long marks and shapes are one. */
export function skeleton(text: string): string {
  let bones = normalName(text)
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036F]/g, '')
    .normalize('NFC')
  bones = bones.replaceAll(/[ァ-ヶ]/g, (kana) =>
    String.fromCodePoint((kana.codePointAt(0) ?? 0) - 0x60),
  )
  bones = bones.replaceAll(/[ぁぃぅぇぉっゃゅょゎ]/g, (kana) => FULL.charAt(SMALL.indexOf(kana)))
  for (const [from, to] of ALIKE) bones = bones.replaceAll(from, to)
  return bones.replaceAll(/[^\p{L}\p{N}-]/gu, '')
}

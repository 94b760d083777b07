/** From what a resident typed to what is registered: normalised, or a message per field. Pure. */
import { hasIndividualNumber } from '../input/individual_number.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { officialPlace, placeOf, postalCode } from './address.ts'
import { SEXES, type Profile, type ProfileField, type Typed } from './model.ts'

/** Longest name or reading, in characters as people count them. */
const NAME_LENGTH = 40
/** Nobody registered is older, in years. */
const OLDEST = 120
/** Control, direction-changing, zero-width, private and unassigned characters, and line ends. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/u

/** `undefined` as a value: the item is taken back. */
export type Changes = { [F in ProfileField]?: Profile[F] | undefined }

/** The calendar year in Asia/Tokyo. */
function yearOf(at: Date): number {
  return Number(
    new Intl.DateTimeFormat('en-US', { timeZone: 'Asia/Tokyo', year: 'numeric' }).format(at),
  )
}

/** The lowest age, in years, that somebody born in that year may have now (pages.md, build notes). */
export function lowestAge(birthYear: string, at: Date): number {
  return yearOf(at) - Number(birthYear) - 1
}

/**
 * Reads the items present in `typed`; absent ones are left alone, empty ones are taken back.
 * Where one field of the address is present all three count, and what the postcode tells is filled in.
 *
 * @throws Refusal invalid_input with a message key per field; under_age
 */
export function readProfile(typed: Typed, at: Date, minimumAge: number): Changes {
  const fields: Fields = {}
  const changes: Changes = {}
  for (const name of ['family_name', 'given_name', 'family_name_kana', 'given_name_kana'] as const)
    if (typed[name] !== undefined)
      changes[name] = readName(typed[name], name.endsWith('kana'), (key) => (fields[name] = key))
  if (typed.birth_year !== undefined)
    changes.birth_year = readYear(typed.birth_year, at, (key) => (fields['birth_year'] = key))
  if (typed.sex !== undefined) {
    changes.sex = SEXES.find((sex) => sex === typed.sex)
    if (typed.sex && !changes.sex) fields['sex'] = 'choose'
  }
  Object.assign(changes, readAddress(typed, fields))
  for (const [name, text] of Object.entries(typed))
    if (text && hasIndividualNumber(text)) fields[name] = 'number_like_my_number'
  if (changes.birth_year && !fields['birth_year'] && lowestAge(changes.birth_year, at) < minimumAge)
    throw new Refusal('under_age')
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  return changes
}

type Wrong = (key: string) => void

function readName(typed: string, kana: boolean, wrong: Wrong): string | undefined {
  const text = tidy(typed)
  const reading = kana ? toKatakana(text) : text
  if (HIDDEN.test(typed.trim())) wrong('not_text')
  else if (Array.from(reading).length > NAME_LENGTH) wrong('too_long')
  else if (kana && reading && !/^[ァ-ヺー・ヽヾ ]+$/u.test(reading)) wrong('kana')
  return reading || undefined
}

function readYear(typed: string, at: Date, wrong: Wrong): string | undefined {
  const text = tidy(typed).replace(/ ?年$/, '')
  if (!text) return undefined
  const year = yearOf(at)
  if (!/^\d{4}$/.test(text) || Number(text) > year || Number(text) < year - OLDEST)
    wrong('birth_year')
  return text
}

function readAddress(typed: Typed, fields: Fields): Changes {
  const { postal_code, region, locality } = typed
  if (postal_code === undefined && region === undefined && locality === undefined) return {}
  const [zip, where, town] = [postal_code, region, locality].map((text) => tidy(text ?? ''))
  if (!zip && !where && !town)
    return { postal_code: undefined, region: undefined, locality: undefined }
  const code = zip ? postalCode(zip) : undefined
  if (!code) fields['postal_code'] = zip ? 'postal_code' : 'address_whole'
  const told = code ? placeOf(code) : undefined
  if (code && !told && !where && !town) fields['postal_code'] = 'postal_code_unknown'
  const place = officialPlace(where || told?.region || '', town || told?.locality || '')
  if (!place && (where || town || told)) {
    if (!where && !told) fields['region'] = 'region'
    else fields['locality'] = 'municipality'
  }
  return { postal_code: code, region: place?.region, locality: place?.locality }
}

/** NFKC, no white space at the ends, single spaces inside. */
function tidy(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/gu, ' ')
}

/** Hiragana → katakana, hyphens after a kana → ー. Half-width kana became full-width by NFKC. */
function toKatakana(text: string): string {
  return text
    .replace(/[\u3041-\u3096\u309D\u309E]/gu, (c) => String.fromCharCode(c.charCodeAt(0) + 0x60))
    .replace(/(?<=[ァ-ヺー])[‐‑–—―−-]/gu, 'ー')
}

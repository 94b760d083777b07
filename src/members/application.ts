/** 加盟の申込み: from what somebody typed to what two operators judge. Pure. Rows: K-08, K-11, D-08, D-09, S-20, I-39. */
import { formatFault, type Format } from '../input/faults.ts'
import { hasIndividualNumber } from '../input/individual_number.ts'
import { normalName, normalText } from '../input/spelling.ts'
import type { Language } from '../locales/index.ts'
import { Refusal, type Fields } from '../refusal.ts'
import type { MemberBody, Officers } from './model.ts'

/** The security questionnaire (K-11): answered by yes or no; a no is explained. */
export const QUESTIONS = [
  'officer',
  'rules',
  'training',
  'processors',
  'encryption',
  'access',
  'logs',
  'leak',
  'retention',
  'abroad',
  'audit',
  'certificate',
] as const
type Question = (typeof QUESTIONS)[number]
type Answer = { answer: 'yes' | 'no'; note: string }

/** Answers that need a sentence whatever they are, or where they are the worrying one. */
const EXPLAINED: Partial<Record<Question, 'yes' | 'no' | 'always'>> = {
  processors: 'yes',
  retention: 'always',
  abroad: 'yes',
  certificate: 'yes',
}

/** What a company says of itself, as its versions keep it. */
export type Profile = MemberBody & { kana: string; officers: Officers }

export type Application = {
  corporateNumber: string
  profile: Profile
  security: Record<Question, Answer>
  /** The first manager: invited when the company is approved. */
  manager: { name: string; email: string }
  /** Of the mails. */
  language: Language
}

type Rule = { max: number; format: Format | 'phone' }
const line = (max: number): Rule => ({ max, format: 'line' })
const name: Rule = { max: 200, format: 'name' }
const mail: Rule = { max: 254, format: 'email' }

/** The fields of a company's profile, in the order of the page. */
export const PROFILE_FIELDS = {
  name_ja: name,
  name_kana: { max: 200, format: 'kana' },
  name_en: name,
  address_ja: line(200),
  address_en: line(200),
  representative_ja: line(100),
  representative_en: line(100),
  privacy_name: line(100),
  privacy_title: line(100),
  privacy_email: mail,
  technical_name: line(100),
  technical_title: line(100),
  technical_email: mail,
} as const satisfies Record<string, Rule>

export const CONTACT_FIELDS = {
  desk_ja: line(60),
  desk_en: line(60),
  phone: { max: 20, format: 'phone' },
  email: mail,
  url: { max: 500, format: 'web-address' },
} as const satisfies Record<string, Rule>

export const APPLY_FIELDS = {
  corporate_number: { max: 40, format: 'corporate-number' },
  ...PROFILE_FIELDS,
  ...CONTACT_FIELDS,
  manager_name: line(100),
  manager_email: mail,
} as const satisfies Record<string, Rule>

export const NOTE_LENGTH = 500

export type Typed = Readonly<Record<string, string | undefined>>

/** A line that is not too long, kept as its format asks; what is wrong goes to `fields`. */
function read(typed: Typed, field: string, { max, format }: Rule, fields: Fields): string {
  const text = tidy(typed[field] ?? '', format)
  const wrong = faultOf(text, max, format)
  if (wrong) fields[field] = wrong
  return text
}

function faultOf(text: string, max: number, format: Rule['format']): string | undefined {
  if (text === '') return 'required'
  if (text.length > max) return 'too_long'
  if (format === 'phone') return /^\+?[0-9][0-9-]{3,18}$/.test(text) ? undefined : 'phone'
  if (hasIndividualNumber(text)) return 'number_like_my_number'
  return formatFault(format, text)
}

function tidy(text: string, format: Rule['format']): string {
  if (format === 'name') return text.trim() === '' ? '' : keepHidden(text, normalName)
  if (format === 'kana') return keepHidden(text, (line) => toKatakana(normalName(line)))
  if (format === 'corporate-number') return text.normalize('NFKC').replaceAll(/[\s‐‑–—−ー-]/gu, '')
  if (format === 'email') return text.normalize('NFKC').trim().toLowerCase()
  if (format === 'phone')
    return text
      .normalize('NFKC')
      .trim()
      .replaceAll(/[‐‑–—−ー()\s]+/gu, '-')
  return keepHidden(text, normalText)
}

/** Trimming must not hide what a rule is to find. */
const keepHidden = (text: string, normal: (text: string) => string) =>
  /[\p{Cc}\p{Cf}]/u.test(text) ? text : normal(text)

const toKatakana = (text: string) =>
  text.replaceAll(/[ぁ-ゖ]/gu, (kana) => String.fromCodePoint((kana.codePointAt(0) ?? 0) + 0x60))

/** What a company says of itself, without the contact desk. @param fields gets what is wrong */
export function readProfile(typed: Typed, fields: Fields): Omit<Profile, 'contact'> {
  const of = (field: keyof typeof PROFILE_FIELDS) =>
    read(typed, field, PROFILE_FIELDS[field], fields)
  const officer = (who: 'privacy' | 'technical') => ({
    name: of(`${who}_name`),
    title: of(`${who}_title`),
    email: of(`${who}_email`),
  })
  return {
    names: { ja: of('name_ja'), en: of('name_en') },
    kana: of('name_kana'),
    address: { ja: of('address_ja'), en: of('address_en') },
    representative: { ja: of('representative_ja'), en: of('representative_en') },
    officers: { privacy: officer('privacy'), technical: officer('technical') },
  }
}

/** The contact desk (S-34). @param fields gets what is wrong */
export function readContact(typed: Typed, fields: Fields): MemberBody['contact'] {
  const of = (field: keyof typeof CONTACT_FIELDS) =>
    read(typed, field, CONTACT_FIELDS[field], fields)
  const desk = { ja: of('desk_ja'), en: of('desk_en') }
  return { desk, phone: of('phone'), email: of('email'), url: of('url') }
}

/** @throws Refusal invalid_input where `fields` names anything */
export function refuseWrong(fields: Fields): void {
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
}

/** The whole application. @throws Refusal invalid_input with a rule per field */
export function readApplication(typed: Typed, language: Language): Application {
  const fields: Fields = {}
  const of = (field: keyof typeof APPLY_FIELDS) => read(typed, field, APPLY_FIELDS[field], fields)
  const corporateNumber = of('corporate_number')
  const profile = { ...readProfile(typed, fields), contact: readContact(typed, fields) }
  const security = Object.fromEntries(
    QUESTIONS.map((question) => [question, readAnswer(typed, question, fields)]),
  ) as Application['security']
  const manager = { name: of('manager_name'), email: of('manager_email') }
  refuseWrong(fields)
  return { corporateNumber, profile, security, manager, language }
}

function readAnswer(typed: Typed, question: Question, fields: Fields): Answer {
  const answer = typed[`q_${question}`]
  const note = normalText((typed[`n_${question}`] ?? '').replaceAll(/\r\n?/g, '\n'))
  if (answer !== 'yes' && answer !== 'no') {
    fields[`q_${question}`] = 'choose'
    return { answer: 'no', note }
  }
  const asked = EXPLAINED[question] ?? 'no'
  const place = `n_${question}`
  if (note === '' && (asked === 'always' || asked === answer)) fields[place] = 'question_note'
  else if (note.length > NOTE_LENGTH) fields[place] = 'too_long'
  else if (note !== '' && hasIndividualNumber(note)) fields[place] = 'number_like_my_number'
  else if (note.split('\n').some((text) => text !== '' && hides(text)))
    fields[place] = 'text_hidden_character'
  return { answer, note }
}

const hides = (text: string) => formatFault('line', text) === 'text_hidden_character'

/** What the form of a profile holds for a company as it is. */
export function typedProfile(body: MemberBody): Record<string, string> {
  const { privacy, technical } = body.officers ?? {}
  return {
    name_ja: body.names.ja,
    name_en: body.names.en,
    name_kana: body.kana ?? '',
    address_ja: body.address.ja,
    address_en: body.address.en,
    representative_ja: body.representative.ja,
    representative_en: body.representative.en,
    privacy_name: privacy?.name ?? '',
    privacy_title: privacy?.title ?? '',
    privacy_email: privacy?.email ?? '',
    technical_name: technical?.name ?? '',
    technical_title: technical?.title ?? '',
    technical_email: technical?.email ?? '',
    desk_ja: body.contact.desk.ja,
    desk_en: body.contact.desk.en,
    phone: body.contact.phone,
    email: body.contact.email,
    url: body.contact.url,
  }
}

/** What the form of an application holds, to be corrected. */
export function typedApplication({ corporateNumber, profile, security, manager }: Application) {
  const answers = QUESTIONS.flatMap((question): [string, string][] => [
    [`q_${question}`, security[question].answer],
    [`n_${question}`, security[question].note],
  ])
  return {
    corporate_number: corporateNumber,
    ...typedProfile(profile),
    ...Object.fromEntries(answers),
    manager_name: manager.name,
    manager_email: manager.email,
  }
}

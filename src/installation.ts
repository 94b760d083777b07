/** Who runs this installation: names, legal form, contacts, minimum age. One JSON file per installation. */
import { Ajv } from 'ajv'
import type { FromSchema } from 'json-schema-to-ts'
import { formats } from './input/faults.ts'

const text = { type: 'string', minLength: 1, maxLength: 200 } as const
const monthDay = { type: 'string', pattern: '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' } as const
const both = {
  type: 'object',
  additionalProperties: false,
  required: ['ja', 'en'],
  properties: { ja: text, en: text },
} as const

/** Days of one kind of request under an ordinance, and how they are counted (E-17). */
const requestRule = {
  type: 'object',
  additionalProperties: false,
  required: ['days', 'from', 'count', 'restDay', 'extensionDays', 'article', 'extensionArticle'],
  properties: {
    days: { type: 'integer', minimum: 1, maximum: 365 },
    from: { enum: ['next_day', 'same_day'] },
    count: { enum: ['calendar', 'business'] },
    restDay: { enum: ['moves', 'stays'] },
    extensionDays: { type: 'integer', minimum: 0, maximum: 365 },
    article: both,
    extensionArticle: both,
  },
} as const

const schema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'consortium',
    'legalForm',
    'address',
    'representative',
    'privacyOfficer',
    'contact',
    'dataRegion',
    'minimumAge',
    'consentTemplate',
    'mailFrom',
  ],
  properties: {
    consortium: both,
    /** Decides the legal ground and whose name stands on the screen (requirements.md, reading note on PF). */
    legalForm: { enum: ['company', 'association', 'city'] },
    /** Before incorporation: the member answering as legal person (S-39). */
    leadMember: both,
    /** 法人番号 of the consortium's own company: no other company's service is reviewed as `own` (S-58, F7). */
    ownCorporateNumber: { type: 'string', format: 'corporate-number' },
    address: both,
    representative: both,
    privacyOfficer: both,
    contact: {
      type: 'object',
      additionalProperties: false,
      required: ['desk', 'phone', 'hours', 'email'],
      properties: { desk: both, phone: text, hours: both, email: text },
    },
    /** Where personal data is stored, for the privacy page. */
    dataRegion: both,
    /** Years; compared with the lowest possible age (pages.md, build notes). */
    minimumAge: { type: 'integer', minimum: 0, maximum: 20 },
    /** A folder of consent-templates/. */
    consentTemplate: text,
    mailFrom: text,
    /** Days off at the turn of the year, both included, as MM-DD; 12-29 to 01-03 where absent (S-43). */
    yearEndHolidays: {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'to'],
      properties: { from: monthDay, to: monthDay },
    },
    /** Days between asking to close an account and its erasure, in which that can be called off; 7 where absent. */
    closingDays: { type: 'integer', minimum: 1, maximum: 30 },
    /** Days a company has to answer where it was asked to erase what it received; 30 where absent. */
    deletionDays: { type: 'integer', minimum: 7, maximum: 90 },
    /** Days for the first report of a leak, the day of knowing counted: about 3 to 5 (E-13); 3 where absent. */
    leakFirstReportDays: { type: 'integer', minimum: 1, maximum: 5 },
    /**
     * The law that rules requests for disclosure, correction and stopping: APPI for private bodies, APPI for public ones,
     * the ordinance of Oiso's council, or an ordinance whose rules stand here. Absent: by the legal form.
     */
    rights: {
      type: 'object',
      additionalProperties: false,
      required: ['profile'],
      properties: {
        profile: { enum: ['private', 'national', 'oiso', 'ordinance'] },
        /** Days the consortium sets itself where the law says "without delay"; 14 where absent. */
        goalDays: { type: 'integer', minimum: 1, maximum: 60 },
        rules: {
          type: 'object',
          additionalProperties: false,
          required: ['disclosure', 'correction', 'suspension'],
          properties: {
            disclosure: requestRule,
            correction: requestRule,
            suspension: requestRule,
          },
        },
      },
      if: { properties: { profile: { const: 'ordinance' } } },
      then: { required: ['rules'] },
    },
  },
  if: { properties: { legalForm: { const: 'association' } } },
  then: { required: ['leadMember'] },
} as const

export type Installation = FromSchema<typeof schema>
export type Both = { ja: string; en: string }

const check = new Ajv({ allErrors: true, formats }).compile(schema)

/** What is wrong with an installation file, one sentence each; empty when nothing is. */
export function installationFaults(given: unknown): string[] {
  if (check(given)) return []
  return (check.errors ?? []).map((e) => `${e.instancePath || '/'} ${e.message ?? ''}`)
}

/** The city of the demo; refused in production. */
export const demoInstallation: Installation = {
  consortium: { ja: 'あおば市データ連携コンソーシアム', en: 'Aoba City Data Consortium' },
  legalForm: 'company',
  address: { ja: 'あおば県あおば市中央区本町1-1', en: '1-1 Honcho, Chuo-ku, Aoba City' },
  representative: { ja: '代表理事 青葉 太郎', en: 'Taro Aoba, Representative Director' },
  privacyOfficer: { ja: '個人情報保護管理者 若葉 萌', en: 'Moe Wakaba, Privacy Officer' },
  contact: {
    desk: { ja: 'まちID相談窓口', en: 'Machi ID help desk' },
    phone: '00-0000-0000',
    hours: { ja: '平日 9:00–17:00', en: 'Weekdays 9:00–17:00' },
    email: 'soudan@machi-id.example',
  },
  dataRegion: { ja: '日本国内', en: 'Japan' },
  minimumAge: 16,
  consentTemplate: 'city-platform',
  mailFrom: 'まちID <no-reply@machi-id.example>',
}

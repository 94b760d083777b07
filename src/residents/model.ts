/**
 * 利用者 – residents and their accounts.
 * Owns: accounts, profile values, sign-in, recovery, sign-up consents (S-56). Does not own: consents to services.
 * Law: APPI 21 (state purposes before input), 22–23 (accuracy, security). Rows: S-03, S-07, S-08, S-22…S-24, S-56.
 */
import type { ItemId } from '../catalogue/model.ts'
import type { Installation } from '../installation.ts'
import { messages, type Language } from '../locales/index.ts'

/** What a resident registered; only the address of sign-in is compulsory. */
export type Profile = {
  email: string
  family_name?: string
  given_name?: string
  family_name_kana?: string
  given_name_kana?: string
  /** YYYY; month and day are never stored (S-22). */
  birth_year?: string
  sex?: 'female' | 'male' | 'other'
  /** Seven digits. */
  postal_code?: string
  region?: string
  locality?: string
}

export type Resident = {
  id: string
  /** The shared user ID: OIDC account id and public `sub`. */
  userId: string
  /** Of mails: the one of the page at sign-up, or the one chosen since. */
  language: Language
  /** Of pages, where the resident chose one; else the browser tells. */
  chosenLanguage: Language | undefined
  emailVerifiedAt: Date | null
  createdAt: Date
  /** The company whose test person it is, made up; null: a resident. */
  testMemberId?: string | null
  /** When the account is erased, where its owner asked for that; until then they may call it off. */
  closesAt?: Date | null
  /** The key under which this resident's values and salts are sealed. */
  dataKey: Buffer
  profile: Profile
}

export const SEXES = ['female', 'male', 'other'] as const

/** The items a resident may add, correct and take back at any time. */
export const PROFILE_FIELDS = [
  'family_name',
  'given_name',
  'family_name_kana',
  'given_name_kana',
  'birth_year',
  'sex',
  'postal_code',
  'region',
  'locality',
] as const
export type ProfileField = (typeof PROFILE_FIELDS)[number]

/** The catalogue item each field belongs to. */
const ITEM_OF: Record<ProfileField, ItemId> = {
  family_name: 'name',
  given_name: 'name',
  family_name_kana: 'name',
  given_name_kana: 'name',
  birth_year: 'birth_year',
  sex: 'sex',
  postal_code: 'address',
  region: 'address',
  locality: 'address',
}

/** The items in which two profiles differ, once each. */
export function itemsOf(before: Profile, after: Profile): ItemId[] {
  const fields = PROFILE_FIELDS.filter((field) => before[field] !== after[field])
  return [...new Set(fields.map((field) => ITEM_OF[field]))]
}

/** A form's texts, not yet looked at. Absent: leave alone; empty: take back. */
export type Typed = { [F in ProfileField]?: string | undefined }

/** The folder of the terms of use of the ID, whose sections `provision` and `collection` are agreed to one by one. */
export const ID_TERMS = 'id-terms'

/** Two sign-up consents: to provision to members (S-07), to collection from them (S-08). */
export type TermKind = 'provision' | 'collection'

/** What an answer is to: one of the two, or new terms as a whole (S-26). */
export type AnsweredKind = TermKind | 'terms'

/** What the sections `provision` and `collection` may name of the installation. */
export function termsValues(site: Installation, language: Language): Record<string, string> {
  return {
    consortium: site.consortium[language],
    age: String(site.minimumAge),
    desk: site.contact.desk[language],
  }
}

/** What a link in a mail does when its button is pressed. */
export const LINK_KINDS = ['verify', 'recover', 'change_email', 'undo_email', 'not_me'] as const
export type LinkKind = (typeof LINK_KINDS)[number]

/** How long a link works, in minutes, counted from the moment its mail is handed over (H18, H22). */
export const LINK_MINUTES: Record<LinkKind, number> = {
  verify: 24 * 60,
  recover: 30,
  change_email: 24 * 60,
  undo_email: 72 * 60,
  not_me: 14 * 24 * 60,
}

/** A browser is known for this long after its last sign-in: 13 months. */
export const KNOWN_DAYS = 395

/** Sign-ups whose address was not confirmed disappear after this many days. */
export const UNVERIFIED_DAYS = 7

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The shared user ID: 100 random bits as `MC-XXXX-XXXX-XXXX-XXXX-XXXX`, in Crockford's letters (no I, L, O, U). */
export function newUserId(random: Buffer): string {
  const letters = [...random.subarray(0, 20)].map((byte) => CROCKFORD[byte % 32])
  return `MC-${letters.join('').replace(/(.{4})(?=.)/g, '$1-')}`
}

/** The newest sign-up consent of a kind (S-07 provision, S-08 collection). */
export type Terms = { given: boolean; at: Date }

export type ClaimValue = string | boolean | { [member: string]: string }

/**
 * The claims of one item with the resident's values, exactly as in the catalogue (S-22…S-24);
 * empty where nothing is registered. `user_id` is left to the subject type.
 */
export function claimsOf(
  item: ItemId,
  profile: Profile,
  emailVerified: boolean,
): Record<string, ClaimValue> {
  switch (item) {
    case 'user_id':
      return {}
    case 'name':
      return names(profile)
    case 'birth_year':
      return profile.birth_year ? { birthdate: profile.birth_year } : {}
    case 'sex':
      return profile.sex ? { gender: profile.sex } : {}
    case 'email':
      return { email: profile.email, email_verified: emailVerified }
    case 'address':
      return address(profile)
  }
}

function names(profile: Profile): Record<string, ClaimValue> {
  const { family_name, given_name, family_name_kana, given_name_kana } = profile
  if (!family_name || !given_name || !family_name_kana || !given_name_kana) return {}
  return {
    name: `${family_name} ${given_name}`,
    family_name,
    given_name,
    'name#ja-Kana-JP': `${family_name_kana} ${given_name_kana}`,
    'family_name#ja-Kana-JP': family_name_kana,
    'given_name#ja-Kana-JP': given_name_kana,
  }
}

function address(profile: Profile): Record<string, ClaimValue> {
  const { postal_code, region, locality } = profile
  if (!postal_code || !region || !locality) return {}
  return {
    address: {
      postal_code: `${postal_code.slice(0, 3)}-${postal_code.slice(3)}`,
      region,
      locality,
    },
  }
}

/** The year of birth as every page says it; undefined where none is registered. */
export function birthYearShown({ birth_year }: Profile, language: Language): string | undefined {
  return birth_year && messages[language].consents.values.birthYear(birth_year)
}

/** The address in one line as every page says it; undefined where it is not registered whole. */
export function addressShown(
  { postal_code, region, locality }: Profile,
  language: Language,
): string | undefined {
  const { values } = messages[language].consents
  return postal_code && region && locality && values.address(postal_code, region, locality)
}

/**
 * 利用者 – residents and their accounts.
 * Owns: accounts, profile values, sign-in, recovery, sign-up consents (S-56). Does not own: consents to services.
 * Law: APPI 21 (state purposes before input), 22–23 (accuracy, security). Rows: S-03, S-07, S-08, S-22…S-24, S-56.
 */
import type { Language } from '../locales/index.ts'

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
  language: Language
  emailVerifiedAt: Date | null
  createdAt: Date
  /** The key under which this resident's values and salts are sealed. */
  dataKey: Buffer
  profile: Profile
}

/** The newest sign-up consent of a kind (S-07 provision, S-08 collection). */
export type Terms = { given: boolean; at: Date }

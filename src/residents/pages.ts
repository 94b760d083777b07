/** What each page of views/residents shows. */
import type { SectionChange } from '../templates/actions.ts'
import type { Fields } from '../refusal.ts'
import type { ProfileForm } from './form.ts'
import type { LinkKind, TermKind } from './model.ts'

/** views/residents/new_terms: what is different and the two answers, or what was answered. */
export type NewTermsPage = {
  answered: 'given' | 'refused' | undefined
  /** Undefined once answered. */
  change:
    | {
        before: { title: string; edition: string; href: string }
        now: { title: string; edition: string; href: string }
        reason: string | undefined
        sections: SectionChange[]
      }
    | undefined
  /** The interaction to go on with. */
  onHref: string | undefined
}

/** A sign-up consent as text: title and paragraphs of consent-templates/id-terms. */
export type TermText = { title: string; lines: string[] }

/** views/residents/signup (R1). */
export type SignUpPage = ProfileForm & {
  email: string
  terms: { title: string; version: number }
  provision: TermText
  /** Undefined where no live dataset exists. */
  collection: TermText | undefined
  agreed: { provision: boolean; collection: boolean }
  /** The address was just filled in from the postcode. */
  lookedUp: boolean
}

/** views/residents/resend and views/residents/recover: one address. */
export type AddressPage = { email: string; fields: Fields }

/** views/residents/link: the button behind a link in a mail. */
export type LinkPage = {
  kind: Exclude<LinkKind, 'recover'>
  /** Asks for the password chosen at sign-up: several sign-ups wait at this address. */
  password: boolean
  fields: Fields
}

/** views/residents/link_expired. */
export type LinkExpiredPage = { kind: LinkKind; nextHref: string }

/** views/residents/link_done. */
export type LinkDonePage = {
  kind: 'verify' | 'change_email'
  nextHref: string
  next: 'signIn' | 'goOn' | 'toSecurity'
}

/** views/residents/new_password. `email` is for the browser's password store. */
export type NewPasswordPage = { email: string; fields: Fields; restored: boolean }

/** views/residents/logout. */
export type LogoutPage = { signedIn: boolean }

export type AccountDone =
  | 'profile'
  | 'provision_on'
  | 'provision_off'
  | 'collection_on'
  | 'collection_off'
  | 'language'
  | 'kept'

export type NextStep = 'name' | 'kana' | 'birth_year' | 'address' | 'provision'

/** One of the two sign-up consents as a switch. `on` undefined: never answered. */
export type TermSwitch = {
  kind: TermKind
  text: TermText
  on: boolean | undefined
  since: string | undefined
}

/** views/residents/account (R4). */
export type AccountPage = {
  name: string | undefined
  done: AccountDone | undefined
  next: { step: NextStep; href: string }[]
  userId: string
  /** Label, value as registered, and since when. */
  rows: { label: string; value: string | undefined; since: string | undefined; note?: string }[]
  switches: TermSwitch[]
  termsTitle: string
  language: 'ja' | 'en'
}

/** views/residents/profile. */
export type ProfilePage = ProfileForm & { lookedUp: boolean }

/** views/residents/security. */
export type SecurityPage = {
  email: string
  done: 'password' | 'email' | 'ended' | undefined
  fields: Fields
  newEmail: string
  devices: { id: string; device: string; signedIn: string; seen: string; here: boolean }[]
}

/** views/residents/language. */
export type LanguagePage = { language: 'ja' | 'en' }

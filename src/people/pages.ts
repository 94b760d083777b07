/** What views/people/*.eta show. */
import type { Fields } from '../refusal.ts'
import type { Area } from './model.ts'

/** views/people/login.eta */
export type LoginPage = {
  area: Area
  /** What was typed, after a failed attempt; the password is never given back. */
  email: string
  wrong: boolean
  notice: 'signed_out' | 'expired' | undefined
  passkey: Ceremony
  passkeyHref: string
  passwordHref: string
  /** Sign-in of residents, for those who are at the wrong door. */
  residentHref: string
}

/** views/people/code.eta */
export type CodePage = { area: Area; wrong: boolean; againHref: string }

/** views/people/logout.eta */
export type LogoutPage = { area: Area; backHref: string }

/** What a form with data-passkey carries: options of WebAuthn as JSON. */
export type Ceremony = { options: string; failed: boolean }

/** Setting up an app: the picture of the seed, the seed to type, the same sealed for the form. */
export type SeedShown = { size: number; path: string; seed: string; sealed: string }

/** views/people/invitation.eta */
export type InvitationPage = {
  area: Area
  name: string
  email: string
  passkey: Ceremony
  seed: SeedShown
  fields: Fields
}

/** views/people/invitation_expired.eta */
export type InvitationExpiredPage = { area: Area; loginHref: string }

/** views/people/confirm.eta */
export type ConfirmPage = {
  area: Area
  /** Undefined where the person has no passkey. */
  passkey: Ceremony | undefined
  hasCode: boolean
  wrong: boolean
  /** Path and query of the two forms. */
  codeHref: string
  passkeyHref: string
}

/** views/people/account.eta */
export type AccountPage = {
  area: Area
  base: string
  name: string
  email: string
  done: 'added' | 'removed' | 'password' | 'ended' | undefined
  /** Whether a factor was shown within five minutes: only then is anything offered that changes one. */
  fresh: boolean
  confirmHref: string
  passkeys: { id: string; name: string; added: string; used: string | undefined }[]
  hasPassword: boolean
  passkey: Ceremony
  seed: SeedShown
  sessions: { id: string; device: string; opened: string; seen: string; here: boolean }[]
  fields: Fields
}

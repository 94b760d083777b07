/** What views/people/*.eta show. */
import type { Area } from './model.ts'

/** views/people/login.eta */
export type LoginPage = {
  area: Area
  /** What was typed, after a failed attempt; the password is never given back. */
  email: string
  wrong: boolean
  notice: 'signed_out' | 'expired' | undefined
  /** Sign-in of residents, for those who are at the wrong door. */
  residentHref: string
}

/** views/people/code.eta */
export type CodePage = { area: Area; wrong: boolean; againHref: string }

/** views/people/logout.eta */
export type LogoutPage = { area: Area; backHref: string }

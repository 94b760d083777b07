import type Koa from 'koa'
import type { Env } from '../env.ts'
import type { Installation } from '../installation.ts'
import type { Language } from '../locales/index.ts'
import type { CompanyHere, OperatorHere, ServiceHere, StaffHere } from '../persons.ts'
import type { Upload } from './upload.ts'

/** The resident signed in with this browser. */
export type SignedIn = {
  residentId: string
  /** The shared user ID (OIDC account id). */
  userId: string
  sessionUid: string
  /** Unix seconds of the sign-in. */
  loginTs: number
  /** As registered, for the page header; undefined where no name is. */
  displayName: string | undefined
  /** The account is closing: only the page where that can be called off opens. */
  closing: boolean
}

export type State = {
  env: Env
  /** When the request came in. */
  begunAt: Date
  language: Language
  /** Shown on a 500 page and written to the log. */
  reference: string
  resident?: SignedIn
  /** Notices on the resident's page; set by `guards.resident`. */
  unread?: { count: number; mustRead: { href: string; title: string }[] }
  /** Set by `guards.operator`. */
  operator?: OperatorHere
  /** Set by `guards.staff`. */
  staff?: StaffHere
  /** Set by `guards.company`: a program of a member company. */
  company?: CompanyHere
  /** Set by `guards.service`: a service with a token of its own. */
  service?: ServiceHere
  /** Who runs the installation in the governance phase in force; absent: as the settings file says. */
  site?: Installation
  /** Parsed form fields; present after the body was read. */
  body?: Record<string, unknown>
  /** The one file of a form that takes one; see upload.ts. */
  upload?: Upload
  /** Extra `form-action` sources of this page. */
  formAction?: string[]
  /** Whether this page carries the one script, for passkeys (I3). */
  script?: boolean
}

export type Ctx = Koa.ParameterizedContext<State>
export type Middleware = Koa.Middleware<State>

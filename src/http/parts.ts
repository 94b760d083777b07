/** What the shared parts of views/parts show. */

/** A sentence in pieces: text, a link, a name that must not break badly, a stressed word, an identifier. */
export type Rich = readonly (
  string | { text: string; href: string } | { name: string } | { strong: string } | { code: string }
)[]

/** views/parts/login_form.eta: sign-in at /login and inside an interaction are the same form. */
export type LoginForm = {
  /** Whom the sign-in is for; undefined at /login itself. */
  service: { name: string; provider: string } | undefined
  /** What was typed, after a failed attempt; the password is never given back. */
  email: string
  /** The last attempt failed; the sentence is the same for every cause. */
  wrong: boolean
  /** Why this page is shown, where that needs saying. */
  notice: 'session_ended' | 'signed_out' | 'password_changed' | undefined
  recoverHref: string
  signupHref: string
  /** Sends the verification mail again. */
  resendHref: string
  /** Back to the service without signing in; undefined at /login itself. */
  cancelHref: string | undefined
}

/** What the two-person box may offer: views/parts/decide.eta prints `t.desk.decide.choices[key]`. */
export type Choice = {
  key: 'propose' | 'approve' | 'giveBack' | 'refuse' | 'withdraw'
  /** Where this button posts `csrf`, `hash` and `note` to. */
  action: string
}

/** views/parts/decide.eta: approve, give back or refuse exactly what was seen. */
export type Decide = {
  /** Hex hash of the revision on this page. */
  hash: string
  /** Only what the reader may do now; empty: the box says why. The first stands out. */
  choices: Choice[]
  /** Why the reader may not approve, where they may not. */
  why?: 'involved' | 'role' | 'state' | 'over' | undefined
  /** Who stood for it, and who approved; undefined: nobody yet. `at` is a text. */
  first?: { name: string; at: string } | undefined
  second?: { name: string; at: string } | undefined
  /** What was typed, and what is wrong with it, after a refused attempt. */
  note?: string | undefined
  fields?: Record<string, string> | undefined
}

/** One line of views/parts/turns.eta; the newest first. */
export type ShownTurn = {
  turn:
    | 'drafted'
    | 'edited'
    | 'submitted'
    | 'returned'
    | 'proposed'
    | 'approved'
    | 'refused'
    | 'withdrawn'
  revision: number
  who: string
  at: string
  note: string | undefined
}

/** A link by itself. */
export type Link = { href: string; text: string }

/** Lines of `dl.facts`. */
export type Facts = [label: string, value: string][]

/** A state as a coloured word. */
export type Chip = { word: string; tone: 'good' | 'warn' | 'bad' | 'still' | 'must' | 'free' }

/** A due date with what is left of it. */
export type Due = { date: string; badge: string; tone: 'late' | 'soon' | 'calm' }

/** What a list of choices offers. */
export type Option = { value: string; label: string }

/** One field of views/duties/form.eta. */
export type Input = {
  name: string
  label: string
  kind: 'line' | 'text' | 'day' | 'moment' | 'count' | 'yen' | 'one' | 'many' | 'select'
  must: boolean
  hint: string | undefined
  error: string | undefined
  value: string
  values: readonly string[]
  /** The first day that can be chosen. */
  min?: string | undefined
  options: Option[]
}

/** views/duties/form.eta: any form about a case, of duties and of requests alike. */
export type CaseForm = {
  path: string
  trail: Link[]
  heading: string
  lead: string
  clause: string
  notes: string[]
  written: Facts
  hidden: [name: string, value: string][]
  inputs: Input[]
  button: string
  /** The button that keeps a draft; undefined: none is kept. */
  keep: string | undefined
  /** There is nothing this could be about: no form then. */
  nothing: string | undefined
}

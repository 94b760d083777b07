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

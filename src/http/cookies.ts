/** Small cookies of our pages: flags and prefixes in one place (G1). */
import type { Ctx } from './state.ts'

type Place = {
  /** Below which path the browser sends it; `/` unless said. */
  path?: string
  /** Seconds; without it the cookie ends with the browser. */
  maxAge?: number
}

const isHttps = (ctx: Ctx) => ctx.state.env.config.issuer.startsWith('https:')

function named(ctx: Ctx, name: string, path: string): string {
  if (!isHttps(ctx)) return name
  return path === '/' ? `__Host-${name}` : `__Secure-${name}`
}

/** Sets a cookie, or takes it away with `null`. HttpOnly, SameSite=Lax, Secure and prefixed where the issuer is https; signed. */
export function putCookie(ctx: Ctx, name: string, value: string | null, place: Place = {}): void {
  const { path = '/', maxAge } = place
  ctx.cookies.set(named(ctx, name, path), value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: isHttps(ctx),
    signed: true,
    overwrite: true,
    path,
    ...(maxAge !== undefined && value !== null && { maxAge: maxAge * 1000 }),
  })
}

/** What `putCookie` set, if this browser sent it unaltered. */
export function cookie(ctx: Ctx, name: string, path = '/'): string | undefined {
  return ctx.cookies.get(named(ctx, name, path), { signed: true })
}

const YEAR = 365 * 86_400

/** The mark of the account this browser was last signed in to: strangers' failures do not slow it down (H3). */
export function knownAs(ctx: Ctx): string | undefined {
  return cookie(ctx, 'device')
}

/** Notes that this browser was signed in to an account; `mark` is residents.deviceOf(). */
export function noteKnown(ctx: Ctx, mark: string): void {
  putCookie(ctx, 'device', mark, { maxAge: YEAR })
}

/** What makes this browser known to the accounts that signed in with it, so that its sign-ins are not news. */
export function browserToken(ctx: Ctx): string | undefined {
  return cookie(ctx, 'browser')
}

/** `token` is residents.meet() or remember(); 13 months, the most there is. */
export function keepBrowserToken(ctx: Ctx, token: string): void {
  putCookie(ctx, 'browser', token, { maxAge: 395 * 86_400 })
}

/** Notes the interaction this browser left to sign up; `until` is when it ends, in Unix seconds. */
export function noteReturn(ctx: Ctx, uid: string, until: number): void {
  const left = until - Math.floor(ctx.state.env.now().getTime() / 1000)
  putCookie(ctx, 'return', `${until}.${uid}`, { maxAge: Math.max(1, left) })
}

/** Takes that note: the interaction to go on with, where it is not over. The second time there is none. */
export function takeReturn(ctx: Ctx): string | undefined {
  const note = cookie(ctx, 'return')
  if (note === undefined) return undefined
  putCookie(ctx, 'return', null)
  const [, until = '', uid] = /^(\d+)\.([\w-]{10,64})$/.exec(note) ?? []
  return Number(until) * 1000 > ctx.state.env.now().getTime() ? uid : undefined
}

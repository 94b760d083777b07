/** What this room keeps in a browser: which text it showed, the secret of a mail's link, that it is known. */
import { cookie, knownAs, putCookie } from '../http/cookies.ts'
import { clientAddress } from '../http/headers.ts'
import type { Ctx } from '../http/state.ts'
import { isLanguage } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import type { Self } from './credentials.ts'
import { ID_TERMS, LINK_KINDS, type LinkKind } from './model.ts'
import type { Shown } from './terms.ts'

const HALF_HOUR = 1800
const SECRET = /^[\w-]{43}$/

/** One name each: having read about one of the two consents is not having read the terms. */
type ShownName = 'shown' | 'shown_terms'

/** Notes that a page with the terms was served now, in this language and version (S-26). */
export function noteShown(ctx: Ctx, path: string, name: ShownName = 'shown'): void {
  const { env, language } = ctx.state
  const { version } = env.templates.inForce(ID_TERMS, env.now())
  putCookie(ctx, name, [env.now().getTime(), language, version].join('.'), { path })
}

/** Which text this browser was shown below `path`; undefined where none was, or none in force now. */
export function shownTo(ctx: Ctx, path: string, name: ShownName = 'shown'): Shown | undefined {
  const [time = '', language = '', version = ''] = cookie(ctx, name, path)?.split('.') ?? []
  if (!/^\d+$/.test(time) || !isLanguage(language)) return undefined
  const { env } = ctx.state
  if (Number(version) !== env.templates.inForce(ID_TERMS, env.now()).version) return undefined
  return { at: new Date(Number(time)), language, version: Number(version) }
}

const linkPath = (kind: LinkKind) => `/link/${kind}`
/** One name per kind: Koa keeps one cookie of a name per response, whatever its path. */
const linkName = (kind: LinkKind) => `link_${kind}`

/** The kind in the address. @throws Refusal not_found */
export function linkKind(ctx: Ctx): LinkKind {
  const asked: unknown = ctx['params'].kind
  const kind = LINK_KINDS.find((name) => name === asked)
  if (!kind) throw new Refusal('not_found')
  return kind
}

/** Takes the secret out of the address: from here on it is in a cookie of that path alone (I5, H19). */
export function keepLink(ctx: Ctx, kind: LinkKind, secret: string): void {
  putCookie(ctx, linkName(kind), secret, { path: linkPath(kind), maxAge: HALF_HOUR })
}

/** The secret of the link this browser opened. @throws Refusal link_expired */
export function linkSecret(ctx: Ctx, kind: LinkKind): string {
  const secret = cookie(ctx, linkName(kind), linkPath(kind))
  if (!secret || !SECRET.test(secret)) throw new Refusal('link_expired')
  return secret
}

export function dropLink(ctx: Ctx, kind: LinkKind): void {
  putCookie(ctx, linkName(kind), null, { path: linkPath(kind) })
}

/** The signed-in resident as credentials.ts asks for it; after `guards.resident`. */
export function selfIn(ctx: Ctx): Self {
  const { resident } = ctx.state
  if (!resident) throw new Refusal('sign_in_required')
  const { residentId, sessionUid } = resident
  return { residentId, sessionUid, address: clientAddress(ctx), device: knownAs(ctx) }
}

export { to } from '../http/redirect.ts'

import { cookie, putCookie } from './cookies.ts'
import type { Ctx, Middleware } from './state.ts'
import { LANGUAGES, isLanguage, type Language } from '../locales/index.ts'

const COOKIE = 'lang'
/** Chosen in the midst of an interaction: stronger there than what the service asks for. */
const COOKIE_HERE = 'lang_here'
const YEAR = 365 * 86_400

/** The address of the interaction a page belongs to, if any. */
const interactionOf = (ctx: Ctx) => /^\/interaction\/[\w-]+/.exec(ctx.path)?.[0]

/**
 * Chooses ja or en: the cookie's choice, then Accept-Language, then Japanese. Before the cookie comes what an
 * interaction's `ui_locales` ask for; after it, what the resident chose for the account. `?lang=` on a page sets the cookie and leads back without it.
 */
export const language: Middleware = async (ctx, next) => {
  const asked = ctx.query['lang']
  if (ctx.method === 'GET' && typeof asked === 'string' && isLanguage(asked)) {
    rememberLanguage(ctx, asked)
    const path = interactionOf(ctx)
    if (path) putCookie(ctx, COOKIE_HERE, asked, { path })
    const rest = new URLSearchParams(ctx.querystring)
    rest.delete('lang')
    ctx.status = 303
    // Two slashes in front would lead to another host.
    ctx.redirect(ctx.path.replace(/^[/\\]{2,}/, '/') + (rest.size ? `?${rest.toString()}` : ''))
    return
  }
  ctx.state.language = chosenLanguage(ctx) ?? byHeader(ctx)
  await next()
}

/** The language this browser chose by the switch, if any. */
export function chosenLanguage(ctx: Ctx): Language | undefined {
  const kept = cookie(ctx, COOKIE)
  return kept !== undefined && isLanguage(kept) ? kept : undefined
}

/** Who is signed in is known now: the language they chose for their account, unless this browser chose one. */
export function settleLanguage(ctx: Ctx, account: Language | undefined): void {
  ctx.state.language = chosenLanguage(ctx) ?? account ?? ctx.state.language
}

/** Somebody signed in with this browser: it keeps the language they chose, unless it chose one. */
export function keepLanguage(ctx: Ctx, account: Language | undefined): void {
  if (account && !chosenLanguage(ctx)) rememberLanguage(ctx, account)
}

export function rememberLanguage(ctx: Ctx, chosen: Language): void {
  putCookie(ctx, COOKIE, chosen, { maxAge: YEAR })
}

/** The language chosen by the switch on a page of this interaction, if any. */
export function chosenHere(ctx: Ctx): Language | undefined {
  const path = interactionOf(ctx)
  const kept = path && cookie(ctx, COOKIE_HERE, path)
  return kept !== undefined && isLanguage(kept) ? kept : undefined
}

/** The first of `ui_locales` (OIDC Core §3.1.2.1) that we speak. */
export function byUiLocales(value: unknown): Language | undefined {
  if (typeof value !== 'string') return undefined
  return value
    .split(' ')
    .map((tag) => tag.split('-')[0] ?? '')
    .find(isLanguage)
}

function byHeader(ctx: Ctx): Language {
  const accepted = ctx.acceptsLanguages([...LANGUAGES])
  return typeof accepted === 'string' && isLanguage(accepted) ? accepted : 'ja'
}

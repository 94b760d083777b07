/** The provider's own pages: protocol errors and RP-initiated logout. */
import { errors, type ErrorOut, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { byUiLocales, chosenLanguage } from '../http/language.ts'
import type { Ctx } from '../http/state.ts'
import { page } from '../http/views.ts'
import { isClientId } from '../input/ids.ts'
import { messages } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import { standing } from '../services/model.ts'
import { currentEnv, serviceOf } from './request.ts'

export type OAuthErrorPage = { title: string; text: string; code: string; reference: string }
const errorPage = page<OAuthErrorPage>('errors/oauth')

/** Codes the page may name; anything else reads as invalid_request, so no attacker text gets through (A2). */
const KNOWN = /^[a-z_]{1,40}$/

/** oidc-provider's renderError: a calm page with a stable code. Nothing of the request is printed. */
export async function renderError(
  ctx: KoaContextWithOIDC,
  out: ErrorOut,
  error: Error,
): Promise<void> {
  const code = codeOf(out, error)
  const outer = spoken(ctx)
  const { refusals, interaction } = messages[outer.state.language ?? 'ja']
  const words = (await stoppedService(ctx)) ?? (code === 'server_error' ? 'defect' : undefined)
  const { title, text } = words ? refusals[words] : interaction.errors(code)
  errorPage(
    outer,
    { title, text, code, reference: outer.state.reference },
    { status: ctx.status, here: '' },
  )
}

function codeOf(out: ErrorOut, error: Error): string {
  if (error instanceof errors.SessionNotFound) return 'session_not_found'
  return KNOWN.test(out.error) ? out.error : 'invalid_request'
}

/** Our context, in the language the request or this browser asks for. */
function spoken(ctx: KoaContextWithOIDC): Ctx {
  const outer = ctx as unknown as Ctx
  const asked = byUiLocales(ctx.query['ui_locales']) ?? chosenLanguage(outer)
  if (asked) outer.state.language = asked
  return outer
}

/** Where the client is a service that may not sign in now, say so without blaming the resident. */
async function stoppedService(
  ctx: KoaContextWithOIDC,
): Promise<'service_not_available' | 'contract_not_in_force' | undefined> {
  const clientId = ctx.query['client_id']
  if (!isClientId(clientId)) return undefined
  const env = currentEnv((ctx as unknown as Ctx).state.env)
  const service = await serviceOf(env, clientId)
  const state = service && standing(service, env.now())
  return state === 'ok' ? undefined : state
}

export type LogoutPage = { action: string; xsrf: string; service: string | undefined }
const logout = page<LogoutPage>('interaction/logout')
const loggedOut = page<{ service: string | undefined }>('interaction/logged_out')

/** RP-initiated logout asks first (G5); the form posts the provider's own token. */
export async function logoutPage(ctx: KoaContextWithOIDC, form: string): Promise<void> {
  const action = /action="([^"]+)"/.exec(form)?.[1] ?? ''
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(form)?.[1] ?? ''
  const uri = ctx.oidc.session?.state?.['postLogoutRedirectUri'] as string | undefined
  const formAction = uri && URL.canParse(uri) ? [originOf(uri)] : []
  const outer = spoken(ctx)
  logout(outer, { action, xsrf, service: await serviceName(ctx) }, { formAction, here: '' })
}

export async function loggedOutPage(ctx: KoaContextWithOIDC): Promise<void> {
  const outer = spoken(ctx)
  loggedOut(outer, { service: await serviceName(ctx) }, { here: '' })
}

type ProviderMiddleware = Parameters<Provider['use']>[0]

/**
 * The library answers some requests with a form that posts itself by a script, which our pages forbid. Where a service
 * asks to sign out and nobody is signed in, the browser goes on at once; elsewhere somebody else signed in meanwhile.
 *
 * @throws Refusal interaction_foreign
 */
export const withoutScript: ProviderMiddleware = async (ctx, next) => {
  await next()
  const { oidc } = ctx as unknown as KoaContextWithOIDC
  if (typeof ctx.body !== 'string' || !ctx.body.includes('<script>')) return
  if (oidc?.route !== 'end_session') throw new Refusal('interaction_foreign')
  const asked = (oidc.session?.state ?? {}) as Record<string, string | undefined>
  ctx.body = null
  ctx.status = 303
  ctx.redirect(afterSignOut(asked))
}

/** Back to the service where it said a registered address (RP-Initiated Logout §3), else to our own page. */
function afterSignOut({
  postLogoutRedirectUri,
  state,
  clientId,
}: Record<string, string | undefined>) {
  if (postLogoutRedirectUri === undefined)
    return `/session/end/success${clientId ? `?client_id=${encodeURIComponent(clientId)}` : ''}`
  const to = new URL(postLogoutRedirectUri)
  if (state !== undefined) to.searchParams.set('state', state)
  return to.toString()
}

async function serviceName(ctx: KoaContextWithOIDC): Promise<string | undefined> {
  const { env, language } = (ctx as unknown as Ctx).state
  const { client } = ctx.oidc
  return client && (await serviceOf(currentEnv(env), client.clientId))?.version.names[language]
}

/** A CSP source for a redirect URI: its origin, or its scheme where a native app has one of its own. */
export function originOf(uri: string): string {
  const url = new URL(uri)
  return url.origin === 'null' ? url.protocol : url.origin
}

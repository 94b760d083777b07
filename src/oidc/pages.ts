/** The provider's own pages: protocol errors and RP-initiated logout. */
import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import type { Ctx } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages } from '../locales/index.ts'
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
  _error: Error,
): Promise<void> {
  const code = KNOWN.test(out.error) ? out.error : 'invalid_request'
  const outer = ctx as unknown as Ctx
  const { refusals, interaction } = messages[outer.state.language ?? 'ja']
  const words = (await stoppedService(ctx)) ?? (code === 'server_error' ? 'defect' : undefined)
  const { title, text } = words ? refusals[words] : interaction.errors(code)
  errorPage(outer, { title, text, code, reference: outer.state.reference }, { status: ctx.status })
}

/** Where the client is a service that may not sign in now, say so without blaming the resident. */
async function stoppedService(
  ctx: KoaContextWithOIDC,
): Promise<'service_not_available' | 'contract_not_in_force' | undefined> {
  const clientId = ctx.query['client_id']
  if (typeof clientId !== 'string' || !/^[\w-]{1,100}$/.test(clientId)) return undefined
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
  logout(
    ctx as unknown as Ctx,
    { action, xsrf, service: ctx.oidc.client?.clientName },
    { formAction },
  )
}

export async function loggedOutPage(ctx: KoaContextWithOIDC): Promise<void> {
  loggedOut(ctx as unknown as Ctx, { service: ctx.oidc.client?.clientName })
}

/** A CSP source for a redirect URI: its origin, or its scheme where a native app has one of its own. */
export function originOf(uri: string): string {
  const url = new URL(uri)
  return url.origin === 'null' ? url.protocol : url.origin
}

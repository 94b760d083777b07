/** What every step of an interaction needs: the interaction itself, its service, and the way back to the provider. */
import { createHash } from 'node:crypto'
import { errors, type Provider } from 'oidc-provider'
import { byUiLocales, chosenHere, chosenLanguage, settleLanguage } from '../http/language.ts'
import { to } from '../http/redirect.ts'
import type { Ctx } from '../http/state.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import * as services from '../services/actions.ts'
import { standing, type ServiceNow } from '../services/model.ts'
import { originOf } from './pages.ts'
import * as store from './store.ts'

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>
export type Result = NonNullable<Interaction['result']>

/**
 * The interaction of this browser. It must belong to the session the browser has now (F2, F13).
 *
 * @throws Refusal interaction_expired, interaction_foreign
 */
export async function open(provider: Provider, ctx: Ctx): Promise<Interaction> {
  const details = await read(provider, ctx)
  const bound = details.session as { uid?: string; accountId?: string } | undefined
  if (bound?.uid && (await provider.Session.get(ctx)).uid !== bound.uid)
    throw new Refusal('interaction_foreign')
  const asked = chosenHere(ctx) ?? byUiLocales(details.params['ui_locales'])
  if (asked) ctx.state.language = asked
  else if (!chosenLanguage(ctx) && bound?.accountId) {
    const account = await residents.byUserId(ctx.state.env, bound.accountId)
    if (account) settleLanguage(ctx, account.chosenLanguage)
  }
  return details
}

async function read(provider: Provider, ctx: Ctx): Promise<Interaction> {
  try {
    const details = await provider.interactionDetails(ctx.req, ctx.res)
    if (details.uid !== ctx['params'].uid) throw new Refusal('interaction_foreign')
    return details
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error
    throw new Refusal((await wasAnswered(ctx)) ? 'already_answered' : 'interaction_expired')
  }
}

/** Whether this interaction led on to its service once: then something may well have been handed over (back button). */
function wasAnswered(ctx: Ctx): Promise<boolean> {
  const uid = String(ctx['params'].uid)
  return store.wasResumed(ctx.state.env.db, createHash('sha256').update(uid).digest())
}

/** The service of an interaction as it stands now. @throws Refusal with the calm reason where it may not sign in */
export async function serviceIn(ctx: Ctx, details: Interaction): Promise<ServiceNow> {
  const { env } = ctx.state
  const service = await services.byClientId(env, String(details.params['client_id']))
  if (!service) throw new Refusal('service_not_available')
  const state = standing(service, env.now())
  if (state !== 'ok') throw new Refusal(state)
  return service
}

/** Sources the page's form may lead to: the service's return addresses and the origins it declared behind them. */
export function formActionOf(service: ServiceNow): string[] {
  return [
    ...new Set([...service.version.redirectUris.map(originOf), ...service.version.landingOrigins]),
  ]
}

/** Hands a result to the provider and leads the browser on. */
export async function finish(ctx: Ctx, details: Interaction, result: Result): Promise<void> {
  details.result = 'error' in result ? result : { ...details.lastSubmission, ...result }
  await details.save(details.exp - Math.floor(ctx.state.env.now().getTime() / 1000))
  to(ctx, details.returnTo)
}

/** Whether the service still has the return address this request came with; a native app's loopback port is its own. */
export function isReturnAlive(service: ServiceNow, details: Interaction): boolean {
  const asked = String(details.params['redirect_uri'])
  const { applicationType, redirectUris } = service.version
  const plain = (uri: string) =>
    applicationType === 'native'
      ? uri.replace(/^(http:\/\/(127\.0\.0\.1|\[::1\]|localhost)):\d+/, '$1')
      : uri
  return redirectUris.some((uri) => plain(uri) === plain(asked))
}

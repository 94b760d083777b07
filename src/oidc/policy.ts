/** When oidc-provider must ask: sign-in, and consent by our own rule alone. */
import { interactionPolicy, type KoaContextWithOIDC, type Grant } from 'oidc-provider'
import type { Item, ItemId } from '../catalogue/model.ts'
import * as consents from '../consents/actions.ts'
import { offerOf, type AskReason } from '../consents/model.ts'
import type { Env } from '../env.ts'
import * as residents from '../residents/actions.ts'
import { release, type Facts } from '../provisions/model.ts'
import { consentText } from '../services/model.ts'
import { mayMeet } from '../services/model.ts'
import { grantPayload } from './grants.ts'
import { currentEnv, grantId, residentOf, serviceOf } from './request.ts'
import { askedItems, keptScope } from './scopes.ts'

/** Why this authorization request needs the screen; set by `loadExistingGrant`, read by the consent check. */
const reasons = new WeakMap<object, AskReason>()

/** Requests of residents who have new terms of the ID to answer first (S-26). */
const termsDue = new WeakSet<object>()

/** The items this authorization request may lead to; set by `loadExistingGrant`, read once nothing is to be asked. */
const granted = new WeakMap<object, ItemId[]>()

const { Check, Prompt, base } = interactionPolicy

export function policy() {
  const prompts = base()
  const login = prompts.get('login')
  login?.checks.add(
    new Check('account_gone', 'the account is gone', 'login_required', (ctx) =>
      ctx.oidc.session?.accountId && !ctx.oidc.account
        ? Check.REQUEST_PROMPT
        : Check.NO_NEED_TO_PROMPT,
    ),
    0,
  )
  const native = prompts.get('consent')?.checks.get('native_client_prompt')
  prompts.remove('consent')
  prompts.add(
    new Prompt(
      { name: 'consent', requestable: true },
      new Check('consent_needed', 'consent is needed', 'consent_required', (ctx) =>
        needsScreen(ctx) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
      ),
      new Check('terms_needed', 'new terms are to be answered', 'consent_required', (ctx) =>
        termsDue.has(ctx) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
      ),
      ...(native ? [native] : []),
    ),
  )
  return prompts
}

/** A changed value alone asks only where somebody is there to answer (R2). */
function needsScreen(ctx: KoaContextWithOIDC): boolean {
  const reason = reasons.get(ctx)
  if (reason === undefined) return false
  return (
    reason !== 'values_changed' || (!ctx.oidc.promptPending('none') && !ctx.oidc.result?.consent)
  )
}

/**
 * For oidc-provider's event `authorization.accepted`, after every prompt and before the code: the request's `profile`
 * becomes the items that were granted, so that the token's scope is true. Not earlier: a screen still to come, and the
 * interaction that keeps the parameters, must know all that was asked.
 */
export function writeTrueScope(ctx: KoaContextWithOIDC): void {
  const { params } = ctx.oidc
  const items = granted.get(ctx)
  if (params && items) params['scope'] = keptScope(params['scope'], items)
}

/** oidc-provider's loadExistingGrant: the consent in force as a Grant, where it covers what is asked. */
export function grantLoader(base: Env, items: readonly Item[]) {
  return async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const env = currentEnv(base)
    const { client, session, params, provider } = ctx.oidc
    const resident = session?.accountId ? await residentOf(env, session.accountId) : undefined
    const service = client ? await serviceOf(env, client.clientId) : undefined
    if (!resident || !service || !session || !params) return undefined
    if (!mayMeet(service, resident.testMemberId ?? null)) {
      // The interaction says so, calmly (step.ts); nothing is asked there.
      reasons.set(ctx, 'new')
      return undefined
    }
    if (await residents.newTerms(env, resident.id)) termsDue.add(ctx)
    const template = env.templates.inForce(consentText(service, env.config.installation), env.now())
    const offer = offerOf(service, askedItems(params, items), template, env.now())
    const asking = await consents.asking(env, resident, offer)
    if (asking.reason) reasons.set(ctx, asking.reason)
    if ((asking.reason && asking.reason !== 'values_changed') || !asking.last) return undefined
    const facts: Facts = {
      at: env.now(),
      standing: asking.last,
      userId: resident.userId,
      testMemberId: resident.testMemberId ?? null,
      provision: asking.provision,
      sessionLive: undefined,
      service,
    }
    const released = release(facts)
    if (released.whyNot) return undefined
    granted.set(
      ctx,
      [...released.items, ...released.spent].map((agreed) => agreed.item),
    )
    const id = grantId(asking.last.agreement.id, session.uid)
    return new provider.Grant(grantPayload(id, facts, released, items))
  }
}

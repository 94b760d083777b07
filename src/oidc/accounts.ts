/** Resident → claims, by the release decision. */
import type { Account, KoaContextWithOIDC } from 'oidc-provider'
import { isItemId, type Item, type ItemId } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import { release } from '../provisions/model.ts'
import { claimsOf } from '../residents/model.ts'
import { currentEnv, factsOf, residentOf } from './request.ts'
import { askedItems } from './scopes.ts'

/**
 * oidc-provider's findAccount. The claims are those of items that release() allows now, in the scope and claims asked;
 * the Grant has filtered them once already, this is the decision itself.
 */
export function accountFinder(base: Env, items: readonly Item[]) {
  return async (ctx: KoaContextWithOIDC, userId: string): Promise<Account | undefined> => {
    const env = currentEnv(base)
    const resident = await residentOf(env, userId)
    if (!resident) return undefined
    return {
      accountId: userId,
      claims: async (use, scope, claims) => {
        const grant = ctx.oidc.entities.Grant?.jti
        const facts = grant === undefined ? undefined : await factsOf(env, grant)
        if (!facts) return { sub: userId }
        const asked = askedFor(use, scope, Object.keys(claims), items)
        const verified = resident.emailVerifiedAt !== null
        const released = release(facts, asked).items.map((agreed) =>
          claimsOf(agreed.item, resident.profile, verified),
        )
        return Object.assign({ sub: userId }, ...released) as { sub: string }
      },
    }
  }
}

/** An ID token carries only what the `claims` parameter put there; attributes go by userinfo (decision 12). */
function askedFor(use: string, scope: string, claims: string[], items: readonly Item[]): ItemId[] {
  const byClaim = items
    .filter((item) => claims.some((claim) => item.claims.includes(claim)))
    .map((item) => item.id)
  const byScope = use === 'id_token' ? [] : askedItems({ scope }, items)
  return [...new Set([...byScope, ...byClaim])].filter(isItemId)
}

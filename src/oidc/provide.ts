/**
 * The doorpost of the one exit: writes the provision record from the fields actually in the answer, inside the
 * transaction that commits before the bytes leave. If it cannot be written, nothing leaves (rule 2, K3).
 */
import { decodeJwt } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Item, ItemId } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import * as provisions from '../provisions/actions.ts'
import { release, withheldOf, type Path } from '../provisions/model.ts'
import { agreementOf, currentEnv, factsOf, residentOf } from './request.ts'
import { askedItems, scopesIn, toldScope } from './scopes.ts'

type Next = () => Promise<unknown>

/** Provider middleware around userinfo, token and introspection. */
export function provide(base: Env, items: readonly Item[]) {
  return async (ctx: KoaContextWithOIDC, next: Next): Promise<void> => {
    await next()
    const route = ctx.oidc?.route
    if (ctx.status >= 400 && (route === 'userinfo' || route === 'token'))
      await noteWhyNot(base, ctx)
    if (ctx.status !== 200) return
    if (route === 'userinfo') await recordBody(base, ctx, 'userinfo', ctx.body as object, items)
    if (route === 'token') await recordIdToken(base, ctx, items)
    if (route === 'token' || route === 'introspection') tellScope(ctx)
    if (route === 'token') tellGrant(ctx)
  }
}

/** A credential of ours that yields nothing: the resident reads why in their history (pages.md R8). */
async function noteWhyNot(base: Env, ctx: KoaContextWithOIDC): Promise<void> {
  const { AccessToken, RefreshToken, AuthorizationCode } = ctx.oidc.entities
  const grant = (AccessToken ?? RefreshToken ?? AuthorizationCode)?.grantId
  const env = currentEnv(base)
  const facts = grant === undefined || ctx.status >= 500 ? undefined : await factsOf(env, grant)
  const whyNot = facts && release(facts).whyNot
  if (facts && whyNot) await provisions.noteRefusal(env, facts, whyNot)
}

async function recordIdToken(
  base: Env,
  ctx: KoaContextWithOIDC,
  items: readonly Item[],
): Promise<void> {
  const { id_token } = ctx.body as { id_token?: string }
  if (id_token) await recordBody(base, ctx, 'id_token', decodeJwt(id_token), items)
}

async function recordBody(
  base: Env,
  ctx: KoaContextWithOIDC,
  path: Path,
  claims: object,
  items: readonly Item[],
): Promise<void> {
  const env = currentEnv(base)
  const { Grant: grant, Account: account } = ctx.oidc.entities
  const facts = grant?.jti === undefined ? undefined : await factsOf(env, grant.jti)
  const resident = account && (await residentOf(env, account.accountId))
  if (!facts || !resident) throw new Error('an answer with claims but without a grant')
  const given = provisions.itemsIn(claims, items)
  const withheld = path === 'userinfo' ? withheldOf(facts, askedIn(ctx, items), given) : {}
  await provisions.record(env, resident, facts, { path, items: given, withheld })
}

/** What userinfo is asked for: the scope of the token, and what its `claims` parameter names. */
function askedIn(ctx: KoaContextWithOIDC, items: readonly Item[]): ItemId[] {
  const token = ctx.oidc.entities.AccessToken
  const named = Object.keys(token?.claims?.userinfo ?? {})
  return [
    ...askedItems({ scope: token?.scope }, items),
    ...items.filter(({ claims }) => claims.some((c) => named.includes(c))).map(({ id }) => id),
  ]
}

/** The scope told to the service: only what still yields something (E5), `profile` where it stands for all its items. */
function tellScope(ctx: KoaContextWithOIDC): void {
  const body = ctx.body as { scope?: string }
  const grant = ctx.oidc.entities.Grant
  if (!body.scope || !grant) return
  body.scope = toldScope(grant.getOIDCScopeFiltered(new Set(scopesIn(body.scope))))
}

/** The id by which the service can look at this grant and end it (`grant_id` of Grant Management): the agreement's. */
function tellGrant(ctx: KoaContextWithOIDC): void {
  const agreement = agreementOf(ctx.oidc.entities.Grant?.jti)
  if (agreement) Object.assign(ctx.body as object, { grant_id: agreement })
}

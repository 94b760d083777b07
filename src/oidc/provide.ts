/**
 * The doorpost of the one exit: writes the provision record from the fields actually in the answer, inside the
 * transaction that commits before the bytes leave. If it cannot be written, nothing leaves (rule 2, K3).
 */
import { Readable } from 'node:stream'
import { decodeJwt } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Item } from '../catalogue/model.ts'
import { atomically, type Env } from '../env.ts'
import type { Ctx, Middleware } from '../http/state.ts'
import * as provisions from '../provisions/actions.ts'
import type { Path } from '../provisions/model.ts'
import { currentEnv, factsOf, residentOf } from './request.ts'
import { scopesIn } from './scopes.ts'

const TRANSACTIONAL = ['/token', '/userinfo', '/token/revocation']

class Undo extends Error {}

/**
 * Makes one transaction of a request that issues or releases: committed for every answer below 500 (a replay's
 * revocations must persist), rolled back otherwise. A failed commit becomes a 500 without data.
 */
export const transaction: Middleware = async (ctx, next) => {
  if (!TRANSACTIONAL.includes(ctx.path) || ctx.method === 'OPTIONS') return next()
  const outer = ctx.state.env
  await readAhead(ctx)
  try {
    await atomically(outer, async (env) => {
      ctx.state.env = env
      await next()
      if (ctx.status >= 500) throw new Undo()
    })
  } catch (error) {
    if (error instanceof Undo) return
    ctx.body = null
    throw error
  } finally {
    ctx.state.env = outer
  }
}

const BODY_LIMIT = 56 * 1024

/** Reads the body before the transaction opens, so that a slow sender holds no connection (R22); the library then reads it from memory. */
async function readAhead(ctx: Ctx): Promise<void> {
  if (ctx.method !== 'POST' || (ctx.request.length ?? 0) > BODY_LIMIT) return
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer)
    if ((size += (chunk as Buffer).length) > BODY_LIMIT) break
  }
  const whole = Buffer.concat(chunks)
  Object.defineProperties(ctx.req, {
    readable: { value: true },
    iterator: { value: () => Readable.from([whole]).iterator() },
  })
}

type Next = () => Promise<unknown>

/** Provider middleware around userinfo, token and introspection. */
export function provide(base: Env, items: readonly Item[]) {
  return async (ctx: KoaContextWithOIDC, next: Next): Promise<void> => {
    await next()
    const route = ctx.oidc?.route
    if (ctx.status !== 200) return
    if (route === 'userinfo') await recordBody(base, ctx, 'userinfo', ctx.body as object, items)
    if (route === 'token') await recordIdToken(base, ctx, items)
    if (route === 'introspection') narrowScope(ctx)
  }
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
  await provisions.record(env, resident, facts, { path, items: provisions.itemsIn(claims, items) })
}

/** Introspection names only scopes that still yield something (E5). */
function narrowScope(ctx: KoaContextWithOIDC): void {
  const body = ctx.body as { active?: boolean; scope?: string }
  const grant = ctx.oidc.entities.Grant
  if (body.active && body.scope && grant)
    body.scope = grant.getOIDCScopeFiltered(new Set(scopesIn(body.scope)))
}

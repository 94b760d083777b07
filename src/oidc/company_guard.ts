/** Programs of companies at /api/v1: a token of ours, in force now, bound to its sender where it says so (D5). */
import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, type JWK } from 'jose'
import type { Provider } from 'oidc-provider'
import * as api from '../api/actions.ts'
import type { Ctx, Middleware } from '../http/state.ts'
import * as members from '../members/actions.ts'
import { marksOf } from '../people/model.ts'
import type { ApiScope, ServiceScope } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as store from './store.ts'

const PROOF_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519']
/** How old or early a proof may be, in seconds (RFC 9449 §11.1). */
const PROOF_SECONDS = 60

/** The guard of `scope`: a program of a company that is not stopped, answered for by a manager who still is one. */
export function companyGuard(provider: () => Provider) {
  return (scope: ApiScope): Middleware => {
    return async (ctx, next) => {
      const found = await recognise(provider(), ctx)
      if (!found) return decline(ctx, 'token_invalid', 'invalid_token')
      if (!found.scopes.includes(scope))
        return decline(ctx, 'scope_missing', 'insufficient_scope', scope)
      ctx.state.company = found.company
      await next()
    }
  }
}

/** The token of `client_credentials` a request brings, where it is ours, in time and shown by whom it is bound to. */
export async function ownToken(provider: Provider, ctx: Ctx) {
  const [scheme = '', value = '', ...more] = ctx.get('authorization').split(' ')
  if (more.length || !/^[\w-]{20,200}$/.test(value)) return undefined
  const token = await provider.ClientCredentials.find(value)
  if (!token?.isValid || !token.clientId) return undefined
  if (scheme.toLowerCase() !== token.tokenType?.toLowerCase()) return undefined
  if (token.jkt && !(await isProven(ctx, value, token.jkt, token.clientId))) return undefined
  const { clientId, jkt, scope = '' } = token
  return { clientId, jkt, scopes: scope.split(' ') }
}

async function recognise(provider: Provider, ctx: Ctx) {
  const token = await ownToken(provider, ctx)
  if (!token) return undefined
  const { env } = ctx.state
  const client = await api.inForce(env, token.clientId)
  const staff = client && (await members.staffInOffice(env, client.createdBy))
  // What a program may do needs a manager at the portal: it may no more than who answers for it (J7).
  if (!client || staff?.role !== 'manager' || (client.dpop && !token.jkt)) return undefined
  const by = { kind: 'staff' as const, id: staff.id, marks: marksOf(env.secrets.people, staff) }
  return {
    company: { memberId: client.memberId, apiClientId: client.id, by },
    scopes: token.scopes.filter((name) => client.scopes.includes(name as ApiScope)),
  }
}

/** RFC 9449 §4.3: the proof is of this key, this address, this token and this moment, and was never seen before. */
async function isProven(ctx: Ctx, token: string, jkt: string, clientId: string): Promise<boolean> {
  const { env } = ctx.state
  const now = env.now()
  try {
    const { payload, protectedHeader } = await jwtVerify(ctx.get('dpop'), EmbeddedJWK, {
      algorithms: PROOF_ALGORITHMS,
      typ: 'dpop+jwt',
      currentDate: now,
    })
    const { htm, htu, ath, iat, jti } = payload as Record<string, unknown>
    const age = Math.abs(Math.floor(now.getTime() / 1000) - Number(iat))
    const fits =
      htm === ctx.method &&
      htu === `${env.config.issuer}${ctx.path}` &&
      ath === createHash('sha256').update(token).digest('base64url') &&
      age <= PROOF_SECONDS &&
      typeof jti === 'string' &&
      jti.length > 0 &&
      (await calculateJwkThumbprint(protectedHeader.jwk as JWK)) === jkt
    if (!fits) return false
    const id = createHash('sha256').update(`dpop ${clientId} ${jti}`).digest()
    return await store.firstUse(env.db, id, new Date(now.getTime() + 2 * PROOF_SECONDS * 1000), now)
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('ERR_J')) return false
    throw error
  }
}

/** RFC 6750 §3: says why, and nothing about the token; nothing at all to who brought none (§3.1). */
export function decline(
  ctx: Ctx,
  reason: 'token_invalid' | 'scope_missing',
  error: string,
  scope?: ApiScope | ServiceScope,
): never {
  const said = /^(bearer|dpop)( |$)/i.test(ctx.get('authorization')) ? `error="${error}", ` : ''
  const rest = scope ? `scope="${scope}", ` : ''
  ctx.set('WWW-Authenticate', [
    `Bearer ${said}${rest}realm="${ctx.state.env.config.issuer}"`,
    `DPoP ${said}algs="${PROOF_ALGORITHMS.join(' ')}"`,
  ])
  throw new Refusal(reason)
}

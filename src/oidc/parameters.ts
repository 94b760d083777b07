/** What an authorization request may say: answers in the query alone, and no more claims than the service may have. */
import { errors, type Client, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import type { Item } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import { ceiling } from '../services/model.ts'
import { currentEnv, serviceOf } from './request.ts'

type ProviderMiddleware = Parameters<Provider['use']>[0]

/**
 * Every other response mode is answered as one nobody knows, in the query (A8): the library would send even the error
 * by the mode asked for, and its form needs a script, which our pages forbid.
 */
export const onlyQuery: ProviderMiddleware = (ctx, next) => {
  const mode = ctx.query['response_mode']
  if (typeof mode === 'string' && mode !== 'query')
    ctx.query = { ...ctx.query, response_mode: 'unsupported' }
  return next()
}

/** More than all claims there are would take, with room for values. */
const CLAIMS_LIMIT = 8192

/** Of the protocol itself; they carry no item. */
const PROTOCOL = ['sub', 'auth_time', 'amr', 'sid']

type Requested = { userinfo?: Record<string, unknown>; id_token?: Record<string, unknown> }

/**
 * oidc-provider's assertClaimsParameter: leaves of the `claims` parameter only what the service may ever receive
 * (A12; OIDC Core §5.5: unknown names are ignored), so that nothing else gets onto the page, into a token or a record.
 *
 * @throws InvalidRequest where it is too long; UnmetAuthenticationRequirements for an `acr` that must be (none is kept)
 */
export function claimsNarrower(base: Env, items: readonly Item[]) {
  return async (ctx: KoaContextWithOIDC, asked: object, client: Client): Promise<void> => {
    const params = ctx.oidc.params as { claims: string }
    if (params.claims.length > CLAIMS_LIMIT)
      throw new errors.InvalidRequest('claims parameter is too long')
    const { userinfo, id_token: idToken } = asked as Requested
    if (isEssential(idToken?.['acr'])) throw new errors.UnmetAuthenticationRequirements()
    const env = currentEnv(base)
    const service = await serviceOf(env, client.clientId)
    const approved = service ? ceiling(service, env.now()).map((item) => item.item) : []
    const groups = items.filter((item) => approved.includes(item.id)).map((item) => item.claims)
    params.claims = JSON.stringify({
      userinfo: narrowed(userinfo ?? {}, groups),
      id_token: narrowed(idToken ?? {}, groups),
    })
  }
}

const isEssential = (request: unknown) =>
  (request as { essential?: unknown } | null | undefined)?.essential === true

/**
 * The names we know. One claim of an item asks for the item, which is always whole; only the wish for one certain `sub`
 * is kept as it is (OIDC Core §5.5.1).
 */
function narrowed(
  asked: Record<string, unknown>,
  groups: readonly (readonly string[])[],
): Record<string, { value: string } | null> {
  const known = [...groups, ...PROTOCOL.map((name) => [name])]
    .filter((group) => group.some((name) => Object.hasOwn(asked, name)))
    .flat()
  const sub = (asked['sub'] as { value?: unknown } | null | undefined)?.value
  return Object.fromEntries(
    known.map((name) => [name, name === 'sub' && typeof sub === 'string' ? { value: sub } : null]),
  )
}

const NOT_TEXT = /[\0\uFFFD]/

/**
 * Whether all texts of a value are whole: no NUL, no broken UTF-8 or UTF-16. Others cannot be stored, or would come
 * back changed (A16).
 */
export function isWhole(value: unknown): boolean {
  if (typeof value === 'string') return !NOT_TEXT.test(value) && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, part]) => isWhole(name) && isWhole(part))
}

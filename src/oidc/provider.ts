/** oidc-provider's configuration as one readable object; the only place that touches its seams. */
import { createHash, timingSafeEqual } from 'node:crypto'
import Keygrip from 'keygrip'
import { Provider, errors, type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import type { Item } from '../catalogue/model.ts'
import { isUnavailable } from '../database/faults.ts'
import type { Env } from '../env.ts'
import * as events from '../events/actions.ts'
import { faultOf } from '../log.ts'
import { API_SCOPES, SERVICE_SCOPES } from '../persons.ts'
import * as residents from '../residents/actions.ts'
import { subjectOf } from '../services/model.ts'
import { accountFinder } from './accounts.ts'
import { adapterFor } from './adapter.ts'
import { deviceOf } from '../http/device.ts'
import { sessionCookieName } from './guards.ts'
import { LIFETIME } from './limits.ts'
import { logoutPage, loggedOutPage, renderError, withoutScript } from './pages.ts'
import { claimsNarrower, onlyQuery } from './parameters.ts'
import { grantLoader, policy, writeTrueScope } from './policy.ts'
import { provide } from './provide.ts'
import { currentEnv, residentOf, serviceOf } from './request.ts'
import { claimsByScope, SCOPES } from './scopes.ts'
import { noteFault, unavailable } from './unavailable.ts'

/** Cookie keys for Koa and the provider alike: different ones break every interaction. */
export function cookieKeys(env: Env): Keygrip {
  return new Keygrip(
    env.secrets.cookie.map((key) => key.toString('base64url')),
    'sha256',
    'base64',
  )
}

export function createProvider(env: Env, items: readonly Item[], keys: Keygrip): Provider {
  const provider = new Provider(env.config.issuer, configuration(env, items, keys))
  provider.proxy = true
  hashClientSecrets(provider)
  tellLater(provider)
  provider.use(unavailable)
  provider.use(withoutScript)
  provider.use(onlyQuery)
  provider.use(followSessions(env))
  provider.use(provide(env, items) as Parameters<Provider['use']>[0])
  provider.on('authorization.accepted', writeTrueScope)
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) => {
    noteFault(ctx, error)
    if (isUnavailable(error)) return
    env.log.error({ event: 'oidc_defect', route: ctx.oidc?.route, ...faultOf(error) })
  })
  return provider
}

function configuration(env: Env, items: readonly Item[], keys: Keygrip): Configuration {
  const https = env.config.issuer.startsWith('https:')
  const cookie = {
    signed: true,
    httpOnly: true,
    sameSite: 'lax',
    secure: https,
    overwrite: true,
  } as const
  return {
    adapter: adapterFor(env, items),
    findAccount: accountFinder(env, items),
    loadExistingGrant: grantLoader(env, items),
    interactions: {
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
      policy: policy(),
    },
    jwks: { keys: env.secrets.signing as never },
    scopes: [...SCOPES, ...API_SCOPES, ...SERVICE_SCOPES],
    claims: claimsByScope(items),
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientAuthMethods: ['private_key_jwt', 'client_secret_basic', 'none'],
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256', 'RS256'],
      clientAuthSigningAlgValues: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
    },
    clientDefaults: {
      id_token_signed_response_alg: 'ES256',
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
    assertJwtClientAuthClaimsAndHeader: assertAssertion(env),
    subjectTypes: ['public', 'pairwise'],
    pairwiseIdentifier: async (_ctx, userId, client) => {
      const service = await serviceOf(currentEnv(env), client.clientId)
      if (!service) throw new errors.InvalidClient('client is gone')
      return subjectOf(env.secrets.pairwise, userId, service)
    },
    features: {
      devInteractions: { enabled: false },
      claimsParameter: { enabled: true, assertClaimsParameter: claimsNarrower(env, items) },
      userinfo: { enabled: true },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true, allowedPolicy: ownToken },
      introspection: { enabled: true, allowedPolicy: ownToken },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: logoutPage,
        postLogoutSuccessSource: loggedOutPage,
      },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: { enabled: false },
      dPoP: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: false },
    },
    routes: { authorization: '/authorize', jwks: '/jwks', token: '/token', userinfo: '/userinfo' },
    cookies: {
      keys: keys as never,
      names: {
        session: sessionCookieName(env.config.issuer),
        interaction: https ? '__Secure-interaction' : 'interaction',
        resume: https ? '__Secure-resume' : 'resume',
      },
      long: { ...cookie, path: '/' },
      short: cookie,
    },
    ttl: {
      AccessToken: LIFETIME.accessToken,
      ClientCredentials: LIFETIME.accessToken,
      AuthorizationCode: LIFETIME.authorizationCode,
      IdToken: LIFETIME.idToken,
      Interaction: LIFETIME.interaction,
      Session: LIFETIME.session,
      Grant: LIFETIME.refreshToken,
      RefreshToken: (ctx) =>
        ctx.oidc.entities.RotatedRefreshToken?.remainingTTL ?? LIFETIME.refreshToken,
    },
    clockTolerance: LIFETIME.clockTolerance,
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    rotateRefreshToken: (ctx) => ctx.oidc.client?.clientAuthMethod === 'none',
    revokeGrantPolicy: () => false,
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    acrValues: [],
    discovery: {
      claims_locales_supported: ['ja-Kana-JP'],
      ui_locales_supported: ['ja', 'en'],
      service_documentation: `${env.config.issuer}/services`,
      op_policy_uri: `${env.config.issuer}/privacy`,
      op_tos_uri: `${env.config.issuer}/terms`,
      // Grant Management for OAuth 2.0 (FAPI): a service looks at its grants and ends them; it never makes one there.
      grant_management_endpoint: `${env.config.issuer}/api/v1/grants`,
      grant_management_actions_supported: ['query', 'revoke'],
      grant_management_action_required: false,
    },
    renderError,
    fetch: async () => {
      throw new Error('no outbound requests')
    },
  }
}

/** Introspection and revocation see only the caller's own tokens (E3, E4, T5). */
const ownToken = async (
  _ctx: unknown,
  client: { clientId: string },
  token: { clientId?: string | undefined },
) => token.clientId === client.clientId

/** `aud` is the issuer string alone, lifetimes are short, and no header brings its own key (C2, C4, C5, T6). */
function assertAssertion(env: Env) {
  return async (
    _ctx: unknown,
    claims: Record<string, unknown>,
    header: Record<string, unknown>,
  ): Promise<void> => {
    const refuse = (why: string) => {
      throw new errors.InvalidClientAuth(why)
    }
    if (claims['aud'] !== env.config.issuer) refuse('aud must be the issuer')
    const now = Math.floor(env.now().getTime() / 1000)
    const exp = Number(claims['exp'])
    if (!Number.isFinite(exp) || exp > now + 300 + LIFETIME.clockTolerance)
      refuse('exp lies too far ahead')
    for (const name of ['iat', 'nbf']) {
      const time = claims[name]
      if (time !== undefined && !(Number(time) <= now + 10)) refuse(`${name} lies ahead`)
    }
    if (['jwk', 'jku', 'x5u', 'x5c'].some((name) => name in header))
      refuse('a header may not bring a key')
  }
}

/** Secrets are stored as SHA-256; the metadata carries the hash and the comparison hashes what came (M1). */
function hashClientSecrets(provider: Provider): void {
  const prototype = provider.Client.prototype as unknown as {
    compareClientSecret: (this: { clientSecret?: string }, given: string) => boolean
  }
  prototype.compareClientSecret = function compareClientSecret(given) {
    const stored = Buffer.from(this.clientSecret ?? '', 'hex')
    const hash = createHash('sha256').update(given).digest()
    return stored.length === hash.length && timingSafeEqual(stored, hash)
  }
}

/**
 * Sign-out is told by the room `events`, later and as often as it takes: the library would call each service within the
 * resident's request, once (G13, T11). Here it only says that it is supported, and puts `sid` into ID tokens.
 */
function tellLater(provider: Provider): void {
  const prototype = provider.Client.prototype as unknown as {
    backchannelLogout: () => Promise<void>
    includeSid: (this: { backchannelLogoutSessionRequired?: boolean }) => boolean
  }
  prototype.backchannelLogout = async () => undefined
  prototype.includeSid = function includeSid() {
    return this.backchannelLogoutSessionRequired === true
  }
}

/** Which services this browser is signed in to, for when that ends. */
async function noteSession(env: Env, { session, client }: KoaContextWithOIDC['oidc']) {
  if (!session?.accountId || !client) return
  const resident = await residentOf(env, session.accountId)
  const service = await serviceOf(env, client.clientId)
  const sid = session.sidFor(client.clientId)
  if (!resident || !service || !sid) return
  const serviceId = service.service.id
  await events.noteSession(env, {
    sessionUid: session.uid,
    serviceId,
    residentId: resident.id,
    memberId: service.member.id,
    subjectType: service.contract.subjectType,
    sid,
  })
}

type ProviderMiddleware = Parameters<Provider['use']>[0]

/** Keeps the list of signed-in browsers in step with the provider's own sign-ins and sign-outs. */
function followSessions(base: Env): ProviderMiddleware {
  return async (ctx, next) => {
    await next()
    const { oidc } = ctx as unknown as KoaContextWithOIDC
    if (!oidc?.session) return
    const env = currentEnv(base)
    if (oidc.route === 'resume' && oidc.result?.login && oidc.session.accountId) {
      const resident = await residentOf(env, oidc.session.accountId)
      if (!resident) return
      await residents.noteSignIn(env, {
        sessionUid: oidc.session.uid,
        residentId: resident.id,
        device: deviceOf(ctx.get('user-agent')),
      })
    }
    if (oidc.route !== 'token' && oidc.entities.AuthorizationCode) await noteSession(env, oidc)
    if (oidc.route === 'end_session_confirm' && (oidc.session as { destroyed?: boolean }).destroyed)
      await residents.endSignIn(env, oidc.session.uid)
  }
}

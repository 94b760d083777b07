/**
 * The OpenID Connect side of a member service, with openid-client and nothing of Machi ID: what a company's developer
 * would write. Authorization code, PKCE, state, nonce and the issuer of the answer are all checked by the library.
 */
import * as oidc from 'openid-client'

export type Client = {
  clientId: string
  clientSecret: string
  /** As registered, byte by byte. */
  redirectUri: string
  postLogoutRedirectUri: string
}

/** What must be remembered between leaving for Machi ID and coming back; one use only. */
export type Pending = { state: string; nonce: string; verifier: string }

export type SignedIn = {
  idToken: string
  accessToken: string
  /** What Machi ID says was granted, which may be less than was asked for. */
  scope: string
  claims: oidc.UserInfoResponse
  /** When Machi ID said so (`iat` of the ID token), in Unix seconds of its clock: what happened before is over. */
  at: number
  /** The session at Machi ID, as its logout tokens name it. */
  sid: string | undefined
  /** What this service and this person agreed: by it the service can end it. */
  grantId: string | undefined
}

/** `all` by the standard scopes that every library knows; `few` by Machi ID's scope per item. */
const SCOPES = { all: 'openid profile email address', few: 'openid name email' } as const
export type Ask = keyof typeof SCOPES

/** One relying party; discovery is done at first use and again where it failed. */
export function relyingParty(issuer: string, client: Client) {
  let found: Promise<oidc.Configuration> | undefined
  const configuration = () => {
    found ??= discover(issuer, client).catch((error: unknown) => {
      found = undefined
      throw error
    })
    return found
  }
  return {
    /** Where to send the browser, and what to remember until it is back. */
    async begin(
      ask: Ask,
      again: boolean,
      language: string,
    ): Promise<{ url: URL; pending: Pending }> {
      const pending = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
      }
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: client.redirectUri,
        scope: SCOPES[ask],
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        ui_locales: language,
        ...(again && { prompt: 'consent' }),
      })
      return { url, pending }
    },

    /**
     * Takes the answer that came back, exchanges the code and fetches what was agreed.
     *
     * @param answer the whole address the browser came back to
     * @throws AuthorizationResponseError (a refusal, for one), or what the library finds wrong
     */
    async finish(answer: URL, pending: Pending): Promise<SignedIn> {
      const config = await configuration()
      const tokens = await oidc.authorizationCodeGrant(config, answer, {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      })
      const idToken = tokens.claims()
      const { sub: subject = '', iat: at = 0 } = idToken ?? {}
      const { sid } = (idToken ?? {}) as { sid?: string }
      const { grant_id: grantId } = tokens as { grant_id?: string }
      return {
        at,
        sid,
        grantId,
        idToken: tokens.id_token ?? '',
        accessToken: tokens.access_token,
        scope: tokens.scope ?? '',
        claims: await oidc.fetchUserInfo(config, tokens.access_token, subject),
      }
    },

    /** Asks once more with the same token: after a withdrawal nothing comes. */
    async fetchAgain(signedIn: SignedIn): Promise<oidc.UserInfoResponse> {
      return oidc.fetchUserInfo(await configuration(), signedIn.accessToken, signedIn.claims.sub)
    },

    /**
     * Ends what was agreed, as if the person had withdrawn at Machi ID (Grant Management). The service asks as itself.
     *
     * @throws Error where Machi ID did not answer that it is done
     */
    async unlink({ grantId = '' }: SignedIn): Promise<void> {
      const config = await configuration()
      const scope = 'grant_management_revoke'
      const { access_token: token } = await oidc.clientCredentialsGrant(config, { scope })
      const endpoint = config.serverMetadata()['grant_management_endpoint'] as string
      const url = new URL(`${endpoint}/${grantId}`)
      const { status } = await oidc.fetchProtectedResource(config, token, url, 'DELETE')
      if (status !== 204) throw new Error(`the grant was not ended: ${status}`)
    },

    /** Where to send the browser to sign out at Machi ID too (RP-initiated logout). */
    async signOutUrl(idToken: string): Promise<URL> {
      return oidc.buildEndSessionUrl(await configuration(), {
        id_token_hint: idToken,
        post_logout_redirect_uri: client.postLogoutRedirectUri,
      })
    },
  }
}

export type RelyingParty = ReturnType<typeof relyingParty>

function discover(issuer: string, client: Client): Promise<oidc.Configuration> {
  const plain = issuer.startsWith('http:')
  return oidc.discovery(
    new URL(issuer),
    client.clientId,
    undefined,
    oidc.ClientSecretBasic(client.clientSecret),
    // Only for a trial on one's own machine: a real issuer speaks https.
    plain ? { execute: [oidc.allowInsecureRequests], timeout: 10 } : { timeout: 10 },
  )
}

/** Why a sign-in or a fetch did not work, as this service tells it. */
export type Trouble = 'refused' | 'not_begun' | 'stopped' | 'unreachable' | 'failed'

/** Reads an error of the library; text of the answer is never shown. */
export function troubleOf(error: unknown): { trouble: Trouble; code?: string } {
  if (error instanceof oidc.AuthorizationResponseError)
    return error.error === 'access_denied'
      ? { trouble: 'refused' }
      : { trouble: 'failed', code: known(error.error) }
  if (error instanceof oidc.WWWAuthenticateChallengeError) return { trouble: 'stopped' }
  if (error instanceof oidc.ResponseBodyError)
    return { trouble: 'failed', code: known(error.error) }
  if (isLost(error)) return { trouble: 'unreachable' }
  return { trouble: 'failed', code: known((error as { code?: string } | null)?.code ?? '') }
}

/** Whether the network failed: the cause of a failed fetch names it. */
function isLost(error: unknown): boolean {
  const {
    code = '',
    name = '',
    cause,
  } = (error ?? {}) as { code?: unknown; name?: string; cause?: unknown }
  if (name === 'TimeoutError' || /^(E[A-Z_]+|UND_ERR_[A-Z_]+|OAUTH_TIMEOUT)$/.test(String(code)))
    return true
  return cause !== undefined && isLost(cause)
}

const known = (code: string) => (/^[A-Za-z_]{1,60}$/.test(code) ? code : 'unknown')

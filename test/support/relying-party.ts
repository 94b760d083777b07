/** An independent relying party: openid-client, discovery and all. */
import * as client from 'openid-client'
import type { MadeService } from './builders.ts'
import type { Browser, Page } from './browser.ts'

export type Attempt = { url: URL; verifier: string; state: string; nonce: string }
export type RelyingParty = Awaited<ReturnType<typeof relyingParty>>

type Options = {
  key?: client.CryptoKey | { key: client.CryptoKey; kid: string }
  publicClient?: boolean
}

export async function relyingParty(issuer: string, service: MadeService, options: Options = {}) {
  const auth = options.publicClient
    ? client.None()
    : options.key
      ? client.PrivateKeyJwt(options.key)
      : client.ClientSecretBasic(service.clientSecret)
  const config = await client.discovery(new URL(issuer), service.clientId, undefined, auth, {
    execute: [client.allowInsecureRequests],
  })

  /** An authorization request of its own. */
  async function begin(scope: string, more: Record<string, string> = {}): Promise<Attempt> {
    const verifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const nonce = client.randomNonce()
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: service.redirectUri,
      scope,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    })
    return { url, verifier, state, nonce }
  }

  /** Redeems the code of the redirect that left us. */
  function redeem(attempt: Attempt, left: Page) {
    const location = left.headers.get('location')
    if (!location)
      throw new Error(
        `no redirect to the service: ${left.status} ${left.url}\n${left.text.slice(0, 2000)}`,
      )
    return client.authorizationCodeGrant(config, new URL(location), {
      pkceCodeVerifier: attempt.verifier,
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
    })
  }

  return {
    config,
    service,
    begin,
    redeem,
    userinfo: (token: string, sub: string) => client.fetchUserInfo(config, token, sub),
    refresh: (token: string, params?: Record<string, string>) =>
      client.refreshTokenGrant(config, token, params),
    introspect: (token: string) => client.tokenIntrospection(config, token),
    revoke: (token: string) => client.tokenRevocation(config, token),

    /** The whole way in one browser: sign in where asked, agree with these optional items, redeem. */
    async signIn(
      browser: Browser,
      person: { email: string; password: string },
      scope: string,
      picked: string[] = [],
      more: Record<string, string> = {},
    ) {
      const attempt = await begin(scope, more)
      let page = await browser.open(attempt.url.toString())
      if (page.text.includes('name="password"')) page = await browser.signIn(page, person)
      if (page.text.includes('name="decision"')) page = await agree(browser, page, picked)
      return redeem(attempt, page)
    },
  }
}

export function agree(browser: Browser, page: Page, picked: readonly string[]): Promise<Page> {
  return browser.submit(page, [
    ...picked.map((item): [string, string] => ['item', item]),
    ['decision', 'agree'],
  ])
}

export function refuse(browser: Browser, page: Page): Promise<Page> {
  return browser.submit(page, { decision: 'refuse' })
}

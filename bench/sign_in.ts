/** What a resident's browser and a company's server do, as far as the bench needs it. */
import { createHash, randomBytes } from 'node:crypto'
import { Browser, type Page } from '../test/support/browser.ts'
import type { Demo } from './server.ts'

export type Service = Demo['services'][number]
export type Person = Demo['residents'][number]

const SCOPE = 'openid name email offline_access'

/** A form for /authorize that asks for `name` and `email`, and the verifier of its code. */
function request(service: Service, more: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id: service.clientId,
    redirect_uri: service.redirectUris[0] ?? '',
    response_type: 'code',
    scope: SCOPE,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  })
  return { path: `/authorize?${query.toString()}`, verifier }
}

/** The address of a request that a signed-in browser passes in silence. */
export const silently = (service: Service) => request(service, { prompt: 'none' }).path

export const basicOf = (service: Service) =>
  `Basic ${Buffer.from(`${service.clientId}:${service.clientSecret}`).toString('base64')}`

export type Tokens = { access_token: string; refresh_token: string }

/** The whole way: sign in, agree where asked, redeem. */
export async function signIn(
  issuer: string,
  service: Service,
  person: Person,
  more: Record<string, string> = {},
): Promise<{ browser: Browser; tokens: Tokens }> {
  const browser = new Browser(issuer)
  const { path, verifier } = request(service, more)
  let page = await browser.signIn(await browser.open(path), person)
  if (page.text.includes('name="decision"'))
    page = await browser.submit(page, { decision: 'agree' })
  const fields = {
    grant_type: 'authorization_code',
    code: codeIn(page),
    code_verifier: verifier,
    redirect_uri: service.redirectUris[0] ?? '',
  }
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: basicOf(service) },
    body: new URLSearchParams(fields),
  })
  if (!answer.ok) throw new Error(`no tokens: ${answer.status} ${await answer.text()}`)
  return { browser, tokens: (await answer.json()) as Tokens }
}

function codeIn(page: Page): string {
  const location = page.headers.get('location')
  const code = location ? new URL(location, page.url).searchParams.get('code') : undefined
  if (!code) throw new Error(`no code: ${page.status} ${page.url}`)
  return code
}

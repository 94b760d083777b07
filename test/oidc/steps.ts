/** The protocol by hand, for tests that must bend it: requests which openid-client would never send. */
import { createHash, randomBytes } from 'node:crypto'
import { Browser, type Page } from '../support/browser.ts'
import { PASSWORD, type MadeService } from '../support/builders.ts'
import { agree } from '../support/relying-party.ts'
import type { Site } from '../support/site.ts'

export type Changes = Record<string, string | undefined>
export type Person = { email: string }

/** Everything that can be asked for, by the scope of each item. */
export const ALL = 'openid name email birth_year sex address'

export const newVerifier = () => randomBytes(32).toString('base64url')
const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

/** A right authorization request with these parameters changed; `undefined` leaves one out. */
export function authorizeParams(
  service: MadeService,
  changes: Changes = {},
  verifier = newVerifier(),
): URLSearchParams {
  const params = new URLSearchParams()
  const fields: Changes = {
    client_id: service.clientId,
    redirect_uri: service.redirectUri,
    response_type: 'code',
    scope: 'openid name email',
    state: 'state-of-the-test',
    nonce: 'nonce-of-the-test',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...changes,
  }
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) params.set(name, value)
  return params
}

export const authorizePath = (service: MadeService, changes: Changes = {}, verifier?: string) =>
  `/authorize?${authorizeParams(service, changes, verifier).toString()}`

/** What came back to the service in the address, query or fragment; undefined where the browser stayed with us. */
export function arrived(page: Page): URLSearchParams | undefined {
  const location = page.headers.get('location')
  if (!location || page.status !== 303) return undefined
  const url = new URL(location, page.url)
  if (url.origin === new URL(page.url).origin) return undefined
  return url.hash ? new URLSearchParams(url.hash.slice(1)) : url.searchParams
}

/** The stable code on an error page of ours. */
export const errorOn = (page: Page) => /data-error="([^"]*)"/.exec(page.text)?.[1]

export const asksPassword = (page: Page) => page.text.includes('name="password"')
export const asksConsent = (page: Page) => page.text.includes('name="decision"')

/** Goes on from any page of an interaction: signs in and agrees where asked, until the browser leaves. */
export async function goOn(
  browser: Browser,
  start: Page,
  person: Person,
  picked: string[] = [],
): Promise<Page> {
  let page = start
  if (asksPassword(page))
    page = await browser.signIn(page, { email: person.email, password: PASSWORD })
  if (asksConsent(page)) page = await agree(browser, page, picked)
  return page
}

export type Code = { code: string; verifier: string; redirectUri: string }

/** A code by the whole way in this browser. */
export async function codeFor(
  browser: Browser,
  service: MadeService,
  person: Person,
  changes: Changes = {},
  picked: string[] = [],
): Promise<Code> {
  const verifier = newVerifier()
  const start = await browser.open(authorizePath(service, changes, verifier))
  const left = await goOn(browser, start, person, picked)
  const code = arrived(left)?.get('code')
  if (!code) throw new Error(`no code: ${left.status} ${left.url}\n${left.text.slice(0, 1500)}`)
  return { code, verifier, redirectUri: changes['redirect_uri'] ?? service.redirectUri }
}

type Json = Record<string, unknown>
export type Answer = { status: number; headers: Headers; text: string; body: Json }

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  const { status, headers } = response
  return { status, headers, text, body: isJson ? (JSON.parse(text) as Json) : {} }
}

export const basic = (id: string, secret: string) =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

/** A form posted to an endpoint of the provider, as the service says who it is. */
export async function post(
  site: Pick<Site, 'issuer'>,
  path: string,
  fields: Changes | [string, string][],
  headers: Record<string, string> = {},
): Promise<Answer> {
  const entries = Array.isArray(fields)
    ? fields
    : Object.entries(fields).filter((e): e is [string, string] => e[1] !== undefined)
  return answerOf(
    await fetch(`${site.issuer}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(entries).toString(),
    }),
  )
}

/** Posts as a confidential service, by its secret. */
export const postAs = (
  site: Pick<Site, 'issuer'>,
  service: MadeService,
  path: string,
  fields: Changes,
) => post(site, path, fields, { authorization: basic(service.clientId, service.clientSecret) })

/** Redeems a code; `changes` bend the request. */
export function redeem(
  site: Pick<Site, 'issuer'>,
  service: MadeService,
  code: Code,
  changes: Changes = {},
): Promise<Answer> {
  return postAs(site, service, '/token', {
    grant_type: 'authorization_code',
    code: code.code,
    code_verifier: code.verifier,
    redirect_uri: code.redirectUri,
    ...changes,
  })
}

export const refresh = (
  site: Pick<Site, 'issuer'>,
  service: MadeService,
  token: string,
  changes: Changes = {},
) =>
  postAs(site, service, '/token', {
    grant_type: 'refresh_token',
    refresh_token: token,
    ...changes,
  })

export async function userinfo(site: Pick<Site, 'issuer'>, token: string): Promise<Answer> {
  return answerOf(
    await fetch(`${site.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } }),
  )
}

export const introspect = (site: Pick<Site, 'issuer'>, service: MadeService, token: string) =>
  postAs(site, service, '/token/introspection', { token })

export const revoke = (site: Pick<Site, 'issuer'>, service: MadeService, token: string) =>
  postAs(site, service, '/token/revocation', { token })

export type Tokens = { access: string; refresh: string; id: string; scope: string }

export function tokensIn(answer: Answer): Tokens {
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.text}`)
  const { access_token, refresh_token, id_token, scope } = answer.body as Record<string, string>
  return {
    access: access_token ?? '',
    refresh: refresh_token ?? '',
    id: id_token ?? '',
    scope: scope ?? '',
  }
}

/** Tokens by the whole way. With a refresh token, the consent is asked by the service itself (OIDC Core §11). */
export async function tokensFor(
  site: Pick<Site, 'issuer'>,
  browser: Browser,
  service: MadeService,
  person: Person,
  changes: Changes = {},
  picked: string[] = [],
): Promise<Tokens> {
  return tokensIn(
    await redeem(site, service, await codeFor(browser, service, person, changes, picked)),
  )
}

/** Asks for a refresh token too. */
export const OFFLINE = { scope: `${ALL} offline_access`, prompt: 'consent' }

/** Asserts nothing: how many answers had each status. */
export function tally(answers: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

// ── what the resident does on their own pages ────────────────────────────────

/** Leaves one item out of the consent. */
export async function narrow(browser: Browser, service: MadeService, out: string): Promise<void> {
  const page = await browser.open(`/account/services/${service.id}/change`)
  const items = [...page.text.matchAll(/name="item" value="(\w+)"/g)].map((match) => match[1] ?? '')
  const kept = items.filter((item) => item !== out)
  await done(
    await browser.submit(page, [
      ...kept.map((item): [string, string] => ['item', item]),
      ['decision', 'change'],
    ]),
  )
}

/** Withdraws, and sees that it is done. */
export async function withdraw(browser: Browser, service: MadeService): Promise<void> {
  const page = await browser.open(`/account/services/${service.id}/withdraw`)
  const after = await browser.submit(page, { decision: 'withdraw' })
  await done(after)
  if (!after.text.includes('撤回しました')) throw new Error('it was not said that it is done')
}

export async function pause(browser: Browser, service: MadeService): Promise<void> {
  const page = await browser.open(`/account/services/${service.id}/pause`)
  await done(await browser.submit(page, { decision: 'pause' }))
}

async function done(page: Page): Promise<void> {
  if (page.status !== 200) throw new Error(`not done: ${page.status} ${page.url}\n${page.text}`)
}

/** A real relying service for a real browser: an HTTP server with openid-client, and a landing page of another origin. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeService, type MadeService, type ServiceAsked } from './builders.ts'
import type { Env } from '../../src/env.ts'
import { relyingParty, type Attempt } from './relying-party.ts'
import type { Page } from './browser.ts'

export type MemberService = Awaited<ReturnType<typeof openMemberService>>

type Options = ServiceAsked & {
  /** The callback forwards to this other origin of the service's. */
  forwards?: boolean
  /** Whether the service declared that origin; by default it did. */
  declares?: boolean
}

const page = (id: string, text: string) =>
  `<!doctype html><html lang="ja"><meta charset="utf-8"><link rel="icon" href="data:,"><title>${id}</title>` +
  `<h1>${id}</h1><pre id="${id}">${text.replaceAll('<', '&lt;')}</pre>`

async function listen(handler: (req: IncomingMessage, res: ServerResponse) => void) {
  const server: Server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { origin, close }
}

/**
 * Opens the service and registers it. `/start?scope=…&prompt=…` sends the browser to sign in; the way ends on a page
 * with the claims as JSON in `#claims`, or with the error code in `#error`.
 */
export async function openMemberService(env: Env, issuer: string, options: Options = {}) {
  const attempts = new Map<string, Attempt>()
  const landed: string[] = []
  const show = (res: ServerResponse, id: string, text: string) => {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(id, text))
  }
  const landing = await listen((_req, res) => show(res, 'claims', landed.at(-1) ?? ''))
  const main = await listen((req, res) => {
    answer(req, res).catch((error: unknown) => show(res, 'fault', String(error)))
  })

  const { forwards, declares = true, ...asked } = options
  const made: MadeService = await makeService(env, {
    redirectUris: [`${main.origin}/callback`],
    landingOrigins: forwards && declares ? [landing.origin] : [],
    ...asked,
  })
  const rp = await relyingParty(issuer, made)

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', main.origin)
    if (url.pathname === '/start') {
      const { scope = 'openid', ...more } = Object.fromEntries(url.searchParams)
      const attempt = await rp.begin(scope, more)
      attempts.set(attempt.state, attempt)
      res.writeHead(303, { location: attempt.url.toString() }).end()
    } else if (url.pathname === '/callback') await callback(url, res)
    else show(res, 'home', '')
  }

  async function callback(url: URL, res: ServerResponse): Promise<void> {
    const error = url.searchParams.get('error')
    const attempt = attempts.get(url.searchParams.get('state') ?? '')
    if (!attempt) return show(res, 'fault', 'unknown state')
    if (error) return show(res, 'error', error)
    const left = { headers: new Headers({ location: url.toString() }) } as Page
    const tokens = await rp.redeem(attempt, left)
    const claims = await rp.userinfo(tokens.access_token, tokens.claims()?.sub ?? '')
    landed.push(JSON.stringify(claims))
    if (forwards) res.writeHead(303, { location: `${landing.origin}/landed` }).end()
    else show(res, 'claims', JSON.stringify(claims))
  }

  return {
    made,
    rp,
    origin: main.origin,
    landingOrigin: landing.origin,
    start: (scope: string, more: Record<string, string> = {}) =>
      `${main.origin}/start?${new URLSearchParams({ scope, ...more }).toString()}`,
    async close() {
      await main.close()
      await landing.close()
    },
  }
}

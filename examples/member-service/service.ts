/** A small member service: one page, a sign-in with Machi ID, and what came of it. Plain node:http, nothing stored. */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { NOTICES, takeNotice } from './intake.ts'
import { noticeReader, type Kind, type Notice } from './notices.ts'
import * as pages from './pages.ts'
import {
  relyingParty,
  troubleOf,
  type Client,
  type Pending,
  type RelyingParty,
  type SignedIn,
} from './relying-party.ts'
import { wordsFor } from './words.ts'

type Visit = {
  pending?: Pending
  signedIn?: SignedIn
  /** What Machi ID told since the last page, or the visitor did here. */
  told?: Kind | 'unlinked'
  seenAt: number
}
type Asked = {
  request: IncomingMessage
  response: ServerResponse
  url: URL
  visit: Visit
  words: ReturnType<typeof wordsFor>
}

const COOKIE = 'machinaka'
const HOUR = 3600_000
const MOST_VISITS = 1000

export type MemberService = { url: string; close: () => Promise<void> }

/**
 * Starts the service.
 *
 * @param settings `port` 0 takes a free one; `client` as registered with the consortium
 * @throws Error EADDRINUSE where the port is taken
 */
export async function startMemberService(settings: {
  port: number
  issuer: string
  client: Client
}): Promise<MemberService> {
  const { issuer, client } = settings
  const answer = answering(relyingParty(issuer, client), settings)
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.port, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://localhost:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answering(party: RelyingParty, { issuer, client }: { issuer: string; client: Client }) {
  const visits = new Map<string, Visit>()
  const reader = noticeReader(issuer, client.clientId)
  const callback = new URL(client.redirectUri)
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const words = wordsFor(request.headers['accept-language'])
    const path = request.url ?? '/'
    const address = callback.origin + path
    if (!URL.canParse(address)) return send(response, 400, pages.notFound(words))
    const url = new URL(address)
    response.setHeader('Content-Security-Policy', policyOf(issuer))
    response.setHeader('X-Content-Type-Options', 'nosniff')
    response.setHeader('Referrer-Policy', 'no-referrer')
    if (url.pathname === '/style.css') return style(response)
    if (request.method === 'POST' && NOTICES.includes(url.pathname))
      return takeNotice(request, response, {
        reader,
        path: url.pathname,
        act: (notice) => apply(notice, visits),
      })
    const asked: Asked = {
      request,
      response,
      url,
      words,
      visit: visitOf(visits, request, response),
    }
    try {
      await route(party, asked, { issuer, callback })
    } catch (error) {
      const { trouble, code } = troubleOf(error)
      if (trouble === 'stopped') delete asked.visit.signedIn
      send(response, trouble === 'unreachable' ? 502 : 200, pages.trouble(words, trouble, code))
    }
  }
}

async function route(
  party: RelyingParty,
  asked: Asked,
  site: { issuer: string; callback: URL },
): Promise<void> {
  const { request, response, url, visit, words } = asked
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (url.pathname === '/sign-out' && request.method === 'POST') return signOut(party, asked)
  if (url.pathname === '/unlink' && request.method === 'POST') return unlink(party, asked)
  if (!reads) return send(response, 405, pages.notFound(words))
  switch (url.pathname) {
    case '/':
      return home(asked, site.issuer)
    case '/sign-in': {
      const ask = url.searchParams.get('ask') === 'few' ? 'few' : 'all'
      const begun = await party.begin(ask, url.searchParams.has('again'), words.language)
      visit.pending = begun.pending
      return redirect(response, begun.url.href)
    }
    case '/again':
      if (visit.signedIn) visit.signedIn.claims = await party.fetchAgain(visit.signedIn)
      return redirect(response, '/')
    case site.callback.pathname:
      return finish(party, asked)
    default:
      return send(response, 404, pages.notFound(words))
  }
}

/** The answer of Machi ID. What was remembered is forgotten first: an answer counts once. */
async function finish(party: RelyingParty, { response, url, visit, words }: Asked): Promise<void> {
  const { pending } = visit
  delete visit.pending
  if (!pending) return send(response, 400, pages.trouble(words, 'not_begun'))
  visit.signedIn = await party.finish(url, pending)
  delete visit.told
  redirect(response, '/')
}

/** What was told is said once. */
function home({ response, visit, words }: Asked, issuer: string): void {
  const { signedIn, told } = visit
  delete visit.told
  send(
    response,
    200,
    signedIn ? pages.received(words, signedIn, issuer, told) : pages.welcome(words, told),
  )
}

/** A form of another site cannot act for our visitor. */
const isOwnForm = ({ headers }: IncomingMessage) =>
  (headers['sec-fetch-site'] ?? 'same-origin') === 'same-origin'

async function unlink(party: RelyingParty, { request, response, visit }: Asked): Promise<void> {
  const { signedIn } = visit
  if (!isOwnForm(request) || !signedIn) return redirect(response, '/')
  await party.unlink(signedIn)
  delete visit.signedIn
  visit.told = 'unlinked'
  redirect(response, '/')
}

async function signOut(party: RelyingParty, { request, response, visit }: Asked): Promise<void> {
  const { signedIn } = visit
  if (!isOwnForm(request) || !signedIn) return redirect(response, '/')
  delete visit.signedIn
  const target = await party.signOutUrl(signedIn.idToken).catch(() => undefined)
  redirect(response, target?.href ?? '/')
}

/**
 * Acts on what was told: who left is signed out here, and what was received of them is forgotten. A notice can come late:
 * who agreed anew and signed in after it happened is not meant by it.
 */
function apply({ kind, sub, sid, at }: Notice, visits: Map<string, Visit>): void {
  for (const visit of visits.values()) {
    const { signedIn } = visit
    if (signedIn?.claims.sub !== sub || (sid !== undefined && signedIn.sid !== sid)) continue
    if (at !== undefined && at < signedIn.at) continue
    visit.told = kind
    if (kind === 'withdrawn' || kind === 'closed' || kind === 'signed_out') delete visit.signedIn
  }
}

function visitOf(
  visits: Map<string, Visit>,
  request: IncomingMessage,
  response: ServerResponse,
): Visit {
  const now = Date.now()
  for (const [id, visit] of visits)
    if (visit.seenAt < now - HOUR || visits.size > MOST_VISITS) visits.delete(id)
  const known = new RegExp(`(?:^|; )${COOKIE}=([\\w-]{43})(?:;|$)`).exec(
    request.headers.cookie ?? '',
  )?.[1]
  const found = known && visits.get(known)
  if (found) {
    found.seenAt = now
    return found
  }
  const id = randomBytes(32).toString('base64url')
  const visit = { seenAt: now }
  visits.set(id, visit)
  response.setHeader('Set-Cookie', `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`)
  return visit
}

const policyOf = (issuer: string) =>
  `default-src 'none'; style-src 'self'; form-action 'self' ${new URL(issuer).origin}; base-uri 'none'; frame-ancestors 'none'`

function send(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
  })
  response.end(html)
}

function style(response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'text/css; charset=utf-8',
    'Cache-Control': 'max-age=3600',
  })
  response.end(pages.stylesheet)
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { Location: to, 'Cache-Control': 'no-store' })
  response.end()
}

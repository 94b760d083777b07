/**
 * The only way out (L8): a POST to an address that somebody registered. https on port 443, the name resolved by us, every
 * address of it public, the connection pinned to one that was looked at, no redirects, an end to time and size. What went
 * wrong before an answer is told in one way alone: a receiver's address is no means of looking around in our network.
 */
import { lookup, Resolver } from 'node:dns/promises'
import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'
import { isDemo } from '../database/demo.ts'
import type { Env } from '../env.ts'
import { LOOPBACK, publicFault, readAddress } from '../input/addresses.ts'
import { isPublicAddress, type Resolve } from '../input/public_addresses.ts'

export type Outgoing = { url: string; type: string; body: string }

/** `text`: of an error, cut at a limit that is enough for RFC 8935 §2.4; of any other answer nothing is read. */
export type Answer = { status: number; text: string }

/** Hosts that need not be public nor https. Empty in production. */
export type Rules = { hosts: readonly string[] }

/** No answer came, for whatever reason. `why` is for our own log, never for a page. */
export class Unreachable extends Error {
  readonly why: string
  constructor(why: string) {
    super('unreachable')
    this.why = why
  }
}

/** From the name to the last byte of the answer. */
const WHOLE_MS = 5_000
/** How long somebody who registers a name waits for what is found out about it. */
const REGISTERING_MS = 1_000
const LONGEST_ANSWER = 16 * 1024

/** Loopback in demo mode; what the configuration names in development (refused in production, M12). */
export async function outboundRules(env: Env): Promise<Rules> {
  const { allowedPrivateHosts } = env.config
  return { hosts: [...allowedPrivateHosts, ...((await isDemo(env)) ? LOOPBACK : [])] }
}

/**
 * Posts and waits for the answer, whatever its status; a redirect is an answer like any other.
 *
 * @param resolve how names are resolved, for tests
 * @throws Unreachable
 */
export async function post(
  asked: Outgoing,
  { hosts }: Rules,
  resolve: Resolve = resolved,
): Promise<Answer> {
  const url = readAddress(asked.url)
  if (typeof url === 'string') throw new Unreachable(url)
  const isAllowed = /^https?:$/.test(url.protocol) && hosts.includes(url.hostname)
  const fault = isAllowed ? undefined : (publicFault(url) ?? (url.port ? 'port' : undefined))
  if (fault) throw new Unreachable(fault)
  const end = AbortSignal.timeout(WHOLE_MS)
  try {
    const address = await before(
      end,
      isAllowed ? known(url) : publicAddressOf(url.hostname, resolve),
    )
    return await exchange(url, address, { asked, end })
  } catch (error) {
    if (error instanceof Unreachable) throw error
    throw new Unreachable(end.aborted ? 'timeout' : String((error as { code?: string }).code))
  }
}

/** A host the configuration names: whatever this machine takes it for. */
async function known(url: URL): Promise<string> {
  return (await lookup(url.hostname.replace(/^\[|\]$/g, ''))).address
}

/** One address of a name, all of whose addresses are public: a name with a private one beside it is not trusted at all. */
async function publicAddressOf(name: string, resolve: Resolve): Promise<string> {
  const addresses = await resolve(name)
  const [first] = addresses
  if (first === undefined) throw new Unreachable('no_address')
  if (!addresses.every(isPublicAddress)) throw new Unreachable('not_public')
  return first
}

/**
 * Whether a name leads into a network that is not public: what is asked when somebody registers it. A name that leads
 * nowhere yet, or whose servers do not answer in time, is not held against anybody: each call looks anew.
 *
 * @param resolve how names are resolved, for tests
 */
export async function leadsInside(
  address: string,
  { hosts }: Rules,
  resolve: Resolve = resolved,
): Promise<boolean> {
  const url = readAddress(address)
  if (typeof url === 'string' || hosts.includes(url.hostname) || publicFault(url)) return false
  try {
    const found = await before(AbortSignal.timeout(REGISTERING_MS), resolve(url.hostname))
    return !found.every(isPublicAddress)
  } catch {
    return false
  }
}

/** Asks the name servers, never /etc/hosts or the local network. IPv4 first: more receivers are reached so. */
async function resolved(name: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: 1500, tries: 2 })
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
}

function before<T>(end: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    end.addEventListener('abort', () => reject(new Unreachable('timeout')), { once: true })
    work.then(resolve, reject)
  })
}

/** Settles whatever is done to the connection, when `end` comes at the latest: a place at the workers' hangs on it. */
function exchange(
  url: URL,
  address: string,
  { asked, end }: { asked: Outgoing; end: AbortSignal },
): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const sent = begin(url, address, asked)
    let begun = false
    const fails = (error: Error) => {
      // Once an answer has begun its status stands, whatever becomes of the rest.
      if (!begun) reject(error)
    }
    const late = () => {
      fails(new Unreachable('timeout'))
      sent.destroy()
    }
    end.addEventListener('abort', late, { once: true })
    if (end.aborted) late()
    sent.on('response', (answer) => {
      begun = true
      void read(answer, end).then(resolve)
    })
    // A 101 hands over the connection; Node tells nothing more of the request after it, not even its end.
    sent.on('upgrade', ({ statusCode = 101 }, socket) => {
      socket.destroy()
      resolve({ status: statusCode, text: '' })
    })
    sent.on('error', fails)
    sent.on('close', () => fails(new Unreachable('closed')))
    sent.end(asked.body)
  })
}

function begin(url: URL, address: string, asked: Outgoing): ClientRequest {
  const options = {
    // The address that was looked at, not the name, which might lead elsewhere by now; the certificate is the name's.
    host: address,
    port: url.port || (url.protocol === 'https:' ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    method: 'POST',
    agent: false,
    headers: {
      host: url.host,
      'content-type': asked.type,
      'content-length': Buffer.byteLength(asked.body),
      accept: 'application/json',
      'user-agent': 'machi-id',
    },
  }
  if (url.protocol !== 'https:') return plainRequest(options)
  return tlsRequest(isIP(url.hostname) ? options : { ...options, servername: url.hostname })
}

/** Reads as much as counts, and hangs up. What is broken off, or drips until `end`, still has its status. */
function read(answer: IncomingMessage, end: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const status = answer.statusCode ?? 0
    const chunks: Buffer[] = []
    let size = 0
    const done = () => {
      resolve({ status, text: Buffer.concat(chunks).toString('utf8').slice(0, LONGEST_ANSWER) })
      answer.destroy()
    }
    answer.on('error', done).on('close', done)
    if (status < 400) return done()
    end.addEventListener('abort', done, { once: true })
    answer.on('end', done).on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if ((size += chunk.length) >= LONGEST_ANSWER) done()
    })
  })
}

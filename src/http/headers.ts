/** What every response carries, errors included (T10, I3–I6), and whose word about the client's address counts (I10). */
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Config } from '../config.ts'
import { Refusal } from '../refusal.ts'
import type { Ctx, Middleware } from './state.ts'

/**
 * The Content-Security-Policy of a page: no script but the one for passkeys where the page carries it, forms only to us
 * and to `formAction`. Chromium checks every hop after a form, so the pages of an interaction name the service's origins.
 */
function contentSecurityPolicy(formAction: readonly string[] = [], script = false): string {
  return [
    "default-src 'none'",
    ...(script ? ["script-src 'self'"] : []),
    "style-src 'self'",
    "img-src 'self' data:",
    `form-action ${["'self'", ...formAction].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

export function headers(config: Config): Middleware {
  const https = config.issuer.startsWith('https:')
  return async (ctx, next) => {
    ctx.set({
      'Content-Security-Policy': contentSecurityPolicy(),
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
      'Cache-Control': 'no-store',
    })
    if (https) ctx.set('Strict-Transport-Security', 'max-age=31536000; includeSubDomains')
    await next()
    const { formAction, script } = ctx.state
    if (formAction || script)
      ctx.set('Content-Security-Policy', contentSecurityPolicy(formAction, script))
  }
}

/** What pages and the provider take; the doors of the API each say it themselves (api/routes.ts). */
const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS']

/** Doors for programs of companies. */
export const isApi = (path: string): boolean => path.startsWith('/api/v1/')

/** What every host of ours answers: the stylesheet, the mark, the script. */
const SHARED = /^\/(style\.[0-9a-f]+\.css|passkey\.[0-9a-f]+\.js|icon\.svg)$/

/** The origin a path belongs to: console, portal, or everything else (G9). */
export function originOf(config: Config, path: string): string {
  if (/^\/admin(\/|$)/.test(path)) return config.adminOrigin
  if (/^\/company(\/|$)/.test(path)) return config.companyOrigin
  return config.issuer
}

/**
 * Lets X-Forwarded-* count only from TRUSTED_PROXIES, refuses a foreign Host, and fixes protocol and host to our own.
 * A page that belongs to another of our hosts is not found here (G9).
 */
export function origin(config: Config): Middleware {
  const trusted = blockList(config.trustedProxies)
  const issuer = new URL(config.issuer)
  const hosts = [config.issuer, config.adminOrigin, config.companyOrigin].map(hostOf)
  return async (ctx, next) => {
    const peer = plainAddress(ctx.req.socket.remoteAddress ?? '')
    const fromProxy = isTrusted(trusted, peer)
    const given = ctx.req.headers
    const host = (fromProxy && first(given['x-forwarded-host'])) || given.host || ''
    const client = fromProxy ? clientBehind(trusted, given['x-forwarded-for'], peer) : peer
    delete given['forwarded']
    given['x-forwarded-for'] = client
    given['x-forwarded-proto'] = issuer.protocol.slice(0, -1)
    const known = hosts.find((name) => name === host.toLowerCase())
    given['x-forwarded-host'] = known ?? issuer.host
    if (!ctx.path.startsWith('/healthz/')) {
      if (!known) throw new Refusal('host_not_allowed')
      if (!SHARED.test(ctx.path) && known !== hostOf(originOf(config, ctx.path)))
        throw new Refusal('not_found')
    }
    if (!isApi(ctx.path) && !METHODS.includes(ctx.method)) throw new Refusal('method_not_allowed')
    await next()
  }
}

const hostOf = (address: string) => new URL(address).host
const first = (value: string | string[] | undefined) =>
  String(value ?? '')
    .split(',')[0]
    ?.trim()
const plainAddress = (address: string) => address.replace(/^::ffff:/, '')

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix) list.addSubnet(address, Number(prefix), family)
    else list.addAddress(address, family)
  }
  return list
}

function isTrusted(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** The nearest address from the right of X-Forwarded-For that is not one of our proxies. */
function clientBehind(
  list: BlockList,
  header: string | string[] | undefined,
  peer: string,
): string {
  const hops = String(header ?? '')
    .split(',')
    .map((s) => plainAddress(s.trim()))
    .filter((s) => isIP(s))
  return hops.reverse().find((hop) => !isTrusted(list, hop)) ?? peer
}

/** The address a throttle counts by: an IPv6 client by its /64, however it is written. */
export function clientAddress(ctx: Ctx): string {
  return isIPv6(ctx.ip) ? networkOf(ctx.ip) : ctx.ip
}

/** The first four of the eight groups of an IPv6 address. */
function networkOf(address: string): string {
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, '')}]`)
  const [head = [], tail] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter(Boolean))
  const left = tail ? 8 - head.length - tail.length : 0
  return [...head, ...Array<string>(left).fill('0'), ...(tail ?? [])].slice(0, 4).join(':')
}

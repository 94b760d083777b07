/**
 * Where a service may be led back to (A3; RFC 9700 §2.1 and §2.6, RFC 8252 §7, RFC 9207), and where it may be told of
 * events (L8). Judged once, when registered; what is called is judged again at each call (http/outbound.ts).
 */
import { LOOPBACK, publicFault, readAddress, type AddressRule } from '../input/addresses.ts'

export type RedirectRule =
  | AddressRule
  | 'address_port'
  | 'address_leads_inside'
  | 'redirect_scheme'
  | 'redirect_reserved_parameter'
  | 'landing_not_origin'

export type RedirectTerms = {
  native: boolean
  /** Whether http on loopback is accepted for a web service: demo mode only. */
  loopback: boolean
}

/** What our own answer adds, or a browser could take for it. */
const RESERVED = [
  'code',
  'state',
  'iss',
  'error',
  'error_description',
  'error_uri',
  'response',
  'access_token',
  'id_token',
]
/** RFC 8252 §7.1: a scheme of the application's own is a domain name turned round. */
const OWN_SCHEME = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:$/

/** What is wrong with a redirect URI, or undefined. It is compared byte by byte later, so it must be written normally. */
export function redirectFault(text: string, terms: RedirectTerms): RedirectRule | undefined {
  const scheme = URL.canParse(text) ? new URL(text).protocol : ''
  const web = scheme === 'https:' || scheme === 'http:'
  if (scheme && !web && !(terms.native && OWN_SCHEME.test(scheme))) return 'redirect_scheme'
  const url = readAddress(text)
  if (typeof url === 'string') return url
  const reserved = [...url.searchParams.keys()].some((key) => RESERVED.includes(key.toLowerCase()))
  if (reserved) return 'redirect_reserved_parameter'
  if (!web || isLoopback(url, terms)) return undefined
  return publicFault(url)
}

/** An origin a callback forwards to: nothing but scheme, host and port. */
export function landingFault(text: string, terms: RedirectTerms): RedirectRule | undefined {
  const url = readAddress(`${text}/`)
  if (typeof url === 'string') return url
  if (url.origin !== text) return 'landing_not_origin'
  return isLoopback(url, terms) ? undefined : publicFault(url)
}

/** Where we shall call one day: https, a public name, port 443 and no other (L8). */
export function receiverFault(
  text: string,
  { loopback }: Pick<RedirectTerms, 'loopback'>,
): RedirectRule | undefined {
  const url = readAddress(text)
  if (typeof url === 'string') return url
  if (isLoopback(url, { native: false, loopback })) return undefined
  return publicFault(url) ?? (url.port ? 'address_port' : undefined)
}

const isLoopback = (url: URL, terms: RedirectTerms) =>
  url.protocol === 'http:' && LOOPBACK.includes(url.hostname) && (terms.native || terms.loopback)

/** Hosts of the redirect URIs: a pairwise `sub` needs exactly one (OIDC Core §8.1). */
export function hostsOf(uris: readonly string[]): Set<string> {
  return new Set(uris.map((uri) => (URL.canParse(uri) ? new URL(uri).host : uri)))
}

/** How addresses on the web may be written when somebody registers them (A3, L8, L10). One parser: WHATWG URL. */
import { isIP } from 'node:net'

export type AddressRule =
  | 'address_not_readable'
  | 'address_not_normal'
  | 'address_not_https'
  | 'address_private_host'
  | 'address_number_host'
  | 'address_wildcard'
  | 'address_user'
  | 'address_fragment'
  | 'address_too_long'

const LONGEST = 500
const PRIVATE =
  /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home|corp|private|arpa|onion|test|invalid)$/

export const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** Reads an address that is written exactly as the parser would write it; else names the fault. */
export function readAddress(text: string): URL | AddressRule {
  if (text.length > LONGEST) return 'address_too_long'
  if (text.includes('*')) return 'address_wildcard'
  if (!URL.canParse(text)) return 'address_not_readable'
  const url = new URL(text)
  if (url.username || url.password || /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(text))
    return 'address_user'
  if (text.includes('#')) return 'address_fragment'
  return url.href === text ? url : 'address_not_normal'
}

/** What keeps an address from being a public https one, or undefined. */
export function publicFault(url: URL): AddressRule | undefined {
  if (url.protocol !== 'https:') return 'address_not_https'
  const host = url.hostname.replace(/\.$/, '')
  if (isIP(host) || host.startsWith('[')) return 'address_number_host'
  if (PRIVATE.test(host) || !host.includes('.') || host !== url.hostname)
    return 'address_private_host'
  return undefined
}

/** What is wrong with the address of a page (terms, policy, a company's site), or undefined. */
export function webAddressFault(text: string): AddressRule | undefined {
  const url = readAddress(/^https?:\/\/[^/?#]+$/.test(text) ? `${text}/` : text)
  return typeof url === 'string' ? url : publicFault(url)
}

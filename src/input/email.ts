/** One canonical form of a mail address, so that one mailbox is one account (H24). */
import { domainToASCII } from 'node:url'

/** RFC 5321 §4.5.3.1: local part 64 octets, path 254 as commonly counted. */
const LOCAL = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/
const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*$/
const LONGEST = 254

/**
 * Trims, NFKC, lower case, no dot at the end, internationalised domains in their ASCII form (RFC 5891).
 * Dots in the local part stay as they are: several Japanese carriers gave out addresses such as `a..b.@`.
 *
 * @returns undefined where the text is no mail address
 */
export function canonicalEmail(typed: string): string | undefined {
  if (typed.length > 4 * LONGEST) return undefined
  const text = typed.normalize('NFKC').trim().toLowerCase().replace(/\.$/, '')
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  const domain = domainToASCII(text.slice(at + 1))
  const whole = `${local}@${domain}`
  return at > 0 && LOCAL.test(local) && DOMAIN.test(domain) && whole.length <= LONGEST
    ? whole
    : undefined
}

/** ha•••••@example.jp: recognisable to its owner, not to a passer-by (look.md §8). */
export function maskedEmail(email: string): string {
  const [local = '', domain = ''] = email.split('@')
  return `${local.slice(0, local.length > 2 ? 2 : 1)}•••••@${domain}`
}

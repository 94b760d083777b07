/** Guessing is slow, for known and unknown accounts alike, and never locks an owner out for good (H3–H7). */
import { count, forget, uncount, type Limit } from '../database/limits.ts'
import type { Env } from '../env.ts'
import { Refusal } from '../refusal.ts'
import { keyed } from '../vault.ts'

const MINUTE = 60
const DAY = 86_400
/** One account from one address. */
const PAIR: Limit = { name: 'login_pair', points: 5, seconds: MINUTE }
/** One account from anywhere. */
const ACCOUNT: Limit = { name: 'login_account', points: 10, seconds: MINUTE }
/** Consecutive failures per authenticator (63B §3.2.2): a new password by mail begins anew. */
const LONG: Limit = { name: 'login_long', points: 100, seconds: DAY }
/** One account from a browser that has been signed in to it: what strangers do does not count there. */
const KNOWN: Limit = { name: 'login_known', points: 5, seconds: MINUTE }
const ADDRESS: Limit = { name: 'login_address', points: 20, seconds: MINUTE }
/** Neighbouring addresses: an IPv4 /24, an IPv6 /48. */
const NET: Limit = { name: 'login_net', points: 100, seconds: MINUTE }
/** Forms that write mails: sign-up, resend, recovery. */
const FORMS: Limit = { name: 'mail_forms', points: 300, seconds: 3600 }
/** Passwords tried behind the link of one sign-up. */
const CONFIRMING: Limit = { name: 'confirming', points: 10, seconds: MINUTE }

export type Attempt = {
  /** Keyed hash of the canonical address: unknown accounts are counted like known ones. */
  account: string
  /** Of the client, from http/headers.ts; undefined for what has none (the seed). */
  address: string | undefined
  /** The browser's `device` cookie. */
  device?: string | undefined
}

export type Begun = {
  /** Failures before this attempt in the window of its last counter: a day, for a browser not known. */
  failures: number
  /** Right: the account's counters begin anew, and the attempt does not count against the address (H7). */
  succeeded(): Promise<void>
}

/**
 * Counts an attempt before anything is compared (H6). What one limit refuses does not count in the next, so that
 * hammering from one place does not use up the owner's tries.
 *
 * @throws Refusal too_many_attempts
 */
export async function begin(env: Env, attempt: Attempt): Promise<Begun> {
  const { account, address } = attempt
  const shared: [Limit, string][] = address
    ? [
        [ADDRESS, address],
        [NET, netOf(address)],
      ]
    : []
  const known = attempt.device !== undefined && attempt.device === deviceMark(env, account)
  const own: [Limit, string][] = known
    ? [[KNOWN, account]]
    : [
        [PAIR, `${account} ${address}`],
        [ACCOUNT, account],
        [LONG, account],
      ]
  let failures = 0
  for (const [limit, key] of [...shared, ...own]) {
    const counted = await count(env, limit, key)
    if (!counted.within) {
      env.log.warn({ event: 'too_many_attempts', by: limit.name })
      throw new Refusal('too_many_attempts')
    }
    failures = counted.count - 1
  }
  return {
    failures,
    async succeeded() {
      for (const [limit, key] of own) await forget(env, limit, key)
      for (const [limit, key] of shared) await uncount(env, limit, key)
    },
  }
}

/** After a new password was set by mail: the owner is let in at once. */
export async function begunAnew(env: Env, account: string): Promise<void> {
  for (const limit of [ACCOUNT, LONG, KNOWN]) await forget(env, limit, account)
}

/** Counts one use of a form that writes mails. @throws Refusal too_many_attempts */
export async function countForm(env: Env, address: string | undefined): Promise<void> {
  if (address && !(await count(env, FORMS, address)).within) throw new Refusal('too_many_attempts')
}

/** Counts one password typed behind the link of a sign-up. @throws Refusal too_many_attempts */
export async function countConfirming(env: Env, residentId: string): Promise<void> {
  if (!(await count(env, CONFIRMING, residentId)).within) throw new Refusal('too_many_attempts')
}

/** Value of the `device` cookie of a browser that has been signed in to this account; tells nothing by itself. */
export function deviceMark(env: Env, account: string): string {
  return keyed(env.secrets.throttle, `device:${account}`).toString('base64url')
}

function netOf(address: string): string {
  return address.includes(':')
    ? address.split(':').slice(0, 3).join(':')
    : address.split('.').slice(0, 3).join('.')
}

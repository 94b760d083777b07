/** Guessing is slow, for known and unknown accounts alike, and never locks an owner out for good (H3–H7). */
import { count, forget, isSpent, uncount, type Limit } from '../database/limits.ts'
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
/** The same for a day: a stolen device's guesses end too. */
const KNOWN_LONG: Limit = { name: 'login_known_long', points: 100, seconds: DAY }
/** Failures from one address, which many people may share: right passwords never count, not even while checked (H7). */
const ADDRESS: Limit = { name: 'login_address', points: 20, seconds: MINUTE }
/** Neighbouring addresses: an IPv4 /24, an IPv6 /48. */
const NET: Limit = { name: 'login_net', points: 100, seconds: MINUTE }
/** What is being checked for one address at a moment: bounds what a burst adds to its failures. */
const IN_FLIGHT: Limit = { name: 'login_in_flight', points: 100, seconds: MINUTE }
/** Forms that write mails: sign-up, resend, recovery. */
const FORMS: Limit = { name: 'mail_forms', points: 300, seconds: 3600 }
/** Passwords tried behind the link of one sign-up. */
const CONFIRMING: Limit = { name: 'confirming', points: 10, seconds: MINUTE }

export type Attempt = {
  /** Keyed hash of the canonical address: unknown accounts are counted like known ones. */
  account: string
  /** As stored; null where there is no such account or no password. */
  passwordHash: string | null
  /** Of the client, from http/headers.ts; undefined for what has none (the seed). */
  address: string | undefined
  /** The browser's `device` cookie. */
  device?: string | undefined
}

export type Tried = {
  right: boolean
  /** Failures before this attempt, in a day. */
  failures: number
}

/**
 * Checks a password by `check`, unless there were too many attempts. The account's counters are raised before anything
 * is compared (H6) and begin anew when it was right (H7). What one limit refuses does not count in the next, so that
 * hammering from one place does not use up the owner's tries.
 *
 * @throws Refusal too_many_attempts
 */
export async function tried(
  env: Env,
  attempt: Attempt,
  check: () => Promise<boolean>,
): Promise<Tried> {
  const { address } = attempt
  if (address === undefined) return onAccount(env, attempt, check)
  const shared: [Limit, string][] = [
    [ADDRESS, address],
    [NET, netOf(address)],
  ]
  for (const [limit, key] of shared) if (await isSpent(env, limit, key)) refuse(env, limit)
  if (!(await count(env, IN_FLIGHT, address)).within) refuse(env, IN_FLIGHT)
  try {
    const done = await onAccount(env, attempt, check)
    if (!done.right) for (const [limit, key] of shared) await count(env, limit, key)
    return done
  } finally {
    await uncount(env, IN_FLIGHT, address)
  }
}

async function onAccount(
  env: Env,
  attempt: Attempt,
  check: () => Promise<boolean>,
): Promise<Tried> {
  const limits = limitsOf(env, attempt)
  let failures = 0
  for (const [limit, key] of limits) {
    const counted = await count(env, limit, key)
    if (!counted.within) refuse(env, limit)
    failures = counted.count - 1
  }
  const right = await check()
  if (right) for (const [limit, key] of limits) await forget(env, limit, key)
  return { right, failures }
}

/** The counters of one account for this browser; the last one is that of a day. */
function limitsOf(env: Env, attempt: Attempt): [Limit, string][] {
  const { account, passwordHash, device, address } = attempt
  const isKnown =
    device !== undefined &&
    passwordHash !== null &&
    device === deviceMark(env, account, passwordHash)
  return isKnown
    ? [
        [KNOWN, account],
        [KNOWN_LONG, account],
      ]
    : [
        [PAIR, `${account} ${address}`],
        [ACCOUNT, account],
        [LONG, account],
      ]
}

function refuse(env: Env, limit: Limit): never {
  env.log.warn({ event: 'too_many_attempts', by: limit.name })
  throw new Refusal('too_many_attempts')
}

/** After a new password was set by mail: the owner is let in at once. */
export async function begunAnew(env: Env, account: string): Promise<void> {
  for (const limit of [ACCOUNT, LONG, KNOWN, KNOWN_LONG]) await forget(env, limit, account)
}

/** Counts one use of a form that writes mails. @throws Refusal too_many_attempts */
export async function countForm(env: Env, address: string | undefined): Promise<void> {
  if (address && !(await count(env, FORMS, address)).within) throw new Refusal('too_many_attempts')
}

/** Counts one password typed behind the link of a sign-up. @throws Refusal too_many_attempts */
export async function countConfirming(env: Env, residentId: string): Promise<void> {
  if (!(await count(env, CONFIRMING, residentId)).within) throw new Refusal('too_many_attempts')
}

/**
 * Value of the `device` cookie of a browser that has been signed in to this account; tells nothing by itself. A new
 * password ends it.
 */
export function deviceMark(env: Env, account: string, passwordHash: string): string {
  return keyed(env.secrets.throttle, `device:${account}:${passwordHash}`).toString('base64url')
}

function netOf(address: string): string {
  return address.includes(':')
    ? address.split(':').slice(0, 3).join(':')
    : address.split('.').slice(0, 3).join('.')
}

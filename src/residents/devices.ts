/** Sign-ins from a browser that the account does not know are told by mail (field 22; ADR 16). */
import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { count, type Limit } from '../database/limits.ts'
import { atomically, type Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import * as store from './device_store.ts'
import * as links from './links.ts'
import { KNOWN_DAYS, type Resident } from './model.ts'
import { usableLinks } from './store.ts'

/** What a browser shows of itself at sign-in. */
export type Browser = {
  /** Its `browser` cookie, if it has one. */
  token: string | undefined
  /** Browser and system family. */
  device: string
}

/**
 * A browser signed in. Where the account knows it, that is one statement; where not, the owner is written to, save at
 * the first sign-in after sign-up.
 *
 * @returns what the browser keeps from now on
 */
export async function meet(env: Env, resident: Resident, browser: Browser): Promise<string> {
  const { token } = browser
  const times = { at: env.now(), since: knownSince(env.now()) }
  if (token && (await store.seen(env.db, resident.id, hashOf(token), times))) return token
  return atomically(env, async (env) => {
    const kept = await remember(env, resident.id, token)
    if (!(await store.firstSignIn(env.db, resident.id))) await tell(env, resident, browser.device)
    return kept
  })
}

/**
 * Makes a browser known without a letter: its holder just proved more than a password. What it held before is worth
 * nothing any more, so that nobody can plant a token that they know.
 */
export async function remember(
  env: Env,
  residentId: string,
  token: string | undefined,
): Promise<string> {
  const kept = env.newSecret()
  const before = token === undefined ? undefined : hashOf(token)
  await atomically(env, (env) =>
    store.add(env.db, residentId, hashOf(kept), { before, at: env.now() }),
  )
  return kept
}

/** Letters of new devices to one account: whoever has the password floods no mailbox; the first ones have told (H23). */
const LETTERS: Limit = { name: 'new_device', points: 10, seconds: 3600 }

/**
 * To the address of the account, and to each that it had in the last three days: whoever took the account over may have
 * changed the address first. Each letter has a link of its own, which knows its address.
 */
async function tell(env: Env, resident: Resident, device: string): Promise<void> {
  const { language, profile } = resident
  if (!(await count(env, LETTERS, resident.id)).within) return
  const undo = await usableLinks(env.db, resident.id, 'undo_email', env.now())
  const old = undo.map((link) => links.carried(link, resident))
  const addresses = [...new Set([profile.email, ...old])]
  for (const to of addresses) {
    const link = await links.issue(env, 'not_me', resident, to)
    await notices.send(env, {
      to,
      language,
      letter: 'new_device',
      values: { link: link.href, at: words(language).dateTime(env.now()), device },
      about: link.id,
    })
  }
  await audit.record(env, {
    actor: { kind: 'resident', id: resident.id },
    act: 'residents.new_device',
    object: { kind: 'resident', id: resident.id },
    details: { letters: addresses.length },
  })
}

/** Browsers seen last before this are new again. */
export function knownSince(now: Date): Date {
  return new Date(now.getTime() - KNOWN_DAYS * 86_400_000)
}

const hashOf = (token: string) => createHash('sha256').update(token).digest()

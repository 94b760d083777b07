/** Confirming the address of a sign-up: the mail, and the button behind its link. Nothing here signs anybody in. */
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { Refusal } from '../refusal.ts'
import { emailIndex, opened } from './accounts.ts'
import { canonicalEmail } from '../input/email.ts'
import { isPassword } from '../passwords/hashing.ts'
import * as links from './links.ts'
import type { Resident } from './model.ts'
import { canonicalPassword, isHashable } from '../passwords/rules.ts'
import * as store from './store.ts'
import { countConfirming, countForm } from '../passwords/throttle.ts'

/** Of how many waiting sign-ups of one address the mail is sent again: the newest. */
const SENT_AGAIN = 3

/** The address has an account already: its owner learns that by mail alone (H1). */
export async function tellOwner(env: Env, owner: Resident): Promise<void> {
  await notices.send(env, {
    to: owner.profile.email,
    language: owner.language,
    letter: 'already_registered',
    values: { link: `${env.config.issuer}/login`, at: words(owner.language).dateTime(env.now()) },
  })
}

/** A mail with a new link; earlier ones go on working until one of them is used. */
export async function sendVerification(env: Env, resident: Resident): Promise<void> {
  const link = await links.issue(env, 'verify', resident)
  await notices.send(env, {
    to: resident.profile.email,
    language: resident.language,
    letter: 'verify',
    values: { link: link.href, at: words(resident.language).dateTime(env.now()) },
    about: link.id,
  })
}

/** The mail once more for the newest sign-ups that wait at an address. Joins the transaction of `env`. */
export async function sendAgain(env: Env, index: Buffer): Promise<void> {
  for (const row of await store.pendingAt(env.db, index, SENT_AGAIN))
    await sendVerification(env, opened(env, row))
}

/**
 * The verification mail once more, where there is a sign-up that waits for it; the answer is the same for all (H1).
 *
 * @throws Refusal invalid_input, too_many_attempts
 */
export async function resendVerification(
  env: Env,
  asked: { email: string; address: string | undefined },
): Promise<void> {
  const email = canonicalEmail(asked.email)
  if (!email) throw new Refusal('invalid_input', { fields: { email: 'email' } })
  await countForm(env, asked.address)
  await atomically(env, async (env) => {
    const index = emailIndex(env, email)
    await store.lockAddress(env.db, index)
    const row = await store.byEmail(env.db, index)
    if (row) await tellOwner(env, opened(env, row))
    else await sendAgain(env, index)
  })
}

/** Whether more than one sign-up waits at the address of this one: then its link also needs its password. */
export async function hasRivals(env: Env, { profile }: Resident): Promise<boolean> {
  return (await store.pendingAt(env.db, emailIndex(env, profile.email), 2)).length > 1
}

/**
 * Confirms an address: the button behind the link. Other sign-ups of the address are erased by key. Where there are
 * some, the link alone does not tell whose sign-up it belongs to, since a stranger's mail comes to the same box: the
 * password chosen at sign-up does (H22).
 *
 * @param typed that password; undefined where it was not asked for
 * @throws Refusal link_expired; invalid_input at `password`; too_many_attempts
 */
export async function verifyEmail(env: Env, secret: string, typed?: string): Promise<void> {
  const residentId = await links.holder(env, 'verify', secret)
  const row = residentId ? await store.byId(env.db, residentId) : undefined
  if (!row?.pending_index) throw new Refusal('link_expired')
  const { id, pending_index: index } = row
  const isOwn = typed !== undefined && (await isPasswordOf(env, row, typed))
  await atomically(env, async (env) => {
    await store.lockAddress(env.db, index)
    const waiting = await store.lockPending(env.db, index)
    await links.consume(env, 'verify', secret)
    if (!waiting.includes(id) || (await store.byEmail(env.db, index)))
      throw new Refusal('link_expired')
    const rivals = waiting.filter((other) => other !== id)
    if (rivals.length && !isOwn)
      throw new Refusal('invalid_input', { fields: { password: 'password_of_sign_up' } })
    await store.erase(env.db, rivals, env.now())
    await store.confirm(env.db, id, index, env.now())
    await store.killLinks(env.db, id, ['verify'], env.now())
    await audit.record(env, {
      actor: { kind: 'resident', id },
      act: 'residents.verify_email',
      object: { kind: 'resident', id },
      details: { others_erased: rivals.length },
    })
  })
}

async function isPasswordOf(env: Env, row: store.Row, typed: string): Promise<boolean> {
  await countConfirming(env, row.id)
  const password = canonicalPassword(typed)
  return isHashable(password) && isPassword(password, row.password_hash, env.secrets.pepper)
}

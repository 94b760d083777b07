/** The account's own part of its closing (M8): asked for, called off, erased by key. Consents are not this room's. */
import * as audit from '../audit/actions.ts'
import type { Env } from '../env.ts'
import * as notices from '../notices/actions.ts'
import { begunAnew } from '../passwords/throttle.ts'
import { emailIndex, need } from './accounts.ts'
import { checkPassword, type Self } from './credentials.ts'
import type { Resident } from './model.ts'
import * as store from './store.ts'

/** An undo link stays: whoever changed the address and closed the account must not have the last word (H22). */
const LINKS_THAT_DIE = ['verify', 'recover', 'change_email'] as const

/** That it is the owner who asks. @throws Refusal invalid_input at `password`, too_many_attempts, not_found */
export function confirmOwner(env: Env, self: Self, password: string): Promise<Resident> {
  return checkPassword(env, self, password, 'password')
}

/**
 * Notes that the account closes at a moment. Joins the transaction of `env`; of many at once the first counts.
 *
 * @returns whether this call was the one
 * @throws Refusal not_found where it is closed already
 */
export async function beginClosing(env: Env, residentId: string, closesAt: Date): Promise<boolean> {
  await store.lock(env.db, residentId)
  const { resident } = await need(env, residentId)
  if (resident.closesAt) return false
  const at = env.now()
  await store.update(env.db, residentId, { closing_asked_at: at, closes_at: closesAt })
  await store.killLinks(env.db, residentId, LINKS_THAT_DIE, at)
  await note(env, residentId, 'closing')
  return true
}

/** The account goes on. Joins the transaction of `env`. @returns whether it was closing @throws Refusal not_found */
export async function callOffClosing(env: Env, residentId: string): Promise<boolean> {
  await store.lock(env.db, residentId)
  const { resident } = await need(env, residentId)
  if (!resident.closesAt) return false
  await store.update(env.db, residentId, { closing_asked_at: null, closes_at: null })
  await note(env, residentId, 'kept')
  return true
}

async function note(env: Env, id: string, what: 'closing' | 'kept'): Promise<void> {
  await store.insertChanges(env.db, [{ id: env.newId(), residentId: id, what, at: env.now() }])
  await audit.record(env, {
    actor: { kind: 'resident', id },
    act: what === 'closing' ? 'residents.closing_begun' : 'residents.closing_called_off',
    object: { kind: 'resident', id },
  })
}

/** Some of the accounts whose waiting period is over. */
export function closingDue(env: Env, most: number): Promise<string[]> {
  return store.closingDue(env.db, env.now(), most)
}

/**
 * Erases an account whose time is over: its key, and with it every value sealed under it; its password, its address,
 * its browsers. The row stays, a number without a person, since evidence points at it. Joins the transaction of `env`.
 *
 * @param lastWord called while the account can still be read
 * @returns its shared user ID; undefined where it was closed or called off meanwhile
 */
export async function erase(
  env: Env,
  residentId: string,
  lastWord: (resident: Resident) => Promise<void>,
): Promise<string | undefined> {
  await store.lock(env.db, residentId)
  const row = await store.byId(env.db, residentId)
  if (!row?.closes_at || row.closes_at > env.now()) return undefined
  const { resident } = await need(env, residentId)
  await lastWord(resident)
  await begunAnew(env, emailIndex(env, resident.profile.email).toString('hex'))
  await store.forgetSignIns(env.db, residentId)
  await notices.forget(env, [residentId])
  await store.erase(env.db, [residentId], env.now())
  await audit.record(env, {
    actor: { kind: 'system' },
    act: 'residents.closed',
    object: { kind: 'resident', id: residentId },
  })
  return resident.userId
}

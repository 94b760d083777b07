import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import type { Env } from '../env.ts'
import { SESSION, type Area, type Session } from './model.ts'
import * as store from './store.ts'

const hash = (bearer: string) => createHash('sha256').update(bearer).digest()
const ago = (env: Env, seconds: number) => new Date(env.now().getTime() - seconds * 1000)

/** Seen this often at most, so that reading pages does not write rows. */
const TOUCH_SECONDS = 60

/**
 * Opens a session for somebody who has just shown every factor.
 *
 * @returns the bearer value for the cookie; only its hash is kept (M1)
 */
export async function openSession(
  env: Env,
  area: Area,
  { holderId, device }: { holderId: string; device: string },
): Promise<string> {
  const bearer = env.newSecret()
  await store.insertSession(env.db, area, { idHash: hash(bearer), holderId, device, at: env.now() })
  await audit.record(env, {
    actor: { kind: area, id: holderId },
    act: 'people.sign_in',
    object: { kind: area, id: holderId },
  })
  return bearer
}

/** The session of a cookie, where it is neither over nor too old (G3); moves its idle limit on. */
export async function recognise(
  env: Env,
  area: Area,
  bearer: string,
): Promise<Session | undefined> {
  const { idle, absolute } = SESSION[area]
  const found = await store.session(env.db, area, hash(bearer), {
    idle: ago(env, idle),
    absolute: ago(env, absolute),
  })
  if (found && found.seenAt < ago(env, TOUCH_SECONDS))
    await store.touchSession(env.db, area, found.id, env.now())
  return found
}

/**
 * The same session with a factor shown just now, under a new bearer value (G2, J6).
 *
 * @returns the value for the cookie; undefined where the session ended meanwhile
 */
export async function stepUp(
  env: Env,
  area: Area,
  session: { id: string; holderId: string },
): Promise<string | undefined> {
  const bearer = env.newSecret()
  const renewed = { idHash: hash(bearer), at: env.now() }
  if (!(await store.renewSession(env.db, area, session.id, renewed))) return undefined
  await audit.record(env, {
    actor: { kind: area, id: session.holderId },
    act: 'people.confirm',
    object: { kind: area, id: session.holderId },
  })
  return bearer
}

/** The sessions of somebody that go on now, newest first (G6). */
export function sessionsOf(env: Env, area: Area, holderId: string): Promise<Session[]> {
  const { idle, absolute } = SESSION[area]
  const since = { idle: ago(env, idle), absolute: ago(env, absolute) }
  return store.sessionsOf(env.db, area, holderId, since)
}

/** Ends one session. */
export function endSession(env: Env, area: Area, sessionId: string): Promise<void> {
  return store.endSession(env.db, area, sessionId, env.now())
}

/** Ends the sessions of these people at once (J9). */
export function endSessions(
  env: Env,
  area: Area,
  holderIds: readonly string[],
  except?: string,
): Promise<void> {
  return store.endSessions(env.db, area, holderIds, { at: env.now(), except })
}

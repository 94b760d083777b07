/** Password, then code: a session begins only after both (H13, H15, H17). */
import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { count, forget, type Limit } from '../database/limits.ts'
import { atomically, type Env } from '../env.ts'
import { canonicalEmail } from '../input/email.ts'
import { hashPassword, isOutdated, isPassword } from '../passwords/hashing.ts'
import { canonicalPassword, isHashable } from '../passwords/rules.ts'
import { deviceMark, tried } from '../passwords/throttle.ts'
import { Refusal } from '../refusal.ts'
import { unseal } from '../vault.ts'
import * as store from './factor_store.ts'
import { STEP_SECONDS, STEP_TRIES, type Area, type Holder } from './model.ts'
import { timeStepOf } from './totp.ts'

/** Wrong codes of one account, whatever page asks for them; a password does not begin this anew (H5, H15). */
const CODES: Limit = { name: 'people_codes', points: 10, seconds: 300 }
const CODES_LONG: Limit = { name: 'people_codes_long', points: 100, seconds: 86_400 }

export type PasswordTyped = {
  email: string
  password: string
  /** Of the client: `clientAddress(ctx)`. */
  address: string | undefined
  /** The browser's mark of this account: what strangers do does not slow it down (H4). */
  device: string | undefined
}

const hash = (bearer: string) => createHash('sha256').update(bearer).digest()
const after = (env: Env, seconds: number) => new Date(env.now().getTime() + seconds * 1000)
const accountOf = (area: Area, email: string) => `${area}:${email}`

/**
 * The first step. Unknown, wrong, without a code, out of office: one answer, as slow (H1, H2).
 *
 * @param isInOffice of the area's door
 * @returns the bearer value of the second step, and the mark of a known browser
 * @throws Refusal too_many_attempts
 */
export async function passwordStep(
  env: Env,
  area: Area,
  typed: PasswordTyped,
  isInOffice: (env: Env, holderId: string) => Promise<boolean>,
): Promise<{ step: string; device: string } | undefined> {
  const email = canonicalEmail(typed.email) ?? `no address: ${typed.email.slice(0, 320)}`
  const holder = await store.byEmail(env.db, area, email)
  // A password alone opens nothing: without the seed of the codes it is as good as none (H13).
  const passwordHash = (holder?.totpSealed && holder.passwordHash) || null
  const password = canonicalPassword(typed.password)
  const account = accountOf(area, email)
  const attempt = { account, passwordHash, address: typed.address, device: typed.device }
  const { right } = await tried(
    env,
    attempt,
    async () => isHashable(password) && isPassword(password, passwordHash, env.secrets.pepper),
  )
  if (!right || !holder || !passwordHash || !(await isInOffice(env, holder.id))) {
    await failed(env, area, holder?.id)
    return undefined
  }
  if (isOutdated(passwordHash)) {
    const anew = await hashPassword(password, env.secrets.pepper)
    await store.upgradePassword(env.db, area, holder.id, anew)
  }
  const step = env.newSecret()
  const [at, expiresAt] = [env.now(), after(env, STEP_SECONDS)]
  await store.insertStep(env.db, { idHash: hash(step), area, holderId: holder.id, at, expiresAt })
  return { step, device: deviceMark(env, account, passwordHash) }
}

/** Whether a second step waits for this browser. */
export async function isStepStanding(env: Env, area: Area, step: string): Promise<boolean> {
  const bounds = { at: env.now(), tries: STEP_TRIES }
  return (await store.standingStep(env.db, area, hash(step), bounds)) !== undefined
}

/**
 * The second step.
 *
 * @returns who has now shown both; undefined where the code is wrong
 * @throws Refusal sign_in_required where no step stands, too_many_attempts
 */
export async function codeStep(
  env: Env,
  area: Area,
  { step, code }: { step: string; code: string },
): Promise<string | undefined> {
  const bounds = { at: env.now(), tries: STEP_TRIES }
  const holderId = await store.tryStep(env.db, area, hash(step), bounds)
  if (!holderId) throw new Refusal('sign_in_required')
  const right = await isCode(env, area, holderId, code)
  if (!right || !(await store.useStep(env.db, hash(step), env.now()))) {
    await failed(env, area, holderId)
    return undefined
  }
  return holderId
}

/**
 * Whether a code of this account's app is right; each counts once, also in parallel (H15).
 *
 * @throws Refusal too_many_attempts
 */
export async function isCode(
  env: Env,
  area: Area,
  holderId: string,
  code: string,
): Promise<boolean> {
  const key = accountOf(area, holderId)
  for (const limit of [CODES, CODES_LONG])
    if (!(await count(env, limit, key)).within) throw new Refusal('too_many_attempts')
  const right = await atomically(env, async (env) => {
    const holder = await store.byId(env.db, area, holderId)
    const seed = holder && seedOf(env, holder)
    const step = seed === undefined ? undefined : timeStepOf(seed, code, env.now())
    return step !== undefined && store.useTimeStep(env.db, area, holderId, step)
  })
  if (right) for (const limit of [CODES, CODES_LONG]) await forget(env, limit, key)
  return right
}

function seedOf(env: Env, { id, totpSealed }: Holder): string | undefined {
  return totpSealed ? unseal(env.secrets.people, totpSealed, id).toString() : undefined
}

/** Writes that somebody did not get in. */
export async function failed(env: Env, area: Area, holderId: string | undefined): Promise<void> {
  await audit.record(env, {
    actor: { kind: 'anonymous' },
    act: 'people.sign_in_failed',
    ...(holderId && { object: { kind: area, id: holderId } }),
    details: { area },
  })
}

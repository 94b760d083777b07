/** What somebody can sign in with: at least one passkey, or password and codes; never less, never none (H13, H16). */
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { hashPassword } from '../passwords/hashing.ts'
import { canonicalPassword, passwordFault } from '../passwords/rules.ts'
import { Refusal } from '../refusal.ts'
import { seal, unseal } from '../vault.ts'
import * as store from './factor_store.ts'
import { BASE, originOf, type Area, type Holder, type Passkey } from './model.ts'
import type { NewPasskey } from './passkeys.ts'
import * as sessions from './sessions.ts'
import { newSeed, timeStepOf } from './totp.ts'

export type Factors = { holder: Holder; passkeys: Passkey[]; hasPassword: boolean }

/** @throws Refusal not_found */
export async function factorsOf(env: Env, area: Area, holderId: string): Promise<Factors> {
  const holder = await store.byId(env.db, area, holderId)
  if (!holder) throw new Refusal('not_found')
  const passkeys = await store.passkeysOf(env.db, area, holderId)
  return { holder, passkeys, hasPassword: holder.totpSealed !== null }
}

/** Who changes a factor of their own, from which session. */
export type Own = { area: Area; holderId: string; session: string; language: Language }

type FactorChange = 'passkey_added' | 'passkey_removed' | 'password_set' | 'password_removed'

/** Adds a passkey. @throws Refusal invalid_input where the credential is known already */
export function addPasskey(env: Env, own: Own, made: NewPasskey, name: string): Promise<void> {
  return atomically(env, async (env) => {
    await insertPasskey(env, own, made, name)
    await tell(env, own, 'passkey_added')
  })
}

/** Keeps a passkey that was just made. @throws Refusal invalid_input */
export async function insertPasskey(
  env: Env,
  { area, holderId }: Pick<Own, 'area' | 'holderId'>,
  made: NewPasskey,
  name: string,
): Promise<void> {
  const row = { ...made, id: env.newId(), holderId, name, createdAt: env.now() }
  if (!(await store.insertPasskey(env.db, area, row)))
    throw new Refusal('invalid_input', { fields: { credential: 'passkey_known' } })
}

/** @throws Refusal not_found; invalid_input where nothing would be left to sign in with */
export function removePasskey(env: Env, own: Own, id: string): Promise<void> {
  return atomically(env, async (env) => {
    const { area, holderId } = own
    await store.hold(env.db, area, holderId)
    const { passkeys, hasPassword } = await factorsOf(env, area, holderId)
    if (!passkeys.some((one) => one.id === id)) throw new Refusal('not_found')
    if (passkeys.length === 1 && !hasPassword)
      throw new Refusal('invalid_input', { fields: { passkey: 'last_factor' } })
    await store.endPasskeys(env.db, area, holderId, { at: env.now(), id })
    await tell(env, own, 'passkey_removed')
  })
}

export type PasswordSet = {
  password: string
  /** As `sealedSeed` made it. */
  seed: string
  code: string
  /** The browser's form token. */
  browser: string
}

/** Sets password and codes, both anew. @throws Refusal invalid_input */
export async function setPassword(env: Env, own: Own, typed: PasswordSet): Promise<void> {
  const row = await readPassword(env, own, typed)
  await atomically(env, async (env) => {
    await store.hold(env.db, own.area, own.holderId)
    await store.setPassword(env.db, own.area, own.holderId, row)
    await tell(env, own, 'password_set')
  })
}

/** @throws Refusal invalid_input where nothing would be left to sign in with */
export function removePassword(env: Env, own: Own): Promise<void> {
  return atomically(env, async (env) => {
    const { area, holderId } = own
    await store.hold(env.db, area, holderId)
    const { passkeys } = await factorsOf(env, area, holderId)
    if (!passkeys.length)
      throw new Refusal('invalid_input', { fields: { password: 'last_factor' } })
    await store.setPassword(env.db, area, holderId, NOTHING)
    await tell(env, own, 'password_removed')
  })
}

const NOTHING = { passwordHash: null, totpSealed: null, step: null }

/** Ends everything somebody could sign in with, and every session. @returns whether there was anything */
export async function endFactors(env: Env, area: Area, holderId: string): Promise<boolean> {
  await store.hold(env.db, area, holderId)
  const { passkeys, hasPassword } = await factorsOf(env, area, holderId)
  await store.setPassword(env.db, area, holderId, NOTHING)
  await store.endPasskeys(env.db, area, holderId, { at: env.now() })
  await sessions.endSessions(env, area, [holderId])
  return hasPassword || passkeys.length > 0
}

type Whose = { area: Area; holderId: string }
const seedContext = ({ area, holderId }: Whose, browser: string) =>
  `seed:${area}:${holderId}:${browser}`

/** A new seed for a form, and the same sealed for its hidden field: nothing is kept before a first code (H15). */
export function offeredSeed(
  env: Env,
  whose: Whose,
  browser: string,
  sealed?: string,
): { seed: string; sealed: string } {
  const known = sealed === undefined ? undefined : openedSeed(env, whose, browser, sealed)
  if (known && sealed !== undefined) return { seed: known, sealed }
  const seed = newSeed()
  const fresh = seal(env.secrets.people, seed, seedContext(whose, browser))
  return { seed, sealed: fresh.toString('base64url') }
}

function openedSeed(env: Env, whose: Whose, browser: string, sealed: string): string | undefined {
  try {
    const bytes = Buffer.from(sealed, 'base64url')
    return unseal(env.secrets.people, bytes, seedContext(whose, browser)).toString()
  } catch {
    return undefined
  }
}

/**
 * What a form with password and first code sets.
 *
 * @throws Refusal invalid_input with a message per field
 */
export async function readPassword(env: Env, whose: Whose, typed: PasswordSet) {
  const { area, holderId } = whose
  const { holder } = await factorsOf(env, area, holderId)
  const password = canonicalPassword(typed.password)
  const { ja, en } = env.config.installation.consortium
  const fault = await passwordFault(password, [holder.email, holder.name, ja, en])
  const seed = openedSeed(env, whose, typed.browser, typed.seed)
  const step = seed === undefined ? undefined : timeStepOf(seed, typed.code, env.now())
  if (fault || seed === undefined || step === undefined)
    throw new Refusal('invalid_input', {
      fields: {
        ...(fault && { password: fault }),
        ...(step === undefined && { code: 'code_wrong' }),
      },
    })
  return {
    passwordHash: await hashPassword(password, env.secrets.pepper),
    totpSealed: seal(env.secrets.people, seed, holderId),
    step,
  }
}

/** Audit, a mail to the owner, and the other sessions end (G7, H16). */
async function tell(env: Env, own: Own, change: FactorChange): Promise<void> {
  const { area, holderId, session, language } = own
  await sessions.endSessions(env, area, [holderId], session)
  await audit.record(env, {
    actor: { kind: area, id: holderId },
    act: `people.${change}`,
    object: { kind: area, id: holderId },
  })
  const { holder } = await factorsOf(env, area, holderId)
  await notices.send(env, {
    to: holder.email,
    language,
    letter: 'people_factor_changed',
    values: {
      link: `${originOf(env.config, area)}${BASE[area]}/account`,
      at: words(language).dateTime(env.now()),
      change,
    },
  })
}

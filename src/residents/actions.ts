import * as audit from '../audit/actions.ts'
import { closeGate } from '../database/gate.ts'
import { atomically, type Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { Refusal } from '../refusal.ts'
import { changed, emailIndex, need, opened, read, sealedProfile } from './accounts.ts'
import { canonicalEmail } from '../input/email.ts'
import { readProfile } from './fields.ts'
import { hashPassword, isOutdated, isPassword } from '../passwords/hashing.ts'
import { tellOfProfile, tellOfTerms } from './letters.ts'
import { ID_TERMS, itemsOf, type Resident, type TermKind, type Terms, type Typed } from './model.ts'
import { canonicalPassword, isHashable } from '../passwords/rules.ts'
import * as store from './store.ts'
import { recordAnswer, type Shown } from './terms.ts'
import { deviceMark, tried } from '../passwords/throttle.ts'

export { lookUp, profileForm, typedIn, typedOf } from './form.ts'
export { maskedEmail } from '../input/email.ts'
export { notMeLink } from './links.ts'
export { newTerms } from './new_terms.ts'
export { enrol } from './signup.ts'
export { meet } from './devices.ts'
export { beginClosing, callOffClosing, closingDue, confirmOwner, erase } from './closing.ts'
export type { Self } from './credentials.ts'
export { endTestPerson, makeTestPerson, MOST_TEST_PERSONS, testPersons } from './test_persons.ts'

/** The stored form of a password, also of people who are no residents: one cost and one pepper for all (H11, H12). */
export function passwordHash(env: Env, password: string): Promise<string> {
  return hashPassword(canonicalPassword(password), env.secrets.pepper)
}

/** From so many failures in a day on, the owner is written to when somebody then gets in (H7). */
const WORTH_A_LETTER = 10

export type SigningIn = {
  email: string
  password: string
  /** Of the client: `clientAddress(ctx)`. */
  address: string | undefined
  /** The browser's `device` cookie. */
  device?: string | undefined
}

/**
 * Whose mail address and password these are. Unknown address, wrong password, unconfirmed address and closed account
 * answer alike and take as long (H1, H2).
 *
 * @throws Refusal too_many_attempts, not_ready
 */
export async function authenticate(env: Env, asked: SigningIn): Promise<Resident | undefined> {
  const email = canonicalEmail(asked.email)
  const index = emailIndex(env, email ?? `no address: ${asked.email.slice(0, 320)}`)
  const account = index.toString('hex')
  const row = await store.byEmail(env.db, index)
  const passwordHash = row?.password_hash ?? null
  const password = canonicalPassword(asked.password)
  const { address, device } = asked
  const { right, failures } = await tried(
    env,
    { account, passwordHash, address, device },
    async () => isHashable(password) && isPassword(password, passwordHash, env.secrets.pepper),
  )
  if (!right || !row || !passwordHash) {
    await audit.record(env, {
      actor: { kind: 'anonymous' },
      act: 'residents.sign_in_failed',
      ...(row && { object: { kind: 'resident', id: row.id } }),
    })
    return undefined
  }
  const resident = opened(env, row)
  if (isOutdated(passwordHash))
    await store.update(env.db, row.id, {
      password_hash: await hashPassword(password, env.secrets.pepper),
    })
  if (failures >= WORTH_A_LETTER) await tellOfFailures(env, resident, failures)
  return resident
}

async function tellOfFailures(env: Env, resident: Resident, failures: number): Promise<void> {
  const { language, profile } = resident
  const at = words(language).dateTime(env.now())
  const values = { link: `${env.config.issuer}/recover`, at, failures }
  await notices.send(env, { to: profile.email, language, letter: 'sign_in_after_failures', values })
}

/**
 * Value of the `device` cookie for a browser that just signed in: strangers' failures do not slow it down (H3).
 *
 * @throws Refusal not_found where the account is closed, or has no password, meanwhile
 */
export async function deviceOf(env: Env, residentId: string): Promise<string> {
  const { row, resident } = await need(env, residentId)
  if (!row.password_hash) throw new Refusal('not_found')
  const account = emailIndex(env, resident.profile.email).toString('hex')
  return deviceMark(env, account, row.password_hash)
}

/** By mail address, as typed; undefined where nobody confirmed it. For operators who wrote down why they ask (J10). */
export async function byAddress(env: Env, typed: string): Promise<Resident | undefined> {
  const email = canonicalEmail(typed)
  const row = email && (await store.byEmail(env.db, emailIndex(env, email)))
  return row ? opened(env, row) : undefined
}

/** By the shared user ID (OIDC account id); undefined where there is no open account. */
export async function byUserId(env: Env, userId: string): Promise<Resident | undefined> {
  const row = await store.byUserId(env.db, userId)
  return row && opened(env, row)
}

/** By row id; undefined where there is no open account. */
export function find(env: Env, residentId: string): Promise<Resident | undefined> {
  return read(env, residentId)
}

/** Those of these that have an open account, in no order; for work in batches. */
export async function findMany(env: Env, residentIds: readonly string[]): Promise<Resident[]> {
  return (await store.byIds(env.db, residentIds)).map((row) => opened(env, row))
}

/**
 * The resident as they stand now, held against changes of values until the transaction of `env` ends.
 *
 * @throws Refusal not_found where the account is gone
 */
export async function held(env: Env, residentId: string): Promise<Resident> {
  await store.hold(env.db, residentId)
  return (await need(env, residentId)).resident
}

/** The newest answer to provision as a whole (S-07): the master switch of S-56. */
export function provisionTerms(env: Env, residentId: string): Promise<Terms | undefined> {
  return store.newestTerms(env.db, residentId, 'provision')
}

/** The newest answer to collection from member companies (S-08). */
export function collectionTerms(env: Env, residentId: string): Promise<Terms | undefined> {
  return store.newestTerms(env.db, residentId, 'collection')
}

/**
 * Adds, corrects or takes back registered items: what is absent in `typed` stays, what is empty goes.
 *
 * @throws Refusal invalid_input with a message per field; under_age; not_found
 */
export async function updateProfile(env: Env, residentId: string, typed: Typed): Promise<Resident> {
  const at = env.now()
  const changes = readProfile(typed, at, env.config.installation.minimumAge)
  return atomically(env, async (env) => {
    await store.lock(env.db, residentId)
    const { resident } = await need(env, residentId)
    const profile = changed(resident.profile, changes)
    const items = itemsOf(resident.profile, profile)
    if (!items.length) return resident
    await store.update(env.db, residentId, {
      profile: sealedProfile(residentId, resident.dataKey, profile),
    })
    const rows = items.map((what) => ({ id: env.newId(), residentId, what, at }))
    await store.insertChanges(env.db, rows)
    await audit.record(env, {
      actor: { kind: 'resident', id: residentId },
      act: 'residents.update_profile',
      object: { kind: 'resident', id: residentId },
      details: { items },
    })
    await tellOfProfile(env, resident, items)
    return { ...resident, profile }
  })
}

/**
 * Answers one of the two sign-up consents anew. Stopping provision lets every consent sleep at once, since each release
 * reads this; waking asks again, service by service (S-56).
 *
 * @param shown the text the page showed; needed to agree, not to stop
 * @throws Refusal wrong_state where the text in force was not the one shown
 */
export async function answerTerms(
  env: Env,
  residentId: string,
  answer: { kind: TermKind; given: boolean; shown: Shown | undefined },
): Promise<void> {
  const { kind, given } = answer
  await atomically(env, async (env) => {
    await store.lock(env.db, residentId)
    const { resident } = await need(env, residentId)
    const newest = await store.newestTerms(env.db, residentId, kind)
    if ((newest?.given ?? false) === given) return
    const { version } = env.templates.inForce(ID_TERMS, env.now())
    if (given && answer.shown?.version !== version) throw new Refusal('wrong_state')
    const shown = answer.shown ?? { at: env.now(), language: resident.language, version }
    await recordAnswer(env, resident, { kind, given, shown }, newest)
    await tellOfTerms(env, resident, answer)
    await audit.record(env, {
      actor: { kind: 'resident', id: residentId },
      act: `residents.terms_${kind}_${given ? 'given' : 'stopped'}`,
      object: { kind: 'resident', id: residentId },
    })
  })
}

/** Chooses the language of the account: of its mails, and of its pages in every browser that chose none itself. */
export async function setLanguage(env: Env, residentId: string, language: Language): Promise<void> {
  await store.update(env.db, residentId, { language, language_chosen: true })
}

/** A browser was signed in. */
export async function noteSignIn(
  env: Env,
  signIn: { sessionUid: string; residentId: string; device: string },
): Promise<void> {
  await atomically(env, async (env) => {
    await store.insertSignIn(env.db, {
      session_uid: signIn.sessionUid,
      resident_id: signIn.residentId,
      device: signIn.device,
      at: env.now(),
    })
    await audit.record(env, {
      actor: { kind: 'resident', id: signIn.residentId },
      act: 'residents.sign_in',
      object: { kind: 'session', id: signIn.sessionUid },
    })
  })
}

/** It was seen again. */
export async function touchSignIn(env: Env, sessionUid: string): Promise<void> {
  await store.touchSignIn(env.db, sessionUid, env.now())
}

/** Ends one browser's session and with it its grants, which read this at use. Nothing happens where it had ended. */
export async function endSignIn(env: Env, sessionUid: string): Promise<void> {
  await atomically(env, async (env) => {
    await store.stopReleases(env.db, sessionUid)
    const residentId = await store.endSignIn(env.db, sessionUid, env.now())
    if (residentId !== undefined) await recordEnd(env, residentId, sessionUid)
  })
}

/** The same for a browser chosen from the list, which must be the resident's own. @throws Refusal not_found */
export async function endOwnSignIn(
  env: Env,
  residentId: string,
  sessionUid: string,
): Promise<void> {
  await atomically(env, async (env) => {
    await store.stopReleases(env.db, sessionUid)
    if ((await store.endSignIn(env.db, sessionUid, env.now(), residentId)) === undefined)
      throw new Refusal('not_found')
    await recordEnd(env, residentId, sessionUid)
    await noteEnd(env, residentId)
  })
}

/** Ends every browser's session but this one (G6, G7). */
export async function endOtherSignIns(
  env: Env,
  residentId: string,
  exceptSessionUid?: string,
): Promise<void> {
  await atomically(env, async (env) => {
    await closeGate(env.db, residentId)
    const ended = await store.endSignIns(env.db, residentId, env.now(), exceptSessionUid)
    if (!ended) return
    await recordEnd(env, residentId, undefined, ended)
    await noteEnd(env, residentId)
  })
}

async function recordEnd(env: Env, id: string, sessionUid?: string, ended = 1): Promise<void> {
  await audit.record(env, {
    actor: { kind: 'resident', id },
    act: 'residents.sign_out',
    ...(sessionUid !== undefined && { object: { kind: 'session', id: sessionUid } }),
    details: { ended },
  })
}

async function noteEnd(env: Env, residentId: string): Promise<void> {
  const change = { id: env.newId(), residentId, what: 'session', at: env.now() }
  await store.insertChanges(env.db, [change])
}

/** Making an account, and confirming its address. Nothing here signs anybody in. */
import { randomBytes } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { changed, emailIndex, opened, sealedProfile, wrapped } from './accounts.ts'
import { canonicalEmail } from './email.ts'
import { hasIndividualNumber, readProfile, type Changes } from './fields.ts'
import { hashPassword } from './hashing.ts'
import * as links from './links.ts'
import { newUserId, type Profile, type Resident, type Typed } from './model.ts'
import { canonicalPassword, passwordFault } from './password.ts'
import * as store from './store.ts'
import { recordAnswer, type Answer, type Shown } from './terms.ts'
import { countForm } from './throttle.ts'

export type SigningUp = {
  email: string
  password: string
  profile: Typed
  /** Answers to the sign-up consents; `collection` undefined where it was not asked. */
  agreed: { provision: boolean; collection: boolean | undefined }
  shown: Shown
  language: Language
  /** Of the client, for counting; undefined for the seed. */
  address: string | undefined
}

type Checked = { email: string; changes: Changes; passwordHash: string }

/**
 * Takes a sign-up. Whether the address was known shows nowhere but in the mail that follows (H1): a new one gets a
 * link, a confirmed one is told that it has an account, an unconfirmed one starts afresh – who registered it first
 * keeps nothing (H22).
 *
 * @throws Refusal invalid_input, under_age, too_many_attempts; nothing is stored then
 */
export async function signUp(env: Env, asked: SigningUp): Promise<void> {
  await countForm(env, asked.address)
  const checked = await check(env, asked)
  await atomically(env, async (env) => {
    const index = emailIndex(env, checked.email)
    await store.lockAddress(env.db, index)
    const known = await store.byEmail(env.db, index)
    if (known?.email_verified_at) return tellOwner(env, opened(env, known))
    if (known) await store.erase(env.db, [known.id], env.now())
    const resident = await create(env, asked, checked)
    await sendVerification(env, resident)
  })
}

/** The same without mail, for the seed of a demo: the address counts as confirmed. @throws Error elsewhere (S-03) */
export async function enrol(env: Env, asked: SigningUp): Promise<Resident> {
  if (!(await store.isDemo(env.db))) throw new Error('residents sign up themselves')
  const checked = await check(env, asked)
  return atomically(env, async (env) => {
    const resident = await create(env, asked, checked)
    await store.update(env.db, resident.id, { email_verified_at: env.now() })
    return { ...resident, emailVerifiedAt: env.now() }
  })
}

/** Everything that can be wrong, said at once; the hash is made for known addresses too, so that all take as long. */
async function check(env: Env, asked: SigningUp): Promise<Checked> {
  const fields: Fields = {}
  const email = canonicalEmail(asked.email)
  if (!email) fields['email'] = 'email'
  else if (hasIndividualNumber(email)) fields['email'] = 'number_like_my_number'
  const { installation } = env.config
  let changes: Changes = {}
  try {
    changes = readProfile(asked.profile, env.now(), installation.minimumAge)
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
    Object.assign(fields, error.details.fields)
  }
  const password = canonicalPassword(asked.password)
  const place = [installation.consortium.ja, installation.consortium.en]
  const fault = await passwordFault(password, [
    asked.email,
    ...Object.values(asked.profile),
    ...place,
  ])
  if (fault) fields['password'] = fault
  if (!email || Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  return { email, changes, passwordHash: await hashPassword(password, env.secrets.pepper) }
}

async function create(env: Env, asked: SigningUp, checked: Checked): Promise<Resident> {
  const id = env.newId()
  const dataKey = randomBytes(32)
  const profile: Profile = changed({ email: checked.email }, checked.changes)
  const row: store.Row = {
    id,
    user_id: newUserId(Buffer.from(env.newSecret(), 'base64url')),
    email_index: emailIndex(env, checked.email),
    email_verified_at: null,
    password_hash: checked.passwordHash,
    data_key: wrapped(env, id, dataKey),
    profile: sealedProfile(id, dataKey, profile),
    language: asked.language,
    created_at: env.now(),
  }
  await store.insert(env.db, row)
  const { provision, collection } = asked.agreed
  const answers: Answer[] = [{ kind: 'provision', given: provision, shown: asked.shown }]
  if (collection !== undefined)
    answers.push({ kind: 'collection', given: collection, shown: asked.shown })
  for (const answer of answers) await recordAnswer(env, { id, dataKey }, answer)
  await audit.record(env, {
    actor: { kind: 'resident', id },
    act: 'residents.sign_up',
    object: { kind: 'resident', id },
  })
  return opened(env, row)
}

async function tellOwner(env: Env, owner: Resident): Promise<void> {
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
    const row = await store.byEmail(env.db, emailIndex(env, email))
    if (row?.email_verified_at) await tellOwner(env, opened(env, row))
    else if (row) await sendVerification(env, opened(env, row))
  })
}

/**
 * Confirms an address: the button behind the link. Whatever was begun before ends: other links and sessions (H22).
 *
 * @throws Refusal link_expired
 */
export async function verifyEmail(env: Env, secret: string): Promise<void> {
  await atomically(env, async (env) => {
    const link = await links.consume(env, 'verify', secret)
    const at = env.now()
    if (!(await store.update(env.db, link.resident_id, { email_verified_at: at })))
      throw new Refusal('link_expired')
    await store.killLinks(env.db, link.resident_id, ['verify', 'recover', 'change_email'], at)
    await store.endSignIns(env.db, link.resident_id, at)
    await audit.record(env, {
      actor: { kind: 'resident', id: link.resident_id },
      act: 'residents.verify_email',
      object: { kind: 'resident', id: link.resident_id },
    })
  })
}

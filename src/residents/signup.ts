/** Making an account that waits for its address to be confirmed (confirming.ts). Nothing here signs anybody in. */
import { demoMark } from '../database/demo.ts'
import { randomBytes } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { changed, emailIndex, opened, sealedProfile, wrapped } from './accounts.ts'
import { sendVerification, tellOwner } from './confirming.ts'
import { canonicalEmail } from '../input/email.ts'
import { hasIndividualNumber } from '../input/individual_number.ts'
import { readProfile, type Changes } from './fields.ts'
import { hashPassword } from '../passwords/hashing.ts'
import { newUserId, type Profile, type Resident, type Typed } from './model.ts'
import { canonicalPassword, passwordFault } from '../passwords/rules.ts'
import * as store from './store.ts'
import { recordAnswer, type Answer, type Shown } from './terms.ts'
import { countForm } from '../passwords/throttle.ts'

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
 * link, a confirmed one is told that it has an account. Sign-ups of one unconfirmed address wait side by side, each with
 * its own password, values and link: nobody can undo another's (H22).
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
    if (known) return tellOwner(env, opened(env, known))
    const resident = await create(env, asked, checked)
    await sendVerification(env, resident)
  })
}

/** The same without mail, for the seed of a demo: the address counts as confirmed. @throws Error elsewhere (S-03) */
export async function enrol(env: Env, asked: SigningUp): Promise<Resident> {
  if (!(await demoMark(env.db))) throw new Error('residents sign up themselves')
  const checked = await check(env, asked)
  return atomically(env, async (env) => {
    const resident = await create(env, asked, checked)
    const at = env.now()
    await store.confirm(env.db, resident.id, emailIndex(env, checked.email), at)
    return { ...resident, emailVerifiedAt: at }
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
    email_index: null,
    pending_index: emailIndex(env, checked.email),
    email_verified_at: null,
    password_hash: checked.passwordHash,
    data_key: wrapped(env, id, dataKey),
    profile: sealedProfile(id, dataKey, profile),
    language: asked.language,
    language_chosen: false,
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

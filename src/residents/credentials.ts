/** Password and sign-in address: changing, recovering, undoing. Each ends the other sessions (G7, H18, H22). */
import * as audit from '../audit/actions.ts'
import { closeGate } from '../database/gate.ts'
import { atomically, type Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { Refusal } from '../refusal.ts'
import { emailIndex, need, opened, sealedProfile } from './accounts.ts'
import { sendAgain } from './confirming.ts'
import { canonicalEmail, maskedEmail } from '../input/email.ts'
import { hasIndividualNumber } from '../input/individual_number.ts'
import { hashPassword, isPassword } from '../passwords/hashing.ts'
import * as devices from './device_store.ts'
import * as links from './links.ts'
import type { LinkKind, Resident } from './model.ts'
import { canonicalPassword, isHashable, passwordFault } from '../passwords/rules.ts'
import * as store from './store.ts'
import { begunAnew, countForm, deviceMark, tried } from '../passwords/throttle.ts'

/** Who asks: the resident signed in with this browser. */
export type Self = {
  residentId: string
  sessionUid: string
  address: string | undefined
  device: string | undefined
}

/** An undo link is never killed by what somebody else who got in could do. */
const LINKS_THAT_DIE: readonly LinkKind[] = ['verify', 'recover', 'change_email']

/** @throws Refusal invalid_input at `field`, too_many_attempts */
export async function checkPassword(
  env: Env,
  self: Self,
  typed: string,
  field: string,
): Promise<Resident> {
  const { row, resident } = await need(env, self.residentId)
  const account = emailIndex(env, resident.profile.email).toString('hex')
  const passwordHash = row.password_hash
  const { address, device } = self
  const password = canonicalPassword(typed)
  const { right } = await tried(
    env,
    { account, passwordHash, address, device },
    async () => isHashable(password) && isPassword(password, passwordHash, env.secrets.pepper),
  )
  if (!right) throw new Refusal('invalid_input', { fields: { [field]: 'password_wrong' } })
  return resident
}

/** @throws Refusal invalid_input at `new_password` */
async function newHash(env: Env, resident: Resident, typed: string): Promise<string> {
  const password = canonicalPassword(typed)
  const { ja, en } = env.config.installation.consortium
  const fault = await passwordFault(password, [...Object.values(resident.profile), ja, en])
  if (fault) throw new Refusal('invalid_input', { fields: { new_password: fault } })
  return hashPassword(password, env.secrets.pepper)
}

async function setPassword(
  env: Env,
  resident: Resident,
  passwordHash: string,
  keep?: string,
): Promise<void> {
  await closeGate(env.db, resident.id)
  const at = env.now()
  await store.update(env.db, resident.id, { password_hash: passwordHash })
  await store.killLinks(env.db, resident.id, LINKS_THAT_DIE, at)
  await store.endSignIns(env.db, resident.id, at, keep)
  await devices.forget(env.db, resident.id)
  await note(env, resident, 'password')
  await write(env, resident, 'password_changed', resident.profile.email)
}

/** @throws Refusal invalid_input, too_many_attempts */
export async function changePassword(
  env: Env,
  self: Self,
  typed: { current: string; next: string },
): Promise<void> {
  const resident = await checkPassword(env, self, typed.current, 'current_password')
  const hash = await newHash(env, resident, typed.next)
  await atomically(env, (env) => setPassword(env, resident, hash, self.sessionUid))
}

/**
 * A mail to set a new password, where the address has an account; the answer is the same for all (H1).
 *
 * @throws Refusal invalid_input, too_many_attempts
 */
export async function requestRecovery(
  env: Env,
  asked: { email: string; address: string | undefined },
): Promise<void> {
  const email = canonicalEmail(asked.email)
  if (!email) throw new Refusal('invalid_input', { fields: { email: 'email' } })
  await countForm(env, asked.address)
  await atomically(env, async (env) => {
    const index = emailIndex(env, email)
    const row = await store.byEmail(env.db, index)
    if (!row) return sendAgain(env, index)
    const resident = opened(env, row)
    await store.killLinks(env.db, resident.id, ['recover'], env.now())
    const link = await links.issue(env, 'recover', resident)
    await notices.send(env, {
      to: email,
      language: resident.language,
      letter: 'recover',
      values: { link: link.href, at: words(resident.language).dateTime(env.now()) },
      about: link.id,
    })
  })
}

/**
 * Sets a new password by the link of a mail. It does not sign in; every session and other link ends (H18).
 *
 * @returns whose it is, and the mark of a browser known to it (throttle.ts): who holds the mailbox may sign in at once
 * @throws Refusal link_expired, invalid_input
 */
export async function recover(
  env: Env,
  asked: { secret: string; password: string },
): Promise<{ residentId: string; mark: string }> {
  const resident = await holderOf(env, 'recover', asked.secret)
  const hash = await newHash(env, resident, asked.password)
  const account = emailIndex(env, resident.profile.email).toString('hex')
  await atomically(env, async (env) => {
    await links.consume(env, 'recover', asked.secret)
    await setPassword(env, resident, hash)
    await begunAnew(env, account)
  })
  return { residentId: resident.id, mark: deviceMark(env, account, hash) }
}

/** Whose link it is; it is not used up. @throws Refusal link_expired */
export async function holderOf(env: Env, kind: LinkKind, secret: string): Promise<Resident> {
  const residentId = await links.holder(env, kind, secret)
  const row = residentId ? await store.byId(env.db, residentId) : undefined
  if (!row) throw new Refusal('link_expired')
  return opened(env, row)
}

/**
 * Asks to sign in by another address: its mail must be opened first. An address that has an account already is told
 * so by mail, never on the page (H1).
 *
 * @throws Refusal invalid_input, too_many_attempts
 */
export async function requestEmailChange(
  env: Env,
  self: Self,
  typed: { newEmail: string; password: string },
): Promise<void> {
  const resident = await checkPassword(env, self, typed.password, 'password')
  const email = canonicalEmail(typed.newEmail)
  // A made-up person keeps the address that no mail reaches.
  const fault = resident.testMemberId ? 'not_valid' : newEmailFault(email, resident.profile.email)
  if (!email || fault)
    throw new Refusal('invalid_input', { fields: { new_email: fault ?? 'email' } })
  await countForm(env, self.address)
  await atomically(env, async (env) => {
    await store.killLinks(env.db, resident.id, ['change_email'], env.now())
    const taken = await store.byEmail(env.db, emailIndex(env, email))
    if (taken) {
      const owner = opened(env, taken)
      return write(env, owner, 'already_registered', email, `${env.config.issuer}/login`)
    }
    const link = await links.issue(env, 'change_email', resident, email)
    await write(env, resident, 'change_email', email, link.href, link.id)
  })
}

function newEmailFault(email: string | undefined, now: string): string | undefined {
  if (!email) return 'email'
  if (hasIndividualNumber(email)) return 'number_like_my_number'
  return email === now ? 'email_same' : undefined
}

/**
 * The button behind the link to the new address: it is the sign-in address from now on, and the old one is told and
 * may undo it for 72 hours (H22).
 *
 * @param keep the session of this browser, which goes on where it is the resident's own
 * @throws Refusal link_expired, wrong_state where the address went to somebody else meanwhile
 */
export async function confirmEmailChange(
  env: Env,
  asked: { secret: string; keep: string | undefined },
): Promise<void> {
  await atomically(env, async (env) => {
    const link = await links.consume(env, 'change_email', asked.secret)
    const { resident } = await need(env, link.resident_id)
    const old = resident.profile.email
    const undo = await links.issue(env, 'undo_email', resident, old)
    const email = links.carried(link, resident)
    await moveTo(env, resident, email)
    await store.killLinks(env.db, resident.id, LINKS_THAT_DIE, env.now())
    await closeGate(env.db, resident.id)
    await store.endSignIns(env.db, resident.id, env.now(), asked.keep)
    await notices.send(env, {
      to: old,
      language: resident.language,
      letter: 'email_changed',
      values: {
        link: undo.href,
        at: words(resident.language).dateTime(env.now()),
        address: maskedEmail(email),
      },
      about: undo.id,
    })
  })
}

/**
 * Back to the old address: whoever changed it is put out, and the password no longer works.
 *
 * @returns the secret of a recovery link: the owner, who holds the mailbox, sets a new password right away
 * @throws Refusal link_expired, wrong_state
 */
export async function undoEmailChange(env: Env, secret: string): Promise<string> {
  return atomically(env, async (env) => {
    const link = await links.consume(env, 'undo_email', secret)
    const { resident } = await need(env, link.resident_id)
    const email = links.carried(link, resident)
    await moveTo(env, resident, email)
    await store.update(env.db, resident.id, { password_hash: null })
    const dead = [...LINKS_THAT_DIE, 'undo_email', 'not_me'] as const
    await store.killLinks(env.db, resident.id, dead, env.now())
    await closeGate(env.db, resident.id)
    await store.endSignIns(env.db, resident.id, env.now())
    await devices.forget(env.db, resident.id)
    await write(env, resident, 'email_restored', email)
    return (await links.issue(env, 'recover', resident)).secret
  })
}

/**
 * Back to an address the account had, for locking.ts. Joins the transaction of `env`.
 *
 * @returns false where it belongs to somebody else by now
 */
export async function restore(env: Env, resident: Resident, email: string): Promise<boolean> {
  const index = emailIndex(env, email)
  await store.lockAddress(env.db, index)
  if (await store.byEmail(env.db, index)) return false
  await moveTo(env, resident, email)
  return true
}

/** Makes `email` the sign-in address; sign-ups there that were never confirmed give way. */
async function moveTo(env: Env, resident: Resident, email: string): Promise<void> {
  const index = emailIndex(env, email)
  await store.lockAddress(env.db, index)
  const other = await store.byEmail(env.db, index)
  if (other && other.id !== resident.id) throw new Refusal('wrong_state')
  await store.erase(env.db, await store.lockPending(env.db, index), env.now())
  await store.update(env.db, resident.id, {
    email_index: index,
    email_verified_at: env.now(),
    profile: sealedProfile(resident.id, resident.dataKey, { ...resident.profile, email }),
  })
  await note(env, resident, 'email_address')
}

async function note(env: Env, { id }: Resident, what: string): Promise<void> {
  await store.insertChanges(env.db, [{ id: env.newId(), residentId: id, what, at: env.now() }])
  await audit.record(env, {
    actor: { kind: 'resident', id },
    act: `residents.change_${what}`,
    object: { kind: 'resident', id },
  })
}

/** Letters that say when, and where to go on. */
type Plain = 'password_changed' | 'already_registered' | 'change_email' | 'email_restored'

async function write(
  env: Env,
  resident: Resident,
  letter: Plain,
  to: string,
  link = `${env.config.issuer}/recover`,
  about?: string,
): Promise<void> {
  const at = words(resident.language).dateTime(env.now())
  const mail = { to, language: resident.language, letter, values: { link, at } }
  await notices.send(env, { ...mail, ...(about !== undefined && { about }) })
}

/** Who works for a company: invited, given a role, ended by its managers; never without a manager (J5, J7, J9). */
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { dayOf, isDay } from '../input/days.ts'
import { formatFault } from '../input/faults.ts'
import { hasIndividualNumber } from '../input/individual_number.ts'
import type { Language, Messages } from '../locales/index.ts'
import * as notices from '../notices/actions.ts'
import type { LetterName, Mail } from '../notices/model.ts'
import * as people from '../people/actions.ts'
import { STAFF_ROLES, type Person, type StaffRole } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { normalText } from '../input/spelling.ts'
import { refuseWrong, type Typed } from './application.ts'
import { isInOffice, type Staff } from './model.ts'
import * as store from './store.ts'
import { actorOf } from './writing.ts'

/** Everybody of a company, those it ended last. */
export function staffOf(env: Env, memberId: string): Promise<Staff[]> {
  return store.staffOf(env.db, memberId, env.now())
}

/** Writes to every manager of a company who is in office, whatever the company's standing. */
export async function notifyStaff<L extends LetterName>(
  env: Env,
  memberId: string,
  letter: L,
  values: Parameters<Messages['notices']['letters'][L]>[0],
): Promise<void> {
  const today = dayOf(env.now())
  for (const one of await staffOf(env, memberId))
    if (one.role === 'manager' && isInOffice(one, today)) {
      const mail: Mail<L> = { to: one.email, language: 'ja', letter, values }
      await notices.send(env, mail)
    }
}

export type StaffAdded = {
  memberId: string
  by: Person
  name: string
  email: string
  role: StaffRole
  endsOn: string | null
  language: Language
  /** Of the application whose approval makes this person the first manager. */
  approved?: { company: string; number: string }
}

/**
 * Makes somebody staff and invites them by mail; somebody the same company had ended comes back.
 *
 * @throws Refusal invalid_input where the address is somebody's already
 */
export function addStaff(env: Env, asked: StaffAdded): Promise<string> {
  return atomically(env, async (env) => {
    const { memberId, by, name, email, role, endsOn, language, approved } = asked
    await store.lockStaff(env.db, memberId)
    const known = await store.staffByEmail(env.db, email, env.now())
    const mayReturn = known?.memberId === memberId && !isInOffice(known, dayOf(env.now()))
    if (known && !mayReturn)
      throw new Refusal('invalid_input', { fields: { email: 'email_taken' } })
    const id = known?.id ?? env.newId()
    if (known) await store.updateStaff(env.db, id, { name, role, ends_on: endsOn, ended_at: null })
    else {
      const row = { id, memberId, email, name, role, endsOn, passwordHash: null, totpSealed: null }
      await store.insertStaff(env.db, { ...row, createdBy: by.id, createdAt: env.now() })
    }
    await record(env, by, 'members.invite_staff', id, { member: memberId, role, endsOn })
    const invited = { area: 'staff' as const, holderId: id, email, name, language }
    await people.invite(env, { ...invited, ...(approved && { approved }) })
    return id
  })
}

/** Reads the form of an invitation. @throws Refusal invalid_input */
export function readStaff(
  typed: Typed,
  today: string,
): Pick<StaffAdded, 'name' | 'email' | 'role' | 'endsOn'> {
  const fields: Fields = {}
  const name = normalText(typed['name'] ?? '')
  const email = (typed['email'] ?? '').normalize('NFKC').trim().toLowerCase()
  const role = STAFF_ROLES.find((one) => one === typed['role'])
  if (name === '' || name.length > 100) fields['name'] = name === '' ? 'required' : 'too_long'
  else if (hasIndividualNumber(name)) fields['name'] = 'number_like_my_number'
  else {
    const wrong = formatFault('line', name)
    if (wrong) fields['name'] = wrong
  }
  if (email === '') fields['email'] = 'required'
  else if (email.length > 254 || formatFault('email', email)) fields['email'] = 'not_an_email'
  if (!role) fields['role'] = 'choose'
  const endsOn = readLastDay(typed['ends_on'], today, fields)
  refuseWrong(fields)
  return { name, email, role: role ?? 'developer', endsOn }
}

function readLastDay(typed: string | undefined, today: string, fields: Fields): string | null {
  const day = (typed ?? '').trim()
  if (day === '') return null
  if (!isDay(day)) fields['ends_on'] = 'date'
  else if (day < today) fields['ends_on'] = 'date_early'
  return day
}

/** Staff of this company by an id from outside. @throws Refusal not_found, the same for every cause (J2) */
export async function needStaff(env: Env, memberId: string, staffId: string): Promise<Staff> {
  const found = await store.staffById(env.db, staffId, env.now())
  if (found?.memberId !== memberId) throw new Refusal('not_found')
  return found
}

type Whom = { memberId: string; staffId: string; by: Person }

/** Gives a role and a last day; another role ends every session (G2). @throws Refusal not_found, wrong_state, invalid_input */
export function changeStaff(
  env: Env,
  { memberId, staffId, by }: Whom,
  asked: { role: StaffRole; ends_on?: string | undefined },
): Promise<void> {
  return atomically(env, async (env) => {
    await store.lockStaff(env.db, memberId)
    const before = await needStaff(env, memberId, staffId)
    if (before.endedAt) throw new Refusal('wrong_state')
    const fields: Fields = {}
    const endsOn = readLastDay(asked.ends_on, dayOf(env.now()), fields)
    refuseWrong(fields)
    await store.updateStaff(env.db, staffId, { role: asked.role, ends_on: endsOn })
    await keepManager(env, memberId)
    if (asked.role !== before.role) await people.endSessions(env, 'staff', [staffId])
    const after = { role: asked.role, endsOn }
    const was = { role: before.role, endsOn: before.endsOn }
    await record(env, by, 'members.change_staff', staffId, { member: memberId, before: was, after })
  })
}

/** Ends somebody at once, with every session. @throws Refusal not_found, wrong_state, invalid_input for the last manager */
export function endStaff(env: Env, { memberId, staffId, by }: Whom): Promise<void> {
  return atomically(env, async (env) => {
    await store.lockStaff(env.db, memberId)
    const before = await needStaff(env, memberId, staffId)
    if (before.endedAt) throw new Refusal('wrong_state')
    await store.updateStaff(env.db, staffId, { ended_at: env.now() })
    await keepManager(env, memberId)
    await people.endSessions(env, 'staff', [staffId])
    await record(env, by, 'members.end_staff', staffId, { member: memberId })
  })
}

/** A new invitation, for somebody who lost every factor. @throws Refusal not_found, wrong_state */
export function inviteAgain(
  env: Env,
  { memberId, staffId, by }: Whom,
  language: Language,
): Promise<void> {
  return atomically(env, async (env) => {
    const { email, name, ...staff } = await needStaff(env, memberId, staffId)
    if (!isInOffice(staff, dayOf(env.now()))) throw new Refusal('wrong_state')
    await people.endSessions(env, 'staff', [staffId])
    await people.invite(env, { area: 'staff', holderId: staffId, email, name, language })
    await record(env, by, 'members.invite_staff_again', staffId, { member: memberId })
  })
}

/** A company keeps a manager in office without a last day, so that time alone ends none. @throws Refusal invalid_input */
async function keepManager(env: Env, memberId: string): Promise<void> {
  const today = dayOf(env.now())
  const left = (await staffOf(env, memberId)).some(
    (one) => one.role === 'manager' && isInOffice(one, today) && one.endsOn === null,
  )
  if (!left) throw new Refusal('invalid_input', { fields: { role: 'last_manager' } })
}

function record(
  env: Env,
  by: Person,
  act: string,
  id: string,
  details: NonNullable<Parameters<typeof audit.record>[1]['details']>,
): Promise<void> {
  return audit.record(env, { actor: actorOf(by), act, object: { kind: 'staff', id }, details })
}

/** What a company says of itself, and how it changes (S-59): its desk by a manager alone, the rest by two operators. */
import type { Json } from '../audit/model.ts'
import { atomically, type Env } from '../env.ts'
import * as notices from '../notices/actions.ts'
import type { Person, StaffHere } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { OPEN, type Proposal } from '../reviews/model.ts'
import {
  NOTE_LENGTH,
  readContact,
  readProfile,
  refuseWrong,
  type Profile,
  type Typed,
} from './application.ts'
import { nameFaults } from './names.ts'
import { hashOf, actorOf, hold, write } from './writing.ts'
import { notifyStaff } from './staffing.ts'
import * as store from './store.ts'

/** correction: the same company put right · renamed: the same legal person under another name · left: it goes. */
const CHANGES = ['correction', 'renamed'] as const
export type Change =
  | { change: (typeof CHANGES)[number]; profile: Profile; note: string }
  | { change: 'left'; note: string }

/** What a proposal on a member asks for; undefined where it is an application. */
export function changeOf({ body }: Pick<Proposal, 'body'>): Change | undefined {
  return typeof body['change'] === 'string' ? (body as unknown as Change) : undefined
}

/** The change of a company that is under way; there is one at a time. */
export async function openChange(env: Env, memberId: string): Promise<Proposal | undefined> {
  return (await reviews.list(env, { kinds: ['member'], states: OPEN, memberId })).at(0)
}

/** Reads the form of a change against the company as it is. @throws Refusal invalid_input */
async function readChange(env: Env, memberId: string, typed: Typed): Promise<Change> {
  const known = await hold(env, memberId)
  if (!known) throw new Refusal('not_found')
  const fields: Fields = {}
  const profile = { ...readProfile(typed, fields), contact: known.body.contact }
  const change = CHANGES.find((kind) => kind === typed['change'])
  const note = typed['note']?.trim() ?? ''
  if (!change) fields['change'] = 'choose'
  if (note === '') fields['note'] = 'required'
  else if (note.length > NOTE_LENGTH) fields['note'] = 'too_long'
  Object.assign(fields, {
    ...(await nameFaults(env, { id: memberId, names: profile.names })),
    ...fields,
  })
  if (!Object.keys(fields).length && hashOf(profile).equals(known.hash))
    fields['note'] = 'nothing_changed'
  refuseWrong(fields)
  return { change: change ?? 'correction', profile, note }
}

/** A company as a form to change it posts it. `hash`: of the change that was seen, where one was given back. */
export type Asked = { memberId: string; by: Person; typed: Typed; hash?: string | undefined }

/**
 * A manager, or a registrar for the company, hands in a change; one that was given back is handed in anew.
 *
 * @throws Refusal invalid_input, wrong_state where another is under way, changed_meanwhile
 */
export function propose(env: Env, asked: Asked): Promise<Proposal> {
  return atomically(env, async (env) =>
    handIn(env, asked, await readChange(env, asked.memberId, asked.typed)),
  )
}

/** The company asks to leave, or a registrar for it. @throws Refusal invalid_input, wrong_state */
export function askToLeave(env: Env, { typed, ...asked }: Asked): Promise<Proposal> {
  const note = typed['note']?.trim() ?? ''
  const wrong = note === '' ? 'required' : note.length > NOTE_LENGTH ? 'too_long' : undefined
  refuseWrong(wrong ? { note: wrong } : {})
  return atomically(env, async (env) => {
    if (!(await hold(env, asked.memberId))) throw new Refusal('not_found')
    return handIn(env, { ...asked, typed }, { change: 'left', note })
  })
}

async function handIn(env: Env, { memberId, by, hash }: Asked, change: Change): Promise<Proposal> {
  const body = change as unknown as { [key: string]: Json }
  const open = await openChange(env, memberId)
  if (open && (open.state !== 'returned' || !hash)) throw new Refusal('wrong_state')
  const drafted = open
    ? await reviews.edit(env, { id: open.id, hash: hash ?? '', by, body })
    : await reviews.draft(env, { kind: 'member', subjectId: memberId, memberId, body, by })
  const seen = { id: drafted.id, hash: drafted.hash, by }
  return by.kind === 'operator' ? reviews.propose(env, seen) : reviews.submit(env, seen)
}

/** Whether the company itself began a change, and may take it back. */
export async function isCompanys(env: Env, id: string): Promise<boolean> {
  return (await reviews.turns(env, id)).at(0)?.byKind === 'staff'
}

/**
 * The company takes its change back; one that an operator began is the consortium's to end.
 *
 * @throws Refusal not_found, wrong_state, changed_meanwhile
 */
export async function withdrawChange(
  env: Env,
  { memberId, by, hash }: { memberId: string; by: Person; hash: string },
): Promise<void> {
  const open = await openChange(env, memberId)
  if (!open) throw new Refusal('not_found')
  if (!(await isCompanys(env, open.id))) throw new Refusal('wrong_state')
  await reviews.withdraw(env, { id: open.id, hash, by })
}

/**
 * A manager changes the contact desk alone: a new version at once, told to every manager and to the consortium.
 *
 * @throws Refusal invalid_input
 */
export function changeContact(env: Env, staff: StaffHere, typed: Typed): Promise<void> {
  const fields: Fields = {}
  const contact = readContact(typed, fields)
  refuseWrong(fields)
  return atomically(env, async (env) => {
    await store.lockOnboarding(env.db)
    const known = await hold(env, staff.memberId)
    if (!known) throw new Refusal('not_found')
    const { id, corporateNumber } = known
    const body = { ...known.body, contact }
    if (hashOf(body).equals(known.hash)) refuseWrong({ desk_ja: 'nothing_changed' })
    const by = actorOf(staff)
    await write(env, { known, id, corporateNumber, body, turns: [], by, act: 'members.contact' })
    const values = { company: body.names.ja, by: staff.name }
    await notifyStaff(env, id, 'member_contact_changed', values)
    const to = env.config.installation.contact.email
    await notices.send(env, { to, language: 'ja', letter: 'member_contact_changed', values })
  })
}

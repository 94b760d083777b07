/** Who becomes an operator and with which rights: two administrators decide, one may take away (J4, J5, J7). */
import { createHash } from 'node:crypto'
import { canonical, type Json } from '../audit/model.ts'
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import { isSamePerson } from '../people/model.ts'
import * as people from '../people/actions.ts'
import type { OperatorRole, Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import { inOffice, marks } from './office.ts'
import {
  hasRights,
  mayGive,
  rolesGiven,
  rolesOn,
  type OperatorChange,
  type OperatorKept,
} from './model.ts'
import * as store from './store.ts'

/** What a proposal of this room holds. */
export const changeOf = ({ body }: Proposal) => body as unknown as OperatorChange

/**
 * An administrator stands for a change; a second one must see it.
 *
 * @param subjectId the operator; for an appointment the id that is to be made
 * @throws Refusal role_missing, invalid_input, not_found
 */
export function propose(
  env: Env,
  { subjectId, change, by }: { subjectId: string; change: OperatorChange; by: Person },
): Promise<Proposal> {
  return atomically(env, async (env) => {
    await administrator(env, by.id)
    if (change.change === 'appoint') await mustBeNew(env, change)
    else await need(env, subjectId)
    const body = change as unknown as reviews.Body
    const row = { kind: 'operator' as const, subjectId, memberId: null, body, by }
    const { id, hash } = await reviews.draft(env, row)
    return reviews.propose(env, { id, hash, by })
  })
}

/**
 * The second administrator approves exactly what was seen, and it is written.
 *
 * @throws Refusal second_person_needed, also where it is about the approver; role_missing where a role is given that
 *   neither of the two holds; last_administrator; changed_meanwhile; wrong_state; not_found
 */
export function approve(env: Env, seen: reviews.Seen): Promise<Proposal> {
  return atomically(env, async (env) => {
    await store.lockRights(env.db)
    const second = await administrator(env, seen.by.id)
    return reviews.approve(env, seen, async (env, proposal) => {
      const subject = await store.byId(env.db, proposal.subjectId ?? '')
      if (subject && isSamePerson(marks(env, subject), seen.by.marks))
        throw new Refusal('second_person_needed')
      const first = await administrator(env, await proposerOf(env, proposal.id))
      const change = changeOf(proposal)
      if (subject) await mustBeCurrent(env, subject.id, proposal)
      const before = subject ? rolesOn(subject, dayOf(env.now())) : []
      if (!mayGive(rolesGiven(change, before), [...first.roles, ...second.roles]))
        throw new Refusal('role_missing')
      await write(env, { proposal, change, subject, by: seen.by })
    })
  })
}

/** A change that was proposed before another one came into force, or that moment, was thought of other rights (J8). */
async function mustBeCurrent(env: Env, operatorId: string, { createdAt }: Proposal): Promise<void> {
  const [newest] = await store.changes(env.db, operatorId)
  if (newest && newest.at >= createdAt) throw new Refusal('changed_meanwhile')
}

async function proposerOf(env: Env, proposalId: string): Promise<string> {
  const turns = await reviews.turns(env, proposalId)
  return turns.findLast(({ turn }) => turn === 'proposed')?.byId ?? ''
}

/** @throws Refusal role_missing where it is no administrator in office at this moment */
async function administrator(env: Env, id: string) {
  const found = await inOffice(env, id)
  if (!found?.roles.includes('administrator')) throw new Refusal('role_missing')
  return found
}

async function need(env: Env, id: string): Promise<OperatorKept> {
  const found = await store.byId(env.db, id)
  if (!found) throw new Refusal('not_found')
  return found
}

/** One person, one account (J4). @throws Refusal invalid_input */
async function mustBeNew(
  env: Env,
  asked: { email: string; name: string; numberMark: string | null },
): Promise<void> {
  const [mail] = marks(env, { ...asked, numberMark: null })
  for (const known of await store.list(env.db)) {
    const theirs = marks(env, known)
    if (mail && theirs.includes(mail))
      throw new Refusal('invalid_input', { fields: { email: 'email_taken' } })
    if (asked.numberMark && known.numberMark === asked.numberMark)
      throw new Refusal('invalid_input', { fields: { number: 'number_taken' } })
  }
}

type Deciding = {
  proposal: Proposal
  change: OperatorChange
  subject: OperatorKept | undefined
  by: Person
}

async function write(env: Env, { proposal, change, subject, by }: Deciding): Promise<void> {
  const at = env.now()
  const id = proposal.subjectId ?? ''
  if ('endsOn' in change && !hasRights(change, dayOf(at))) throw new Refusal('wrong_state')
  const before = await standing(env)
  if (change.change === 'appoint') {
    await mustBeNew(env, change)
    await store.insert(env.db, { ...change, id, createdBy: by.id, at })
    await invite(env, { id, ...change })
  } else {
    if (!subject) throw new Refusal('not_found')
    if (change.change === 'rights') await store.setRights(env.db, id, change)
    else if (change.change === 'renew') await invite(env, subject)
    else {
      const box = { id: env.newId(), operatorId: id, proposalId: proposal.id, at }
      await store.insertBox(env.db, { ...change, ...box })
    }
    await people.endSessions(env, 'operator', [id])
  }
  await keepAdministrator(env, before)
  const reason = 'reason' in change ? change.reason : null
  const what = { id, before: subject, reason, byId: by.id, proposalId: proposal.id }
  await note(env, what, DONE[change.change])
}

const DONE = { appoint: 'appointed', rights: 'rights', boxed: 'boxed', renew: 'renewed' } as const

function invite(env: Env, to: { id: string; email: string; name: string }): Promise<void> {
  const { id: holderId, email, name } = to
  return people.invite(env, { area: 'operator', holderId, email, name, language: 'ja' })
}

/** Administrators who are in office and can sign in. */
export async function standing(env: Env): Promise<OperatorKept[]> {
  const today = dayOf(env.now())
  return (await store.list(env.db)).filter(
    (one) => one.equipped && hasRights(one, today) && one.lasting.includes('administrator'),
  )
}

/** The last administrator cannot vanish; counted after the change, under the lock (J7). */
async function keepAdministrator(env: Env, before: readonly OperatorKept[]): Promise<void> {
  if (before.length && !(await standing(env)).length) throw new Refusal('last_administrator')
}

export type Ending = { operatorId: string; reason: string; by: Person }

/**
 * Ends somebody's rights at once, with every session and every way of signing in: one administrator may, since it only
 * takes away.
 *
 * @throws Refusal role_missing, not_found, last_administrator, wrong_state where they have ended already
 */
export function end(env: Env, { operatorId, reason, by }: Ending): Promise<void> {
  return atomically(env, async (env) => {
    await store.lockRights(env.db)
    await administrator(env, by.id)
    const subject = await need(env, operatorId)
    const before = await standing(env)
    const at = env.now()
    if (!hasRights(subject, dayOf(at))) throw new Refusal('wrong_state')
    const yesterday = dayOf(new Date(at.getTime() - 86_400_000))
    await store.setRights(env.db, operatorId, { endsOn: yesterday })
    await store.endBoxes(env.db, operatorId, { at })
    await people.endInvitations(env, 'operator', operatorId)
    await people.endFactors(env, 'operator', operatorId)
    await keepAdministrator(env, before)
    const what = { id: operatorId, before: subject, reason, byId: by.id, proposalId: null }
    await note(env, what, 'ended')
  })
}

/** Takes back a role for a time before its day. @throws Refusal role_missing, not_found */
export function endBox(
  env: Env,
  { operatorId, boxId, by }: { operatorId: string; boxId: string; by: Person },
): Promise<void> {
  return atomically(env, async (env) => {
    await store.lockRights(env.db)
    await administrator(env, by.id)
    const subject = await need(env, operatorId)
    if (!subject.boxed.some(({ id }) => id === boxId)) throw new Refusal('not_found')
    await store.endBoxes(env.db, operatorId, { at: env.now(), id: boxId })
    const what = { id: operatorId, before: subject, reason: null, byId: by.id, proposalId: null }
    await note(env, what, 'rights')
  })
}

type Noted = {
  id: string
  before: OperatorKept | undefined
  reason: string | null
  byId: string
  proposalId: string | null
}

/** The rights before and after, in the room's own history and, as hashes, in the audit record. */
export async function note(env: Env, what: Noted, change: store.ChangeRow['change']) {
  const { id, reason, byId, proposalId } = what
  const before = what.before ? rightsOf(what.before) : null
  const after = rightsOf(await need(env, id))
  const row = { id: env.newId(), operatorId: id, change, before, after, reason, byId, proposalId }
  await store.insertChange(env.db, { ...row, at: env.now() })
  await audit.record(env, {
    actor: byId === 'system' ? { kind: 'system', id: 'terminal' } : { kind: 'operator', id: byId },
    act: `operators.${change}`,
    object: { kind: 'operator', id },
    details: { before: hashOf(before), after: hashOf(after), proposal: proposalId },
  })
}

function rightsOf({ lasting, boxed, endsOn }: OperatorKept): Json {
  const boxes = boxed.map(({ role, endsOn }) => ({ role, endsOn }))
  return { roles: [...lasting].sort() as OperatorRole[], endsOn, boxed: boxes }
}

const hashOf = (rights: Json) =>
  rights === null ? null : createHash('sha256').update(canonical(rights)).digest('hex')

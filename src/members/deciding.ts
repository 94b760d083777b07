/** What operators decide on companies: each step on the very content that was seen, by two persons (J4, S-59). */
import { atomically, type Env } from '../env.ts'
import { Refusal } from '../refusal.ts'
import * as notices from '../notices/actions.ts'
import type { Person } from '../persons.ts'
import * as reviews from '../reviews/actions.ts'
import { noted, type Proposal } from '../reviews/model.ts'
import type { Application } from './application.ts'
import { applicationFaults, nameFaults } from './names.ts'
import { applicationOf, numberOf, write as writeTo } from './applying.ts'
import { changeOf, type Change } from './changing.ts'
import { refuseWrong } from './application.ts'
import { addStaff, notifyStaff } from './staffing.ts'
import * as store from './store.ts'
import { actorOf, hold, write } from './writing.ts'

export type Seen = { id: string; hash: string; by: Person; note?: string | undefined }

/** The member proposal of this id. @throws Refusal not_found */
export async function need(env: Env, id: string): Promise<Proposal> {
  const proposal = await reviews.find(env, id)
  if (proposal?.kind !== 'member') throw new Refusal('not_found')
  return proposal
}

/** 補正: back to its author, saying what is to be corrected. @throws as reviews.giveBack; invalid_input without a note */
export async function giveBack(env: Env, seen: Seen): Promise<void> {
  const note = noted(seen.note)
  await need(env, seen.id)
  await atomically(env, async (env) => {
    const proposal = await reviews.giveBack(env, { ...seen, note })
    const application = applicationOf(proposal)
    if (application) await writeTo(env, proposal, application, 'application_returned', note)
    else await tellCompany(env, proposal, 'returned', note)
  })
}

/** Declines for good. @throws as reviews.refuse; invalid_input without a reason */
export async function refuse(env: Env, seen: Seen): Promise<void> {
  const note = noted(seen.note)
  await need(env, seen.id)
  await atomically(env, async (env) => {
    const proposal = await reviews.refuse(env, { ...seen, note })
    const application = applicationOf(proposal)
    if (!application) return tellCompany(env, proposal, 'refused', note)
    const { manager, profile, language } = application
    const values = { company: profile.names[language], number: numberOf(proposal.id), note }
    await notices.send(env, { to: manager.email, language, letter: 'application_refused', values })
  })
}

/** A registrar stands for it. @throws as reviews.propose */
export async function propose(env: Env, seen: Seen): Promise<void> {
  await need(env, seen.id)
  await reviews.propose(env, seen)
}

/**
 * A second operator approves, and the company is written: admitted, changed or gone.
 *
 * @throws as reviews.approve; invalid_input where a name or number was taken meanwhile, wrong_state
 */
export async function approve(env: Env, seen: Seen): Promise<void> {
  await need(env, seen.id)
  await reviews.approve(env, seen, async (env, proposal) => {
    await store.lockOnboarding(env.db)
    const application = applicationOf(proposal)
    const change = changeOf(proposal)
    if (application) await admit(env, { proposal, application, by: seen.by })
    else if (change) await rewrite(env, { proposal, change, by: seen.by })
    else throw new Refusal('wrong_state')
  })
}

type Step = { proposal: Proposal; by: Person }

/** Writes the company of an application and invites its first manager. */
async function admit(
  env: Env,
  { proposal, application, by }: Step & { application: Application },
): Promise<void> {
  const { subjectId: id, createdAt } = proposal
  const { corporateNumber, profile, manager, language } = application
  if (!id) throw new Refusal('wrong_state')
  const fields = await applicationFaults(env, application, id)
  if (await store.byCorporateNumber(env.db, corporateNumber))
    fields['corporate_number'] = 'member_known'
  refuseWrong(fields)
  await write(env, {
    known: undefined,
    id,
    corporateNumber,
    body: profile,
    turns: [
      { status: 'applied', reason: null, at: createdAt },
      { status: 'approved', reason: null, at: env.now() },
    ],
    by: actorOf(by),
    act: 'members.admit',
  })
  const approved = { company: profile.names[language], number: numberOf(proposal.id) }
  const role = 'manager'
  await addStaff(env, { memberId: id, by, ...manager, role, endsOn: null, language, approved })
}

/** Writes the next version of a company, or that it left; residents are told of another name by a job (S-59). */
async function rewrite(
  env: Env,
  { proposal, change, by }: Step & { change: Change },
): Promise<void> {
  const known = proposal.memberId && (await hold(env, proposal.memberId))
  if (!known) throw new Refusal('not_found')
  const { id, corporateNumber } = known
  const base = { known, id, corporateNumber, by: actorOf(by) }
  if (change.change === 'left') {
    const turns = [{ status: 'left' as const, reason: change.note, at: env.now() }]
    if (known.status === 'left' || known.status === 'excluded') throw new Refusal('wrong_state')
    await notifyStaff(env, id, 'member_left', { company: known.body.names.ja })
    await write(env, { ...base, body: known.body, turns, act: 'members.leave' })
    await env.queue.send(env.db, 'services.end_all', { memberId: id })
    return
  }
  refuseWrong(await nameFaults(env, { id, names: change.profile.names }))
  // The desk's numbers may have been changed since: they are the manager's own (S-34).
  const body = { ...change.profile, contact: known.body.contact }
  await write(env, { ...base, body, turns: [], act: 'members.change' })
  await tellCompany(env, proposal, 'approved', '')
  if (change.change === 'renamed')
    await env.queue.send(env.db, 'members.renamed', { memberId: id, version: known.version + 1 })
}

async function tellCompany(
  env: Env,
  { memberId }: Proposal,
  decision: 'approved' | 'returned' | 'refused',
  note: string,
): Promise<void> {
  if (memberId) await notifyStaff(env, memberId, 'profile_decided', { decision, note })
}

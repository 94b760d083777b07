/** Contracts on their way: drafted by a registrar, approved by a second person, written by the one hand (J4, S-10). */
import { catalogue } from '../catalogue/actions.ts'
import { atomically, type Env } from '../env.ts'
import { endOfDay, startOfDay } from '../input/days.ts'
import type { Fault } from '../input/faults.ts'
import { isUuid } from '../input/ids.ts'
import * as members from '../members/actions.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { OPEN, type Proposal } from '../reviews/model.ts'
import { mayFollow, overlapping, type Term } from './model.ts'
import * as queries from './queries.ts'
import { readDraft } from './rules.ts'
import type { ContractAsked } from './schema.ts'
import * as store from './store.ts'
import { overlaps, write } from './writing.ts'

/** The proposal of a contract that is still open; there is at most one. */
export async function openOf(env: Env, contractId: string): Promise<Proposal | undefined> {
  const asked = { kinds: ['contract'], states: OPEN, subjectId: contractId } as const
  return (await reviews.list(env, asked))[0]
}

/** The last proposal of a contract, open or not. */
export async function lastOf(env: Env, contractId: string): Promise<Proposal | undefined> {
  if (!isUuid(contractId)) return undefined
  return (await reviews.list(env, { kinds: ['contract'], subjectId: contractId }))[0]
}

/** Every open proposal of a contract. */
export function open(env: Env): Promise<Proposal[]> {
  return reviews.list(env, { kinds: ['contract'], states: OPEN })
}

/** The contract a proposal is about. */
export function subjectOf(proposal: Proposal): string {
  if (proposal.kind !== 'contract' || !proposal.subjectId) throw new Refusal('not_found')
  return proposal.subjectId
}

/** What a proposal says: it was held to the rules when it was written. */
export function askedIn(proposal: Proposal): ContractAsked {
  return proposal.body as unknown as ContractAsked
}

export type Drafting = {
  /** A known contract whose next version this is; absent: a new one. */
  contractId?: string
  memberId: string
  /** As read from the form: any shape. */
  given: unknown
  by: Person
}

/**
 * Begins a contract or its next version. Nothing is in force by it.
 *
 * @throws Refusal invalid_input with `faults` by JSON Pointer; not_found; wrong_state for a company that has gone or is
 *   not approved yet; changed_meanwhile where somebody else is already at it
 */
export function draft(env: Env, { contractId, memberId, given, by }: Drafting): Promise<Proposal> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    const subjectId = contractId ?? env.newId()
    const asked = await held(env, given, { id: subjectId, memberId })
    if (await openOf(env, subjectId)) throw new Refusal('changed_meanwhile')
    return reviews.draft(env, { kind: 'contract', subjectId, memberId, body: bodyOf(asked), by })
  })
}

/** Writes it anew; what was proposed before is void. @throws Refusal as `draft` and reviews.edit */
export function edit(env: Env, { given, ...seen }: reviews.Seen & { given: unknown }) {
  return atomically(env, async (env): Promise<Proposal> => {
    await members.lockOnboarding(env)
    const { subjectId, memberId } = await contractProposal(env, seen.id)
    const asked = await held(env, given, { id: subjectId, memberId })
    return reviews.edit(env, { ...seen, body: bodyOf(asked) })
  })
}

/** Hands it to the second person, held to the rules once more. @throws Refusal as `draft` and reviews.propose */
export function propose(env: Env, seen: reviews.Seen): Promise<Proposal> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    const { proposal, subjectId, memberId } = await contractProposal(env, seen.id)
    if (proposal.hash !== seen.hash) throw new Refusal('changed_meanwhile')
    await held(env, proposal.body, { id: subjectId, memberId })
    return reviews.propose(env, seen)
  })
}

/**
 * A second person approves exactly what was seen: the version is written and in force from its first day, the company
 * active with its first contract. Two approvals at once wait for each other, so that terms cannot overlap.
 *
 * @throws Refusal second_person_needed, changed_meanwhile, wrong_state, not_found; invalid_input where the rules say no
 *   by now: nothing is approved then
 */
export function approve(env: Env, seen: reviews.Seen): Promise<Proposal> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    const { subjectId, memberId } = await contractProposal(env, seen.id)
    return reviews.approve(env, seen, async (env, proposal) => {
      const asked = await held(env, proposal.body, { id: subjectId, memberId })
      const written = await write(env, asked, {
        id: subjectId,
        memberId,
        actor: { kind: 'operator', id: seen.by.id },
        act: 'contracts.approve',
        details: { proposal: proposal.id },
      })
      if ('fault' in written) throw refusal([pointed(written.fault)])
      if (await overlaps(env, memberId)) throw refusal([{ path: '/from', rule: 'term_overlaps' }])
      const member = await members.byId(env, memberId)
      if (member?.status === 'approved') await members.activate(env, memberId, seen.by)
    })
  })
}

/** The ways to end or to hold up a proposal without writing anything. */
export const DECLINING = {
  giveBack: reviews.giveBack,
  refuse: reviews.refuse,
  withdraw: reviews.withdraw,
}

/** Gives it back, declines it, or takes it back. @throws Refusal as in reviews */
export function turn(
  env: Env,
  which: 'giveBack' | 'refuse' | 'withdraw',
  seen: reviews.Seen & { note: string },
): Promise<Proposal> {
  return atomically(env, async (env) => {
    await contractProposal(env, seen.id)
    return DECLINING[which](env, seen)
  })
}

const pointed = ({ place, rule }: { place: string; rule: string }) => ({ path: `/${place}`, rule })

const bodyOf = (asked: ContractAsked) => asked as unknown as reviews.Body

function refusal(faults: Fault[]): Refusal {
  const fields = Object.fromEntries(faults.map(({ path, rule }) => [path, rule]))
  return new Refusal('invalid_input', { fields, faults })
}

async function contractProposal(env: Env, id: string) {
  const proposal = await reviews.find(env, id)
  if (!proposal?.memberId) throw new Refusal('not_found')
  return { proposal, subjectId: subjectOf(proposal), memberId: proposal.memberId }
}

/**
 * Holds a draft to shape, rules, its own number, a last day still to come (or the early end of a running contract) and
 * the terms of the company's other contracts. Contracts of the past come by the onboarding file alone.
 */
async function held(
  env: Env,
  given: unknown,
  { id, memberId }: { id: string; memberId: string },
): Promise<ContractAsked> {
  const member = await members.byId(env, memberId)
  if (!member) throw new Refusal('not_found')
  if (!['approved', 'active', 'suspended'].includes(member.status)) throw new Refusal('wrong_state')
  const { asked, faults } = readDraft(given, {
    catalogue: await catalogue(env),
    templates: env.templates,
    at: env.now(),
  })
  const draft = (asked ?? given ?? {}) as ContractAsked
  // Also of a draft with other faults: all that is wrong is told at once.
  const isSound = (field: string) =>
    field in draft && !faults.some(({ path }) => path === '' || path === `/${field}`)
  const isTerm = isSound('from') && isSound('to')
  const found: Fault[] = [
    ...faults,
    ...(isSound('number') ? await numberFaults(env, draft, id) : []),
    ...(isTerm ? await termFaults(env, draft, { id, memberId }) : []),
  ]
  if (!asked || found.length) throw refusal(found)
  return asked
}

/** A number belongs to one contract for good, also while others are still being drafted. */
async function numberFaults(
  env: Env,
  asked: Pick<ContractAsked, 'number'>,
  id: string,
): Promise<Fault[]> {
  const [here, owner] = [await queries.byId(env.db, id), await store.byNumber(env.db, asked.number)]
  const taken: Fault = { path: '/number', rule: 'number_taken' }
  if (here && here.number !== asked.number) return [{ path: '/number', rule: 'number_stays' }]
  if (owner && owner.id !== id) return [taken]
  const others = (await open(env)).filter((proposal) => proposal.subjectId !== id)
  return others.some((proposal) => proposal.body['number'] === asked.number) ? [taken] : []
}

/** A day already past is written for one thing alone: to end, at once, a contract that still runs. */
function endsRunning(
  newest: Pick<Term, 'startsAt' | 'endsAt'> | undefined,
  next: Pick<Term, 'startsAt'>,
  now: Date,
) {
  return (
    newest !== undefined &&
    newest.endsAt > now &&
    newest.startsAt.getTime() === next.startsAt.getTime()
  )
}

async function termFaults(
  env: Env,
  asked: Pick<ContractAsked, 'from' | 'to' | 'number'>,
  { id, memberId }: { id: string; memberId: string },
): Promise<Fault[]> {
  const known = (await queries.byId(env.db, id))?.versions.at(-1)
  const next = { startsAt: startOfDay(asked.from), endsAt: endOfDay(asked.to) }
  if (next.endsAt <= env.now() && !endsRunning(known, next, env.now()))
    return [{ path: '/to', rule: 'term_over' }]
  if (known && !mayFollow(known, next)) return [{ path: '/from', rule: 'version_overlaps' }]
  const term = { ...next, contractId: id, number: asked.number, version: (known?.version ?? 0) + 1 }
  const all = [...(await store.terms(env.db, memberId)), term]
  return overlapping(all) ? [{ path: '/from', rule: 'term_overlaps' }] : []
}

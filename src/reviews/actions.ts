import * as audit from '../audit/actions.ts'
import type { Json } from '../audit/model.ts'
import { atomically, type Env } from '../env.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import {
  canonicalOf,
  isSecondPerson,
  STEPS,
  type Kind,
  type Proposal,
  type State,
  type Turn,
  type TurnKind,
} from './model.ts'
import * as store from './store.ts'

export type Body = { [key: string]: Json }

export type Drafted = {
  kind: Kind
  /** What it changes, or the id that is to be made. */
  subjectId: string | null
  memberId: string | null
  body: Body
  by: Person
}

/** Begins a proposal: a draft of its author. */
export function draft(env: Env, { kind, subjectId, memberId, body, by }: Drafted) {
  return atomically(env, async (env): Promise<Proposal> => {
    const id = env.newId()
    await store.insert(env.db, { id, kind, subjectId, memberId, at: env.now() })
    return write(env, { id, kind, subjectId, revision: 1, body, by, turn: 'drafted', before: null })
  })
}

/** What a turn is taken on: the proposal and the very content that was seen. */
export type Seen = {
  id: string
  /** Hex hash of the revision that was seen; another one is there now ⇒ `changed_meanwhile`. */
  hash: string
  by: Person
  note?: string | undefined
}

/**
 * Writes a new revision. Whatever was submitted or proposed before is void: it is a draft again (J4).
 *
 * @param from the states in which this author may write; where absent, all of those that can be edited
 * @throws Refusal not_found, wrong_state, changed_meanwhile
 */
export function edit(
  env: Env,
  { body, from, ...seen }: Seen & { body: Body; from?: readonly State[] },
): Promise<Proposal> {
  return atomically(env, async (env) => {
    const known = await held(env, seen, 'edited')
    if (from && !from.includes(known.state)) throw new Refusal('wrong_state')
    const { kind, subjectId } = known
    const revision = known.revision + 1
    await store.move(env.db, { id: known.id, state: 'draft', revision, at: env.now() })
    const step = { id: known.id, kind, subjectId, revision, body, by: seen.by, before: known.hash }
    return write(env, { ...step, turn: 'edited' })
  })
}

/** Hands a draft to the consortium. @throws Refusal not_found, wrong_state, changed_meanwhile */
export const submit = (env: Env, seen: Seen) => turn(env, seen, 'submitted')

/** Gives it back to its author to be corrected (補正); `note` says what. @throws Refusal invalid_input without one */
export const giveBack = async (env: Env, seen: Seen & { note: string }) =>
  turn(env, withNote(seen), 'returned')

/** One operator stands for it; a second must see it. */
export const propose = (env: Env, seen: Seen) => turn(env, seen, 'proposed')

/** Declines it for good; `note` says why. @throws Refusal invalid_input without one */
export const refuse = async (env: Env, seen: Seen & { note: string }) =>
  turn(env, withNote(seen), 'refused')

/** Its author takes it back. */
export const withdraw = (env: Env, seen: Seen) => turn(env, seen, 'withdrawn')

/**
 * A second person approves exactly what was seen, and `apply` writes it, all in one transaction.
 *
 * @throws Refusal second_person_needed where the approver had a hand in it, also through another account;
 *   changed_meanwhile, wrong_state, not_found; what `apply` throws: nothing is approved then
 */
export function approve(
  env: Env,
  seen: Seen,
  apply: (env: Env, proposal: Proposal) => Promise<void>,
): Promise<Proposal> {
  return atomically(env, async (env) => {
    const known = await held(env, seen, 'approved')
    if (!isSecondPerson(seen.by, await store.involved(env.db, known.id)))
      throw new Refusal('second_person_needed')
    const approved = await take(env, known, seen, 'approved')
    await apply(env, approved)
    return approved
  })
}

/** A proposal with its newest revision. */
export function find(env: Env, id: string): Promise<Proposal | undefined> {
  return store.find(env.db, id)
}

/** Proposals, the newest change first. */
export function list(env: Env, filter: store.Filter): Promise<Proposal[]> {
  return store.list(env.db, filter)
}

/** What became of a proposal so far, oldest first. */
export function turns(env: Env, id: string): Promise<Turn[]> {
  return store.turns(env.db, id)
}

/** Nobody is sent back or away without a word. */
function withNote(seen: Seen & { note: string }): Seen {
  if (seen.note.trim() === '') throw new Refusal('invalid_input', { fields: { note: 'required' } })
  return seen
}

function turn(env: Env, seen: Seen, kind: Exclude<TurnKind, 'drafted' | 'edited' | 'approved'>) {
  return atomically(env, async (env) => take(env, await held(env, seen, kind), seen, kind))
}

/** Locks a proposal and holds it to what was seen and to the step that is to be taken. */
async function held(env: Env, seen: Seen, kind: Exclude<TurnKind, 'drafted'>): Promise<Proposal> {
  const known = await store.find(env.db, seen.id, true)
  if (!known) throw new Refusal('not_found')
  if (known.hash !== seen.hash) throw new Refusal('changed_meanwhile')
  if (!STEPS[kind].from.includes(known.state)) throw new Refusal('wrong_state')
  return known
}

async function take(
  env: Env,
  known: Proposal,
  { by, note }: Seen,
  kind: Exclude<TurnKind, 'drafted' | 'edited'>,
): Promise<Proposal> {
  const state = STEPS[kind].to
  const { id, revision } = known
  await store.move(env.db, { id, state, revision, at: env.now() })
  const row = { proposalId: id, revision, hash: Buffer.from(known.hash, 'hex'), turn: kind, by }
  await store.insertTurn(env.db, { ...row, id: env.newId(), note: note ?? null, at: env.now() })
  await record(env, known, by, { turn: kind, before: known.hash, after: known.hash })
  return { ...known, state, changedAt: env.now() }
}

type Writing = Pick<Drafted, 'kind' | 'subjectId' | 'body' | 'by'> & {
  id: string
  revision: number
  turn: 'drafted' | 'edited'
  before: string | null
}

async function write(env: Env, asked: Writing): Promise<Proposal> {
  const { id, revision, body, by } = asked
  const { text, hash } = canonicalOf(asked.kind, asked.subjectId, body)
  const at = env.now()
  const row = { proposalId: id, revision, body, text, hash, author: by, at }
  await store.insertRevision(env.db, row)
  const turned = { proposalId: id, revision, hash, turn: asked.turn, by, note: null, at }
  await store.insertTurn(env.db, { ...turned, id: env.newId() })
  const written = await store.find(env.db, id)
  if (!written) throw new Error('a proposal was not written')
  const { before } = asked
  await record(env, written, by, { turn: asked.turn, before, after: hash.toString('hex') })
  return written
}

async function record(
  env: Env,
  { id, kind, subjectId, memberId }: Proposal,
  by: Person,
  details: { turn: TurnKind; before: string | null; after: string },
): Promise<void> {
  const kindOf = { operator: 'operator', staff: 'staff', applicant: 'anonymous' } as const
  await audit.record(env, {
    actor: { kind: kindOf[by.kind], id: by.id },
    act: `reviews.${details.turn}`,
    object: { kind: `proposal.${kind}`, id },
    details: { subject: subjectId, member: memberId, before: details.before, after: details.after },
  })
}

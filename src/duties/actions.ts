import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { canonical } from '../audit/model.ts'
import { atomically, type Env } from '../env.ts'
import type { Task } from '../operators/model.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import { aroundCase, aroundOf } from './around.ts'
import * as documents from './documents.ts'
import { tell } from './mails.ts'
import {
  isOver,
  otherSide,
  textOf,
  waitsFor,
  type Act,
  type Actor,
  type Around,
  type Case,
  type FlowOf,
  type Kind,
  type Values,
} from './model.ts'
import { mayTake, NOUNS } from './nouns.ts'
import { prepared, type Opening, type Subject } from './opening.ts'
import { cameOnPaper, offeredOnPaper } from './paper.ts'
import {
  actSchema,
  actsOf,
  leakNoticeSchema,
  leakValues,
  turnsOf,
  valuesFor,
  type Turn,
} from './programs.ts'
import * as queries from './queries.ts'
import { readValues } from './reading.ts'
import { known, notYours, refuseWrong, visible } from './sight.ts'
import * as store from './store.ts'

/**
 * Opens a case with its first act: asks for a report, gives notice of an audit, tells of a leak.
 *
 * @throws Refusal invalid_input with the field and the rule; not_found; wrong_state where this form was already sent
 */
export function open(env: Env, asked: Opening): Promise<Case> {
  return atomically(env, async (env) => {
    const { kind, values, actor } = asked
    const name = NOUNS[kind].opens
    const act = known(kind, name)
    const { base, flow, after } = await prepared(env, asked)
    if (kind === 'audit' && base.memberId) await store.lockMember(env.db, base.memberId)
    const around = await aroundOf(env, { flow, after, of: undefined, base })
    refuseWrong(act.faults?.(values, around))
    const of: Case = { ...base, state: act.next(values, around), dueAt: null }
    of.dueAt = act.due?.(values, around) ?? null
    if (!(await store.insert(env.db, of))) throw new Refusal('wrong_state')
    return write(env, { of, name, act, values, actor, flow, position: 1, before: null })
  })
}

/**
 * Takes an act on a case.
 *
 * @param paper an operator registers what a company that is stopped handed in on paper, as a step of the company
 * @throws second_person_needed for whoever registered the paper that is to be judged; Refusal not_found, also for what belongs to somebody else; wrong_state; invalid_input with field and rule
 */
export function take(
  env: Env,
  asked: { id: string; name: string; values: Values; actor: Actor; paper?: boolean },
): Promise<Case> {
  return atomically(env, async (env) => {
    const { actor, name, values, paper = false } = asked
    const of = visible(await store.find(env.db, asked.id, true), actor)
    const around = await aroundCase(env, of)
    const act = paper ? onPaperNow(of, name, around) : known(of.kind, name)
    if (!mayTake(act, actor.side, of.receiver)) throw notYours(act, of)
    if (!act.from.includes(of.state)) throw new Refusal('wrong_state')
    if (act.who === 'giver' && around.paperBy === actor.person.id)
      throw new Refusal('second_person_needed')
    refuseWrong(act.faults?.(values, around))
    const state = act.next(values, around)
    const dueAt = act.due ? act.due(values, around) : of.dueAt
    const closedAt = isOver(state) ? env.now() : null
    const discovered = textOf(values, 'discovered_at')
    const knownAt = discovered ? new Date(discovered) : of.knownAt
    const moved = { ...of, state, dueAt, closedAt, knownAt, draft: null, changedAt: env.now() }
    const position = around.taken.length + 1
    const { flow } = around
    return write(env, { of: moved, name, act, values, actor, flow, position, before: of.state })
  })
}

/** @throws Refusal not_found; wrong_state where nothing comes on paper now */
function onPaperNow(of: Case, name: string, around: Around): Act {
  known(of.kind, name)
  const found = offeredOnPaper(of, around).find(([offered]) => offered === name)
  if (!found) throw new Refusal('wrong_state')
  return found[1]
}

/** Keeps a leak notice that is not yet to be sent: nothing of it is required. */
export function saveDraft(
  env: Env,
  asked: { id: string | undefined; subject: Subject; values: Values; actor: Actor },
): Promise<Case> {
  return atomically(env, async (env) => {
    const { id, values, actor, subject } = asked
    if (id === undefined) {
      const { base } = await prepared(env, { kind: 'leak', subject, values, actor })
      const of: Case = { ...base, state: 'draft', draft: values }
      if (!(await store.insert(env.db, of))) throw new Refusal('wrong_state')
      return of
    }
    const of = visible(await store.find(env.db, id, true), actor)
    if (of.state !== 'draft') throw new Refusal('wrong_state')
    const kept = { ...of, draft: values, changedAt: env.now() }
    await store.update(env.db, kept)
    return kept
  })
}

/**
 * A leak notice from a program of a company (S-49): `notice` as `leakNoticeSchema` admits it.
 *
 * @param memberId the company of the program's token
 * @throws Refusal invalid_input with the field and the rule
 */
export async function notifyLeak(
  env: Env,
  asked: { memberId: string; by: Person; notice: { [field: string]: unknown } },
): Promise<Case> {
  const { memberId, by: person, notice } = asked
  const actor: Actor = { side: 'member', person, memberId }
  return open(env, { kind: 'leak', subject: {}, values: leakValues(notice), actor })
}

/** Notes that a person of the other side has a case before them (S-52): the proof of delivery. */
export function read(env: Env, of: Case, actor: Actor): Promise<void> {
  const asked = { caseId: of.id, side: actor.side, readerId: actor.person.id, at: env.now() }
  return store.insertReadings(env.db, asked)
}

/**
 * Notes that a program of a company is handed the documents of a case: delivered to its company, opened by nobody (S-52).
 *
 * @param programId the row of its API client
 */
export function handOver(env: Env, of: Case, programId: string): Promise<void> {
  const asked = { caseId: of.id, side: 'member' as const, readerId: programId, at: env.now() }
  return store.insertReadings(env.db, asked)
}

/** A case that this actor may see. @throws Refusal not_found */
export async function find(env: Env, id: string, actor: Actor): Promise<Case> {
  return visible(await store.find(env.db, id), actor)
}

/** One page of the cases of a company: what is not over with the nearest deadline on top, or what is, the newest on top. */
export async function listOf(
  env: Env,
  asked: { memberId: string; closed: boolean; limit: number; offset: number },
): Promise<queries.ListedCase[]> {
  const { closed, ...where } = asked
  const { rows } = await queries.list(env.db, {
    ...{ ...where, like: undefined, kind: undefined, now: env.now() },
    ...(closed
      ? { only: 'closed', sort: 'closed', descending: true }
      : { only: 'open', sort: 'due', descending: false }),
  })
  return rows
}

export { actSchema, actsOf, aroundCase, leakNoticeSchema, readValues, turnsOf, valuesFor }
export type { Opening, Subject, Turn }

/** The flows in force an actor may open this kind of case on (S-36): its own side's. */
export async function flowsFor(env: Env, kind: Kind, actor: Actor): Promise<FlowOf[]> {
  const all = await queries.flows(env.db, { memberId: actor.memberId, at: env.now() })
  const act = known(kind, NOUNS[kind].opens)
  return all.filter((flow) => mayTake(act, actor.side, flow.receiver))
}

/** What waits for the consortium: its turn in a case, and whatever is late (S-48). */
export async function tasks(env: Env): Promise<Task[]> {
  const cases = await queries.open(env.db, undefined)
  return cases
    .filter((one) =>
      one.dueAt !== null && one.dueAt <= env.now() ? true : turnOf(one, 'consortium'),
    )
    .map((one) => taskOf(one, '/admin/duties'))
}

/** What waits for the staff of a company. */
export async function tasksOf(env: Env, memberId: string): Promise<Task[]> {
  const cases = await queries.open(env.db, memberId)
  return cases.filter((one) => turnOf(one, 'member')).map((one) => taskOf(one, '/company/duties'))
}

const turnOf = (one: queries.ListedCase, side: Actor['side']) => {
  const turn = waitsFor(one)
  return turn === side || turn === 'either'
}

function taskOf(one: queries.ListedCase, base: string): Task {
  return {
    kind: `duty_${one.kind}`,
    name: [one.member?.ja, one.number].filter(Boolean).join(' '),
    href: `${base}/${one.id}`,
    ...(one.dueAt && { dueAt: one.dueAt }),
  }
}

/** What the rules would look at for a case that is about to be opened: for its form. */
export async function aroundOpening(
  env: Env,
  { kind, subject, actor }: Omit<Opening, 'values'>,
): Promise<Around> {
  const { base, flow, after } = await prepared(env, { kind, subject, values: {}, actor })
  return aroundOf(env, { flow, after, of: undefined, base })
}

type Writing = {
  of: Case
  name: string
  act: Act
  values: Values
  actor: Actor
  flow: FlowOf | undefined
  position: number
  before: Case['state'] | null
}

/** Step, document, case, audit line and mail: all or nothing. */
async function write(env: Env, writing: Writing): Promise<Case> {
  const { of, name, act, values, actor, position, before } = writing
  const member = of.memberId ? await queries.memberNames(env.db, of.memberId) : undefined
  const paper = act.document ? await documents.issue(env, { ...writing, member }) : undefined
  const now: Case = { ...of, number: of.number ?? paper?.number ?? null }
  await store.update(env.db, now)
  const hash = createHash('sha256').update(canonical(values)).digest()
  const step = { position, step: name, side: actor.side, byId: actor.person.id, body: values }
  const written = { id: env.newId(), caseId: of.id, documentId: paper?.id ?? null, at: env.now() }
  await store.insertStep(env.db, { ...step, ...written, hash })
  await audit.record(env, {
    actor: { kind: actor.person.kind === 'operator' ? 'operator' : 'staff', id: actor.person.id },
    act: `duties.${of.kind}.${name}`,
    object: { kind: 'duty', id: of.id },
    details: {
      member: of.memberId,
      before,
      after: now.state,
      hash: hash.toString('hex'),
      document: paper?.number ?? null,
      ...(cameOnPaper(values) && { paper: textOf(values, 'paper_received_on') }),
    },
  })
  if (paper) await tell(env, { of: now, name, document: paper, to: otherSide(actor.side) })
  return now
}

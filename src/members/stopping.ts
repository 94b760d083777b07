/** Stopping a company or one service of it, and the way back: proposed by one person, approved by another (S-51, J9). */
import * as audit from '../audit/actions.ts'
import { closeStopGate } from '../database/gate.ts'
import * as turns from '../database/turns.ts'
import { atomically, type Env } from '../env.ts'
import type { Both } from '../installation.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import * as people from '../people/actions.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import * as queries from './stopping_queries.ts'
import {
  aimsFor,
  kindOf,
  kindsOf,
  statusAfter,
  type Aim,
  type DryRun,
  type Stop,
  type StopBody,
  type SubjectKind,
} from './stopping_model.ts'
import * as store from './stopping_store.ts'

/** What is to be stopped, as its room knows it. */
export type Subject = {
  kind: SubjectKind
  id: string
  memberId: string
  /** For the letters: the service, else the company. */
  names: Both
}

const TABLE: Record<SubjectKind, turns.Turning> = {
  member: turns.MEMBERS,
  service: turns.SERVICES,
}

const reachOf = ({ kind, id, memberId }: Subject): queries.Reach => ({
  memberId,
  serviceId: kind === 'service' ? id : null,
})

/** What a stop of this subject would reach at this moment. Changes nothing. */
export function dryRun(env: Env, subject: Subject): Promise<DryRun> {
  return queries.dryRun(env.db, reachOf(subject), env.now())
}

export type Standing = {
  /** The status that counts now. */
  status: string
  /** What is in force or set to come; undefined where nothing is stopped. */
  stop: Stop | undefined
  /** What can be proposed now. */
  aims: Aim[]
  /** What waits for a second person. */
  open: Proposal | undefined
}

/** Where a subject stands, and what can be done about it. @param status as its room reads it now */
export async function standingOf(env: Env, subject: Subject, status: string): Promise<Standing> {
  const stop = await store.current(env.db, reachOf(subject))
  const planned = stop !== undefined && stop.effectiveAt > env.now()
  return {
    status,
    stop,
    aims: aimsFor(subject.kind, status, planned),
    open: await openProposal(env, subject),
  }
}

async function openProposal(env: Env, { kind, id }: Subject): Promise<Proposal | undefined> {
  const kinds = kindsOf(kind)
  return (await reviews.list(env, { kinds, states: ['proposed'], subjectId: id }))[0]
}

/**
 * Proposes a stop or the way back: it waits for a second person.
 *
 * @throws Refusal wrong_state where the subject cannot be stopped so now, or another proposal waits
 */
export function propose(env: Env, subject: Subject, body: StopBody, by: Person): Promise<Proposal> {
  return atomically(env, async (env) => {
    await held(env, subject, body.aim)
    const kind = kindOf(subject.kind, body.aim)
    if (!kind || (await openProposal(env, subject))) throw new Refusal('wrong_state')
    const { id: subjectId, memberId } = subject
    const { id, hash } = await reviews.draft(env, { kind, subjectId, memberId, body, by })
    return reviews.propose(env, { id, hash, by })
  })
}

/**
 * A second person approves, and it counts: at once, or from the moment that was set. Releases that are under way end
 * first, and none begins meanwhile (K8); nothing waits for residents to be told.
 *
 * @throws Refusal not_found, second_person_needed, changed_meanwhile, wrong_state
 */
export function approve(env: Env, subject: Subject, seen: reviews.Seen): Promise<Proposal> {
  return atomically(env, async (env) => {
    await closeStopGate(env.db, subject.memberId)
    return reviews.approve(env, await ours(env, subject, seen), (env, proposal) =>
      apply(env, subject, proposal, seen.by),
    )
  })
}

/** Declines what was proposed. @throws Refusal not_found, changed_meanwhile, wrong_state */
export async function refuse(env: Env, subject: Subject, seen: reviews.Seen & { note: string }) {
  return reviews.refuse(env, { ...(await ours(env, subject, seen)), note: seen.note })
}

/** Only what is about this subject: an id of another one is none. */
async function ours(env: Env, subject: Subject, seen: reviews.Seen): Promise<reviews.Seen> {
  const found = await reviews.find(env, seen.id)
  if (found?.subjectId !== subject.id || !kindsOf(subject.kind).includes(found.kind))
    throw new Refusal('not_found')
  return seen
}

/** The subject's row, locked, with its status settled. @throws Refusal wrong_state where the aim does not fit it */
async function held(env: Env, { kind, id, memberId }: Subject, aim: Aim): Promise<turns.Status> {
  const asked = { id, at: env.now(), changeId: env.newId() }
  const status = await turns.holdStatus(env.db, TABLE[kind], asked)
  if (!status) throw new Refusal('not_found')
  const stop = await store.current(
    env.db,
    reachOf({ kind, id, memberId, names: { ja: '', en: '' } }),
  )
  const planned = stop !== undefined && stop.effectiveAt > env.now()
  if (!aimsFor(kind, status.status, planned).includes(aim)) throw new Refusal('wrong_state')
  return status
}

async function apply(env: Env, subject: Subject, proposal: Proposal, by: Person): Promise<void> {
  const body = proposal.body as StopBody
  const { status } = await held(env, subject, body.aim)
  const before = await store.current(env.db, reachOf(subject))
  const work = body.aim === 'lift' ? lift : stop
  const after = await work(env, { subject, proposal, body, status, before })
  await audit.record(env, {
    actor: { kind: 'operator', id: by.id },
    act: `${subject.kind}s.${body.aim}`,
    object: { kind: subject.kind, id: subject.id },
    details: {
      before: { status, stop: before?.id ?? null },
      after: { status: after.status, stop: after.stopId, from: after.at.toISOString() },
      proposal: proposal.id,
      hash: proposal.hash,
    },
  })
}

type Step = {
  subject: Subject
  proposal: Proposal
  body: StopBody
  status: string
  /** The stop that has not ended. */
  before: Stop | undefined
}
type After = { status: string; stopId: string | null; at: Date }

async function stop(env: Env, step: Step): Promise<After> {
  const { subject, proposal, body, status, before } = step
  const now = env.now()
  const asked = body.effectiveAt === null ? now : new Date(body.effectiveAt)
  const at = asked > now ? asked : now
  const turnedTo = statusAfter(subject.kind, body.aim, undefined) as Stop['turnedTo']
  if (before) await store.end(env.db, { ...endOf(before, proposal, now), tell: false })
  const row: Stop = {
    ...reachOf(subject),
    id: env.newId(),
    turnedTo,
    was: before && before.effectiveAt <= now ? before.was : status,
    reason: body.reason,
    forResidents: body.residents,
    forCompany: body.company,
    effectiveAt: at,
    approvedAt: now,
  }
  await store.insert(env.db, proposal.id, row)
  const of = TABLE[subject.kind]
  const { reason } = body
  if (at > now) await turns.plan(env.db, of, subject.id, { status: turnedTo, at })
  else
    await turns.turn(env.db, of, subject.id, { id: env.newId(), status: turnedTo, reason, at: now })
  if (at <= now && subject.kind === 'member')
    await people.endSessions(env, 'staff', await queries.staffIds(env.db, subject.memberId))
  await tellCompany(env, subject, row)
  return { status: turnedTo, stopId: row.id, at }
}

async function lift(env: Env, { subject, proposal, body, status, before }: Step): Promise<After> {
  const now = env.now()
  const of = TABLE[subject.kind]
  const planned = before !== undefined && before.effectiveAt > now
  const after = planned ? status : await statusBack(env, subject, before)
  if (planned) await turns.callOff(env.db, of, subject.id)
  else {
    const change = { id: env.newId(), status: after, reason: body.reason, at: now }
    await turns.turn(env.db, of, subject.id, change, true)
  }
  if (before) await store.end(env.db, { ...endOf(before, proposal, now), tell: !planned })
  const values = { name: subject.names.ja, at: words('ja').dateTime(now), text: body.company }
  for (const to of await queries.companyAddresses(env.db, subject.memberId))
    await notices.send(env, { to, language: 'ja', letter: 'company_resumed', values })
  return { status: after, stopId: before?.id ?? null, at: now }
}

/** Where a lift leads: a company whose first contract was approved meanwhile is active, not what it was before (S-18). */
async function statusBack(env: Env, { kind, memberId }: Subject, before: Stop | undefined) {
  const back = statusAfter(kind, 'lift', before?.was)
  const begun = back === 'approved' && (await queries.hasContract(env.db, memberId))
  return begun ? 'active' : back
}

const endOf = (stop: Stop, proposal: Proposal, at: Date) => ({
  stopId: stop.id,
  proposalId: proposal.id,
  at,
})

/** The company hears from when on it is stopped, and why; residents hear when it counts. */
async function tellCompany(env: Env, { names, memberId }: Subject, stop: Stop): Promise<void> {
  for (const to of await queries.companyAddresses(env.db, memberId))
    await notices.send(env, {
      to,
      language: 'ja',
      letter: 'company_stopped',
      values: {
        name: names.ja,
        at: words('ja').dateTime(stop.effectiveAt),
        turnedTo: stop.turnedTo,
        reason: stop.reason,
        text: stop.forCompany,
      },
    })
}

/** Every stop that counts at this moment, for the pages of residents and the public. */
export function stopsInForce(env: Env): Promise<Stop[]> {
  return store.inForce(env.db, env.now())
}

/** How much of what is owed a page lists. */
const LISTED = 50

/** What a company owes while it is stopped: its clocks run on (S-48, S-51). */
export function owedOf(env: Env, memberId: string) {
  return queries.owed(env.db, memberId, LISTED)
}

/** The stop that keeps a company out, with its words for the company. */
export async function stopOf(env: Env, memberId: string): Promise<Stop | undefined> {
  const stop = await store.current(env.db, { memberId, serviceId: null })
  return stop && stop.effectiveAt <= env.now() ? stop : undefined
}

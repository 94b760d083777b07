import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { canonical } from '../audit/model.ts'
import { atomically, type Env } from '../env.ts'
import { YEAR_END } from '../input/business_days.ts'
import { dayOf } from '../input/days.ts'
import { isUuid } from '../input/ids.ts'
import type { Task } from '../operators/model.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
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
  type Faults,
  type FlowOf,
  type Kind,
  type Values,
} from './model.ts'
import { actOf, mayTake, NOUNS, soFarOf } from './nouns.ts'
import * as queries from './queries.ts'
import { valuesOf } from './reading.ts'
import * as store from './store.ts'

/** What a case is opened on. `once` is the id of the form, so that sending it twice opens one case. */
export type Subject = { once?: string; flow?: string; after?: string; service?: string }

export type Opening = { kind: Kind; subject: Subject; values: Values; actor: Actor }

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
 * @throws Refusal not_found, also for what belongs to somebody else; wrong_state; invalid_input with field and rule
 */
export function take(
  env: Env,
  asked: { id: string; name: string; values: Values; actor: Actor },
): Promise<Case> {
  return atomically(env, async (env) => {
    const { actor, name, values } = asked
    const of = visible(await store.find(env.db, asked.id, true), actor)
    const act = known(of.kind, name)
    if (!mayTake(act, actor.side, of.receiver)) throw notYours(act, of)
    if (!act.from.includes(of.state)) throw new Refusal('wrong_state')
    const around = await aroundNow(env, of)
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

/** Keeps a leak notice that is not yet to be sent: nothing of it is required (M7). */
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
  asked: { memberId: string; by: Person; notice: Values },
): Promise<Case> {
  const { memberId, by: person, notice } = asked
  const at = new Date(textOf(notice, 'discovered_at'))
  if (Number.isNaN(at.getTime()))
    throw new Refusal('invalid_input', { fields: { discovered_at: 'moment' } })
  const values = { ...notice, discovered_at: at.toISOString() }
  const actor: Actor = { side: 'member', person, memberId }
  return open(env, { kind: 'leak', subject: {}, values, actor })
}

/** Notes that a reader of the other side has a case before them (S-52): the proof of delivery. */
export function read(env: Env, of: Case, actor: Actor): Promise<void> {
  const asked = { caseId: of.id, side: actor.side, readerId: actor.person.id, at: env.now() }
  return store.insertReadings(env.db, asked)
}

/** A case that this actor may see. @throws Refusal not_found */
export async function find(env: Env, id: string, actor: Actor): Promise<Case> {
  return visible(await store.find(env.db, id), actor)
}

/** What the rules look at, of a case as it stands. */
export const aroundCase = (env: Env, of: Case) => aroundNow(env, of)

/** The flows in force an actor may open this kind of case on (S-36): its own side's. */
export async function flowsFor(env: Env, kind: Kind, actor: Actor): Promise<FlowOf[]> {
  const all = await queries.flows(env.db, { memberId: actor.memberId, at: env.now() })
  const act = known(kind, NOUNS[kind].opens)
  return all.filter((flow) => mayTake(act, actor.side, flow.receiver))
}

/** What waits for the consortium: its turn in a case, and whatever is late (S-48, A1). */
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

type Prepared = { base: Case; flow: FlowOf | undefined; after: Case | undefined }

/** Looks up what a case is opened on, and holds it to the side that asks. */
async function prepared(env: Env, { kind, subject, values, actor }: Opening): Promise<Prepared> {
  const { on, opens } = NOUNS[kind]
  const after = on === 'report' ? await reportOf(env, subject, actor) : undefined
  const flow = await flowOf(env, after?.flowId ?? subject.flow, actor)
  if (!flow && (on === 'flow' || subject.flow))
    throw new Refusal('invalid_input', { fields: { flow: 'choose' } })
  const receiver = flow?.receiver ?? after?.receiver ?? actor.side
  const act = known(kind, opens)
  if (!mayTake(act, actor.side, receiver)) throw wrongSide(act)
  const memberId = flow?.memberId ?? after?.memberId ?? actor.memberId ?? null
  const discovered = textOf(values, 'discovered_at')
  const base: Case = {
    ...{
      id: isUuid(subject.once) ? subject.once : env.newId(),
      number: null,
      kind,
      memberId,
      receiver,
    },
    ...{ flowId: flow?.id ?? null, serviceId: await serviceOf(env, subject, memberId) },
    ...{ state: 'draft', dueAt: null, auditOn: kind === 'audit' ? textOf(values, 'on') : null },
    ...{
      afterId: after?.id ?? null,
      knownAt: discovered ? new Date(discovered) : null,
      draft: null,
    },
    ...{ openedAt: env.now(), changedAt: env.now(), closedAt: null },
  }
  return { base, flow, after }
}

async function reportOf(env: Env, { after }: Subject, actor: Actor): Promise<Case> {
  const found = await find(env, after ?? '', actor)
  if (found.kind !== 'report') throw new Refusal('not_found')
  return found
}

/** A flow by its id; of another company it is as if there were none. */
async function flowOf(env: Env, id: string | null | undefined, actor: Actor) {
  const found = id ? await queries.flow(env.db, id, env.now()) : undefined
  const foreign = actor.memberId !== undefined && found?.memberId !== actor.memberId
  return foreign ? undefined : found
}

async function serviceOf(env: Env, { service }: Subject, memberId: string | null) {
  if (!service) return null
  const own = memberId ? await queries.services(env.db, memberId) : []
  if (own.some(({ id }) => id === service)) return service
  throw new Refusal('invalid_input', { fields: { service: 'choose' } })
}

function visible(of: Case | undefined, actor: Actor): Case {
  const theirs =
    of &&
    (actor.memberId === undefined
      ? of.state !== 'draft' || of.receiver === 'consortium'
      : of.memberId === actor.memberId && !(of.kind === 'leak' && of.receiver === 'consortium'))
  if (!of || !theirs) throw new Refusal('not_found')
  return of
}

function known(kind: Kind, name: string): Act {
  const act = actOf(kind, name)
  if (!act) throw new Refusal('not_found')
  return act
}

/** One's own report is judged by the other side only (S-36, S-42), and the like. */
function notYours(act: Act, of: Case): Refusal {
  const rule = of.kind === 'report' && act.who === 'giver' ? 'own_report' : 'not_your_side'
  return new Refusal('invalid_input', { fields: { [act.fields[0]?.name ?? '']: rule } })
}

const wrongSide = (act: Act) =>
  new Refusal('invalid_input', {
    fields: { flow: act.who === 'receiver' ? 'flow_not_received' : 'flow_not_given' },
  })

/** Says which fields break which rule; the words get what the rule says beside (a day, a number). */
function refuseWrong(faults: Faults | undefined): void {
  const wrong = Object.entries(faults ?? {})
  if (!wrong.length) return
  const fields = Object.fromEntries(wrong.map(([field, { rule }]) => [field, rule]))
  throw new Refusal('invalid_input', { fields, faults })
}

async function aroundNow(env: Env, of: Case): Promise<Around> {
  const flow = of.flowId ? await queries.flow(env.db, of.flowId, env.now()) : undefined
  const after = of.afterId ? await store.find(env.db, of.afterId) : undefined
  return aroundOf(env, { flow, after, of, base: of })
}

type Known = {
  flow: FlowOf | undefined
  after: Case | undefined
  of: Case | undefined
  base: Pick<Case, 'kind' | 'memberId' | 'receiver'>
}

async function aroundOf(env: Env, { flow, after, of, base }: Known): Promise<Around> {
  const { installation } = env.config
  const steps = of ? await store.steps(env.db, of.id) : []
  const { kind, memberId, receiver } = base
  const audited = kind === 'audit' && memberId !== null && of === undefined
  return {
    now: env.now(),
    today: dayOf(env.now()),
    yearEnd: installation.yearEndHolidays ?? YEAR_END,
    legalForm: installation.legalForm,
    firstReportDays: installation.leakFirstReportDays ?? 3,
    soFar: soFarOf(steps),
    taken: steps.map(({ step }) => step),
    audits: audited ? await store.auditDays(env.db, { memberId, receiver }) : [],
    ...(of && { case: of }),
    ...(flow && { flow }),
    ...(after && { after }),
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
    actor: { kind: actor.side === 'consortium' ? 'operator' : 'staff', id: actor.person.id },
    act: `duties.${of.kind}.${name}`,
    object: { kind: 'duty', id: of.id },
    details: {
      member: of.memberId,
      before,
      after: now.state,
      hash: hash.toString('hex'),
      document: paper?.number ?? null,
    },
  })
  if (paper) await tell(env, { of: now, name, document: paper, to: otherSide(actor.side) })
  return now
}

/** Fields of a form as values. @throws Refusal invalid_input */
export function readValues(act: Act, form: { [field: string]: unknown }, whole = true): Values {
  const { values, faults } = valuesOf(act, form, whole)
  refuseWrong(faults)
  return values
}

import * as audit from '../audit/actions.ts'
import { canonical, type Json } from '../audit/model.ts'
import * as duties from '../duties/actions.ts'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import type { Task } from '../operators/model.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { isOpen, type Proposal } from '../reviews/model.ts'
import { hashOf, type Body, type Incident, type Letter, type Scope } from './model.ts'
import * as queries from './queries.ts'
import { enqueue, holderOf } from './sending.ts'
import * as letterStore from './letter_store.ts'
import * as store from './store.ts'

/** A leak about which letters can go out: notified, of whichever side. @throws Refusal not_found, wrong_state */
export async function leakOf(env: Env, caseId: string, by: Person) {
  const of = await duties.find(env, caseId, { side: 'consortium', person: by })
  if (of.kind !== 'leak') throw new Refusal('not_found')
  if (of.state === 'draft') throw new Refusal('wrong_state')
  const around = await duties.aroundCase(env, of)
  const memberId = of.receiver === 'member' ? of.memberId : null
  return { id: of.id, number: of.number, memberId, knownAt: of.knownAt, said: around.soFar }
}

/**
 * Opens a round of letters about a leak and begins to count who is concerned.
 *
 * @throws Refusal invalid_input for services of others or unknown items; wrong_state where a round is open
 */
export function open(
  env: Env,
  { caseId, scope, by }: { caseId: string; scope: Scope; by: Person },
): Promise<string> {
  return atomically(env, async (env) => {
    const leak = await leakOf(env, caseId, by)
    const services = (await queries.services(env.db, leak.memberId)).map(({ id }) => id)
    const items = (await queries.items(env.db)).map(({ id }) => id)
    const fields: Record<string, string> = {}
    if (!scope.services.length) fields['services'] = 'required'
    else if (!scope.services.every((id) => services.includes(id))) fields['services'] = 'not_valid'
    if (!scope.items.length) fields['items'] = 'required'
    else if (!scope.items.every((id) => items.includes(id))) fields['items'] = 'not_valid'
    if (scope.until > env.now()) fields['until'] = 'not_valid'
    else if (scope.since && scope.since >= scope.until) fields['until'] = 'period_turned'
    if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
    const id = env.newId()
    const { memberId } = leak
    const row = { id, caseId, memberId, ...scope, by: by.id, at: env.now() }
    if (!(await store.insert(env.db, row))) throw new Refusal('wrong_state')
    await env.queue.send(env.db, 'incidents.count', { id })
    await note(env, { id, by, act: 'incidents.opened', details: { case: caseId, ...told(scope) } })
    return id
  })
}

const told = ({ services, items, since, until }: Scope) => ({
  services,
  items,
  since: since?.toISOString() ?? null,
  until: until.toISOString(),
})

/** A round. @throws Refusal not_found */
export async function find(env: Env, id: string): Promise<Incident> {
  const incident = isUuid(id) ? await store.find(env.db, id) : undefined
  if (!incident) throw new Refusal('not_found')
  return incident
}

/** The words of a round that are being decided, or were. */
export async function wordsOf(env: Env, incident: Incident): Promise<Proposal | undefined> {
  return incident.proposalId ? reviews.find(env, incident.proposalId) : undefined
}

/**
 * Writes the words. What was proposed before is void: it is a draft again, of new figures and words.
 *
 * @param hash of the draft that was edited; empty where there was none
 * @throws Refusal wrong_state, changed_meanwhile
 */
export function write(
  env: Env,
  { id, hash, letter, by }: { id: string; hash: string; letter: Letter; by: Person },
): Promise<Proposal> {
  return atomically(env, async (env) => {
    const incident = await held(env, id, ['counted'])
    const known = await wordsOf(env, incident)
    const body = bodyOf(incident, letter) as unknown as reviews.Body
    if (known && isOpen(known)) return reviews.edit(env, { id: known.id, hash, by, body })
    if (hash) throw new Refusal('changed_meanwhile')
    const { memberId } = incident
    const asked = { kind: 'leak_letter' as const, subjectId: id, memberId, body, by }
    const drafted = await reviews.draft(env, asked)
    await store.update(env.db, id, { proposal_id: drafted.id }, env.now())
    return drafted
  })
}

function bodyOf(incident: Incident, letter: Letter): Body {
  const { id, services, items, since, until, figures } = incident
  if (!figures) throw new Error('a counted round has no figures')
  return { incident: id, scope: told({ services, items, since, until }), figures, letter }
}

/** A privacy officer stands for figures and words. @throws Refusal wrong_state, changed_meanwhile */
export function propose(env: Env, seen: { id: string; hash: string; by: Person }) {
  return atomically(env, async (env) => {
    const { proposal } = await decided(env, seen.id)
    return reviews.propose(env, { ...seen, id: proposal.id })
  })
}

/**
 * A second person approves exactly these figures and words, and the letters begin to go out.
 *
 * @throws Refusal second_person_needed, changed_meanwhile, wrong_state
 */
export function approve(env: Env, seen: { id: string; hash: string; by: Person }) {
  return atomically(env, async (env) => {
    const { incident, proposal } = await decided(env, seen.id)
    return reviews.approve(env, { ...seen, id: proposal.id }, async (env, approved) => {
      const body = approved.body as unknown as Body
      const now = bodyOf(incident, body.letter)
      if (canonical(now as unknown as Json) !== canonical(approved.body))
        throw new Refusal('changed_meanwhile')
      const at = env.now()
      const over = now.figures.persons === 0
      await store.update(
        env.db,
        incident.id,
        {
          state: over ? 'sent' : 'sending',
          approved_at: at,
          ...(over && { finished_at: at }),
        },
        at,
      )
      await enqueue(env, incident.id)
      await note(env, {
        id: incident.id,
        by: seen.by,
        act: 'incidents.approved',
        details: {
          persons: now.figures.persons,
          before: hashOf(now.figures),
          after: approved.hash,
        },
      })
    })
  })
}

/** Gives the words back, or declines them, with a note. @throws Refusal as in reviews */
export function decline(
  env: Env,
  how: 'giveBack' | 'refuse',
  seen: { id: string; hash: string; by: Person; note: string },
) {
  return atomically(env, async (env) => {
    const { proposal } = await decided(env, seen.id)
    const asked = { ...seen, id: proposal.id }
    return how === 'giveBack' ? reviews.giveBack(env, asked) : reviews.refuse(env, asked)
  })
}

/** Ends a round before anything was sent, so that another can be opened with another scope. */
export function withdraw(env: Env, { id, by }: { id: string; by: Person }): Promise<void> {
  return atomically(env, async (env) => {
    const incident = await held(env, id, ['counting', 'counted'])
    const words = await wordsOf(env, incident)
    if (words && isOpen(words)) await reviews.withdraw(env, { id: words.id, hash: words.hash, by })
    await store.update(env.db, id, { state: 'withdrawn', finished_at: env.now() }, env.now())
    await note(env, { id, by, act: 'incidents.withdrawn', details: {} })
  })
}

/** Lays what is not done into the queue again. @returns how many batches */
export function resume(env: Env, { id, by }: { id: string; by: Person }): Promise<number> {
  return atomically(env, async (env) => {
    const incident = await held(env, id, ['counting', 'sending'])
    if (incident.state === 'counting') await env.queue.send(env.db, 'incidents.count', { id })
    const batches = incident.state === 'sending' ? await enqueue(env, id) : 0
    await note(env, { id, by, act: 'incidents.resumed', details: { batches } })
    return batches
  })
}

/** Letters on paper left the desk. */
export function printed(
  env: Env,
  { id, letters, by }: { id: string; letters: readonly string[]; by: Person },
): Promise<number> {
  return atomically(env, async (env) => {
    const count = await letterStore.printed(env.db, id, letters.filter(isUuid), env.now())
    await note(env, { id, by, act: 'incidents.printed', details: { count } })
    return count
  })
}

/** Somebody at the desk has these letters, with name and address, on their screen (J10). */
export async function seen(
  env: Env,
  { id, residentIds, by }: { id: string; residentIds: readonly string[]; by: Person },
): Promise<void> {
  await atomically(env, async (env) => {
    for (const residentId of residentIds)
      await audit.record(env, {
        actor: { kind: 'operator', id: by.id },
        act: 'incidents.letter_seen',
        object: { kind: 'resident', id: residentId },
        details: { incident: id },
      })
  })
}

/** A mail was handed over; only letters of this room are looked for. */
export async function mailSent(env: Env, about: string, at: Date): Promise<void> {
  if (isUuid(about)) await letterStore.mailed(env.db, about, at)
}

/** What waits for the consortium: words to be written, and letters that stopped. */
export async function tasks(env: Env): Promise<Task[]> {
  const open = await store.open(env.db)
  const tasks: Task[] = []
  for (const incident of open) {
    const words = incident.state === 'counted' ? await wordsOf(env, incident) : undefined
    const writes = incident.state === 'counted' && words?.state !== 'proposed'
    const stuck =
      incident.approvedAt !== null && env.now().getTime() - incident.approvedAt.getTime() > STUCK_MS
    if (!writes && !stuck) continue
    tasks.push({
      kind: writes ? 'incident_words' : 'incident_stuck',
      name: (await holderOf(env, incident)).ja,
      href: `/admin/incidents/${incident.id}`,
    })
  }
  return tasks
}

/** Letters that are not all posted an hour after they were approved. */
const STUCK_MS = 3_600_000

async function held(env: Env, id: string, states: readonly Incident['state'][]): Promise<Incident> {
  const incident = isUuid(id) ? await store.find(env.db, id, true) : undefined
  if (!incident) throw new Refusal('not_found')
  if (!states.includes(incident.state)) throw new Refusal('wrong_state')
  return incident
}

async function decided(env: Env, id: string) {
  const incident = await held(env, id, ['counted'])
  const proposal = await wordsOf(env, incident)
  if (!proposal) throw new Refusal('wrong_state')
  return { incident, proposal }
}

function note(
  env: Env,
  {
    id,
    by,
    act,
    details,
  }: { id: string; by: Person; act: string; details: { [key: string]: Json } },
): Promise<void> {
  return audit.record(env, {
    actor: { kind: 'operator', id: by.id },
    act,
    object: { kind: 'incident', id },
    details,
  })
}

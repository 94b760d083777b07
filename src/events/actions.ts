import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import type { Task } from '../operators/model.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as services from '../services/actions.ts'
import * as deliveries from './delivery_store.ts'
import { channelOf, mayBeTold, type Delivery, type EventName, type Payload } from './model.ts'
import * as queries from './queries.ts'
import { signEvent, type SubjectId } from './signing.ts'
import * as store from './store.ts'

export { poll, type PollAsked } from './polling.ts'
export { tasksOf } from './undelivered.ts'

/** Shown of a resident's messages to one service. */
const NEWEST = 50

/** What one service was told, or is to be told, of a resident; newest first. */
export function deliveriesOf(env: Env, residentId: string, serviceId: string): Promise<Delivery[]> {
  return deliveries.ofResident(env.db, residentId, serviceId, NEWEST)
}

/** A page of dead messages, newest first: all of them for operators, one company's for its staff. */
export function deadLetters(
  env: Env,
  page: deliveries.DeadAsked,
): Promise<{ rows: Delivery[]; total: number }> {
  return deliveries.dead(env.db, page)
}

/**
 * Tries a dead message for another 24 hours: the same event under the same `jti`. Where later ones have arrived
 * meanwhile, it comes after them; `toe` tells when it happened.
 *
 * @param memberId whose message it must be, where staff ask
 * @throws Refusal not_found, the same for another company's, one that is not dead, and none at all
 */
export function retryDead(env: Env, id: string, by: Person, memberId?: string): Promise<void> {
  return atomically(env, async (env) => {
    const serviceId = isUuid(id)
      ? await deliveries.revive(env.db, id, { memberId, at: env.now() })
      : undefined
    if (serviceId === undefined) throw new Refusal('not_found')
    await audit.record(env, {
      actor: { kind: by.kind === 'applicant' ? 'anonymous' : by.kind, id: by.id },
      act: 'events.retried',
      object: { kind: 'event_message', id },
      details: { service: serviceId },
    })
  })
}

/** On the desk: services that were not told, one line each, and whether anything could not even be written down. */
export async function tasks(env: Env): Promise<Task[]> {
  const found: Task[] = []
  const stuck = await queries.stuck(env.db)
  if (stuck) found.push({ kind: 'events_stuck', name: String(stuck), href: '/admin/events' })
  for (const { serviceId } of await deliveries.deadByService(env.db)) {
    const service = await services.byId(env, serviceId)
    const name = service?.version.names.ja ?? serviceId
    found.push({ kind: 'events_dead', name, href: `/admin/events?service=${serviceId}` })
  }
  return found
}

/** An event that is about no resident: a verification event (SSF §8.1.4). */
export type EventAsked = {
  name: EventName
  /** Names what it is about, and keeps its order among events about the same. */
  subject: SubjectId & { id: string }
  payload: Payload
}

/**
 * Lays an event for a service in its channel, to be delivered like any other. Joins the transaction of `env`.
 *
 * @returns its `jti`; undefined where the service takes no events now
 */
export function enqueueEvent(
  env: Env,
  serviceId: string,
  { name, subject, payload }: EventAsked,
): Promise<string | undefined> {
  return atomically(env, async (env) => {
    const service = await services.byId(env, serviceId)
    const channel =
      service && mayBeTold(service)
        ? channelOf(service, await store.stream(env.db, serviceId))
        : undefined
    if (!service || !channel) return undefined
    const jti = env.newId()
    await store.lockSequence(env.db)
    const row = {
      id: env.newId(),
      factId: null,
      serviceId,
      memberId: service.member.id,
      residentId: null,
      ...{ subject: subject.id, channel, type: name, jti, sid: null },
      set: await signEvent(env, service, { name, jti, subject, payload }),
    }
    await store.insertMessage(env.db, row, env.now())
    return jti
  })
}

/**
 * Notes that a browser's session signed in to a service, and the `sid` the service knows it by: who is to be told when
 * it ends. Joins the transaction of `env`.
 */
export function noteSession(env: Env, session: Omit<store.SessionRow, 'at'>): Promise<void> {
  return store.noteSession(env.db, { ...session, at: env.now() })
}

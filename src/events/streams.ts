/** What staff and operators do about deliveries: choose the way, try it out, send again. */
import * as audit from '../audit/actions.ts'
import { count, type Limit } from '../database/limits.ts'
import { atomically, type Env } from '../env.ts'
import type { OperatorHere, StaffHere } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as services from '../services/actions.ts'
import type { ServiceNow } from '../services/model.ts'
import { enqueueEvent, retryDead } from './actions.ts'
import { channelOf, mayBeTold, type Stream } from './model.ts'
import { stream } from './store.ts'
import * as store from './stream_store.ts'

/** none: the service is told nothing. */
export type Delivery = 'push' | 'poll' | 'none'

export type Seen = {
  service: ServiceNow
  stream: Stream | undefined
  channels: store.ChannelState[]
}

/** The services of a company with the state of their deliveries. */
export async function ofCompany(env: Env, memberId: string): Promise<Seen[]> {
  return seen(env, await services.listOf(env, memberId))
}

/** One service of a company. @throws Refusal not_found, the same for another company's and none at all */
export async function ofService(env: Env, memberId: string, serviceId: string): Promise<Seen> {
  const service = await services.byId(env, serviceId)
  if (!service || service.service.memberId !== memberId) throw new Refusal('not_found')
  const [one] = await seen(env, [service])
  if (!one) throw new Refusal('not_found')
  return one
}

async function seen(env: Env, all: readonly ServiceNow[]): Promise<Seen[]> {
  const ids = all.map(({ service }) => service.id)
  const states = await store.channelStates(env.db, ids)
  const streams = await store.streams(env.db, ids)
  return all.map((service) => ({
    service,
    stream: streams.find(({ serviceId }) => serviceId === service.service.id),
    channels: states.get(service.service.id) ?? [],
  }))
}

/** How the service takes its events now. */
export const deliveryOf = ({ service, stream }: Pick<Seen, 'service' | 'stream'>): Delivery =>
  channelOf(service, stream) ?? 'none'

/**
 * Changes how a service of one's company takes its events. What waits goes on by the new way; with `none` it is dead and
 * can be sent again later.
 *
 * @throws Refusal not_found; invalid_input at `delivery` for push without an address in the version in force
 */
export function choose(
  env: Env,
  { serviceId, delivery }: { serviceId: string; delivery: Delivery },
  by: StaffHere,
): Promise<void> {
  return atomically(env, async (env) => {
    const before = await ofService(env, by.memberId, serviceId)
    if (delivery === 'push' && before.service.version.eventsUri === undefined)
      throw new Refusal('invalid_input', { fields: { delivery: 'events_uri_missing' } })
    const at = env.now()
    const way = delivery === 'none' ? (before.stream?.delivery ?? 'push') : delivery
    const status = delivery === 'none' ? 'disabled' : 'enabled'
    await store.setStream(env.db, { serviceId, delivery: way, status }, at)
    if (delivery === 'none') await store.stopWaiting(env.db, serviceId, at)
    else if (deliveryOf(before) !== delivery)
      await store.moveWaiting(env.db, { serviceId, to: delivery, at })
    if (delivery !== 'push') await store.forgetFailure(env.db, serviceId, 'push')
    await audit.record(env, {
      actor: { kind: 'staff', id: by.id },
      act: 'events.delivery_chosen',
      object: { kind: 'service', id: serviceId },
      details: { before: deliveryOf(before), after: delivery },
    })
  })
}

const TRIALS: Limit = { name: 'event_verification', points: 5, seconds: 60 }

/**
 * Sends a verification event (SSF 1.0 §8.1.4) like any other event, so that the whole way is tried.
 *
 * @throws Refusal not_found, too_many_attempts; wrong_state where the service takes no events
 */
export function verify(env: Env, serviceId: string, by: StaffHere): Promise<void> {
  return atomically(env, async (env) => {
    await ofService(env, by.memberId, serviceId)
    const { within } = await count(env, TRIALS, serviceId)
    if (!within) throw new Refusal('too_many_attempts')
    const jti = await enqueueEvent(env, serviceId, {
      name: 'verification',
      subject: { format: 'opaque', id: serviceId },
      payload: { state: env.newId() },
    })
    if (jti === undefined) throw new Refusal('wrong_state', { code: 'takes_no_events' })
    await store.tryNow(env.db, serviceId, env.now())
    await audit.record(env, {
      actor: { kind: 'staff', id: by.id },
      act: 'events.verification_sent',
      object: { kind: 'service', id: serviceId },
      details: { jti },
    })
  })
}

/**
 * Tries a dead message again, by the way its service takes events now.
 *
 * @throws Refusal not_found, the same for another company's, one that is not dead, and none at all
 */
export function resend(env: Env, id: string, by: StaffHere | OperatorHere): Promise<void> {
  return atomically(env, async (env) => {
    await retryDead(env, id, by, by.kind === 'staff' ? by.memberId : undefined)
    const serviceId = await store.serviceOf(env.db, id)
    const service = serviceId === undefined ? undefined : await services.byId(env, serviceId)
    if (!service || serviceId === undefined || !mayBeTold(service)) return
    const channel = channelOf(service, await stream(env.db, serviceId))
    if (channel) await store.reroute(env.db, id, channel)
    await store.tryNow(env.db, serviceId, env.now())
  })
}

/** The workers: each node sends a few messages at a time, none of which a resident's request ever waits for. */
import type { Env } from '../env.ts'
import { outboundRules, post, Unreachable, type Answer, type Outgoing } from '../http/outbound.ts'
import { faultOf } from '../log.ts'
import * as services from '../services/actions.ts'
import type { ServiceNow } from '../services/model.ts'
import * as store from './delivery_store.ts'
import {
  LIFE_MS,
  logoutOutcome,
  mayBeTold,
  mayHear,
  pushOutcome,
  waitAfter,
  type Message,
  type Outcome,
} from './model.ts'
import { signLogout } from './signing.ts'

/** Sent at the same time by one node; to one receiver, so that a slow one takes few of these places. */
const AT_ONCE = 16
const PER_RECEIVER = 4
/** Longer than a try can last; a message whose worker died goes out again after it (R18). */
const LEASE_MS = 30_000
/** A turn takes on nothing more after this; what it has begun it ends, while the next turn is on already. */
const TURN_MS = 1_500

/**
 * Makes this node's workers. Each call is a turn: sends what is due, and returns when all it took is done. Turns may
 * overlap; together they keep to the bound.
 * @param turnMs after it a turn takes on nothing more
 */
export function workers(turnMs = TURN_MS): (env: Env) => Promise<void> {
  let busy = 0
  return async (env) => {
    const until = performance.now() + turnMs
    const mine = new Set<Promise<void>>()
    while (performance.now() < until) {
      const wasSending = mine.size > 0
      const free = AT_ONCE - busy
      busy += free
      const taken = free > 0 ? await take(env, free).finally(() => (busy -= free)) : []
      for (const message of taken) {
        busy++
        const done: Promise<void> = deliver(env, message).finally(() => {
          busy--
          mine.delete(done)
        })
        mine.add(done)
      }
      if (taken.length) continue
      if (mine.size) await Promise.race(mine)
      // One that ended while we looked may have made way for the next of its person.
      else if (!wasSending) return
    }
    await Promise.all(mine)
  }
}

function take(env: Env, limit: number): Promise<Message[]> {
  const at = env.now()
  const leaseUntil = new Date(at.getTime() + LEASE_MS)
  return store.claim(env.db, { at, leaseUntil, limit, perReceiver: PER_RECEIVER })
}

/** One try. What goes wrong on our side leaves the message to the end of its lease. */
async function deliver(env: Env, message: Message): Promise<void> {
  try {
    const service = await services.byId(env, message.serviceId)
    await note(env, message, await attempt(env, message, service), service)
  } catch (error) {
    env.log.error({ event: 'event_not_sent', message: message.id, ...faultOf(error) })
  }
}

async function attempt(
  env: Env,
  message: Message,
  service: ServiceNow | undefined,
): Promise<Outcome> {
  if (service && isHeld(service)) return { kind: 'again', fault: 'message', error: 'not_receiving' }
  const outgoing = service && (await outgoingOf(env, service, message))
  if (!outgoing) return { kind: 'dead', error: 'not_receiving' }
  const answer = await send(env, message, outgoing)
  if (!answer) return { kind: 'again', fault: 'receiver', error: 'unreachable' }
  return message.channel === 'logout' ? logoutOutcome(answer) : pushOutcome(answer)
}

/** Suspended since the message was taken. */
const isHeld = (service: ServiceNow) => mayHear(service) && !mayBeTold(service)

/** Undefined where the company was excluded, gave the service away, or takes no events any more. */
async function outgoingOf(
  env: Env,
  service: ServiceNow,
  message: Message,
): Promise<Outgoing | undefined> {
  const { eventsUri, backchannelLogoutUri } = service.version
  if (!mayBeTold(service) || service.member.id !== message.memberId) return undefined
  if (message.channel === 'logout') {
    if (backchannelLogoutUri === undefined) return undefined
    const body = new URLSearchParams({ logout_token: await signLogout(env, service, message) })
    return {
      url: backchannelLogoutUri,
      type: 'application/x-www-form-urlencoded',
      body: body.toString(),
    }
  }
  if (eventsUri === undefined || message.set === null) return undefined
  return { url: eventsUri, type: 'application/secevent+jwt', body: message.set }
}

async function send(env: Env, { id }: Message, outgoing: Outgoing): Promise<Answer | undefined> {
  try {
    return await post(outgoing, await outboundRules(env))
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    env.log.warn({ event: 'receiver_unreachable', message: id, why: error.why })
    return undefined
  }
}

async function note(
  env: Env,
  message: Message,
  outcome: Outcome,
  service: ServiceNow | undefined,
): Promise<void> {
  const at = env.now()
  if (outcome.kind === 'delivered') {
    await store.settle(env.db, message.id, { state: 'delivered', error: null, at })
    return store.recovers(env.db, message)
  }
  const { error } = outcome
  // What a suspension held back begins its day when that is lifted.
  const day = new Date(at.getTime() - LIFE_MS)
  const isBack = service && (isHeld(service) || (service.returnedAt && service.returnedAt > day))
  const old = isBack ? NEVER : day
  if (outcome.kind === 'dead' || message.triesFrom <= old) {
    await store.settle(env.db, message.id, { state: 'dead', error, at })
    env.log.warn({ event: 'event_dead', message: message.id, error })
  } else {
    const nextAt = later(at, waitAfter(message.attempts, Math.random()))
    await store.putOff(env.db, message.id, { nextAt, error })
  }
  if (outcome.kind === 'again' && outcome.fault === 'receiver')
    await backOff(env, message, { error, at, old })
}

/**
 * The receiver as a whole is left alone for a while, half as long as the message: the next try then takes another
 * message, so that one which the receiver cannot digest does not keep back those of other people.
 */
async function backOff(
  env: Env,
  message: Message,
  { error, at, old }: { error: string; at: Date; old: Date },
): Promise<void> {
  const failures = await store.fails(env.db, message, { error, at })
  const wait = waitAfter(failures, Math.random()) / 2
  await store.waitUntil(env.db, message, later(at, wait))
  const dead = await store.giveUp(env.db, message, { before: old, error, at })
  if (dead) env.log.warn({ event: 'events_dead', service: message.serviceId, error, count: dead })
}

/** Nothing is as old as that. */
const NEVER = new Date(0)

const later = (at: Date, ms: number) => new Date(at.getTime() + ms)

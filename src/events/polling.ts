/** A service comes for its events (RFC 8936): acknowledges, and takes the next, waiting a while where there are none. */
import type { Env } from '../env.ts'
import type { ServiceHere } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as services from '../services/actions.ts'
import { channelOf, mayBeTold } from './model.ts'
import * as store from './poll_store.ts'
import { stream } from './store.ts'

/** RFC 8936 §2.2, as it came. */
export type PollAsked = {
  maxEvents?: number
  returnImmediately?: boolean
  ack?: string[]
  setErrs?: Record<string, { err: string; description?: string }>
}

/** RFC 8936 §2.3. */
export type Polled = { sets: Record<string, string>; moreAvailable: boolean }

/** Handed out at once, whatever is asked. */
const MOST = 100
/** How long an empty answer is kept back, and how often it is looked meanwhile. */
const PATIENCE_MS = 20_000
const LOOK_MS = 1_000
/** Polls of one service that this node keeps waiting; one more is answered at once. */
const KEPT_WAITING = 4

const keptWaiting = new Map<string, number>()

const ERROR_CODE = /^[a-z_]{1,40}$/

/**
 * One poll. What is handed out comes again until it is acknowledged, under the same `jti`; what the service says it
 * cannot read is dead, and a person looks. No database connection is held while it waits.
 *
 * @param gone ends the wait: the caller has left
 * @throws Refusal not_found where the service does not take its events this way
 */
export async function poll(
  env: Env,
  service: ServiceHere,
  asked: PollAsked,
  gone: AbortSignal,
  patience = PATIENCE_MS,
): Promise<Polled> {
  await mustPoll(env, service)
  const at = env.now()
  const { ack = [], setErrs = {}, returnImmediately = false } = asked
  if (ack.length) await store.acknowledge(env.db, { ...service, jtis: ack, at })
  for (const [jti, { err }] of Object.entries(setErrs)) {
    const error = ERROR_CODE.test(err) ? err : 'refused'
    await store.refuse(env.db, { ...service, jti, error, at })
  }
  const limit = Math.min(asked.maxEvents ?? MOST, MOST)
  if (limit === 0) return { sets: {}, moreAvailable: await store.anyWaiting(env.db, service) }
  if (!returnImmediately) await untilAny(env, service, gone, patience)
  const found = await store.waiting(env.db, { ...service, limit })
  return {
    sets: Object.fromEntries(found.slice(0, limit).map(({ jti, set }) => [jti, set])),
    moreAvailable: found.length > limit,
  }
}

async function mustPoll(env: Env, { serviceId }: ServiceHere): Promise<void> {
  const now = await services.byId(env, serviceId)
  const channel = now && mayBeTold(now) && channelOf(now, await stream(env.db, serviceId))
  if (channel !== 'poll') throw new Refusal('not_found')
}

async function untilAny(
  env: Env,
  service: ServiceHere,
  gone: AbortSignal,
  patience: number,
): Promise<void> {
  const others = keptWaiting.get(service.serviceId) ?? 0
  if (others >= KEPT_WAITING) return
  keptWaiting.set(service.serviceId, others + 1)
  try {
    const end = performance.now() + patience
    while (!gone.aborted && !(await store.anyWaiting(env.db, service))) {
      const left = end - performance.now()
      if (left <= 0) return
      await rest(Math.min(LOOK_MS, left), gone)
    }
  } finally {
    const still = (keptWaiting.get(service.serviceId) ?? 1) - 1
    if (still) keptWaiting.set(service.serviceId, still)
    else keptWaiting.delete(service.serviceId)
  }
}

function rest(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      gone.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    gone.addEventListener('abort', done)
  })
}

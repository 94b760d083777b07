/** Ending agreements because the desk granted the resident's request (APPI 35): the record says who, and on which request. */
import { atomically, type Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import { askCompany, stop, stopAll, tell, withServices, WITHDRAWN, type How } from './ending.ts'
import type { Consent } from './model.ts'
import * as store from './store.ts'

export type Granted = {
  /** Undefined: every service that is agreed to. */
  serviceId: string | undefined
  /** Whether the company is asked to erase what it received. */
  deletion: boolean
  /** The number of the request. */
  number: string
  /** Who granted it. */
  operatorId: string
  /** The page of the request. */
  link: string
}

/** What a granted request came to. `erasures`: requests to erase, of what was withdrawn from before as well. */
export type OnRequest = { withdrawn: Consent[]; erasures: number }

/** Withdraws what a granted request is about, and asks to erase; nothing is withdrawn where nothing was in force. */
export function withdrawOnRequest(
  env: Env,
  resident: Resident,
  { serviceId, deletion, number, operatorId, link }: Granted,
): Promise<OnRequest> {
  return atomically(env, async (env) => {
    const granted = { number, operatorId }
    const how: How = { ...WITHDRAWN, deletion, actedBy: 'operator', granted }
    const done = serviceId
      ? await stopOne(env, resident, serviceId, how)
      : await stopAll(env, resident, how)
    if (done.length) await tellDone(env, resident, done, { number, link })
    const before = deletion ? await askOfBefore(env, resident, serviceId, granted) : 0
    return { withdrawn: done, erasures: before + (deletion ? done.length : 0) }
  })
}

async function tellDone(
  env: Env,
  resident: Resident,
  done: readonly Consent[],
  { number, link }: Pick<Granted, 'number' | 'link'>,
): Promise<void> {
  await notices.post(env, resident.id, {
    kind: 'ended_on_request',
    mustRead: false,
    values: {
      number,
      services: await namesOf(env, done),
      at: words(resident.language).dateTime(done[0]?.agreedAt ?? env.now()),
    },
    link,
  })
  await tell(env, resident, done)
}

/**
 * Asks every company that received by a consent that has ended: APPI 35 is about what they hold, not about what still
 * flows. One that was asked since then, and has not answered otherwise than by erasing, is not asked again.
 */
async function askOfBefore(
  env: Env,
  resident: Resident,
  serviceId: string | undefined,
  granted: { number: string; operatorId: string },
): Promise<number> {
  const asked = { residentId: resident.id, serviceId, at: env.now() }
  const ended = await withServices(env, await store.endedAndHeld(env.db, asked))
  for (const one of ended) await askCompany(env, resident, one, granted)
  return ended.length
}

async function stopOne(env: Env, resident: Resident, serviceId: string, how: How) {
  try {
    return [await stop(env, resident, serviceId, how)]
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'consent_not_found') return []
    throw error
  }
}

async function namesOf(env: Env, done: readonly Consent[]) {
  const names: { ja: string; en: string }[] = []
  for (const { serviceId } of done) {
    const service = await services.byId(env, serviceId)
    if (service) names.push({ ja: service.version.names.ja, en: service.version.names.en })
  }
  return names
}

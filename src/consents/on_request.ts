/** Ending agreements because the desk granted the resident's request (APPI 35): the record says who, and on which request. */
import { atomically, type Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import { stop, stopAll, tell, WITHDRAWN, type How } from './ending.ts'
import type { Consent } from './model.ts'

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

/** Withdraws what a granted request is about; returns the versions that did, none where nothing was in force. */
export function withdrawOnRequest(
  env: Env,
  resident: Resident,
  { serviceId, deletion, number, operatorId, link }: Granted,
): Promise<Consent[]> {
  return atomically(env, async (env) => {
    const granted = { number, operatorId }
    const how: How = { ...WITHDRAWN, deletion, actedBy: 'operator', granted }
    const done = serviceId
      ? await stopOne(env, resident, serviceId, how)
      : await stopAll(env, resident, how)
    if (!done.length) return done
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
    return done
  })
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

/** Stops whose moment has come: written down, and told to residents in batches, once each (S-51). */
import * as turns from '../database/turns.ts'
import { atomically, type Env } from '../env.ts'
import type { Entry } from '../jobs/timetable.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import * as residents from '../residents/actions.ts'
import * as memberQueries from './queries.ts'
import * as queries from './stopping_queries.ts'
import type { Stop } from './stopping_model.ts'
import * as store from './stopping_store.ts'

/** Letters laid into the queue in one transaction: short enough that nobody waits for it. */
const AT_ONCE = 100

/** Safe on several nodes at once: what one holds, another passes over. */
export const timetable: readonly Entry[] = [
  { name: 'members.turns', everySeconds: 5, run: settle },
  { name: 'members.tell_of_stops', everySeconds: 5, run: tellAll },
]

/** Writes down what counts already, so that every later reader finds it. */
export async function settle(env: Env): Promise<void> {
  for (const table of [turns.MEMBERS, turns.SERVICES])
    for (const id of await turns.due(env.db, table, env.now()))
      await atomically(env, (env) =>
        turns.holdStatus(env.db, table, { id, at: env.now(), changeId: env.newId() }),
      )
}

/** Tells whoever is to be told, batch by batch, until nobody is left. */
export async function tellAll(env: Env): Promise<void> {
  for (let more = true; more;) more = await atomically(env, tellSome)
}

/** One batch of one telling. @returns false where none is due */
async function tellSome(env: Env): Promise<boolean> {
  const at = env.now()
  const telling = await store.nextTelling(env.db, at)
  if (!telling) return false
  const stop = await store.byId(env.db, telling.stopId)
  if (!stop) throw new Error('a telling of no stop')
  const next =
    telling.what === 'lift' || (await counts(env, stop))
      ? await queries.toTell(env.db, stop, { ...telling, at, most: AT_ONCE })
      : []
  if (!next.length) {
    await store.tellingDone(env.db, telling, at)
    env.log.info({ event: 'stop_told', stop: stop.id, what: telling.what })
    return true
  }
  const provider = await memberQueries.byId(env.db, stop.memberId, at)
  if (!provider) throw new Error('a stop of no company')
  for (const one of next)
    if (await store.noteTold(env.db, telling, one.residentId, at))
      await tell(env, { stop, what: telling.what, one, names: provider.member.names })
  return true
}

/** Whether the stop is what keeps its subject from working: a service that ended before is not told of twice. */
async function counts(env: Env, { memberId, serviceId, turnedTo }: Stop): Promise<boolean> {
  const [kind, id] = serviceId ? (['service', serviceId] as const) : (['member', memberId] as const)
  return (await queries.subject(env.db, kind, id, env.now()))?.status === turnedTo
}

type Told = {
  stop: Stop
  what: 'stop' | 'lift'
  one: queries.ToTell
  names: { ja: string; en: string }
}

async function tell(env: Env, { stop, what, one, names }: Told): Promise<void> {
  const resident = await residents.find(env, one.residentId)
  if (!resident) return
  const { language, profile } = resident
  const common = {
    link: `${env.config.issuer}/account/services`,
    services: one.services.map((name) => name[language]),
    provider: names[language],
    at: words(language).dateTime(what === 'stop' ? stop.effectiveAt : env.now()),
  }
  if (what === 'lift')
    return notices.send(env, {
      to: profile.email,
      language,
      letter: 'service_resumed',
      values: common,
    })
  await notices.send(env, {
    to: profile.email,
    language,
    letter: 'service_stopped',
    values: {
      ...common,
      reason: stop.reason,
      text: stop.forResidents[language],
      excluded: stop.turnedTo === 'excluded',
    },
  })
}

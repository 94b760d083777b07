import type { Env } from '../env.ts'
import type { Entry } from '../jobs/timetable.ts'
import { workers } from './delivering.ts'
import { giveUpHeld, giveUpPolls } from './overdue_store.ts'
import * as store from './store.ts'
import { tell } from './telling.ts'

const HOUR = 3600_000
const DAY = 24 * HOUR
/** How long it can be seen that something arrived or did not; less where the account was erased. */
const KEPT = { settled: 90 * DAY, erased: 7 * DAY }
/** Longer than any sign-in lasts (G3). */
const SESSION = DAY
/** How far back expiry is looked for: longer than any outage of all nodes. */
const EXPIRED_SINCE = 3 * DAY

/** What a service does not come for so long is dead: a push is given up after a day, but a poll may be a weekly job. */
const COLLECTED_WITHIN = 7 * DAY
/** What waits for the end of a suspension waits so long. */
const HELD_FOR = 30 * DAY

const before = (env: Env, ms: number) => new Date(env.now().getTime() - ms)

/** Sequencer and workers of one node. */
export function timetable(): readonly Entry[] {
  const deliver = workers()
  return [
    {
      name: 'events.deliver',
      everySeconds: 2,
      run: async (env) => {
        await tell(env)
        await deliver(env)
      },
    },
    {
      name: 'events.overdue',
      everySeconds: 300,
      run: async (env) => {
        await store.noteExpired(env.db, env.now(), before(env, EXPIRED_SINCE))
        await giveUpPolls(env.db, { before: before(env, COLLECTED_WITHIN), at: env.now() })
        await giveUpHeld(env.db, { before: before(env, HELD_FOR), at: env.now() })
      },
    },
    {
      name: 'events.sweep',
      everySeconds: 3600,
      run: async (env) => {
        await store.sweep(env.db, {
          settled: before(env, KEPT.settled),
          erased: before(env, KEPT.erased),
          sessions: before(env, SESSION),
        })
      },
    },
  ]
}

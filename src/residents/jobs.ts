import type { Env } from '../env.ts'
import * as limits from '../database/limits.ts'
import type { Entry } from '../jobs/timetable.ts'
import * as devices from './device_store.ts'
import { knownSince } from './devices.ts'
import { UNVERIFIED_DAYS } from './model.ts'
import { tellOfTerms } from './new_terms.ts'
import * as store from './store.ts'

export { mailSent } from './links.ts'

const DAY = 86_400_000
/** Days after which ended and forgotten sign-ins go: longer than any refresh token, which needs its sign-in's row. */
const SIGN_IN_DAYS = 45
/** Mail links are kept a while after their end, since a mail that leaves late moves it. */
const LINK_DAYS = 14

const before = (env: Env, days: number) => new Date(env.now().getTime() - days * DAY)

/** Housekeeping: each entry may run on several nodes at once (M9). */
export const timetable: readonly Entry[] = [
  {
    name: 'residents.unverified',
    everySeconds: 3600,
    run: async (env) => {
      let count = 0
      for (let erased = store.ERASED_AT_ONCE; erased === store.ERASED_AT_ONCE; count += erased)
        erased = await env.db.transaction(async (db) => {
          const ids = await store.unverifiedBefore(db, before(env, UNVERIFIED_DAYS))
          return ids.length ? store.erase(db, ids, env.now()) : 0
        })
      if (count) env.log.info({ event: 'unverified_sign_ups_erased', count })
    },
  },
  {
    name: 'residents.links',
    everySeconds: 3600,
    run: (env) => store.deleteLinksBefore(env.db, before(env, LINK_DAYS)),
  },
  {
    name: 'residents.sign_ins',
    everySeconds: 3600,
    run: (env) => store.deleteSignInsBefore(env.db, before(env, SIGN_IN_DAYS)),
  },
  {
    name: 'residents.devices',
    everySeconds: 86_400,
    run: (env) => devices.deleteBefore(env.db, knownSince(env.now())),
  },
  { name: 'residents.new_terms', everySeconds: 60, run: tellOfTerms },
  { name: 'residents.rate_limits', everySeconds: 900, run: (env) => limits.sweep(env) },
]

import type { Env } from '../env.ts'
import type { Entry } from '../jobs/timetable.ts'
import * as store from './store.ts'

/** Rows stay a day beyond their end: clock tolerance, replay windows, and a look back after an incident. */
const GRACE_MS = 86_400_000
/** Requests half-way are good for nothing then, and may hold what names somebody: they go as soon as clocks agree (M8). */
const REQUEST_GRACE_MS = 60_000

/** The sessions and tokens of a closed account: dead already, since every use reads the account (G8), and now gone. */
export function forgetAccount(env: Env, userId: string): Promise<void> {
  return store.deleteAccount(env.db, userId)
}

export const timetable: readonly Entry[] = [
  {
    name: 'oidc.sweep',
    everySeconds: 60,
    run: async (env: Env) => {
      const before = (ms: number) => new Date(env.now().getTime() - ms)
      await store.sweep(env.db, before(GRACE_MS), before(REQUEST_GRACE_MS))
    },
  },
]

import type { Entry } from '../jobs/timetable.ts'
import { sequence } from './actions.ts'

/** A checkpoint at most so often: every entry is published within a minute, usually within seconds. */
export const timetable: readonly Entry[] = [
  {
    name: 'ledger.sequence',
    everySeconds: 5,
    run: async (env) => {
      await sequence(env)
    },
  },
]

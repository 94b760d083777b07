import type { Entry } from '../jobs/timetable.ts'
import { sequence } from './actions.ts'
import { anchor } from './anchor.ts'

/** A checkpoint at most so often: every entry is published within a minute, usually within seconds. */
export const timetable: readonly Entry[] = [
  {
    name: 'ledger.sequence',
    everySeconds: 5,
    run: async (env) => {
      await sequence(env)
    },
  },
  { name: 'ledger.anchor', everySeconds: 3600, run: anchor },
]

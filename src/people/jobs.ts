import type { Env } from '../env.ts'
import type { Entry } from '../jobs/timetable.ts'
import { sweep, sweepSessions } from './factor_store.ts'

/** Steps and challenges stay a day beyond their end: clock tolerance, and a look back after an incident. */
const GRACE_MS = 86_400_000
/** Sign-ins stay to be looked at after an incident, as long as those of residents. */
const SESSION_MS = 45 * 86_400_000

export const timetable: readonly Entry[] = [
  {
    name: 'people.sweep',
    everySeconds: 600,
    run: (env: Env) => sweep(env.db, new Date(env.now().getTime() - GRACE_MS)),
  },
  {
    name: 'people.sessions',
    everySeconds: 3600,
    run: (env: Env) => sweepSessions(env.db, new Date(env.now().getTime() - SESSION_MS)),
  },
]

import type { Env } from '../env.ts'
import { sweepBefore } from '../database/sweep.ts'
import { atomically } from '../env.ts'
import type { Entry } from '../jobs/timetable.ts'
import * as notices from '../notices/actions.ts'
import * as residents from '../residents/actions.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

/** Residents told by one job; more make a job of their own. */
const TOLD_AT_ONCE = 200

/** What this room does later. */
export function handlers(env: Env) {
  return {
    /** Tells residents with a consent in force that the company bears another name (S-59): once each, whatever is retried. */
    'members.renamed': async (data: unknown): Promise<void> => {
      const { memberId, version } = data as { memberId: string; version: number }
      const change = await queries.renaming(env.db, memberId, version)
      if (!change) return
      const waiting = await queries.untold(env.db, change, env.now(), TOLD_AT_ONCE)
      for (const one of waiting) await tell(env, change, one)
      if (waiting.length === TOLD_AT_ONCE)
        await env.queue.send(env.db, 'members.renamed', { memberId, version })
      env.log.info({ event: 'residents_told', member: memberId, version, count: waiting.length })
    },
  }
}

function tell(
  env: Env,
  change: queries.Renaming,
  { residentId, services }: queries.Untold,
): Promise<void> {
  return atomically(env, async (env) => {
    const told = { versionId: change.versionId, residentId, at: env.now() }
    if (!(await store.noteTold(env.db, told))) return
    const resident = await residents.find(env, residentId)
    if (!resident) return
    const { language, profile } = resident
    const values = {
      before: change.before[language],
      after: change.after[language],
      services: services.map((names) => names[language]),
    }
    await notices.send(env, { to: profile.email, language, letter: 'member_renamed', values })
  })
}

export const timetable: readonly Entry[] = [
  {
    name: 'members.links',
    everySeconds: 3600,
    run: async (env) => {
      await sweepBefore(env.db, 'member_application_links', 'expires_at', env.now())
    },
  },
]

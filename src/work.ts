/** What a node does later and regularly: every room's jobs in one place. */
import type { Env } from './env.ts'
import { startTimetable, type Entry } from './jobs/timetable.ts'
import * as members from './members/jobs.ts'
import * as ledger from './ledger/jobs.ts'
import * as notices from './notices/jobs.ts'
import * as oidc from './oidc/jobs.ts'
import * as provisions from './provisions/jobs.ts'
import * as residents from './residents/jobs.ts'
import * as stops from './members/telling.ts'
import * as services from './services/jobs.ts'

const TIMETABLE: readonly Entry[] = [
  ...provisions.timetable,
  ...ledger.timetable,
  ...residents.timetable,
  ...oidc.timetable,
  ...members.timetable,
  ...stops.timetable,
]

/** Begins to work off the queue and the timetable. @returns stops both, letting what runs finish */
export async function startWork(env: Env): Promise<() => Promise<void>> {
  await env.queue.work({
    ...notices.handlers(env, residents.mailSent),
    ...members.handlers(env),
    ...services.handlers(env),
  })
  return startTimetable(env, TIMETABLE)
}

/** What a node does later and regularly: every room's jobs in one place. */
import * as closing from './closing/jobs.ts'
import * as duties from './duties/jobs.ts'
import * as consents from './consents/jobs.ts'
import type { Env } from './env.ts'
import type { Handlers } from './jobs/queue.ts'
import { startTimetable, type Entry } from './jobs/timetable.ts'
import * as contracts from './contracts/jobs.ts'
import * as members from './members/jobs.ts'
import * as events from './events/jobs.ts'
import * as incidents from './incidents/jobs.ts'
import * as ledger from './ledger/jobs.ts'
import * as notices from './notices/jobs.ts'
import * as oidc from './oidc/jobs.ts'
import * as operators from './operators/jobs.ts'
import * as people from './people/jobs.ts'
import * as provisions from './provisions/jobs.ts'
import * as records from './records/jobs.ts'
import * as residents from './residents/jobs.ts'
import * as retention from './retention/jobs.ts'
import * as stops from './members/telling.ts'
import * as rights from './rights/jobs.ts'
import * as services from './services/jobs.ts'
import * as textNews from './consents/text_news.ts'

const TIMETABLE: readonly Entry[] = [
  ...notices.timetable,
  ...operators.timetable,
  ...people.timetable,
  ...provisions.timetable,
  ...records.timetable,
  ...ledger.timetable,
  ...retention.timetable,
  ...events.timetable(),
  ...residents.timetable,
  ...textNews.timetable,
  ...consents.timetable,
  ...oidc.timetable,
  ...members.timetable,
  ...duties.timetable,
  ...contracts.timetable,
  ...stops.timetable,
  ...rights.timetable,
  ...closing.timetable(oidc.forgetAccount),
]

/** A letter was handed to the mail server: told to every room that counts from there. Each knows its own ids only. */
const mailSent: notices.Sent = async (env, about, at) => {
  await residents.mailSent(env, about, at)
  await duties.mailSent(env, about, at)
  await incidents.mailSent(env, about, at)
}

/** Begins to work off the queue and the timetable. @returns stops both, letting what runs finish */
export async function startWork(env: Env): Promise<() => Promise<void>> {
  const handlers: Handlers = {
    ...notices.handlers(env, mailSent),
    ...members.handlers(env),
    ...services.handlers(env),
    ...incidents.handlers(env),
  }
  await env.queue.work(handlers)
  return startTimetable(env, TIMETABLE)
}

import type { Env } from '../env.ts'
import type { Entry } from '../jobs/timetable.ts'
import { remind } from './mails.ts'
import * as store from './store.ts'

export const timetable: readonly Entry[] = [
  { name: 'duties.remind', everySeconds: 900, run: (env) => remind(env) },
]

/** A mail about a document was handed to the mail server: the proof of its dispatch (S-52). */
export function mailSent(env: Env, about: string, at: Date): Promise<void> {
  return store.mailHandedOver(env.db, about, at)
}

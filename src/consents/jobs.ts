import type { Entry } from '../jobs/timetable.ts'
import { sendDigests, sendReminders } from './digest.ts'

/** Letters that are due at a time: each entry may run on several nodes at once (M9). */
export const timetable: readonly Entry[] = [
  {
    name: 'consents.digests',
    everySeconds: 3600,
    run: async (env) => void (await sendDigests(env)),
  },
  {
    name: 'consents.reminders',
    everySeconds: 3600,
    run: async (env) => void (await sendReminders(env)),
  },
]

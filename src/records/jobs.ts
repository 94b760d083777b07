import type { Entry } from '../jobs/timetable.ts'
import { noteGiver } from './actions.ts'

/** A node that starts with other settings notes them at once. */
export const timetable: readonly Entry[] = [
  { name: 'records.giver', everySeconds: 86_400, run: noteGiver },
]

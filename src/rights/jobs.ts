import type { Entry } from '../jobs/timetable.ts'
import { remind } from './mails.ts'

export const timetable: readonly Entry[] = [
  { name: 'rights.remind', everySeconds: 900, run: (env) => remind(env) },
]

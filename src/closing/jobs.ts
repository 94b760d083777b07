import type { Entry } from '../jobs/timetable.ts'
import { closeDue, type Forget } from './actions.ts'

/** @param forget ends sessions and tokens, which belong to another room */
export const timetable = (forget: Forget): readonly Entry[] => [
  { name: 'closing.due', everySeconds: 60, run: (env) => closeDue(env, forget) },
]

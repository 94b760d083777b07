import type { Entry } from '../jobs/timetable.ts'
import { sweep, tend } from './actions.ts'

/** Without an approval no record of provision goes. */
export const timetable: readonly Entry[] = [
  { name: 'retention.tend', everySeconds: 60, run: tend },
  { name: 'retention.sweep', everySeconds: 86_400, run: sweep },
]

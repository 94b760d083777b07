import type { Entry } from '../jobs/timetable.ts'
import { tend } from './actions.ts'

/** Without an approval it does nothing at all. */
export const timetable: readonly Entry[] = [{ name: 'retention.tend', everySeconds: 60, run: tend }]

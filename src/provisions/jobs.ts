import type { Entry } from '../jobs/timetable.ts'
import { preparePartitions } from './actions.ts'

export const timetable: readonly Entry[] = [
  { name: 'provisions.partitions', everySeconds: 86_400, run: preparePartitions },
]

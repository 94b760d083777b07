/** Every door of the API, in the order of its description. */
import { companyDoors } from './company_doors.ts'
import { deletionDoors } from './deletion_doors.ts'
import { dutyDoors } from './duty_doors.ts'
import type { Endpoint } from './endpoint.ts'
import { serviceDoors } from './service_doors.ts'

export const ENDPOINTS: readonly Endpoint[] = [
  ...companyDoors,
  ...serviceDoors,
  ...dutyDoors,
  ...deletionDoors,
]

/** Every door of the API, in the order of its description. */
import { companyDoors } from './company_doors.ts'
import { deletionDoors } from './deletion_doors.ts'
import { dutyDoors } from './duty_doors.ts'
import type { Endpoint, ServiceEndpoint } from './endpoint.ts'
import { eventDoors } from './event_doors.ts'
import { grantDoors } from './grant_doors.ts'
import { recordDoors } from './record_doors.ts'
import { serviceDoors } from './service_doors.ts'

export const ENDPOINTS: readonly Endpoint[] = [
  ...companyDoors,
  ...serviceDoors,
  ...dutyDoors,
  ...deletionDoors,
  ...recordDoors,
]

/** Doors that a service opens for itself, as its own OpenID Connect client. */
export const SERVICE_ENDPOINTS: readonly ServiceEndpoint[] = [...grantDoors, ...eventDoors]

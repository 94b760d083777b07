/** Every door of the API, in the order of its description. */
import type { Endpoint } from './endpoint.ts'
import { company } from './company_doors.ts'

export const ENDPOINTS: readonly Endpoint[] = [...company]

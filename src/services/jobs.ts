import type { Env } from '../env.ts'
import { endAll } from './handing_over.ts'
import { tellOfEnd } from './life.ts'

/** What this room does later. */
export function handlers(env: Env) {
  return {
    /** The company left: its services end (S-51). Until this runs its standing alone refuses them. */
    'services.end_all': (data: unknown): Promise<void> =>
      endAll(env, (data as { memberId: string }).memberId),
    /** Residents of a service that its company ended. */
    'services.tell_of_end': (data: unknown): Promise<void> =>
      tellOfEnd(env, (data as { serviceId: string }).serviceId),
  }
}

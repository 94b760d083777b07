import type { Env } from '../env.ts'
import { endAll } from './handing_over.ts'

/** What this room does later. */
export function handlers(env: Env) {
  return {
    /** The company left: its services end (S-51). Until this runs its standing alone refuses them. */
    'services.end_all': (data: unknown): Promise<void> =>
      endAll(env, (data as { memberId: string }).memberId),
  }
}

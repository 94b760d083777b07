import type { Env } from '../env.ts'
import { count } from './counting.ts'
import { sendBatch } from './sending.ts'
export { mailSent } from './actions.ts'

export function handlers(env: Env) {
  return {
    'incidents.count': (data: unknown) => count(env, (data as { id: string }).id),
    'incidents.send': (data: unknown) => sendBatch(env, data as { id: string; number: number }),
  }
}

/** Rounds of letters that are due at a time. */
import { atomically, type Env } from '../env.ts'
import { faultOf } from '../log.ts'
import * as store from './reminding_store.ts'

/** Residents read at once. Each is a transaction of its own: one whose letter fails keeps nobody waiting. */
const AT_ONCE = 200

/**
 * Goes once through everybody for whom something is due. Safe on several nodes at once and again at any time: whoever
 * was written to is not due any more, in the same transaction.
 *
 * @param write writes to one resident, where it is still due; says whether it wrote
 * @returns letters written
 */
export async function everybody(
  env: Env,
  plan: store.Plan,
  write: (env: Env, residentId: string) => Promise<boolean>,
): Promise<number> {
  let written = 0
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const ids = await store.due(env.db, plan, env.now(), { after, limit: AT_ONCE })
    for (const id of ids) {
      try {
        if (await atomically(env, (env) => write(env, id))) written++
      } catch (error) {
        env.log.error({ event: 'letter_failed', plan, ...faultOf(error) })
      }
    }
    const last = ids.at(-1)
    if (last === undefined) break
    after = last
  }
  if (written) env.log.info({ event: 'letters_written', plan, written })
  return written
}

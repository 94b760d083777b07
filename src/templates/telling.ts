/** Telling people of a new version, batch by batch and once each, also where nodes stop in the midst of it (D-12, D-13). */
import { atomically, type Env } from '../env.ts'
import type { Template } from './model.ts'
import * as store from './store.ts'

/** Tells the next ones after `after`, in the order of residents; returns the last of them, undefined where none is left. */
type Batch = (env: Env, after: string | undefined) => Promise<string | undefined>

/** Goes on until everybody is told. Several nodes may run it at once: what one holds, another passes over. */
export async function tell(env: Env, of: Template, batch: Batch): Promise<void> {
  for (let more = true; more;) more = await atomically(env, (env) => tellSome(env, of, batch))
}

async function tellSome(env: Env, of: Template, batch: Batch): Promise<boolean> {
  const telling = await store.holdTelling(env.db, of, env.now())
  if (!telling) return false
  const last = await batch(env, telling.after ?? undefined)
  await store.moveTelling(
    env.db,
    of,
    last === undefined ? { finishedAt: env.now() } : { after: last },
  )
  if (last === undefined)
    env.log.info({ event: 'text_told', template: of.template, version: of.version })
  return last !== undefined
}

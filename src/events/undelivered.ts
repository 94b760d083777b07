/** What did not arrive: one line for a company's own desk. */
import type { Env } from '../env.ts'
import type { Task } from '../operators/model.ts'
import * as services from '../services/actions.ts'
import * as store from './stream_store.ts'

/** Services of a company that something did not reach, for its staff. */
export async function tasksOf(env: Env, memberId: string): Promise<Task[]> {
  const found: Task[] = []
  for (const { serviceId } of await store.deadOfMember(env.db, memberId)) {
    const service = await services.byId(env, serviceId)
    const name = service?.version.names.ja ?? ''
    found.push({ kind: 'events_dead', name, href: `/company/events/${serviceId}` })
  }
  return found
}

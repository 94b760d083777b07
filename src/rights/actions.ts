import { atomically, type Env } from '../env.ts'
import type { Task } from '../operators/model.ts'
import { Refusal } from '../refusal.ts'
import type { CaseNow, Step } from './model.ts'
import { append } from './stepping.ts'
import * as store from './store.ts'

export { file, report } from './filing.ts'
export { closeErased, decide, extend, takeOn } from './deciding.ts'

/** Every request and report of a resident, the newest first. */
export function casesOf(env: Env, residentId: string): Promise<CaseNow[]> {
  return store.ofResident(env.db, residentId)
}

/** One of a resident's own cases with its steps. @throws Refusal not_found, also for somebody else's */
export async function ownCase(
  env: Env,
  residentId: string,
  id: string,
): Promise<{ of: CaseNow; steps: Step[] }> {
  const of = await store.find(env.db, id)
  if (!of || of.residentId !== residentId) throw new Refusal('not_found')
  return { of, steps: await store.steps(env.db, id) }
}

/** Any case with its steps, for the desk. @throws Refusal not_found */
export async function anyCase(env: Env, id: string): Promise<{ of: CaseNow; steps: Step[] }> {
  const of = await store.find(env.db, id)
  if (!of) throw new Refusal('not_found')
  return { of, steps: await store.steps(env.db, id) }
}

/**
 * The resident takes a request back; what was answered stays.
 *
 * @throws Refusal not_found, also for somebody else's; wrong_state where it is over
 */
export function withdraw(env: Env, residentId: string, id: string): Promise<void> {
  return atomically(env, async (env) => {
    const of = await store.find(env.db, id, true)
    if (!of || of.residentId !== residentId) throw new Refusal('not_found')
    await append(env, of, { step: 'withdrawn', by: { kind: 'resident', id: residentId } })
  })
}

/** Requests that wait on the desk. */
const MOST = 500

/** What waits for the privacy officers: every case whose answer is owed. */
export async function tasks(env: Env): Promise<Task[]> {
  const open = await store.open(env.db, MOST)
  return open.map(({ id, kind, number, dueAt }) => ({
    kind: `rights_${kind}`,
    name: number,
    href: `/admin/requests/${id}`,
    ...(dueAt && { dueAt }),
  }))
}

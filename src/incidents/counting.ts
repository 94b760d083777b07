/** Who is concerned: counted in pieces, so that a stopped node or a second worker loses and doubles nothing. */
import { atomically, type Env } from '../env.ts'
import { NOBODY, sum, type Incident } from './model.ts'
import * as letterStore from './letter_store.ts'
import * as store from './store.ts'

/** Records looked at in one transaction. */
const RECORDS = 5000
/** Persons of one batch of letters. */
const PERSONS = 500
/** How long one job counts before it hands on to the next. */
const MOST_MS = 20_000
const FIRST = '00000000-0000-0000-0000-000000000000'

/** Counts on until all is counted or the job's time is over; then another job goes on. */
export async function count(env: Env, id: string): Promise<void> {
  const until = performance.now() + MOST_MS
  for (;;) {
    const goes = await atomically(env, async (env) => {
      const incident = await store.find(env.db, id, true)
      if (incident?.state !== 'counting') return false
      const service = incident.services[incident.countedServices]
      if (service === undefined) {
        await finish(env, incident)
        return false
      }
      await piece(env, incident, service)
      if (performance.now() < until) return true
      await env.queue.send(env.db, 'incidents.count', { id })
      return false
    })
    if (!goes) return
  }
}

/** One piece of one service, and how far it came, in the transaction of the lock. */
async function piece(env: Env, incident: Incident, service: string): Promise<void> {
  const { id, memberId, items, since, until, countedToAt, countedToId, countedServices } = incident
  const after = countedToAt && countedToId ? { at: countedToAt, id: countedToId } : undefined
  const whose = { incidentId: id, memberId, service }
  const asked = { ...whose, items, since, until, after, limit: RECORDS }
  const { seen, at, id: lastId } = await store.countPiece(env.db, asked)
  const over = seen < RECORDS
  const change = over
    ? { counted_services: countedServices + 1, counted_to_at: null, counted_to_id: null }
    : { counted_to_at: at, counted_to_id: lastId }
  await store.update(env.db, id, change, env.now())
}

/** Lays out the batches and adds up the figures, from the same rows. */
async function finish(env: Env, { id, memberId }: Incident): Promise<void> {
  const at = env.now()
  let figures = NOBODY
  let after = FIRST
  for (let number = 1; ; number++) {
    const persons = await store.personsAfter(env.db, id, after, PERSONS)
    const [first, last] = [persons[0], persons.at(-1)]
    if (!first || !last) break
    const batch = { incidentId: id, number, first, last, persons: persons.length }
    await letterStore.insertBatch(env.db, batch)
    figures = sum(figures, await store.figuresOf(env.db, { ...batch, memberId }, at))
    after = last
  }
  const counted = { state: 'counted' as const, counted_at: at, figures: JSON.stringify(figures) }
  await store.update(env.db, id, counted, at)
}

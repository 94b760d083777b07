import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { canonical, type Json } from '../audit/model.ts'
import type { Env } from '../env.ts'
import type { Entry } from './model.ts'
import * as queries from './queries.ts'
import { reader } from './reading.ts'
import * as store from './store.ts'

export type OfResident = {
  /** Inclusive. */
  from?: Date
  /** Exclusive; now where absent. */
  to?: Date
  /** The last row of the page before. */
  after?: { at: Date; id: string }
  newestFirst?: boolean
  limit: number
}

/**
 * What was given about one resident, as the giver's record lists it (APPI 29; disclosed by 33(5)): time, receiver with
 * name, address and representative of that day, items by name, purposes, and the consent it stood on. Also of accounts
 * that are erased. Oldest first unless asked otherwise, at most `limit` rows; `after` goes on behind a row.
 */
export async function recordsOfResident(
  env: Env,
  residentId: string,
  { from, to, after, newestFirst = false, limit }: OfResident,
): Promise<Entry[]> {
  const found = await queries.raw(env.db, {
    memberId: undefined,
    serviceId: undefined,
    from,
    to: to ?? new Date(env.now().getTime() + 1),
    residentId,
    after,
    newestFirst,
    limit,
  })
  return (await reader(env)).raw(found)
}

/**
 * Notes the consortium's name, address and representative where they are not those noted last, so that records of
 * earlier days go on naming who gave then. Safe on several nodes at once.
 */
export async function noteGiver(env: Env): Promise<void> {
  const body = env.config.installation
  const hash = createHash('sha256')
    .update(canonical(body as unknown as Json))
    .digest()
  const last = (await store.giverVersions(env.db)).at(-1)
  if (last?.hash.equals(hash)) return
  const row = { version: (last?.version ?? 0) + 1, since: env.now(), body, hash }
  if (!(await store.insertGiver(env.db, row))) return
  await audit.record(env, {
    actor: { kind: 'system' },
    act: 'records.giver_noted',
    details: {
      version: row.version,
      before: last?.hash.toString('hex') ?? null,
      after: hash.toString('hex'),
    },
  })
}

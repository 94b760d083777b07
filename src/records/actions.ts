import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { canonical, type Json } from '../audit/model.ts'
import type { Env } from '../env.ts'
import { jsonOf } from './files.ts'
import { cursorText, type Cursor, type Entry, type Scope } from './model.ts'
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

export { hand } from './exporting.ts'

/** How much was given, by service, as the ledger has it; counted month by month. */
export async function totalsOf(env: Env, scope: Scope): Promise<queries.Total[]> {
  const first = await queries.firstAt(env.db, scope)
  const found = new Map<string, queries.Total>()
  for (let from = first; from && from < scope.to;) {
    const next = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1))
    const to = next < scope.to ? next : scope.to
    for (const one of await queries.totals(env.db, { ...scope, from, to })) {
      const key = `${one.memberId} ${one.serviceId}`
      const known = found.get(key)
      found.set(key, { ...one, times: (known?.times ?? 0) + one.times })
    }
    from = next
  }
  return [...found.values()]
}

/** The services a reader may choose among, of one company or of all, with the company that has them now. */
export function servicesFor(
  env: Env,
  memberId: string | undefined,
): Promise<queries.ServiceName[]> {
  return queries.services(env.db, memberId)
}

/** A page of releases, newest first. */
export async function page(
  env: Env,
  scope: Scope,
  { after, limit }: { after: Cursor | undefined; limit: number },
): Promise<Entry[]> {
  const found = await queries.raw(env.db, { ...scope, after, newestFirst: true, limit })
  return (await reader(env)).raw(found)
}

/**
 * A page of the receiver's record for a program of that company, oldest first, as JSON; what was handed out is noted.
 *
 * @returns the rows, and the cursor behind the last where more may follow
 */
export async function forProgram(
  env: Env,
  asked: { scope: Scope; after: Cursor | undefined; limit: number; apiClientId: string },
) {
  const { scope, after, limit } = asked
  const rows = await (await reader(env)).raw(await queries.raw(env.db, { ...scope, after, limit }))
  const items = rows.map((row) => jsonOf(row, 'receiver'))
  const last = rows.length === limit ? rows.at(-1) : undefined
  await audit.record(env, {
    actor: { kind: 'service', id: asked.apiClientId },
    act: 'records.exported',
    object: { kind: 'member', id: scope.memberId ?? '' },
    details: {
      side: 'receiver',
      form: 'raw',
      type: 'json',
      rows: rows.length,
      sha256: createHash('sha256').update(JSON.stringify(items)).digest('hex'),
    },
  })
  return { items, next: last ? cursorText(last) : null }
}

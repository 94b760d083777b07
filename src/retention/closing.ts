/** Closing a month whose end two persons approved: the entry in the ledger first, then, once it is signed, the records. */
import * as audit from '../audit/actions.ts'
import { evidence } from '../audit/model.ts'
import { atomically, type Env } from '../env.ts'
import * as ledger from '../ledger/actions.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import { monthIn, monthRange, type Closure } from './model.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

const BATCH = 5000

/**
 * Does what is left to do for every approved month. Each step is one transaction, so that whoever is killed between
 * them leaves a state the next turn goes on from; nothing happens where nothing was approved.
 */
export async function tend(env: Env): Promise<void> {
  const closed = new Set((await store.closures(env.db)).map(({ proposalId }) => proposalId))
  for (const proposal of await reviews.list(env, { kinds: ['retention'], states: ['approved'] }))
    if (!closed.has(proposal.id)) await close(env, proposal)
  const open = (await store.closures(env.db)).filter(({ droppedAt }) => droppedAt === undefined)
  if (open.length) await ledger.sequence(env)
  for (const closure of open) await drop(env, closure)
}

type Removed = { entries: number; first: number; last: number; others: number[]; root: Buffer }

/** Writes the signed entry. What holds the month, or differs from what was approved, keeps it as it is. */
async function close(env: Env, proposal: Proposal): Promise<void> {
  const month = monthIn(proposal)
  const { entries } = proposal.body
  const { from, until } = monthRange(month)
  if ((await queries.holds(env.db, { from, until })).length) return
  const removed = await removedOf(env, { from, until })
  if (!removed || removed.entries !== entries) {
    env.log.error({ event: 'retention_differs', month, approved: entries, found: removed?.entries })
    return
  }
  await atomically(env, async (env) => {
    await store.lock(env.db)
    if ((await store.closures(env.db)).some((one) => one.month === month)) return
    const at = env.now()
    const id = env.newId()
    const sealed = evidence({
      id,
      event: 'range_closed',
      proposal: proposal.id,
      from: from.toISOString(),
      until: until.toISOString(),
      entries: removed.entries,
      first: removed.first,
      last: removed.last,
      others: removed.others,
      root: removed.root.toString('hex'),
      approval: proposal.hash,
      at: at.toISOString(),
    })
    const signature = ledger.signClosure(env, sealed.canonical)
    const approval = Buffer.from(proposal.hash, 'hex')
    const row = { id, proposalId: proposal.id, from, until, approval, at, signature, ...removed }
    await store.insertClosure(env.db, { ...row, ...sealed })
    await record(env, 'retention.closed', { id, month, entries: removed.entries }, proposal.hash)
  })
}

/** The records of a range as the tree has them; undefined where one has no place yet. */
async function removedOf(
  env: Env,
  range: { from: Date; until: Date },
): Promise<Removed | undefined> {
  const placed: queries.Placed[] = []
  for (let after: { at: Date; id: string } | undefined; ;) {
    const rows = await queries.placedAfter(env.db, range, after, BATCH)
    for (const { index, hash } of rows) {
      if (index === null) return undefined
      placed.push({ index, hash })
    }
    after = rows.at(-1)
    if (rows.length < BATCH) break
  }
  placed.sort((a, b) => a.index - b.index)
  const [first, last] = [placed[0]?.index, placed.at(-1)?.index]
  if (first === undefined || last === undefined) return undefined
  const ours = new Set(placed.map(({ index }) => index))
  const others: number[] = []
  for (let from = first; from <= last; from += BATCH * 4) {
    const to = Math.min(last, from + BATCH * 4 - 1)
    const between = await queries.provisionIndexes(env.db, from, to)
    others.push(...between.filter((index) => !ours.has(index)))
  }
  others.sort((a, b) => a - b)
  return {
    entries: placed.length,
    first,
    last,
    others,
    root: ledger.rootOfLeaves(placed.map(({ hash }) => hash)),
  }
}

/** Takes the records away once the signed tree holds the entry that says so. */
async function drop(env: Env, { id, month, entries, root }: Closure): Promise<void> {
  if (!(await queries.isSigned(env.db, id))) return
  if ((await queries.holds(env.db, monthRange(month))).length) return
  try {
    await atomically(env, async (env) => {
      if (!(await store.drop(env.db, id))) return
      await record(env, 'retention.dropped', { id, month, entries }, root.toString('hex'))
    })
  } catch (error) {
    // Somebody reads or writes the table: the next turn comes soon, and they wait for nobody.
    if ((error as { code?: string }).code !== '55P03') throw error
  }
}

function record(
  env: Env,
  act: string,
  { id, month, entries }: { id: string; month: string; entries: number },
  hash: string,
): Promise<void> {
  return audit.record(env, {
    actor: { kind: 'system' },
    act,
    object: { kind: 'retention_closure', id },
    details: { month, entries, hash },
  })
}

import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { isOpen, type Proposal } from '../reviews/model.ts'
import {
  freeFrom,
  holdFaults,
  isMonth,
  monthIn,
  monthRange,
  type HoldForm,
  type Month,
} from './model.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

export { tend } from './closing.ts'
export { refusalsFrom } from './model.ts'

/** Until when records have gone: what is older is not complete any more. Undefined: nothing ever went. */
export async function closedUntil(env: Env): Promise<Date | undefined> {
  const gone = (await store.closures(env.db)).filter(({ droppedAt }) => droppedAt)
  const last = gone.at(-1)
  return last && monthRange(last.month).until
}

/**
 * Until when records of a period have gone, so that what is read of it now is not all there was. Undefined: none went.
 *
 * @param from inclusive; undefined: the beginning. `to` exclusive
 */
export async function removedIn(
  env: Env,
  { from, to }: { from: Date | undefined; to: Date },
): Promise<Date | undefined> {
  const gone = (await store.closures(env.db)).flatMap(({ month, droppedAt }) =>
    droppedAt ? [monthRange(month)] : [],
  )
  return gone.findLast((range) => range.from < to && (!from || range.until > from))?.until
}

/** Every month whose records went, the newest first. */
export async function closures(env: Env) {
  return (await store.closures(env.db)).toReversed()
}

/** The holds that stand. */
export const openHolds = (env: Env) => queries.openHolds(env.db)

/** The dry run: every month whose term is over and that has records, the oldest first. Writes nothing. */
export async function dueMonths(env: Env): Promise<Month[]> {
  const at = env.now()
  const closed = new Set((await store.closures(env.db)).map(({ month }) => month))
  const proposals = await open(env)
  const months: Month[] = []
  for (const month of await queries.months(env.db)) {
    if (freeFrom(month) > at) break
    if (closed.has(month)) continue
    const found = await look(env, month, proposals.get(month))
    if (found.entries) months.push(found)
  }
  return months
}

/** The dry run of one month. @throws Refusal not_found */
export async function monthOf(
  env: Env,
  month: string,
): Promise<{ month: Month; proposal: Proposal | undefined }> {
  if (!isMonth(month)) throw new Refusal('not_found')
  const all = await reviews.list(env, { kinds: ['retention'] })
  const proposal = all.find((one) => monthIn(one) === month)
  const there = (await queries.months(env.db)).includes(month)
  const closure = (await store.closures(env.db)).find((one) => one.month === month)
  if (!there && !closure) throw new Refusal('not_found')
  const found = await look(env, month, proposal)
  if (!closure) return { month: found, proposal }
  return { month: { ...found, state: 'closed', entries: closure.entries }, proposal }
}

async function look(env: Env, month: string, proposal: Proposal | undefined): Promise<Month> {
  const range = monthRange(month)
  const { entries, oldest, newest } = await queries.counted(env.db, range)
  const free = freeFrom(month)
  const holds = free > env.now() ? [] : await queries.holds(env.db, range)
  const waits = proposal?.state === 'proposed' || proposal?.state === 'approved'
  const state = free > env.now() ? 'kept' : holds.length ? 'held' : 'due'
  return {
    month,
    state: state === 'due' && waits && proposal ? (proposal.state as 'proposed') : state,
    entries,
    oldest: oldest ?? undefined,
    newest: newest ?? undefined,
    freeFrom: free,
    holds,
  }
}

/** Month → what is proposed or approved for it. */
async function open(env: Env): Promise<Map<string, Proposal>> {
  const found = await reviews.list(env, { kinds: ['retention'], states: ['proposed', 'approved'] })
  return new Map(found.map((one) => [monthIn(one), one]))
}

/**
 * The first of two persons stands for letting a month go: of exactly as many records as the dry run showed.
 *
 * @throws Refusal not_found, wrong_state where it is not due or proposed already
 */
export function propose(env: Env, month: string, by: Person): Promise<Proposal> {
  return atomically(env, async (env) => {
    await store.lock(env.db)
    const { month: found } = await monthOf(env, month)
    if (found.state !== 'due' || found.entries === 0) throw new Refusal('wrong_state')
    const draft = await reviews.draft(env, {
      kind: 'retention',
      subjectId: null,
      memberId: null,
      body: {
        table: 'provision_records',
        month,
        entries: found.entries,
        oldest: found.oldest?.toISOString() ?? null,
        newest: found.newest?.toISOString() ?? null,
      },
      by,
    })
    return reviews.propose(env, { id: draft.id, hash: draft.hash, by })
  })
}

/**
 * The second person approves; the job closes the month from then on.
 *
 * @throws Refusal changed_meanwhile where the month does not hold what was proposed; wrong_state where it is held
 */
export function approve(env: Env, seen: reviews.Seen): Promise<Proposal> {
  return atomically(env, async (env) => {
    await store.lock(env.db)
    return reviews.approve(env, seen, async (env, proposal) => {
      const month = monthIn(proposal)
      const range = monthRange(month)
      if ((await queries.holds(env.db, range)).length || freeFrom(month) > env.now())
        throw new Refusal('wrong_state')
      const { entries } = await queries.counted(env.db, range)
      if (entries !== proposal.body['entries']) throw new Refusal('changed_meanwhile')
    })
  })
}

/** The second person declines, or the first takes it back. */
export async function decline(
  env: Env,
  verb: 'refuse' | 'withdraw',
  seen: reviews.Seen & { note: string },
): Promise<void> {
  const proposal = await reviews.find(env, seen.id)
  if (!isOpen(proposal)) throw new Refusal('wrong_state')
  if (verb === 'refuse') await reviews.refuse(env, seen)
  else await reviews.withdraw(env, seen)
}

/** What was asked for and not given goes by itself once its term is over; the record says how much went. */
export async function sweep(env: Env): Promise<void> {
  const entries = await store.sweepRefusals(env.db)
  if (entries)
    await audit.record(env, {
      ...{ actor: { kind: 'system' }, act: 'retention.swept', details: { entries } },
    })
}

/** Keeps months although their term is over. @throws Refusal invalid_input */
export function hold(env: Env, form: HoldForm, by: Person): Promise<void> {
  const fields = holdFaults(form)
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  return atomically(env, async (env) => {
    await store.lock(env.db)
    const [from, until] = [monthRange(form.from).from, monthRange(form.until).from]
    const row = { id: env.newId(), from, until, reason: form.reason.trim(), by: by.id }
    await store.insertHold(env.db, { ...row, at: env.now() })
    await note(env, 'retention.held', by, { id: row.id, from: form.from, until: form.until })
  })
}

/** Ends a hold that was set. @throws Refusal not_found */
export function release(env: Env, id: string, by: Person): Promise<void> {
  return atomically(env, async (env) => {
    if (!(await store.endHold(env.db, { id, by: by.id, at: env.now() })))
      throw new Refusal('not_found')
    await note(env, 'retention.released', by, { id })
  })
}

function note(
  env: Env,
  act: string,
  by: Person,
  { id, ...details }: { id: string; from?: string; until?: string },
): Promise<void> {
  return audit.record(env, {
    actor: { kind: 'operator', id: by.id },
    act,
    object: { kind: 'retention_hold', id },
    details,
  })
}

import type { Env } from '../env.ts'
import type { Fault } from '../input/faults.ts'
import type { Change } from '../members/model.ts'
import type { Task } from '../operators/model.ts'
import { bindingsOf, endingAt, turnOf, WARNING_DAYS } from './model.ts'
import type { Binding, Contract } from './model.ts'
import * as queries from './queries.ts'
import type { ContractAsked } from './schema.ts'
import { overlaps, write, type ContractRule } from './writing.ts'

export { contractFaults, templateFaults, type TermsRule } from './rules.ts'
export { jointlyLiable, phasesAt, siteAt } from './phases.ts'
export type { ContractRule } from './writing.ts'

/**
 * Makes a contract known, or a new version of it where the file says something else (S-10, S-36).
 * Runs in the caller's transaction, under `members.lockOnboarding`.
 *
 * @param path JSON Pointer of the contract in its file, for faults
 */
export async function onboard(
  env: Env,
  asked: ContractAsked,
  { memberId, path }: { memberId: string; path: string },
): Promise<{ id: string; change: Change; faults: Fault<ContractRule>[] }> {
  const actor = { kind: 'system', id: 'onboarding' } as const
  const place = { memberId, id: env.newId(), actor, act: 'contracts.onboard' }
  const written = await write(env, asked, place)
  const { id, version } = written
  const change: Change = { what: 'contract', name: asked.number, version, news: [] }
  if ('fault' in written) {
    const { place: field, rule } = written.fault
    return { id, change, faults: [{ path: `${path}/${field}`, rule }] }
  }
  if (written.news) change.news.push(written.news)
  return { id, change, faults: [] }
}

/** Refuses two contracts of one company that would rule at the same moment. */
export async function termFaults(
  env: Env,
  { memberId, path }: { memberId: string; path: string },
): Promise<Fault<ContractRule>[]> {
  return (await overlaps(env, memberId)) ? [{ path, rule: 'term_overlaps' }] : []
}

/** Every contract in the order of numbers. */
export function list(env: Env): Promise<Contract[]> {
  return queries.list(env.db)
}

/** A contract with its versions; undefined also for text that is no id. */
export function byId(env: Env, contractId: string): Promise<Contract | undefined> {
  return queries.byId(env.db, contractId)
}

/** The contracts of a company, those that ended included. */
export function ofMember(env: Env, memberId: string): Promise<Contract[]> {
  return queries.list(env.db, memberId)
}

/** The flows of a company's contracts that are open at this moment, each with its receiver's duties (S-36…S-50). */
export async function bindingOf(env: Env, memberId: string, at: Date): Promise<Binding[]> {
  const contracts = await queries.list(env.db, memberId)
  return contracts.flatMap((contract) => bindingsOf(turnOf(contract, at), at))
}

/** What waits on the desk: contracts that end within 90 days with nothing following. Proposals are the desk's own. */
export async function tasks(env: Env): Promise<Task[]> {
  const at = env.now()
  const latest = at.getTime() + WARNING_DAYS[0] * 86400_000
  const all = await queries.list(env.db)
  return all.flatMap((contract): Task[] => {
    const dueAt = endingAt(contract, at)
    if (!dueAt || dueAt.getTime() > latest) return []
    if (!['active', 'suspended'].includes(contract.memberStatus)) return []
    const name = `${contract.memberNames.ja} ${contract.number}`
    return [{ kind: 'contract_ends', name, href: `/admin/contracts/${contract.id}`, dueAt }]
  })
}

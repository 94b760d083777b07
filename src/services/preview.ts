/** A service as a proposal says it would be: for the diff, the count of who is asked again, and the preview. */
import { catalogue } from '../catalogue/actions.ts'
import * as contracts from '../contracts/actions.ts'
import { turnOf, type ContractVersion } from '../contracts/model.ts'
import type { Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import * as members from '../members/actions.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { OPEN, type Proposal } from '../reviews/model.ts'
import { clientIdOf, keptOf } from './kept.ts'
import type { ServiceDraft } from './draft_schema.ts'
import type { Proposed, ServiceNow } from './model.ts'
import * as queries from './queries.ts'
import { approvedDraft, bounded, isExamined, saidIn } from './review_model.ts'

/** What a draft must hold before anybody can see what it would look like. */
const NEEDED = [
  'names',
  'descriptions',
  'contact',
  'retention',
  'termsUrl',
  'policyUrl',
  'client',
  'items',
] as const satisfies readonly (keyof ServiceDraft)[]

/**
 * The service a proposal would make: what is asked, or, once examined, what is approved of it.
 *
 * @throws Refusal wrong_state with code `draft_incomplete` where a part is not written yet
 */
export async function asProposed(env: Env, proposal: Proposal): Promise<Proposed> {
  const said = saidIn(proposal)
  if (!proposal.subjectId || NEEDED.some((part) => !said.asked[part])) throw incomplete()
  const { memberId, subjectId } = proposal
  const [member, found, entries] = await Promise.all([
    memberId === null ? undefined : members.byId(env, memberId),
    contractOf(env, proposal),
    catalogue(env),
  ])
  if (!member || !found) throw incomplete()
  const examined = isExamined(said)
  const asked = examined ? approvedDraft(said.asked, said.results) : said.asked
  const before = await queries.byId(env.db, subjectId, env.now())
  const kept = keptOf(asked, {
    catalogue: entries,
    contractId: found.contractId,
    known: before?.service,
    secret: env.newSecret(),
  })
  const items = examined ? bounded(kept.items, said.results) : kept.items
  const version = {
    ...kept.body,
    items,
    id: subjectId,
    version: (before?.version.version ?? 0) + 1,
  }
  const clientId = before?.service.clientId ?? clientIdOf(member.corporateNumber, asked.key)
  const kind = before?.service.kind ?? said.kind ?? 'third_party'
  const row = { id: subjectId, memberId: member.id, clientId, status: 'live' as const }
  const at = found.startsAt > env.now() ? found.startsAt : env.now()
  const now: ServiceNow = {
    service: { ...kept.client, ...row, kind },
    version,
    member: { ...member, status: 'active' },
    contract: found,
  }
  return { now, before, at }
}

const incomplete = () => new Refusal('wrong_state', { code: 'draft_incomplete' })

/** What an open or past proposal would make. @throws Refusal not_found; wrong_state as asProposed */
export async function proposedBy(env: Env, proposalId: string): Promise<Proposed> {
  const proposal = await reviews.find(env, proposalId)
  if (proposal?.kind !== 'service' || proposal.state === 'draft') throw new Refusal('not_found')
  return asProposed(env, proposal)
}

/** The contract a draft names by its number, as its turn is now. */
export async function contractOf(
  env: Env,
  proposal: Proposal,
): Promise<ContractVersion | undefined> {
  if (!proposal.memberId) return undefined
  const { contract: number } = saidIn(proposal).asked
  const all = await contracts.ofMember(env, proposal.memberId)
  const contract = all.find((one) => one.number === number)
  return contract && turnOf(contract, env.now())
}

/** What is to be previewed of a company's own service: its open proposal, else the version in force; undefined for others'. */
export async function previewOf(
  env: Env,
  { serviceId, memberId }: { serviceId: string; memberId: string },
): Promise<Proposed | undefined> {
  if (!isUuid(serviceId)) return undefined
  const filter = { kinds: ['service'], states: OPEN, subjectId: serviceId, memberId } as const
  const proposal = (await reviews.list(env, filter))[0]
  if (proposal) return asProposed(env, proposal)
  const now = await queries.byId(env.db, serviceId, env.now())
  if (now?.service.memberId !== memberId || now.service.side === 'test') return undefined
  const { startsAt } = now.contract
  const shown = { ...now, service: { ...now.service, status: 'live' as const } }
  return { now: shown, before: now, at: startsAt > env.now() ? startsAt : env.now() }
}

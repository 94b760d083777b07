/** Writes an approved service: only here, in the approving transaction, a draft becomes something in force. */
import * as audit from '../audit/actions.ts'
import { catalogue } from '../catalogue/actions.ts'
import type { Env } from '../env.ts'
import * as members from '../members/actions.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import type { Proposal } from '../reviews/model.ts'
import { clientHash, clientIdOf, keptOf, type KeptOf } from './kept.ts'
import { wholeFaults, type Owner } from './draft_rules.ts'
import type { ServiceDraft } from './draft_schema.ts'
import { contractOf } from './preview.ts'
import { approvedDraft, bounded, saidIn, type ServiceProposal } from './review_model.ts'
import * as approvals from './review_store.ts'
import { mayBeOwn } from './rules.ts'
import * as store from './store.ts'
import { versionHash } from './writing.ts'

/**
 * The service row of a new service, status `approved`; the next version of a known one, in force at once. Runs under
 * `members.lockOnboarding`, so that of two approvals the second sees the first.
 *
 * @throws Refusal wrong_state, invalid_input with `faults` by JSON Pointer
 */
export async function writeApproved(env: Env, proposal: Proposal, by: Person): Promise<void> {
  const said = saidIn(proposal)
  const id = proposal.subjectId
  const [contract, entries] = await Promise.all([contractOf(env, proposal), catalogue(env)])
  const member = proposal.memberId ? await members.byId(env, proposal.memberId) : undefined
  if (!id || !member || !contract || !said.results) throw new Refusal('wrong_state')
  if (!['approved', 'active', 'suspended'].includes(member.status)) throw new Refusal('wrong_state')
  const held = await approvals.held(env.db, id)
  if (held && held.memberId !== member.id) throw new Refusal('wrong_state')
  const clientId = held?.clientId ?? clientIdOf(member.corporateNumber, said.asked.key)
  const known = await store.known(env.db, clientId)
  if (known ? known.id !== id || known.status === 'ended' : held) throw new Refusal('wrong_state')
  const draft = approvedDraft(said.asked, said.results)
  const kind = known?.kind ?? said.kind ?? 'third_party'
  if (kind === 'own' && !known && !mayBeOwn(env.config.installation, member))
    throw new Refusal('invalid_input', { fields: { kind: 'not_own_company' } })
  await holdToRules(env, { ...draft, kind }, { memberId: member.id, serviceId: id })
  const terms = { catalogue: entries, contractId: contract.contractId, known }
  const kept = keptOf({ ...draft, kind }, { ...terms, secret: env.newSecret() })
  const items = bounded(kept.items, said.results)
  if (known) await rewrite(env, id, known, kept)
  else await begin(env, { id, memberId: member.id, clientId, kept })
  await addVersion(env, { id, known, kept: { ...kept, items }, proposal, said, by })
}

/** The merged record, held to the rules, the names and the contract of today (J8, F7, S-36). */
async function holdToRules(env: Env, draft: ServiceDraft, owner: Owner): Promise<void> {
  const faults = await wholeFaults(env, draft, owner)
  if (!faults.length) return
  const fields = Object.fromEntries(faults.map(({ path, rule }) => [path, rule]))
  throw new Refusal('invalid_input', { fields, faults })
}

/** The client of a known service. One that a file only announced is approved by this for the first time. */
async function rewrite(env: Env, id: string, known: store.Known, kept: KeptOf): Promise<void> {
  await store.updateClient(env.db, id, kept.client)
  if (known.status !== 'draft' && known.status !== 'submitted') return
  await store.setStatus(env.db, id, 'approved', env.now())
  const change = { id: env.newId(), serviceId: id, status: 'approved', reason: null }
  await store.insertStatusChange(env.db, { ...change, at: env.now() })
}

async function begin(
  env: Env,
  {
    id,
    memberId,
    clientId,
    kept,
  }: Pick<store.Known, 'id' | 'memberId'> & {
    clientId: string
    kept: KeptOf
  },
): Promise<void> {
  const at = env.now()
  await store.insert(env.db, { ...kept.client, id, memberId, clientId, status: 'approved', at })
  const change = { id: env.newId(), serviceId: id, status: 'approved', reason: null, at }
  await store.insertStatusChange(env.db, change)
}

type Adding = {
  id: string
  known: store.Known | undefined
  kept: KeptOf
  proposal: Proposal
  said: ServiceProposal
  by: Person
}

async function addVersion(env: Env, { id, known, kept, proposal, said, by }: Adding) {
  const { body, items, client } = kept
  const hash = versionHash(body, items)
  const version = (known?.version ?? 0) + 1
  const versionId = env.newId()
  const at = env.now()
  await store.insertVersion(env.db, {
    id: versionId,
    serviceId: id,
    version,
    body,
    items,
    hash,
    at,
  })
  await approvals.insertApproval(env.db, {
    proposalId: proposal.id,
    serviceId: id,
    serviceVersionId: versionId,
    hash: Buffer.from(proposal.hash, 'hex'),
    results: said.results ?? {},
    clauses: said.clauses ?? [],
    approvedBy: by.id,
    at,
  })
  await audit.record(env, {
    actor: { kind: 'operator', id: by.id },
    act: 'services.approve',
    object: { kind: 'service', id },
    details: {
      proposal: proposal.id,
      before: known ? { hash: known.hash.toString('hex'), client: clientHash(known) } : null,
      after: { hash: hash.toString('hex'), client: clientHash(client) },
      version,
    },
  })
}

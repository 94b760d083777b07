/** What operators decide on services: each step on the very content that was seen, by two persons (J4, J8). */
import { dayOf } from '../input/days.ts'
import { atomically, type Env } from '../env.ts'
import * as members from '../members/actions.ts'
import type { Person } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { noted, type Proposal, type State } from '../reviews/model.ts'
import { byId } from './actions.ts'
import type { Clause } from './clauses.ts'
import {
  bodyOfReview,
  isExamined,
  reviewFaults,
  saidIn,
  type ItemResult,
  type Kind,
} from './review_model.ts'
import { mayBeOwn } from './rules.ts'
import { writeApproved } from './review_writing.ts'

export type Seen = { id: string; hash: string; by: Person; note?: string | undefined }

/** What was given back is the company's to write in until it hands it in again. */
const EXAMINED_IN: readonly State[] = ['submitted', 'proposed']

/** The service proposal of this id; drafts are the company's own until they are handed in. @throws Refusal not_found */
export async function need(env: Env, id: string): Promise<Proposal> {
  const proposal = await ofKind(env, id)
  if (proposal.state === 'draft') throw new Refusal('not_found')
  return proposal
}

/** For a decision on what was seen: whoever saw it is told that it changed, not that it never was. */
async function ofKind(env: Env, id: string): Promise<Proposal> {
  const proposal = await reviews.find(env, id)
  if (proposal?.kind !== 'service') throw new Refusal('not_found')
  return proposal
}

export type Examined = {
  kind: Kind
  results: Record<string, ItemResult>
  clauses: { clause: Clause; found: boolean; place: string }[]
}

/**
 * A registrar writes what they found of each item and clause, and stands for it. What was proposed before is void.
 *
 * @throws Refusal invalid_input with `results.<item>`, `clauses.<clause>` and `kind`; wrong_state where it is with its
 *   company; as reviews.edit and reviews.propose
 */
export function examine(env: Env, seen: Seen, examined: Examined): Promise<Proposal> {
  return atomically(env, async (env) => {
    const proposal = await ofKind(env, seen.id)
    const { asked } = saidIn(proposal)
    const fields = {
      ...faultsIn(asked, examined),
      ...(examined.kind === 'own' && (await kindFaults(env, proposal))),
    }
    if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
    const on = dayOf(env.now())
    const clauses = examined.clauses.map((one) => ({ ...one, checker: seen.by.id, on }))
    const { kind, results } = examined
    const body = bodyOfReview({ asked, kind, results, clauses })
    const { id, hash } = await reviews.edit(env, { ...seen, body, from: EXAMINED_IN })
    return reviews.propose(env, { id, hash, by: seen.by })
  })
}

/** `own` is the consortium's own company's, or was said by an onboarding file before (S-58). */
async function kindFaults(env: Env, { subjectId, memberId }: Proposal): Promise<Fields> {
  const known = subjectId ? await byId(env, subjectId) : undefined
  if (known?.service.kind === 'own') return {}
  const member = memberId ? await members.byId(env, memberId) : undefined
  const may = member && mayBeOwn(env.config.installation, member)
  return may ? {} : { kind: 'not_own_company' }
}

function faultsIn(asked: ReturnType<typeof saidIn>['asked'], examined: Examined): Fields {
  const fields: Fields = {}
  for (const [place, rule] of Object.entries(reviewFaults(asked, examined.results)))
    fields[`results.${place}`] = rule
  for (const { clause, found, place } of examined.clauses)
    if (found && place === '') fields[`clauses.${clause}`] = 'place_required'
  return fields
}

/** 補正: back to the company, saying what is to be corrected. @throws as reviews.giveBack; invalid_input without a note */
export async function giveBack(env: Env, seen: Seen): Promise<void> {
  const note = noted(seen.note)
  await atomically(env, async (env) => {
    await ofKind(env, seen.id)
    await tell(env, await reviews.giveBack(env, { ...seen, note }), 'returned', note)
  })
}

/** Declines for good. @throws as reviews.refuse; invalid_input without a reason */
export async function refuse(env: Env, seen: Seen): Promise<void> {
  const note = noted(seen.note)
  await atomically(env, async (env) => {
    await ofKind(env, seen.id)
    await tell(env, await reviews.refuse(env, { ...seen, note }), 'refused', note)
  })
}

/**
 * A second operator approves exactly what was seen: the service is written, or its next version, with the approved items
 * alone. What it is made of is held to the rules as they are now, not as they were when it was drafted (J8).
 *
 * @throws as reviews.approve; wrong_state where it was not examined or the service has ended; invalid_input with `faults`
 */
export async function approve(env: Env, seen: Seen): Promise<void> {
  await atomically(env, async (env) => {
    await members.lockOnboarding(env)
    await ofKind(env, seen.id)
    await reviews.approve(env, seen, async (env, proposal) => {
      if (!isExamined(saidIn(proposal))) throw new Refusal('wrong_state', { code: 'not_examined' })
      await writeApproved(env, proposal, seen.by)
      await tell(env, proposal, 'approved', '')
    })
  })
}

async function tell(
  env: Env,
  proposal: Proposal,
  decision: 'approved' | 'returned' | 'refused',
  note: string,
): Promise<void> {
  const { asked, results } = saidIn(proposal)
  const notes = Object.values(results ?? {}).filter((one) => one.result !== 'approved')
  const values = {
    service: asked.names.ja,
    decision,
    note,
    less: decision === 'approved' ? notes.length : 0,
    link: `${env.config.companyOrigin}/company/services/${proposal.subjectId ?? ''}`,
  }
  if (proposal.memberId)
    await members.notifyStaff(env, proposal.memberId, 'service_decided', values)
}

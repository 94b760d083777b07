/** What waits for an operator here: services to examine, and services a second person must see (A1). */
import type { Env } from '../env.ts'
import type { Task } from '../operators/model.ts'
import * as reviews from '../reviews/actions.ts'
import { saidIn } from './review_model.ts'

export async function tasks(env: Env): Promise<Task[]> {
  const waiting = await reviews.list(env, { kinds: ['service'], states: ['submitted', 'proposed'] })
  return waiting.map((proposal) => ({
    kind: proposal.state === 'submitted' ? 'proposal_submitted' : 'proposal_proposed',
    name: saidIn(proposal).asked.names.ja,
    href: `/admin/reviews/${proposal.id}`,
  }))
}

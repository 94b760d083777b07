/** What waits here: for operators to examine and see as the second person (A1), for a company to open (J8). */
import type { Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import type { Task } from '../operators/model.ts'
import * as reviews from '../reviews/actions.ts'
import { lacksOf } from './life.ts'
import * as queries from './queries.ts'
import { saidIn } from './review_model.ts'

export async function tasks(env: Env): Promise<Task[]> {
  const waiting = await reviews.list(env, { kinds: ['service'], states: ['submitted', 'proposed'] })
  return waiting.map((proposal) => ({
    kind: proposal.state === 'submitted' ? 'proposal_submitted' : 'proposal_proposed',
    name: saidIn(proposal).asked.names.ja,
    href: `/admin/reviews/${proposal.id}`,
  }))
}

/** A company's approved services that nobody has opened yet: ready, or with something that still keeps them back. */
export async function tasksOf(
  env: Env,
  { memberId, language }: { memberId: string; language: Language },
): Promise<Task[]> {
  const own = await queries.listOf(env.db, { memberId, ids: [], at: env.now() })
  const approved = own.filter(
    ({ service }) => service.status === 'approved' && service.side === 'live',
  )
  return Promise.all(
    approved.map(async (now) => ({
      kind: (await lacksOf(env, now)).length ? 'service_not_ready' : 'service_ready',
      name: now.version.names[language],
      href: `/company/services/${now.service.id}/life`,
    })),
  )
}

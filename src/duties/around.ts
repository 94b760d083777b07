/** What the rules look at: the clock, the settings, the flow with its contract, what was said and done so far. */
import type { Env } from '../env.ts'
import { YEAR_END } from '../input/business_days.ts'
import { dayOf } from '../input/days.ts'
import type { Around, Case, FlowOf } from './model.ts'
import { soFarOf } from './nouns.ts'
import { cameOnPaper } from './paper.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

/** Of a case as it stands. */
export async function aroundCase(env: Env, of: Case): Promise<Around> {
  const flow = of.flowId ? await queries.flow(env.db, of.flowId, env.now()) : undefined
  const after = of.afterId ? await store.find(env.db, of.afterId) : undefined
  return aroundOf(env, { flow, after, of, base: of })
}

type Known = {
  flow: FlowOf | undefined
  after: Case | undefined
  of: Case | undefined
  base: Pick<Case, 'kind' | 'memberId' | 'receiver'>
}

/** Of a case that is there (`of`), or of one that is about to be opened (`base`). */
export async function aroundOf(env: Env, { flow, after, of, base }: Known): Promise<Around> {
  const { installation } = env.config
  const steps = of ? await store.steps(env.db, of.id) : []
  const { kind, memberId, receiver } = base
  const status =
    memberId === null ? undefined : await queries.memberStatus(env.db, memberId, env.now())
  const audited = kind === 'audit' && memberId !== null && of === undefined
  return {
    now: env.now(),
    today: dayOf(env.now()),
    yearEnd: installation.yearEndHolidays ?? YEAR_END,
    legalForm: installation.legalForm,
    firstReportDays: installation.leakFirstReportDays ?? 3,
    soFar: soFarOf(steps),
    taken: steps.map(({ step }) => step),
    audits: audited ? await store.auditDays(env.db, { memberId, receiver }) : [],
    memberGone: status === 'left' || status === 'excluded',
    memberStopped: status === 'suspended' || status === 'excluded',
    paperBy: steps.findLast(({ body }) => cameOnPaper(body))?.byId,
    audited: audited && after ? await store.isAudited(env.db, after.id) : false,
    ...(of && { case: of }),
    ...(flow && { flow }),
    ...(after && { after }),
  }
}

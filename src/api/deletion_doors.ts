/** What residents asked the company to erase, and its answers (pages.md M5). */
import * as consents from '../consents/actions.ts'
import type { AnswerAsked, DeletionRequest } from '../consents/actions.ts'
import { answerDeletionSchema } from '../consents/schema.ts'
import type { Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import { Refusal } from '../refusal.ts'
import {
  day,
  end,
  exactly,
  lastDayOf,
  listOf,
  moment,
  nullable,
  text,
  uuid,
  type Endpoint,
} from './endpoint.ts'

const deletion = exactly({
  id: uuid,
  serviceId: uuid,
  sub: text,
  askedAt: moment,
  /** The first day that `done_on` may name. */
  agreedOn: day,
  dueAt: end.at,
  dueOn: end.on,
  state: { enum: ['pending', 'overdue', 'done', 'partly', 'refused'] },
  doneOn: nullable(day),
  reason: nullable(text),
  answeredAt: nullable(moment),
})

const PER_PAGE = 100
const STATES = ['open', 'answered']

export const deletionDoors: readonly Endpoint[] = [
  {
    operation: 'listDeletions',
    method: 'get',
    path: '/deletions',
    scope: 'company:read',
    summary: 'Requests to erase: those that wait first, the nearest deadline on top',
    query: { state: 'open or answered; all where absent', page: 'From 1; 100 a page' },
    answer: listOf(deletion),
    async run(env, { company, query: { state, page = '1' } }) {
      if (state !== undefined && !STATES.includes(state)) throw invalid('state')
      if (!/^[1-9]\d{0,5}$/.test(page)) throw invalid('page')
      const { requests } = await consents.deletionsOf(env, company.memberId, {
        open: state === undefined ? null : state === 'open',
        limit: PER_PAGE,
        offset: (Number(page) - 1) * PER_PAGE,
      })
      return { items: requests.map((one) => shown(env, one)) }
    },
  },
  {
    operation: 'answerDeletion',
    method: 'post',
    path: '/deletions/{deletionId}/answer',
    scope: 'company:write',
    summary:
      'Answer once: done or partly with the day of erasure (from agreedOn to today, in Japan), partly or refused with the reason; the person reads it',
    body: answerDeletionSchema,
    declines: ['409'],
    answer: deletion,
    async run(env, { company: { memberId, by }, params, body }) {
      const where = { memberId, id: params['deletionId'] ?? '', by }
      return shown(env, await consents.answerDeletion(env, where, body as AnswerAsked))
    },
  },
]

const invalid = (field: string) =>
  new Refusal('invalid_input', { fields: { [field]: 'not_valid' } })

function shown(env: Env, request: DeletionRequest) {
  const { id, serviceId, subject: sub, askedAt, dueAt, answer } = request
  return {
    ...{ id, serviceId, sub, askedAt: askedAt.toISOString(), dueAt: dueAt.toISOString() },
    dueOn: lastDayOf(dueAt),
    agreedOn: dayOf(request.agreedAt),
    state: consents.deletionState(request, env.now()),
    doneOn: answer?.doneOn ?? null,
    reason: answer?.reason ?? null,
    answeredAt: answer?.at.toISOString() ?? null,
  }
}

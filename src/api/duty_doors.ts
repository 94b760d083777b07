/** What the company owes and is owed: cases, the acts that can be taken, and the notice of a leak (S-41…S-49). */
import type { Env } from '../env.ts'
import * as duties from '../duties/actions.ts'
import type { Actor } from '../duties/model.ts'
import type { CompanyHere } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import { duty, handed, listedDuty, shown } from './duty_shown.ts'
import { listOf, type Endpoint } from './endpoint.ts'

/** An act and what its form says, as far as no case is known: the room holds it to the fields of its act. */
const act = {
  type: 'object',
  additionalProperties: false,
  required: ['act', 'values'],
  properties: {
    act: { type: 'string', maxLength: 40, pattern: '^[a-z_]+$' },
    values: {
      type: 'object',
      maxProperties: 40,
      additionalProperties: {
        anyOf: [
          { type: 'string', maxLength: 4000 },
          { type: 'integer' },
          { type: 'array', maxItems: 20, items: { type: 'string', maxLength: 200 } },
        ],
      },
    },
  },
} as const

type ActAsked = { act: string; values: Record<string, string | number | string[]> }

const PER_PAGE = 100
const STATES = ['open', 'closed']

export const dutyDoors: readonly Endpoint[] = [
  {
    operation: 'listDuties',
    method: 'get',
    path: '/duties',
    scope: 'company:read',
    summary:
      'Reports, audits, orders, leaks, claims and approvals: those that are not over, the nearest deadline on top',
    query: {
      state: 'open or closed (the newest on top); open where absent',
      page: 'From 1; 100 a page',
    },
    answer: listOf(listedDuty),
    async run(env, { company: { memberId }, query: { state = 'open', page = '1' } }) {
      if (!STATES.includes(state)) throw invalid('state')
      if (!/^[1-9]\d{0,5}$/.test(page)) throw invalid('page')
      const found = await duties.listOf(env, {
        ...{ memberId, closed: state === 'closed' },
        ...{ limit: PER_PAGE, offset: (Number(page) - 1) * PER_PAGE },
      })
      return { items: found.map(shown) }
    },
  },
  {
    operation: 'getDuty',
    method: 'get',
    path: '/duties/{dutyId}',
    scope: 'company:read',
    summary:
      'One of them with its turns and documents, and the acts the company may take now; the consortium sees that the program was handed them',
    answer: duty,
    run: async (env, { company, params }) =>
      handed(env, company, await duties.find(env, params['dutyId'] ?? '', actorOf(company))),
  },
  {
    operation: 'takeAct',
    method: 'post',
    path: '/duties/{dutyId}/acts',
    scope: 'company:write',
    summary: 'Take an act: hand in a report, answer an order, acknowledge an audit',
    body: act,
    told: duties.actSchema,
    below: '/values',
    declines: ['409'],
    answer: duty,
    run: (env, { company, params, body }) =>
      take(env, company, params['dutyId'] ?? '', body as ActAsked),
  },
  {
    operation: 'notifyLeak',
    method: 'post',
    path: '/leaks',
    scope: 'company:write',
    summary:
      'Give notice of a leak at once, with what is known (S-49); a person adds the rest later',
    body: duties.leakNoticeSchema,
    answer: duty,
    creates: true,
    async run(env, { company, body }) {
      const notice = body as Parameters<typeof duties.notifyLeak>[1]['notice']
      const { memberId, by } = company
      return handed(env, company, await duties.notifyLeak(env, { memberId, by, notice }))
    },
  },
]

const actorOf = ({ memberId, by }: CompanyHere): Actor => ({ side: 'member', person: by, memberId })

const invalid = (field: string) =>
  new Refusal('invalid_input', { fields: { [field]: 'not_valid' } })

async function take(
  env: Env,
  company: CompanyHere,
  id: string,
  { act: name, values: form }: ActAsked,
) {
  const actor = actorOf(company)
  const found = await duties.find(env, id, actor)
  const values = duties.valuesFor(found, name, form)
  return handed(env, company, await duties.take(env, { id, name, values, actor }))
}

/** What the company owes and is owed: cases, the acts that can be taken, and the notice of a leak (S-41…S-49). */
import type { Env } from '../env.ts'
import * as duties from '../duties/actions.ts'
import { KINDS, type Actor, type Case } from '../duties/model.ts'
import { leakNoticeSchema } from '../duties/schema.ts'
import type { CompanyHere } from '../persons.ts'
import { exactly, listOf, moment, nullable, text, uuid, type Endpoint } from './endpoint.ts'

const listed = {
  id: uuid,
  number: nullable(text),
  kind: { enum: KINDS },
  state: text,
  receiver: { enum: ['consortium', 'member'] },
  dueAt: nullable(moment),
  openedAt: moment,
  closedAt: nullable(moment),
}

const duty = exactly({ ...listed, acts: { type: 'array', items: text } })

/** An act and what its form says; the fields are those of the portal's form for it. */
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
          { type: 'array', maxItems: 20, items: { type: 'string', maxLength: 200 } },
        ],
      },
    },
  },
} as const

type ActAsked = { act: string; values: Record<string, string | string[]> }

export const dutyDoors: readonly Endpoint[] = [
  {
    operation: 'listDuties',
    method: 'get',
    path: '/duties',
    scope: 'company:read',
    summary: 'Reports, audits, orders, leaks, claims and approvals that are not over',
    answer: listOf(exactly(listed)),
    async run(env, { company }) {
      const open = await duties.openOf(env, company.memberId)
      return { items: open.map(shown) }
    },
  },
  {
    operation: 'getDuty',
    method: 'get',
    path: '/duties/{dutyId}',
    scope: 'company:read',
    summary: 'One of them, with the acts the company may take now',
    answer: duty,
    async run(env, { company, params }) {
      const actor = actorOf(company)
      const found = await duties.find(env, params['dutyId'] ?? '', actor)
      await duties.read(env, found, actor)
      return withActs(found)
    },
  },
  {
    operation: 'takeAct',
    method: 'post',
    path: '/duties/{dutyId}/acts',
    scope: 'company:write',
    summary: 'Take an act: hand in a report, answer an order, acknowledge an audit',
    body: act,
    answer: duty,
    run: (env, { company, params, body }) =>
      take(env, actorOf(company), params['dutyId'] ?? '', body as ActAsked),
  },
  {
    operation: 'notifyLeak',
    method: 'post',
    path: '/leaks',
    scope: 'company:write',
    summary:
      'Give notice of a leak at once, with what is known (S-49); a person adds the rest later',
    body: leakNoticeSchema,
    answer: duty,
    creates: true,
    async run(env, { company, body }) {
      const notice = body as Parameters<typeof duties.notifyLeak>[1]['notice']
      const { memberId, by } = company
      return withActs(await duties.notifyLeak(env, { memberId, by, notice }))
    },
  },
]

const actorOf = ({ memberId, by }: CompanyHere): Actor => ({ side: 'member', person: by, memberId })

async function take(env: Env, actor: Actor, id: string, { act: name, values: form }: ActAsked) {
  const found = await duties.find(env, id, actor)
  const values = duties.valuesFor(found, name, form)
  return withActs(await duties.take(env, { id, name, values, actor }))
}

type Listed = Pick<
  Case,
  'id' | 'number' | 'kind' | 'state' | 'receiver' | 'dueAt' | 'openedAt' | 'closedAt'
>

function shown({ id, number, kind, state, receiver, dueAt, openedAt, closedAt }: Listed) {
  return {
    id,
    number,
    kind,
    state,
    receiver,
    dueAt: dueAt?.toISOString() ?? null,
    openedAt: openedAt.toISOString(),
    closedAt: closedAt?.toISOString() ?? null,
  }
}

const withActs = (of: Case) => ({ ...shown(of), acts: duties.actsOf(of, 'member') })

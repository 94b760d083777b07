/** Services: their drafts, handing them in, and what became of them. Approval, keys and going live need people. */
import { dayOf } from '../input/days.ts'
import type { CompanyHere } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import type { PartialDraft } from '../services/draft_schema.ts'
import * as drafts from '../services/drafts.ts'
import { draftSoFar, partial, replacing } from './draft_shapes.ts'
import { both, exactly, listOf, moment, nullable, text, uuid, type Endpoint } from './endpoint.ts'

const seen = exactly({ hash: { type: 'string', pattern: '^[0-9a-f]{64}$' } })

const service = exactly({
  id: uuid,
  /** Null until a first version was approved. */
  clientId: nullable(text),
  status: nullable(text),
  version: nullable({ type: 'integer' }),
  names: nullable(both),
  draft: nullable(
    exactly({
      state: text,
      revision: { type: 'integer' },
      hash: text,
      changedAt: moment,
      asked: draftSoFar,
    }),
  ),
})

const turn = exactly({ turn: text, revision: { type: 'integer' }, note: nullable(text), on: text })

export const serviceDoors: readonly Endpoint[] = [
  {
    operation: 'listServices',
    method: 'get',
    path: '/services',
    scope: 'company:read',
    summary: 'The company’s services and drafts',
    answer: listOf(service),
    run: async (env, { company }) => ({
      items: (await drafts.ofCompany(env, company.memberId)).map(shown),
    }),
  },
  {
    operation: 'beginService',
    method: 'post',
    path: '/services',
    scope: 'company:write',
    summary: 'Begin the draft of a new service',
    body: partial,
    answer: service,
    creates: true,
    async run(env, { company, body }) {
      const given = body as Omit<PartialDraft, 'kind'>
      const begun = await drafts.begin(env, given, authorOf(company))
      return shown(await drafts.mine(env, begun.subjectId ?? '', company.memberId))
    },
  },
  {
    operation: 'getService',
    method: 'get',
    path: '/services/{serviceId}',
    scope: 'company:read',
    summary: 'A service, with the draft on its way',
    answer: service,
    run: async (env, { company, params }) =>
      shown(await drafts.mine(env, idOf(params), company.memberId)),
  },
  {
    operation: 'beginNextVersion',
    method: 'post',
    path: '/services/{serviceId}/draft',
    scope: 'company:write',
    summary: 'Begin the next version from the one in force',
    answer: service,
    creates: true,
    declines: ['409'],
    async run(env, { company, params }) {
      await drafts.mine(env, idOf(params), company.memberId)
      await drafts.next(env, idOf(params), authorOf(company))
      return shown(await drafts.mine(env, idOf(params), company.memberId))
    },
  },
  {
    operation: 'replaceDraft',
    method: 'put',
    path: '/services/{serviceId}/draft',
    scope: 'company:write',
    summary: 'Write the draft anew; what was said of an earlier revision is void',
    body: replacing,
    below: '/draft',
    declines: ['409'],
    answer: service,
    async run(env, { company, params, body }) {
      const { hash, draft } = body as { hash: string; draft: Omit<PartialDraft, 'key' | 'kind'> }
      const asked = { serviceId: idOf(params), hash, draft }
      await drafts.replace(env, asked, authorOf(company))
      return shown(await drafts.mine(env, idOf(params), company.memberId))
    },
  },
  ...(
    [
      ['submitDraft', 'submit', drafts.submit, 'Hand the draft to the consortium'],
      [
        'recallDraft',
        'recall',
        drafts.recall,
        'Take a draft that was handed in back, to change it',
      ],
      [
        'discardDraft',
        'discard',
        drafts.discard,
        'Throw the draft away; the service stays as it is',
      ],
    ] as const
  ).map(([operation, verb, act, summary]): Endpoint => ({
    operation,
    method: 'post',
    path: `/services/{serviceId}/draft/${verb}`,
    scope: 'company:write',
    summary,
    body: seen,
    declines: ['409'],
    answer: exactly({ state: text, revision: { type: 'integer' }, hash: text }),
    async run(env, { company, params, body }) {
      const { hash } = body as { hash: string }
      const asked = { serviceId: idOf(params), hash }
      const { state, revision, hash: now } = await act(env, asked, authorOf(company))
      return { state, revision, hash: now }
    },
  })),
  {
    operation: 'getServiceHistory',
    method: 'get',
    path: '/services/{serviceId}/history',
    scope: 'company:read',
    summary: 'Every turn the drafts of a service took, the newest first',
    answer: listOf(turn),
    async run(env, { company, params }) {
      await drafts.mine(env, idOf(params), company.memberId)
      const turns = await drafts.history(env, idOf(params), company.memberId)
      return {
        items: turns.map(({ turn, revision, note, at }) => ({
          turn,
          revision,
          note,
          on: dayOf(at),
        })),
      }
    },
  },
]

const authorOf = ({ by, memberId }: CompanyHere) => ({ ...by, memberId })

function idOf(params: Record<string, string>): string {
  const id = params['serviceId']
  if (!id) throw new Refusal('not_found')
  return id
}

function shown({ serviceId, now, proposal }: drafts.Mine) {
  return {
    id: serviceId,
    clientId: now?.service.clientId ?? null,
    status: now?.service.status ?? null,
    version: now?.version.version ?? null,
    names: now ? { ja: now.version.names.ja, en: now.version.names.en } : null,
    draft: proposal
      ? {
          state: proposal.state,
          revision: proposal.revision,
          hash: proposal.hash,
          changedAt: proposal.changedAt.toISOString(),
          asked: proposal.body['asked'] ?? {},
        }
      : null,
  }
}

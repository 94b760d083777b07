/** What a new case is opened on: the flow, the report before it, the service – each held to the side that asks. */
import type { Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import { Refusal } from '../refusal.ts'
import { textOf, type Actor, type Case, type FlowOf, type Kind, type Values } from './model.ts'
import { mayTake, NOUNS } from './nouns.ts'
import * as queries from './queries.ts'
import { known, visible, wrongSide } from './sight.ts'
import * as store from './store.ts'

/** What a case is opened on. `once` is the id of the form, so that sending it twice opens one case. */
export type Subject = { once?: string; flow?: string; after?: string; service?: string }

export type Opening = { kind: Kind; subject: Subject; values: Values; actor: Actor }

type Prepared = { base: Case; flow: FlowOf | undefined; after: Case | undefined }

/** Looks up what a case is opened on, and holds it to the side that asks. */
export async function prepared(
  env: Env,
  { kind, subject, values, actor }: Opening,
): Promise<Prepared> {
  const { on, opens } = NOUNS[kind]
  const after = on === 'report' ? await reportOf(env, subject, actor) : undefined
  const flow = await flowOf(env, after?.flowId ?? subject.flow, actor)
  if (!flow && (on === 'flow' || subject.flow))
    throw new Refusal('invalid_input', { fields: { flow: 'choose' } })
  const receiver = flow?.receiver ?? after?.receiver ?? actor.side
  const act = known(kind, opens)
  if (!mayTake(act, actor.side, receiver)) throw wrongSide(act)
  const memberId = flow?.memberId ?? after?.memberId ?? actor.memberId ?? null
  const discovered = textOf(values, 'discovered_at')
  const base: Case = {
    ...{
      id: isUuid(subject.once) ? subject.once : env.newId(),
      number: null,
      kind,
      memberId,
      receiver,
    },
    ...{ flowId: flow?.id ?? null, serviceId: await serviceOf(env, subject, memberId) },
    ...{ state: 'draft', dueAt: null, auditOn: kind === 'audit' ? textOf(values, 'on') : null },
    ...{
      afterId: after?.id ?? null,
      knownAt: discovered ? new Date(discovered) : null,
      draft: null,
    },
    ...{ openedAt: env.now(), changedAt: env.now(), closedAt: null },
  }
  return { base, flow, after }
}

async function reportOf(env: Env, { after }: Subject, actor: Actor): Promise<Case> {
  const found = visible(await store.find(env.db, after ?? ''), actor)
  if (found.kind !== 'report') throw new Refusal('not_found')
  return found
}

/** A flow by its id; of another company it is as if there were none. */
async function flowOf(env: Env, id: string | null | undefined, actor: Actor) {
  const found = id ? await queries.flow(env.db, id, env.now()) : undefined
  const foreign = actor.memberId !== undefined && found?.memberId !== actor.memberId
  return foreign ? undefined : found
}

async function serviceOf(env: Env, { service }: Subject, memberId: string | null) {
  if (!service) return null
  const own = memberId ? await queries.services(env.db, memberId) : []
  if (own.some(({ id }) => id === service)) return service
  throw new Refusal('invalid_input', { fields: { service: 'choose' } })
}

import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { canonical } from '../audit/model.ts'
import type { Env } from '../env.ts'
import { endOfDay, startOfDay } from '../input/days.ts'
import type { Fault } from '../input/faults.ts'
import { normalText } from '../input/spelling.ts'
import type { Change } from '../members/model.ts'
import { mayFollow, overlapping, type ContractTerms, type Flow } from './model.ts'
import type { ContractAsked } from './schema.ts'
import * as store from './store.ts'

export type ContractRule = 'number_of_another_member' | 'version_overlaps' | 'term_overlaps'

type Body = {
  startsAt: Date
  endsAt: Date
  subjectType: 'public' | 'pairwise'
  offlineAccess: boolean
  terms: ContractTerms
  flows: Flow[]
}

/**
 * Makes a contract known, or a new version of it where the file says something else (S-10, S-36).
 * Runs in the caller's transaction, under `members.lockOnboarding`.
 *
 * @param path JSON Pointer of the contract in its file, for faults
 */
export async function onboard(
  env: Env,
  asked: ContractAsked,
  { memberId, path }: { memberId: string; path: string },
): Promise<{ id: string; change: Change; faults: Fault<ContractRule>[] }> {
  const known = await store.byNumber(env.db, asked.number)
  const body = bodyOf(asked)
  const hash = hashOf(body)
  const id = known?.id ?? env.newId()
  const change: Change = {
    what: 'contract',
    name: asked.number,
    version: known?.version ?? 0,
    news: [],
  }
  const decline = (place: string, rule: ContractRule) => ({
    id,
    change,
    faults: [{ path: `${path}/${place}`, rule }],
  })
  if (known && known.memberId !== memberId) return decline('number', 'number_of_another_member')
  if (known?.hash.equals(hash)) return { id, change, faults: [] }
  if (known && !mayFollow(known, body)) return decline('from', 'version_overlaps')
  change.version++
  change.news.push(known ? 'new_version' : 'added')
  await write(env, { id, memberId, number: asked.number, version: change.version, body, hash })
  await audit.record(env, {
    actor: { kind: 'system', id: 'onboarding' },
    act: 'contracts.onboard',
    object: { kind: 'contract', id },
    details: {
      before: known?.hash.toString('hex') ?? null,
      after: hash.toString('hex'),
      version: change.version,
    },
  })
  return { id, change, faults: [] }
}

/** Refuses two contracts of one company that would rule at the same moment. */
export async function termFaults(
  env: Env,
  { memberId, path }: { memberId: string; path: string },
): Promise<Fault<ContractRule>[]> {
  return overlapping(await store.terms(env.db, memberId)) ? [{ path, rule: 'term_overlaps' }] : []
}

type Writing = {
  id: string
  memberId: string
  number: string
  version: number
  body: Body
  hash: Buffer
}

async function write(env: Env, { id, memberId, number, version, body, hash }: Writing) {
  const at = env.now()
  if (version === 1) await store.insert(env.db, { id, memberId, number, at })
  await store.insertVersion(env.db, {
    ...body,
    id: env.newId(),
    contractId: id,
    version,
    hash,
    at,
    flows: body.flows.map((flow) => ({ ...flow, id: env.newId() })),
  })
}

function bodyOf(asked: ContractAsked): Body {
  const startsAt = startOfDay(asked.from)
  const endsAt = endOfDay(asked.to)
  return {
    startsAt,
    endsAt,
    subjectType: asked.subjectType,
    offlineAccess: asked.offlineAccess,
    terms: {
      dataContent: normalText(asked.dataContent),
      delivery: normalText(asked.delivery),
      rights: normalText(asked.rights),
      confidentiality: normalText(asked.confidentiality),
      responsibility: normalText(asked.responsibility),
    },
    flows: asked.flows.map((flow) => ({
      giver: flow.giver,
      receiver: flow.receiver,
      items: flow.items,
      dataset: flow.dataset ?? null,
      purposes: flow.purposes,
      delivery: normalText(flow.delivery),
      startsAt: flow.from ? startOfDay(flow.from) : startsAt,
      endsAt: flow.to ? endOfDay(flow.to) : endsAt,
      consideration: flow.consideration ?? null,
    })),
  }
}

function hashOf(body: Body): Buffer {
  const { startsAt, endsAt, flows, ...rest } = body
  const text = canonical({
    ...rest,
    startsAt: startsAt.toISOString(),
    endsAt: endsAt.toISOString(),
    flows: flows.map((flow) => ({
      ...flow,
      startsAt: flow.startsAt.toISOString(),
      endsAt: flow.endsAt.toISOString(),
    })),
  })
  return createHash('sha256').update(text).digest()
}

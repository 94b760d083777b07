/** The one hand that writes contracts: a file and an approval become rows here and nowhere else. */
import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { canonical, type AuditEvent, type Json } from '../audit/model.ts'
import type { Env } from '../env.ts'
import { dayOf, endOfDay, startOfDay } from '../input/days.ts'
import { normalText } from '../input/spelling.ts'
import type { ContractTerms, ContractVersion, Flow } from './model.ts'
import { mayFollow, overlapping } from './model.ts'
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

export type Place = {
  memberId: string
  /** Of a contract that is new; a known one keeps its own. */
  id: string
  actor: AuditEvent['actor']
  act: string
  /** What led to it; beside the hashes in the audit record. */
  details?: { [key: string]: Json }
}

export type Written =
  | { id: string; version: number; news: 'added' | 'new_version' | undefined }
  | { id: string; version: number; fault: { place: string; rule: ContractRule } }

/**
 * Writes a contract, or a new version of it where this says something else (S-10, S-36).
 * Runs in the caller's transaction, under `members.lockOnboarding`.
 */
export async function write(env: Env, asked: ContractAsked, place: Place): Promise<Written> {
  const known = await store.byNumber(env.db, asked.number)
  const body = bodyOf(asked)
  const hash = hashOf(body)
  const id = known?.id ?? place.id
  const version = known?.version ?? 0
  const decline = (field: string, rule: ContractRule): Written => ({
    id,
    version,
    fault: { place: field, rule },
  })
  if (known && known.memberId !== place.memberId)
    return decline('number', 'number_of_another_member')
  if (known?.hash.equals(hash)) return { id, version, news: undefined }
  if (known && !mayFollow(known, body)) return decline('from', 'version_overlaps')
  const { memberId } = place
  await writeRows(env, { id, memberId, number: asked.number, version: version + 1, body, hash })
  await audit.record(env, {
    actor: place.actor,
    act: place.act,
    object: { kind: 'contract', id },
    details: {
      ...place.details,
      before: known?.hash.toString('hex') ?? null,
      after: hash.toString('hex'),
      version: version + 1,
    },
  })
  return { id, version: version + 1, news: known ? 'new_version' : 'added' }
}

/** Whether two contracts of one company would rule at the same moment. */
export async function overlaps(env: Env, memberId: string): Promise<boolean> {
  return overlapping(await store.terms(env.db, memberId)) !== undefined
}

type Writing = {
  id: string
  memberId: string
  number: string
  version: number
  body: Body
  hash: Buffer
}

async function writeRows(env: Env, { id, memberId, number, version, body, hash }: Writing) {
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
    terms: termsOf(asked),
    flows: flowsOf(asked),
  }
}

/** The flows as they are kept: each with its own beginning and exclusive end. */
export function flowsOf(asked: ContractAsked): Flow[] {
  return asked.flows.map((flow) => ({
    giver: flow.giver,
    receiver: flow.receiver,
    items: flow.items,
    dataset: flow.dataset ?? null,
    purposes: flow.purposes,
    delivery: normalText(flow.delivery),
    startsAt: startOfDay(flow.from ?? asked.from),
    endsAt: endOfDay(flow.to ?? asked.to),
    consideration: flow.consideration ?? null,
  }))
}

/** What a file leaves out stays out, so that the same file has the same hash as before there was more to say. */
function termsOf(asked: ContractAsked): ContractTerms {
  const { retention, foreign, auditNoticeDays, auditLimit, bearers } = asked
  const { approvals, documents, template } = asked
  return {
    dataContent: normalText(asked.dataContent),
    delivery: normalText(asked.delivery),
    rights: normalText(asked.rights),
    confidentiality: normalText(asked.confidentiality),
    responsibility: normalText(asked.responsibility),
    ...(retention !== undefined && { retention: normalText(retention) }),
    ...(foreign && { foreign }),
    ...(auditNoticeDays !== undefined && { auditNoticeDays }),
    ...(auditLimit && { auditLimit }),
    ...(bearers && { bearers }),
    ...(approvals && { approvals }),
    ...(template && { template }),
    ...(documents && { documents }),
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
  } as unknown as Json)
  return createHash('sha256').update(text).digest()
}

/** A version as it would be handed in: what a new version starts from, and what versions are compared by. */
export function askedOf(
  version: ContractVersion & { terms: Partial<ContractTerms> },
): Partial<ContractAsked> & Pick<ContractAsked, 'number' | 'from' | 'to' | 'flows'> {
  const lastDay = (end: Date) => dayOf(new Date(end.getTime() - 1))
  const { startsAt, endsAt } = version
  return {
    number: version.number,
    from: dayOf(startsAt),
    to: lastDay(endsAt),
    subjectType: version.subjectType,
    offlineAccess: version.offlineAccess,
    ...version.terms,
    flows: version.flows.map((flow) => ({
      giver: flow.giver,
      receiver: flow.receiver,
      items: flow.items,
      purposes: flow.purposes,
      delivery: flow.delivery,
      ...(flow.dataset !== null && { dataset: flow.dataset }),
      ...(flow.startsAt.getTime() !== startsAt.getTime() && { from: dayOf(flow.startsAt) }),
      ...(flow.endsAt.getTime() !== endsAt.getTime() && { to: lastDay(flow.endsAt) }),
      ...(flow.consideration !== null && { consideration: flow.consideration }),
    })),
  }
}

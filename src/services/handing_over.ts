/**
 * A service goes to another company (S-59), or ends with its own: another recipient, so everybody is asked anew. Nothing
 * is cascaded: a consent names the company it was given for, and the next use finds another one.
 */
import { createHash } from 'node:crypto'
import type { Json } from '../audit/model.ts'
import * as audit from '../audit/actions.ts'
import * as contracts from '../contracts/actions.ts'
import * as turns from '../database/turns.ts'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import * as members from '../members/actions.ts'
import type { Person } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import * as store from './store.ts'
import { listOf } from './actions.ts'
import type { ServiceNow } from './model.ts'
import { mayBeOwn } from './rules.ts'
import * as tests from './test_side_store.ts'
import { withoutAddresses } from './writing.ts'

export type HandOver = {
  serviceIds: string[]
  toMemberId: string
  contractId: string
  note: string
}

const NOTE_LENGTH = 1000

/** What a proposal of this kind asks for. */
export function handOverOf({ body }: Pick<Proposal, 'body'>): HandOver {
  return body as unknown as HandOver
}

/** Services of a company that have not ended. */
async function servicesOf(env: Env, memberId: string): Promise<ServiceNow[]> {
  return (await listOf(env, memberId)).filter(({ service }) => service.status !== 'ended')
}

/** Services of a company that may go to another one; a suspension is the consortium's to lift first. */
export async function mayGo(env: Env, memberId: string): Promise<ServiceNow[]> {
  return (await servicesOf(env, memberId)).filter(({ service }) => service.status !== 'suspended')
}

/** What is wrong with a hand-over as things stand now; both at the proposal and at the approval (J8). */
async function faultsOf(env: Env, fromMemberId: string, asked: HandOver): Promise<Fields> {
  const fields: Fields = {}
  const own = new Set((await mayGo(env, fromMemberId)).map(({ service }) => service.id))
  if (!asked.serviceIds.length) fields['service'] = 'choose'
  else if (!asked.serviceIds.every((id) => own.has(id))) fields['service'] = 'not_valid'
  const to = isUuid(asked.toMemberId) ? await members.byId(env, asked.toMemberId) : undefined
  if (!to || to.id === fromMemberId || to.status !== 'active') fields['to_contract'] = 'choose'
  const held = to ? await contracts.ofMember(env, to.id) : []
  if (!held.some(({ id }) => id === asked.contractId)) fields['to_contract'] = 'choose'
  if (asked.note === '') fields['note'] = 'required'
  else if (asked.note.length > NOTE_LENGTH) fields['note'] = 'too_long'
  return fields
}

/** A registrar stands for a hand-over; a second person must see it. @throws Refusal not_found, invalid_input */
export function proposeHandOver(
  env: Env,
  { fromMemberId, asked, by }: { fromMemberId: string; asked: HandOver; by: Person },
): Promise<Proposal> {
  return atomically(env, async (env) => {
    if (!(await members.byId(env, fromMemberId))) throw new Refusal('not_found')
    const fields = await faultsOf(env, fromMemberId, asked)
    if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
    const body = asked as unknown as { [key: string]: Json }
    const subject = { subjectId: fromMemberId, memberId: fromMemberId }
    const { id, hash } = await reviews.draft(env, { kind: 'hand_over', ...subject, body, by })
    return reviews.propose(env, { id, hash, by })
  })
}

/**
 * A second operator approves: the services belong to the other company at once, under its contract, and are closed. From
 * here on nothing is released until that company has keys and an approved version of its own, opens the service again,
 * and each resident agrees to the new recipient.
 *
 * @throws as reviews.approve; invalid_input where things stand otherwise meanwhile; wrong_state where a stop is planned
 */
export async function approveHandOver(
  env: Env,
  seen: { id: string; hash: string; by: Person },
): Promise<void> {
  await reviews.approve(env, seen, async (env, proposal) => {
    if (proposal.kind !== 'hand_over' || !proposal.memberId) throw new Refusal('wrong_state')
    await members.lockOnboarding(env)
    const asked = handOverOf(proposal)
    const fields = await faultsOf(env, proposal.memberId, asked)
    if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
    await hand(env, { fromMemberId: proposal.memberId, asked, by: seen.by })
  })
}

type Step = { fromMemberId: string; asked: HandOver; by: Person }

async function hand(env: Env, { fromMemberId, asked, by }: Step): Promise<void> {
  const { serviceIds, toMemberId, contractId } = asked
  const going = (await mayGo(env, fromMemberId)).filter(({ service }) =>
    serviceIds.includes(service.id),
  )
  const [from, to] = [await members.byId(env, fromMemberId), await members.byId(env, toMemberId)]
  const own = to !== undefined && mayBeOwn(env.config.installation, to)
  for (const now of going) {
    const { service } = now
    const of = { id: service.id, at: env.now(), changeId: env.newId() }
    const status = await turns.holdStatus(env.db, turns.SERVICES, of)
    if (!status || status.next) throw new Refusal('wrong_state')
    await store.setOwner(env.db, service.id, {
      memberId: toMemberId,
      contractId,
      kind: own ? service.kind : 'third_party',
    })
    await audit.record(env, {
      actor: { kind: 'operator', id: by.id },
      act: 'services.hand_over',
      object: { kind: 'service', id: service.id },
      details: {
        before: { member: fromMemberId, contract: service.contractId },
        after: { member: toMemberId, contract: contractId },
      },
    })
    await cutOff(env, now, by)
  }
  const values = {
    services: going.map(({ version }) => version.names.ja),
    from: from?.names.ja ?? '',
    to: to?.names.ja ?? '',
  }
  for (const id of [fromMemberId, toMemberId])
    await members.notifyStaff(env, id, 'handed_over', values)
}

/**
 * The company before can no more pass for the service: its keys and secret are worth nothing, what was issued is void,
 * its addresses are in force no more, and its test side ends (A3, C1).
 */
async function cutOff(env: Env, now: ServiceNow, by: Person): Promise<void> {
  const { id, memberId, status } = now.service
  const at = env.now()
  await store.disarm(env.db, id, createHash('sha256').update(env.newSecret()).digest())
  await withoutAddresses(env, now, by)
  const close = (id: string, status: string) =>
    turns.turn(env.db, turns.SERVICES, id, { id: env.newId(), status, reason: null, at }, true)
  if (status === 'live' || status === 'approved') await close(id, 'approved')
  const test = await tests.held(env.db, id, memberId)
  if (test === undefined) return
  await close(test, 'ended')
  await tests.release(env.db, test)
}

/** Ends every service of a company that left, and has residents told; run twice, it finds nothing more to end (S-51). */
export function endAll(env: Env, memberId: string): Promise<void> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    const member = await members.byId(env, memberId)
    if (member?.status !== 'left') return
    for (const { service } of await servicesOf(env, memberId)) {
      const change = { id: env.newId(), status: 'ended', reason: null, at: env.now() }
      await turns.turn(env.db, turns.SERVICES, service.id, change)
      await audit.record(env, {
        actor: { kind: 'system', id: 'members.left' },
        act: 'services.end',
        object: { kind: 'service', id: service.id },
        details: { member: memberId, before: service.status, after: 'ended' },
      })
      await env.queue.send(env.db, 'services.tell_of_end', { serviceId: service.id })
    }
  })
}

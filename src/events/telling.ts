/** From what happened to who is told what: one message per fact and receiver, in the order of the facts. */
import { atomically, type Env } from '../env.ts'
import { isItemId } from '../catalogue/model.ts'
import { isAsleep, subjectOfConsent } from '../consents/model.ts'
import { faultOf } from '../log.ts'
import * as services from '../services/actions.ts'
import { ceiling, type ServiceNow } from '../services/model.ts'
import {
  channelOf,
  mayHear,
  waitAfter,
  type Channel,
  type EndReason,
  type EventName,
  type Fact,
  type Payload,
} from './model.ts'
import * as queries from './queries.ts'
import { signEvent, subjectId } from './signing.ts'
import * as store from './store.ts'

/** Facts told in one transaction. */
const BATCH = 100

/**
 * Makes the messages of every committed fact, each fact once. Safe on many nodes: one does it, the others pass.
 *
 * @returns how many facts were told
 */
export async function tell(env: Env): Promise<number> {
  let told = 0
  for (;;) {
    const { taken, done } = await atomically(env, tellBatch)
    told += done
    if (taken < BATCH) return told
  }
}

async function tellBatch(env: Env): Promise<{ taken: number; done: number }> {
  if (!(await store.lock(env.db))) return { taken: 0, done: 0 }
  const facts = await queries.untold(env.db, BATCH, env.now())
  const done: string[] = []
  /** Of whom a fact could not be told: what came later has to wait with it. */
  const stuck = new Set<string>()
  for (const fact of facts) {
    if (stuck.has(fact.residentId)) continue
    try {
      await env.db.transaction((db) => tellFact({ ...env, db }, fact))
      done.push(fact.id)
    } catch (error) {
      stuck.add(fact.residentId)
      await putOff(env, fact)
      env.log.error({ event: 'event_not_told', kind: fact.kind, fact: fact.id, ...faultOf(error) })
    }
  }
  await store.markTold(env.db, done, env.now())
  return { taken: facts.length, done: done.length }
}

/** Tried again later each time, so that what cannot be told takes no place from what can. */
async function putOff(env: Env, { id }: Fact): Promise<void> {
  const wait = waitAfter(await store.fails(env.db, id), Math.random())
  await store.putOff(env.db, id, new Date(env.now().getTime() + wait))
}

async function tellFact(env: Env, fact: Fact): Promise<void> {
  switch (fact.kind) {
    case 'consent_given':
    case 'consent_changed':
    case 'consent_paused':
    case 'consent_withdrawn':
    case 'consent_expired':
      return tellConsent(env, fact)
    case 'provision_stopped':
      return tellStopped(env, fact)
    case 'item_corrected':
      return tellCorrected(env, fact)
    case 'account_closed':
      return tellClosed(env, fact)
    case 'session_revoked':
      return tellSession(env, fact)
  }
}

async function tellConsent(env: Env, fact: Fact): Promise<void> {
  const consent = fact.ref === null ? undefined : await queries.consent(env.db, fact.ref)
  if (!consent) return
  const { items, endsAt, deletionRequested } = consent
  if (fact.kind === 'consent_given' || fact.kind === 'consent_changed') {
    if (fact.kind === 'consent_given' && consent.underWay) return
    const payload = { items, ends_at: Math.floor(endsAt.getTime() / 1000) }
    return toCompany(env, fact, consent, { name: 'consent-changed', payload })
  }
  const reason = REASONS[fact.kind] ?? (consent.closing ? 'account_closing' : 'withdrawn')
  return toCompany(env, fact, consent, ended(reason, deletionRequested))
}

const REASONS: { [kind in Fact['kind']]?: EndReason } = {
  consent_paused: 'paused',
  consent_expired: 'expired',
}

const ended = (reason: EndReason, deletion = false) => ({
  name: 'consent-withdrawn' as const,
  payload: { reason, deletion_requested: deletion },
})

/** The master switch (S-56): to a service it is the same as a pause. */
async function tellStopped(env: Env, fact: Fact): Promise<void> {
  for (const consent of await queries.standing(env.db, fact.residentId, fact.at))
    await toCompany(env, fact, consent, ended('provision_stopped'))
}

/** Only who may have the item now, by consent and contract, learns that it is another one; the value stays here. */
async function tellCorrected(env: Env, fact: Fact): Promise<void> {
  const what = fact.ref === null ? undefined : await queries.change(env.db, fact.ref)
  const item = what === 'email_address' ? 'email' : (what ?? '')
  if (!isItemId(item)) return
  const provision = await queries.provision(env.db, fact.residentId)
  for (const consent of await queries.standing(env.db, fact.residentId, env.now())) {
    if (!consent.items.includes(item) || isAsleep(consent, provision)) continue
    const service = await services.byId(env, consent.serviceId)
    if (!service || !ceiling(service, env.now()).some((one) => one.item === item)) continue
    await toCompany(env, fact, consent, { name: 'item-corrected', payload: { items: [item] } })
  }
}

/** Told to those whose consents the closing ended; others know nothing of the account any more. */
async function tellClosed(env: Env, fact: Fact): Promise<void> {
  const sessions = await store.takeSessions(env.db, { residentId: fact.residentId })
  for (const one of new Map(sessions.map((one) => [one.serviceId, one])).values())
    await toCompany(env, fact, one, { logout: true, sid: null })
  for (const consent of await queries.closed(env.db, fact.residentId))
    await toCompany(env, fact, consent, { name: 'account-purged', payload: {} })
}

async function tellSession(env: Env, fact: Fact): Promise<void> {
  if (fact.sessionUid === null) return
  const { sessionUid } = fact
  for (const { sid, ...known } of await store.takeSessions(env.db, { sessionUid })) {
    await toCompany(env, fact, known, { logout: true, sid })
    const payload = { event_timestamp: Math.floor(fact.at.getTime() / 1000) }
    await toCompany(env, fact, known, { name: 'session-revoked', payload, sid })
  }
}

type Said =
  | { name: Exclude<EventName, 'logout'>; payload: Payload; sid?: string }
  | { logout: true; sid: string | null }

/** To whom somebody agreed, or signed in, and as whom they are known there. */
type Known = Pick<queries.ConsentTold, 'serviceId' | 'memberId' | 'subjectType'>

/**
 * To the company that the consent named or the session was with, and no other that may have the service by now (S-59);
 * by the sub that it knows, whatever the contract says by now (D6).
 */
async function toCompany(env: Env, fact: Fact, known: Known, said: Said): Promise<void> {
  const service = await services.byId(env, known.serviceId)
  if (service?.member.id !== known.memberId || !mayHear(service)) return
  const channel = await takenOver(env, service, said)
  const userId = channel && (await queries.userId(env.db, fact.residentId))
  if (!channel || userId === undefined) return
  const subject = subjectOfConsent(env.secrets.pairwise, userId, known)
  const jti = env.newId()
  const sid = said.sid ?? null
  const set =
    'logout' in said
      ? null
      : await signEvent(env, service, {
          name: said.name,
          jti,
          subject: subjectId(env.config.issuer, subject, sid),
          payload: said.payload,
          fact,
        })
  const row = {
    id: env.newId(),
    factId: fact.id,
    serviceId: service.service.id,
    memberId: service.member.id,
    residentId: fact.residentId,
    ...{ subject, channel, jti, sid, set },
    type: 'logout' in said ? ('logout' as const) : said.name,
  }
  await store.insertMessage(env.db, row, env.now())
}

async function takenOver(env: Env, service: ServiceNow, said: Said): Promise<Channel | undefined> {
  if ('logout' in said)
    return service.version.backchannelLogoutUri === undefined ? undefined : 'logout'
  return channelOf(service, await store.stream(env.db, service.service.id))
}

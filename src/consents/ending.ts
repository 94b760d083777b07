/** What the resident does later: withdraw, pause, narrow. Each adds a row; none edits one. */
import { closeGate } from '../database/gate.ts'
import { atomically, type Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import * as receipts from '../receipts/actions.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import type { ServiceNow } from '../services/model.ts'
import { numberOfDeletion } from './deletion_model.ts'
import { askForDeletion, type Asked } from './deletions.ts'
import { tellAgreed, tellPaused, tellWithdrawn } from './letters.ts'
import {
  narrowingFault,
  subjectOfConsent,
  type Consent,
  type Narrowing,
  type Standing,
} from './model.ts'
import * as store from './store.ts'
import { write } from './writing.ts'

/**
 * Withdraws: one row added, the agreement ends, nothing issued before ever works again (rule 4). What is paused can be
 * withdrawn as well.
 *
 * @returns the withdrawing version
 * @throws Refusal consent_not_found where no agreement is in force or paused
 */
export function withdraw(
  env: Env,
  resident: Resident,
  serviceId: string,
  deletion = false,
): Promise<Consent> {
  return atomically(env, async (env) => {
    const consent = await stop(env, resident, serviceId, deletion ? WITH_DELETION : WITHDRAWN)
    await tell(env, resident, [consent])
    return consent
  })
}

/**
 * The same, because the service asked (`by_service.ts`): the record, the letter and the history say so.
 *
 * @throws Refusal consent_not_found where no agreement is in force or paused
 */
export function withdrawByService(
  env: Env,
  resident: Resident,
  serviceId: string,
): Promise<Consent> {
  return atomically(env, async (env) => {
    const consent = await stop(env, resident, serviceId, { ...WITHDRAWN, actedBy: 'service' })
    const service = await services.byId(env, serviceId)
    if (service)
      await notices.post(env, resident.id, {
        kind: 'ended_by_service',
        mustRead: false,
        values: {
          service: { ja: service.version.names.ja, en: service.version.names.en },
          at: words(resident.language).dateTime(consent.agreedAt),
        },
        link: `/account/services/${serviceId}`,
      })
    await tell(env, resident, [consent])
    return consent
  })
}

/** Pauses: nothing flows; resuming asks again and begins a new agreement. @throws Refusal consent_not_found */
export function pause(env: Env, resident: Resident, serviceId: string): Promise<Consent> {
  return atomically(env, async (env) => {
    const how: How = { kind: 'paused', endKind: 'paused', deletion: false }
    const consent = await stop(env, resident, serviceId, how)
    await tellPaused(env, resident, consent)
    return consent
  })
}

export type How = {
  kind: 'withdrawn' | 'paused'
  endKind: 'withdrawn' | 'paused' | 'closed'
  /** Whether the company is asked to erase what it received. */
  deletion: boolean
  /** Absent: the resident. */
  actedBy?: 'service' | 'operator'
  /** Of the desk alone: the number of the request, and who granted it. */
  granted?: { number: string; operatorId: string }
}
export const WITHDRAWN: How = { kind: 'withdrawn', endKind: 'withdrawn', deletion: false }
const WITH_DELETION: How = { ...WITHDRAWN, deletion: true }
const CLOSING: How = { ...WITH_DELETION, endKind: 'closed' }

/** One row added, the agreement ends; nobody is told yet. @throws Refusal consent_not_found */
export function stop(
  env: Env,
  resident: Resident,
  serviceId: string,
  { kind, endKind, deletion: deletionRequested, actedBy, granted }: How,
): Promise<Consent> {
  return atomically(env, async (env) => {
    const last = await lockedStanding(env, resident, serviceId, kind === 'withdrawn')
    const at = env.now()
    await store.end(env.db, last.agreement.id, endKind, at)
    const consent: Consent = {
      ...last.consent,
      id: env.newId(),
      version: last.consent.version + 1,
      kind,
      shownAt: null,
      agreedAt: at,
      items: [],
      declined: [],
      deletionRequested,
      ...(actedBy && { actedBy }),
      ...(granted && { onRequest: granted.number }),
    }
    await write(env, resident, consent, granted?.operatorId)
    return consent
  })
}

async function lockedStanding(
  env: Env,
  resident: Resident,
  serviceId: string,
  orPaused = false,
): Promise<Standing> {
  await closeGate(env.db, resident.id)
  const ids = [resident.id, serviceId] as const
  const held =
    (await store.lockInForce(env.db, ...ids)) ??
    (orPaused ? await store.lockPaused(env.db, ...ids) : undefined)
  const last = held && (await store.newest(env.db, ...ids))
  if (!last || last.agreement.id !== held.id) throw new Refusal('consent_not_found')
  return last
}

/** Withdraws from everything in force or paused, one transaction. Returns the versions that withdrew, none where none was. */
export function withdrawAll(env: Env, resident: Resident, deletion = false): Promise<Consent[]> {
  return atomically(env, async (env) => {
    const done = await stopAll(env, resident, deletion ? WITH_DELETION : WITHDRAWN)
    if (done.length) await tell(env, resident, done)
    return done
  })
}

/**
 * The same because the account closes: each company is asked to erase what it received. The letter about the closing
 * tells the resident. Joins the transaction of `env`.
 */
export async function withdrawForClosing(env: Env, resident: Resident): Promise<Consent[]> {
  const done = await stopAll(env, resident, CLOSING)
  await askCompanies(env, resident, await withServices(env, done))
  return done
}

/** The same for everything in force or paused. */
export async function stopAll(env: Env, resident: Resident, how: How): Promise<Consent[]> {
  await closeGate(env.db, resident.id)
  const done: Consent[] = []
  for (const serviceId of await store.servicesToStop(env.db, resident.id, env.now())) {
    const consent = await stopIfStanding(env, resident, serviceId, how)
    if (consent) done.push(consent)
  }
  return done
}

/** One of many: what another page withdrew a moment ago does not stop the others. */
async function stopIfStanding(
  env: Env,
  resident: Resident,
  serviceId: string,
  how: How,
): Promise<Consent | undefined> {
  try {
    return await stop(env, resident, serviceId, how)
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'consent_not_found') return undefined
    throw error
  }
}

/** Letters in the transaction of the withdrawal: to the resident, and to each company asked to erase. */
export async function tell(env: Env, resident: Resident, done: readonly Consent[]): Promise<void> {
  const dueAt = await askCompanies(env, resident, await withServices(env, done))
  await tellWithdrawn(env, resident, done, dueAt)
}

type Stopped = { consent: Consent; service: ServiceNow }

export async function withServices(env: Env, done: readonly Consent[]): Promise<Stopped[]> {
  const stopped: Stopped[] = []
  for (const consent of done) {
    const service = await services.byId(env, consent.serviceId)
    if (service) stopped.push({ consent, service })
  }
  return stopped
}

/**
 * The service of the company that received by this consent. Once it was handed over, what it says now is another's: the
 * version of the consent counts, so that no request, and no question of the resident, reaches a company that knows
 * nobody of it (S-34, S-59).
 */
export async function asAgreed(
  env: Env,
  resident: Pick<Resident, 'id' | 'userId'>,
  { consent, service }: Stopped,
): Promise<ServiceNow> {
  if (service.member.id === consent.memberId) return service
  const whose = { residentId: resident.id, userId: resident.userId }
  const found = await receipts.find(env, whose, consent.id)
  if (!found) throw new Error('a consent without its versions')
  return found.service
}

/**
 * What was asked for stands in the company's list before its letter leaves (M5).
 *
 * @returns when the last answer is due, exclusive; undefined where nothing was asked for
 */
async function askCompanies(
  env: Env,
  resident: Resident,
  stopped: readonly Stopped[],
): Promise<Date | undefined> {
  let last: Date | undefined
  for (const one of stopped) {
    if (!one.consent.deletionRequested) continue
    const { dueAt } = await askCompany(env, resident, one)
    if (!last || dueAt > last) last = dueAt
  }
  return last
}

/** @param granted the request that asks later, on which the desk decided */
export async function askCompany(
  env: Env,
  resident: Resident,
  { consent, service }: Stopped,
  granted?: How['granted'],
): Promise<Asked> {
  const subject = subjectOfConsent(env.secrets.pairwise, resident.userId, consent)
  const { version } = await asAgreed(env, resident, { consent, service })
  const asked = await askForDeletion(env, consent, subject, granted)
  await notices.send(env, {
    to: version.contact.email,
    language: 'ja',
    letter: 'deletion_request',
    values: {
      at: words('ja').dateTime(asked.askedAt),
      service: version.names.ja,
      subject,
      number: numberOfDeletion(asked),
      due: words('ja').lastDay(asked.dueAt),
      link: `${env.config.issuer}/company/deletions/${asked.id}`,
      granted: granted !== undefined,
    },
  })
  return asked
}

/**
 * Narrows a consent in force: leaves optional items out, or ends earlier. Acts at once on live tokens.
 *
 * @returns the version in force; the same one where nothing was narrowed
 * @throws Refusal invalid_input with a field and a rule, wrong_state where another version is in force, consent_not_found
 */
export function change(
  env: Env,
  resident: Resident,
  serviceId: string,
  asked: Narrowing,
): Promise<Consent> {
  return atomically(env, async (env) => {
    const { consent: before } = await lockedStanding(env, resident, serviceId)
    if (before.version !== asked.version)
      throw new Refusal('wrong_state', { code: 'other_version' })
    const fault = narrowingFault(before, asked, env.now())
    if (fault) throw new Refusal('invalid_input', { fields: { [fault.field]: fault.rule } })
    const dropped = before.items
      .filter((item) => !asked.keep.includes(item.item))
      .map((item) => item.item)
    const endsAt = asked.endsAt ?? before.endsAt
    if (!dropped.length && endsAt.getTime() === before.endsAt.getTime()) return before
    const consent: Consent = {
      ...before,
      id: env.newId(),
      version: before.version + 1,
      kind: 'changed',
      shownAt: null,
      agreedAt: env.now(),
      items: before.items.filter((item) => asked.keep.includes(item.item)),
      declined: [...before.declined, ...dropped],
      endsAt,
    }
    await write(env, resident, consent)
    await tellAgreed(env, resident, consent)
    return consent
  })
}

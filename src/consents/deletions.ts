/** Asking a company to erase what it received, and its answer: done, partly, or refused with the reason (M5). */
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { addDays } from '../input/business_days.ts'
import { dayOf, endOfDay, isDay } from '../input/days.ts'
import { isUuid } from '../input/ids.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import type { Task } from '../operators/model.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import { seal, unseal } from '../vault.ts'
import { answerFaults, type AnswerAsked, type DeletionRequest } from './deletion_model.ts'
import * as store from './deletion_store.ts'
import type { Consent } from './model.ts'

/** Days to answer where the installation says nothing. */
const DELETION_DAYS = 30

export type Asked = Pick<DeletionRequest, 'id' | 'consentId' | 'onRequest' | 'askedAt' | 'dueAt'>

/**
 * Writes the request down. Joins the transaction of the withdrawal: none without the other.
 *
 * @param consent the version that withdrew, or the last one where a granted request asks later
 * @param subject the sub the company knows
 * @param granted that request; absent: asked for with the withdrawal
 * @returns the request, when it was made, and when its answer is due; exclusive
 */
export async function askForDeletion(
  env: Env,
  consent: Consent,
  subject: string,
  granted?: { number: string; operatorId: string },
): Promise<Asked> {
  const { deletionDays = DELETION_DAYS } = env.config.installation
  const askedAt = granted ? env.now() : consent.agreedAt
  const dueAt = endOfDay(addDays(dayOf(askedAt), deletionDays))
  const { residentId, serviceId, memberId } = consent
  const onRequest = granted?.number ?? null
  const asked = { id: env.newId(), consentId: consent.id, onRequest, askedAt, dueAt }
  await store.insert(env.db, { ...asked, residentId, serviceId, memberId, subject })
  await audit.record(env, {
    actor: granted
      ? { kind: 'operator', id: granted.operatorId }
      : { kind: 'resident', id: residentId },
    act: 'consents.deletion_requested',
    object: { kind: 'deletion_request', id: asked.id },
    details: {
      service: serviceId,
      due: dueAt.toISOString(),
      ...(granted && { request: granted.number }),
    },
  })
  return asked
}

const contextOf = (requestId: string) => `deletion:${requestId}`

/** With the reasons of the answers in plain words; one that went with the account is null. */
export async function opened(env: Env, kept: readonly store.Kept[]): Promise<DeletionRequest[]> {
  const answered = kept.filter(({ sealed, answer }) => sealed ?? answer?.reason)
  const ids = new Set(answered.map(({ residentId }) => residentId))
  const known = ids.size ? await residents.findMany(env, [...ids]) : []
  const keys = new Map(known.map(({ id, dataKey }) => [id, dataKey]))
  return kept.map(({ sealed, ...request }) => {
    const key = keys.get(request.residentId)
    if (!request.answer) return request
    // Of an erased account nothing is read, whatever was written before reasons were sealed.
    if (!key) return { ...request, answer: { ...request.answer, reason: null } }
    if (!sealed) return request
    const reason = unseal(key, sealed, contextOf(request.id)).toString()
    return { ...request, answer: { ...request.answer, reason } }
  })
}

/** A page of a company's requests. `open`: only those that wait, or only the answered; null: all. */
export async function deletionsOf(
  env: Env,
  memberId: string,
  { open, limit, offset }: { open: boolean | null; limit: number; offset: number },
): Promise<{ requests: DeletionRequest[]; total: number }> {
  const { requests, total } = await store.pageOf(env.db, { memberId, open, limit, offset })
  return { requests: await opened(env, requests), total }
}

/** @throws Refusal not_found, the same for another company's and for none at all */
export async function deletionOf(env: Env, memberId: string, id: string): Promise<DeletionRequest> {
  const kept = isUuid(id) ? await store.ofMember(env.db, memberId, id) : undefined
  const [found] = kept ? await opened(env, [kept]) : []
  if (!found) throw new Refusal('not_found')
  return found
}

/**
 * The company's answer, once. The resident is written to while there is an account; the reason is sealed under their
 * key, so that it goes with it, and of an erased account none is kept (M8).
 *
 * @throws Refusal not_found, invalid_input by field, wrong_state where it was answered before
 */
export function answerDeletion(
  env: Env,
  where: { memberId: string; id: string; by: Person },
  asked: AnswerAsked,
): Promise<DeletionRequest> {
  return atomically(env, async (env) => {
    const request = await deletionOf(env, where.memberId, where.id)
    const at = env.now()
    const days = { from: dayOf(request.agreedAt), today: dayOf(at), isDay }
    const fields = answerFaults(asked, days)
    if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
    const resident = await residents.find(env, request.residentId)
    const reason = (resident && asked.reason?.trim()) || null
    const answer = { outcome: asked.outcome, doneOn: asked.done_on || null, at }
    const sealed = resident && reason ? seal(resident.dataKey, reason, contextOf(request.id)) : null
    const { kind, id } = where.by
    if (!(await store.insertAnswer(env.db, request.id, { ...answer, sealed, by: { kind, id } })))
      throw new Refusal('wrong_state', { code: 'answered' })
    await audit.record(env, {
      actor: { kind: 'staff', id },
      act: 'consents.deletion_answered',
      object: { kind: 'deletion_request', id: request.id },
      details: { outcome: answer.outcome, service: request.serviceId },
    })
    const answered = { ...request, answer: { ...answer, reason } }
    if (resident) await tell(env, resident, answered)
    return answered
  })
}

/** The answer by mail; a closed account has no address any more. */
async function tell(
  env: Env,
  { language, profile }: Resident,
  { serviceId, answer }: DeletionRequest,
): Promise<void> {
  const service = await services.byId(env, serviceId)
  if (!service || !answer) return
  await notices.send(env, {
    to: profile.email,
    language,
    letter: 'deletion_answered',
    values: {
      link: `${env.config.issuer}/account/services/${serviceId}`,
      at: words(language).dateTime(answer.at),
      service: service.version.names[language],
      outcome: answer.outcome,
      reason: answer.reason ?? '',
    },
  })
}

/** Companies that let the time pass, a line each, for the operators' desk; with a company, what it has to answer. */
export async function deletionTasks(env: Env, memberId?: string): Promise<Task[]> {
  const all = await store.waiting(env.db, memberId ?? null, memberId ? null : env.now())
  return all.map(({ memberId: of, name, count, dueAt }) => ({
    kind: memberId ? 'deletion_asked' : 'deletion_overdue',
    name: memberId ? String(count) : `${name} (${count})`,
    href: memberId ? '/company/deletions' : `/admin/members/${of}`,
    dueAt,
  }))
}

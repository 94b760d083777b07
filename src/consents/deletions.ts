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
import * as services from '../services/actions.ts'
import { answerFaults, type AnswerAsked, type DeletionRequest } from './deletion_model.ts'
import * as store from './deletion_store.ts'
import type { Consent } from './model.ts'

/** Days to answer where the installation says nothing. */
const DELETION_DAYS = 30

/**
 * Writes the request down. Joins the transaction of the withdrawal: none without the other.
 *
 * @param consent the version that withdrew
 * @param subject the sub the company knows
 * @returns the request, and when its answer is due; exclusive
 */
export async function askForDeletion(
  env: Env,
  consent: Consent,
  subject: string,
): Promise<{ id: string; dueAt: Date }> {
  const { deletionDays = DELETION_DAYS } = env.config.installation
  const askedAt = consent.agreedAt
  const dueAt = endOfDay(addDays(dayOf(askedAt), deletionDays))
  const id = env.newId()
  const { residentId, serviceId, memberId } = consent
  await store.insert(env.db, {
    ...{ id, consentId: consent.id, residentId, serviceId, memberId, subject, askedAt, dueAt },
  })
  await audit.record(env, {
    actor: { kind: 'resident', id: residentId },
    act: 'consents.deletion_requested',
    object: { kind: 'deletion_request', id },
    details: { service: serviceId, due: dueAt.toISOString() },
  })
  return { id, dueAt }
}

/** A page of a company's requests. `open`: only those that wait, or only the answered; null: all. */
export function deletionsOf(
  env: Env,
  memberId: string,
  { open, limit, offset }: { open: boolean | null; limit: number; offset: number },
): Promise<store.Found> {
  return store.pageOf(env.db, { memberId, open, limit, offset })
}

/** @throws Refusal not_found, the same for another company's and for none at all */
export async function deletionOf(env: Env, memberId: string, id: string): Promise<DeletionRequest> {
  const found = isUuid(id) ? await store.ofMember(env.db, memberId, id) : undefined
  if (!found) throw new Refusal('not_found')
  return found
}

/**
 * The company's answer, once. The resident is written to while there is an account.
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
    const answer = {
      outcome: asked.outcome,
      doneOn: asked.done_on || null,
      reason: asked.reason?.trim() || null,
      at,
    }
    const { kind, id } = where.by
    if (!(await store.insertAnswer(env.db, request.id, { ...answer, by: { kind, id } })))
      throw new Refusal('wrong_state', { code: 'answered' })
    await audit.record(env, {
      actor: { kind: 'staff', id },
      act: 'consents.deletion_answered',
      object: { kind: 'deletion_request', id: request.id },
      details: { outcome: answer.outcome, service: request.serviceId },
    })
    const answered = { ...request, answer }
    await tell(env, answered)
    return answered
  })
}

/** The answer by mail; a closed account has no address any more. */
async function tell(env: Env, { residentId, serviceId, answer }: DeletionRequest): Promise<void> {
  const resident = await residents.find(env, residentId)
  const service = await services.byId(env, serviceId)
  if (!resident || !service || !answer) return
  const { language, profile } = resident
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

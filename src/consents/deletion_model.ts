/** A company asked to erase what it received, and what it answers (pages.md R7, M5; APPI 22, 35). */
import type { Fields } from '../refusal.ts'
import { numberOf } from './model.ts'

const OUTCOMES = ['done', 'partly', 'refused'] as const
export type Outcome = (typeof OUTCOMES)[number]

export type DeletionAnswer = {
  outcome: Outcome
  /** YYYY-MM-DD; null where it was refused. */
  doneOn: string | null
  /** What stays and why; null where everything was erased, or where it went with the account. The resident reads it. */
  reason: string | null
  at: Date
}

export type DeletionRequest = {
  id: string
  /** The consent version that withdrew, or the last one where a granted request asked later. */
  consentId: string
  /** The number of that request; null: asked with the withdrawal. */
  onRequest: string | null
  residentId: string
  serviceId: string
  memberId: string
  /** The sub this company knows the person by. */
  subject: string
  askedAt: Date
  /** When the person first agreed with this company about the service: nothing can have been erased before. */
  agreedAt: Date
  /** Exclusive. */
  dueAt: Date
  answer: DeletionAnswer | undefined
}

/** What resident and company quote: the number of the withdrawal, or one of its own where it was asked for later. */
export function numberOfDeletion({
  id,
  consentId,
  onRequest,
  askedAt,
}: Pick<DeletionRequest, 'id' | 'consentId' | 'onRequest' | 'askedAt'>): string {
  return numberOf({ id: onRequest ? id : consentId, kind: 'withdrawn', agreedAt: askedAt })
}

export type DeletionState = 'overdue' | 'pending' | Outcome

export function deletionState(
  { answer, dueAt }: Pick<DeletionRequest, 'answer' | 'dueAt'>,
  at: Date,
): DeletionState {
  if (answer) return answer.outcome
  return dueAt <= at ? 'overdue' : 'pending'
}

/** An answer as it came in. */
export type AnswerAsked = {
  outcome: Outcome
  done_on?: string | undefined
  reason?: string | undefined
}

const REASON_LENGTH = 500

/**
 * What is wrong with an answer, by field; none where it stands.
 *
 * @param from the day of the first agreement: a company may have erased before it was asked. `today` the day of the
 *   answer; YYYY-MM-DD
 */
export function answerFaults(
  { outcome, done_on: doneOn = '', reason = '' }: AnswerAsked,
  { from, today, isDay }: { from: string; today: string; isDay: (text: string) => boolean },
): Fields {
  const fields: Fields = {}
  if (outcome === 'refused' && doneOn) fields['done_on'] = 'not_valid'
  if (outcome !== 'refused') {
    if (!doneOn) fields['done_on'] = 'required'
    else if (!isDay(doneOn)) fields['done_on'] = 'not_valid'
    else if (doneOn > today) fields['done_on'] = 'day_future'
    else if (doneOn < from) fields['done_on'] = 'day_before_agreement'
  }
  if (outcome !== 'done' && !reason.trim()) fields['reason'] = 'required'
  if (outcome === 'done' && reason.trim()) fields['reason'] = 'not_valid'
  if (reason.length > REASON_LENGTH) fields['reason'] = 'too_long'
  return fields
}

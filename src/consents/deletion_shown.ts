/** A resident's requests to erase, in words. */
import type { Ctx } from '../http/state.ts'
import { startOfDay } from '../input/days.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { deletionState, type DeletionAnswer } from './deletion_model.ts'
import type { AnswerShown, DeletionShown } from './deletion_pages.ts'
import * as store from './deletion_store.ts'
import { opened } from './deletions.ts'
import { numberOf } from './model.ts'

export function answerShown(answer: DeletionAnswer, language: Language): AnswerShown {
  const w = words(language)
  return {
    outcome: answer.outcome,
    doneOn: answer.doneOn === null ? undefined : w.date(startOfDay(answer.doneOn)),
    reason: answer.reason ?? undefined,
    gone: answer.outcome !== 'done' && answer.reason === null,
    at: w.dateTime(answer.at),
  }
}

/** What was asked of one service's companies, newest first: pending, answered or overdue (R7). */
export async function shownDeletions(
  ctx: Ctx,
  residentId: string,
  serviceId: string,
): Promise<DeletionShown[]> {
  const { env, language } = ctx.state
  const w = words(language)
  const requests = await opened(env, await store.ofResident(env.db, residentId, serviceId))
  return requests.map((request) => ({
    number: numberOf({ id: request.consentId, kind: 'withdrawn', agreedAt: request.askedAt }),
    askedAt: w.dateTime(request.askedAt),
    due: w.lastDay(request.dueAt),
    state: deletionState(request, env.now()),
    answer: request.answer && answerShown(request.answer, language),
  }))
}

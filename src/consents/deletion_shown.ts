/** A resident's requests to erase, in words. */
import type { Ctx } from '../http/state.ts'
import { startOfDay } from '../input/days.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import type { MemberNow } from '../members/model.ts'
import { deletionState, numberOfDeletion, type DeletionAnswer } from './deletion_model.ts'
import type { AnswerShown, DeletionShown } from './deletion_pages.ts'
import * as store from './deletion_store.ts'
import { opened } from './deletions.ts'
import type { Consent } from './model.ts'

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

/** What was asked of the companies of a consent's service, newest first: pending, answered or overdue (R7). */
export async function shownDeletions(
  ctx: Ctx,
  { residentId, serviceId, memberId }: Consent,
): Promise<DeletionShown[]> {
  const { env, language } = ctx.state
  const w = words(language)
  const requests = await opened(env, await store.ofResident(env.db, residentId, serviceId))
  const others = new Map<string, MemberNow | undefined>()
  for (const { memberId: other } of requests)
    if (other !== memberId) others.set(other, others.get(other) ?? (await members.byId(env, other)))
  return requests.map((request) => ({
    number: numberOfDeletion(request),
    company: others.get(request.memberId)?.names[language],
    askedAt: w.dateTime(request.askedAt),
    due: w.lastDay(request.dueAt),
    state: deletionState(request, env.now()),
    answer: request.answer && answerShown(request.answer, language),
  }))
}

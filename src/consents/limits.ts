/** What the review holds an item to, as lines of the consent screen (P-08, P-12): pure. */
import { messages, type Language } from '../locales/index.ts'
import type { Bounds } from '../services/model.ts'
import type { Limit } from './pages.ts'

/**
 * @param now    bounds of the item as it is offered
 * @param before bounds the last agreement held; undefined where the item was not part of one
 */
export function limitsOf(
  now: Bounds = {},
  before: Bounds | undefined,
  language: Language,
): Limit[] {
  const t = messages[language].consents.limits
  const line = (label: string, text: string | undefined, then: string | undefined): Limit[] => {
    const was = before && then !== text ? (then ?? t.none) : undefined
    if (text === undefined && was === undefined) return []
    return [{ label, text: text ?? t.none, was: was && t.was(was) }]
  }
  const each = <T>(value: T | undefined, say: (value: T) => string) =>
    value === undefined ? undefined : say(value)
  return [
    ...line(t.use, now.purposeWords?.[language], before?.purposeWords?.[language]),
    ...line(t.often, each(now.pullsPerMonth, t.pulls), each(before?.pullsPerMonth, t.pulls)),
    ...line(t.kept, each(now.lifeDays, t.days), each(before?.lifeDays, t.days)),
  ]
}

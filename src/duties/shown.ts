/** How cases look: states as chips, deadlines as dates with what is left, errors as sentences. */
import type { Chip, Due } from '../http/parts.ts'
import type { Language } from '../locales/index.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Area } from '../people/model.ts'
import type { Case, Fault, Faults, Kind, State } from './model.ts'

const DAY = 86_400_000
/** Operators and staff see a deadline coloured from so many days on (look.md, "deadline"). */
const SOON = 7

export const PATHS: Record<Area, string> = {
  operator: '/admin/duties',
  staff: '/company/duties',
}

/** Where a case of a kind is begun; a leak has a short address of its own, open round the clock (S-49). */
export function beginPath(area: Area, kind: Kind): string {
  return area === 'staff' && kind === 'leak' ? '/company/leaks/new' : `${PATHS[area]}/new/${kind}`
}

const TONES: Partial<Record<State, Chip['tone']>> = {
  insufficient: 'bad',
  finding: 'bad',
  claimed: 'bad',
  refused: 'bad',
  sufficient: 'good',
  no_finding: 'good',
  granted: 'good',
  settled: 'good',
  closed: 'still',
  cancelled: 'still',
  draft: 'free',
  announced: 'must',
  notified: 'warn',
}

export function chipOf(state: State, language: Language): Chip {
  return { word: messages[language].duties.states[state], tone: TONES[state] ?? 'warn' }
}

/** A deadline with what is left of it, or by how much it is over. */
export function dueOf(dueAt: Date, now: Date, language: Language): Due {
  const t = messages[language].duties
  const { lastDay, daysLeft } = words(language)
  const date = lastDay(dueAt)
  if (dueAt <= now) {
    const over = Math.floor((now.getTime() - dueAt.getTime()) / DAY) + 1
    return { date, badge: t.overdue(over), tone: 'late' }
  }
  const left = daysLeft(dueAt, now)
  return { date, badge: left === 0 ? t.today : t.left(left), tone: left <= SOON ? 'soon' : 'calm' }
}

/** Of a case: nothing once it is over. */
export function dueOfCase(
  { dueAt, closedAt }: Pick<Case, 'dueAt' | 'closedAt'>,
  now: Date,
  language: Language,
): Due | undefined {
  return dueAt && !closedAt ? dueOf(dueAt, now, language) : undefined
}

/** A day in words. */
export const dayWords = (day: string, language: Language) =>
  words(language).dateWithWeekday(new Date(`${day}T00:00:00+09:00`))

/** What is wrong with each field, as a sentence that names the clause. */
export function sentences(faults: Faults, language: Language): Record<string, string> {
  return Object.fromEntries(
    Object.entries(faults).map(([name, fault]) => [name, sentence(fault, language)]),
  )
}

function sentence({ rule, day, count }: Fault, language: Language): string {
  const { duties, forms } = messages[language]
  const said = duties.rules as Record<string, (v: { day?: string; count?: number }) => string>
  const own = Object.hasOwn(said, rule) ? said[rule] : undefined
  if (own)
    return own({
      ...(day !== undefined && { day: dayWords(day, language) }),
      ...(count !== undefined && { count }),
    })
  const plain: Record<string, string> = forms.errors
  return (Object.hasOwn(plain, rule) ? plain[rule] : undefined) ?? forms.errors.not_valid
}

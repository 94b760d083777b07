/** Cases in words: due dates with their sum, facts, steps and answers, for the resident and for the desk. */
import type { Env } from '../env.ts'
import type { Chip, Due, Facts } from '../http/parts.ts'
import { dayOf, startOfDay } from '../input/days.ts'
import { messages, type Language, type Messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { addressShown, type Resident } from '../residents/model.ts'
import type { Due as DueOf, Sum } from './clock.ts'
import { isAnsweredAtOnce } from './filing.ts'
import { isRight, type CaseNow, type Ground, type Rule, type State, type Step } from './model.ts'
import type { AnswerShown, StepShown } from './pages.ts'
import { articleOf } from './profiles.ts'
import { wordsOf } from './stepping.ts'

const DAY = 86_400_000

const TONES: Record<State, Chip['tone']> = {
  received: 'warn',
  in_hand: 'warn',
  waiting_completion: 'must',
  waiting_opinion: 'must',
  decided: 'must',
  answered: 'good',
  withdrawn: 'still',
  closed: 'still',
  appealed: 'must',
}

export const chipOf = (state: State, language: Language): Chip => ({
  word: messages[language].rights.states[state],
  tone: TONES[state],
})

/** Whole days that have begun since a due date passed. */
const daysLate = (dueAt: Date, now: Date) =>
  Math.max(1, Math.ceil((now.getTime() - dueAt.getTime()) / DAY))

/** A due date with what is left of it; undefined where nothing runs. */
export function dueShown(
  { dueAt, endedAt }: Pick<CaseNow, 'dueAt' | 'endedAt'>,
  now: Date,
  language: Language,
): Due | undefined {
  if (!dueAt || endedAt) return undefined
  const t = messages[language].rights
  const w = words(language)
  const left = dueAt.getTime() - now.getTime()
  const tone = left <= 0 ? 'late' : left <= 7 * DAY ? 'soon' : 'calm'
  const badge = tone === 'late' ? t.overdue(daysLate(dueAt, now)) : t.left(w.daysLeft(dueAt, now))
  return { date: w.lastDay(dueAt), badge, tone }
}

/** Sorry for the delay, where there is one. */
export function lateShown(of: CaseNow, now: Date, language: Language): string | undefined {
  if (!of.dueAt || of.endedAt || of.dueAt > now) return undefined
  return messages[language].rights.case.late(daysLate(of.dueAt, now))
}

/** How a due date comes about, a sentence a step, so that anybody can do the sum. */
export function sumShown(env: Env, rule: Rule, due: DueOf, language: Language): string[] {
  if (due.kind === 'none') return []
  const t = messages[language].rights.sum
  const day = (text: string) => words(language).dateWithWeekday(startOfDay(text))
  const { sum } = due
  const first = rule.from === 'next_day' ? t.nextDay : t.sameDay
  const plain = sum.paused === 0 && sum.extended === 0
  const counted = plain ? sum.countedOn : firstTerm(sum)
  return [
    rule.goal
      ? t.goal(env.config.installation.consortium[language], sum.days)
      : t.law(rule.article[language], sum.days),
    ...(plain || rule.count === 'calendar'
      ? [first(words(language).date(startOfDay(sum.receivedOn)), sum.days, day(counted))]
      : []),
    ...(rule.count === 'business' ? [t.business] : []),
    ...(sum.paused ? [t.paused(sum.paused)] : []),
    ...(sum.extended ? [t.extended(rule.extensionArticle[language], sum.extended)] : []),
    ...(plain ? [] : [t.total(day(sum.countedOn))]),
    ...lastWords(sum, language),
  ]
}

/** The last day of the first term by the calendar, before pauses and extension. */
function firstTerm({ firstOn, days }: Sum): string {
  return dayOf(new Date(startOfDay(firstOn).getTime() + (days - 1) * DAY))
}

function lastWords({ moved, lastOn, countedOn }: Sum, language: Language): string[] {
  const t = messages[language].rights.sum
  const w = words(language)
  const day = (text: string) => w.dateWithWeekday(startOfDay(text))
  if (moved.length) return [t.moved(w.list(moved.map(day)), day(lastOn))]
  return [lastOn === countedOn ? t.stays(day(lastOn)) : t.special(day(lastOn))]
}

/** A name of the catalogue's item for the form and the facts. */
export function itemName(id: string, language: Language): string {
  const { fields } = messages[language].forms
  return fields[id as keyof typeof fields] ?? id
}

/** What was asked, without what the person wrote. */
export function askedFacts(of: CaseNow, service: string | undefined, language: Language): Facts {
  const t = messages[language].rights
  const w = words(language)
  const day = (text: string) => w.date(startOfDay(text))
  const isAboutItems = of.subject === 'registered' && !isAnsweredAtOnce(of)
  const items = of.items.length ? w.list(of.items.map((id) => itemName(id, language))) : t.allItems
  const period = t.period(
    of.fromDay ? day(of.fromDay) : t.fromStart,
    of.toDay ? day(of.toDay) : t.untilReceipt,
  )
  return [
    [t.facts.number, of.number],
    [t.facts.kind, t.kindsLong[of.kind]],
    [t.facts.subject, t.subject.names[of.subject]],
    ...(service ? [[t.facts.service, service] as [string, string]] : []),
    ...(isAboutItems ? [[t.facts.items, items] as [string, string]] : []),
    ...(of.subject === 'records' ? [[t.facts.period, period] as [string, string]] : []),
    ...(of.method ? [[t.facts.method, t.form.methods[of.method]] as [string, string]] : []),
    [t.facts.received, w.dateTime(of.receivedAt)],
  ]
}

/** What the person wrote, or that it cannot be read any more. */
export function writtenFacts(
  steps: readonly Step[],
  resident: Pick<Resident, 'dataKey'> | undefined,
  language: Language,
): Facts {
  const t = messages[language].rights
  const received = steps.find(({ step }) => step === 'received')
  if (!received?.sealed) return []
  const text = wordsOf(received, resident)
  if (!text) return [[t.facts.what, t.erased]]
  return [
    ...(text['what'] ? [[t.facts.what, text['what']] as [string, string]] : []),
    ...(text['reason'] ? [[t.facts.reason, text['reason']] as [string, string]] : []),
  ]
}

/** Who asks, as registered. */
export function askerFacts({ profile }: Resident, language: Language): Facts {
  const t = messages[language].rights
  const join = (...parts: (string | undefined)[]) => parts.filter(Boolean).join(' ') || t.form.none
  return [
    [t.check.name, join(profile.family_name, profile.given_name)],
    [t.check.address, join(addressShown(profile, language))],
    [t.check.email, profile.email],
  ]
}

/** What was decided and said; undefined before, and for what is answered at once. */
export function answerShown(
  of: CaseNow,
  steps: readonly Step[],
  { resident, language }: { resident: Pick<Resident, 'dataKey'> | undefined; language: Language },
): AnswerShown | undefined {
  const decided = steps.findLast(({ step }) => step === 'decided')
  if (!decided || !of.outcome || decided.body['at_once']) return undefined
  const t = messages[language].rights
  const text = wordsOf(decided, resident)
  const said = text?.[language] || text?.['ja'] || t.erased
  const ground = decided.body['ground'] as Ground | null
  const cited =
    ground && isRight(of.kind)
      ? `${t.grounds[ground]} (${articleOf(of.profile, { kind: of.kind, rule: of.rule, ground })[language]})`
      : undefined
  return {
    outcome: t.case.outcomes[of.outcome],
    ground: language === 'ja' ? cited?.replace(' (', '（').replace(/\)$/, '）') : cited,
    deeds: deedsShown(of, steps, language),
    paragraphs: said.split(/\n+/),
    foreign: language !== 'ja' && Boolean(text) && !text?.[language],
  }
}

function deedsShown(of: CaseNow, steps: readonly Step[], language: Language): string[] {
  const done = steps.findLast(({ step }) => step === 'carried_out')?.body
  if (!done) return []
  const t = messages[language].rights
  const { deed, done_by: doneBy, consents, erasures } = done
  const stopped = Array.isArray(consents) ? consents.length : 0
  const said =
    deed === 'stop' ? t.deeds.stop(stopped) : deed === 'self' ? t.deeds.self : t.deeds.other
  return [
    said,
    ...(deed === 'stop' && of.kind === 'suspension' ? erasureShown(erasures, stopped, t) : []),
    ...(typeof doneBy === 'string'
      ? [t.case.doneBy(words(language).dateWithWeekday(startOfDay(doneBy)))]
      : []),
  ]
}

/** @param erasures requests to erase; undefined in steps from before they were counted: one with each stop */
function erasureShown(erasures: unknown, stopped: number, { deeds }: Messages['rights']): string[] {
  const asked = typeof erasures === 'number' ? erasures : stopped
  if (asked) return [deeds.stopErase]
  return erasures === 0 ? [deeds.erasedBefore] : []
}

/** Every step, oldest first. `names` are shown at the desk; the resident reads who it was by role. */
export function stepsShown(
  steps: readonly Step[],
  asked: {
    resident: Pick<Resident, 'dataKey'> | undefined
    language: Language
    names?: ReadonlyMap<string, string>
  },
): StepShown[] {
  const { resident, language, names } = asked
  const t = messages[language].rights.case
  const { byPerson: person } = messages[language].rights.desk
  return steps.map((step) => ({
    what: step.step === 'taken' && step.byKind === 'system' ? t.lookedUp : t.steps[step.step],
    by: names?.get(step.byId) ?? (names && step.byKind === 'resident' ? person : t.by[step.byKind]),
    at: words(language).dateTime(step.at),
    more: moreOf(step, resident, language),
  }))
}

function moreOf(
  step: Step,
  resident: Pick<Resident, 'dataKey'> | undefined,
  language: Language,
): string[] {
  const t = messages[language].rights
  if (step.step === 'extended' && typeof step.body['days'] === 'number') {
    const text = wordsOf(step, resident)
    const why = text?.[language] || text?.['ja']
    return [t.case.extendedBy(step.body['days']), ...(why ? [why] : [])]
  }
  if (step.step === 'closed' && step.body['because'] === 'erased') return [t.desk.closed]
  return []
}

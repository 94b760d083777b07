/** One case as its resident reads it: receipt, state, answer and letter. */
import type { Env } from '../env.ts'
import type { Link } from '../http/parts.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import { removedOf, removedShown } from './files.ts'
import { isAnsweredAtOnce } from './filing.ts'
import { isOver, mayFollow, type CaseNow, type Step } from './model.ts'
import { PATH, serviceName } from './own_pages.ts'
import type { LetterPage, OwnCasePage } from './pages.ts'
import * as shown from './shown.ts'
import { dueOn } from './stepping.ts'

export async function casePage(
  env: Env,
  resident: Resident,
  asked: { of: CaseNow; steps: Step[]; done: OwnCasePage['done']; language: Language },
): Promise<OwnCasePage> {
  const { of, steps, done, language } = asked
  const t = messages[language].rights
  const now = env.now()
  const due = dueOn(env, of, steps)
  const w = words(language)
  const at = isAnsweredAtOnce(of) && of.state === 'answered'
  return {
    heading: of.kind === 'report' ? t.case.headingReport : t.case.heading(t.kinds[of.kind]),
    number: of.number,
    state: shown.chipOf(of.state, language),
    done,
    due: shown.dueShown(of, now, language),
    late: shown.lateShown(of, now, language),
    stands:
      due.kind === 'stands'
        ? t.case.stands(due.days, w.date(new Date(`${due.since}T00:00:00+09:00`)))
        : undefined,
    sum: isOver(of.state) ? [] : shown.sumShown(env, of.rule, due, language),
    facts: [
      ...shown.askedFacts(of, await serviceName(env, of, language), language),
      ...shown.writtenFacts(steps, resident, language),
    ],
    answer: shown.answerShown(of, steps, { resident, language }),
    letterHref: hasLetter(of) ? `${PATH}/${of.id}/letter` : undefined,
    receive: at
      ? receive(of, steps, await removedLine(env, of, resident, language), language)
      : undefined,
    objection: of.state === 'answered' && !at ? objection(env, of, language) : undefined,
    steps: shown.stepsShown(steps, { resident, language }),
    withdrawPath: mayFollow(steps, 'withdrawn') ? `${PATH}/${of.id}/withdraw` : undefined,
  }
}

/** Whether there is a letter: of what a person decided. */
export const hasLetter = (of: CaseNow): boolean =>
  of.outcome !== null && !isAnsweredAtOnce(of) && isOver(of.state)

/** What of the records a case covers went since, or before. */
async function removedLine(env: Env, of: CaseNow, resident: Resident, language: Language) {
  const removed = of.subject === 'records' ? await removedOf(env, of, resident) : undefined
  return removed && removedShown(removed, language)
}

function receive(
  of: CaseNow,
  steps: readonly Step[],
  removed: string | undefined,
  language: Language,
) {
  const t = messages[language].rights
  const rows = steps.find(({ step }) => step === 'answered')?.body['rows']
  const links = {
    csv: { href: `${PATH}/${of.id}/file/csv`, text: t.case.file('CSV') },
    json: { href: `${PATH}/${of.id}/file/json`, text: t.case.file('JSON') },
    page: { href: `${PATH}/${of.id}/page`, text: t.case.page },
  }
  const first = of.method ?? 'page'
  const others = (['csv', 'json', 'page'] as const).filter((one) => one !== first)
  return {
    lead: [
      ...(typeof rows !== 'number'
        ? []
        : [removed ? t.case.receiveThen(rows) : t.case.receiveText(rows)]),
      ...(removed ? [removed] : []),
    ],
    links: [links[first], ...others.map((one) => links[one])],
    again: of.subject === 'records' ? t.case.againRecords : t.case.againRegistered,
  }
}

function objection(env: Env, of: CaseNow, language: Language) {
  const { objections } = messages[language].rights
  const name = env.config.installation.consortium[language]
  return of.profile === 'private' ? objections.private(name) : objections.public(name)
}

/** 決定通知書: what was decided, with number and date. @throws Refusal not_found while there is none */
export function letterPage(
  env: Env,
  asked: {
    of: CaseNow
    steps: Step[]
    resident: Resident | undefined
    language: Language
    trail: Link[]
    service: string | undefined
    /** At the desk the words for the resident stay closed until a reason is written down. */
    sealed?: boolean
    /** For the envelope. */
    address?: string | undefined
  },
): LetterPage {
  const { of, steps, resident, language, trail, service } = asked
  const t = messages[language].rights
  const w = words(language)
  const answered = steps.findLast(({ step }) => step === 'answered')
  const reader = asked.sealed ? undefined : resident
  const answer = shown.answerShown(of, steps, { resident: reader, language })
  if (!answered || !answer || !hasLetter(of)) throw new Refusal('not_found')
  const number = answered.body['letter']
  const paragraphs = asked.sealed ? [t.letter.sealed] : answer.paragraphs
  const { profile } = resident ?? {}
  const name = [profile?.family_name, profile?.given_name].filter(Boolean).join(' ')
  const to =
    name && !asked.sealed ? [name, t.letter.honorific].filter(Boolean).join(' ') : undefined
  return {
    title: of.kind === 'report' ? t.letter.titleReport : t.letter.title,
    trail,
    number: typeof number === 'string' ? number : of.number,
    date: w.date(answered.at),
    facts: [
      [t.letter.to, to ?? t.letter.toText(of.number)],
      ...(asked.address ? [[t.check.address, asked.address] as [string, string]] : []),
      [t.letter.from, env.config.installation.consortium[language]],
      [t.letter.kind, `${t.kinds[of.kind]} (${of.number})`],
      ...(service ? [[t.facts.service, service] as [string, string]] : []),
      [t.letter.received, w.date(of.receivedAt)],
      // A decision to disclose says the purposes of use too (I-16).
      ...(of.kind === 'disclosure' && of.outcome !== 'refused'
        ? [[t.letter.purpose, t.registered.purposes] as [string, string]]
        : []),
    ],
    answer: { ...answer, paragraphs },
    objection: objection(env, of, language),
    look: undefined,
  }
}

/** What the pages of the terms show. */
import type { Env } from '../env.ts'
import type { Choice, Decide, ShownTurn } from '../http/parts.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as operators from '../operators/actions.ts'
import type { OperatorHere } from '../persons.ts'
import type { Fields } from '../refusal.ts'
import type { Proposal } from '../reviews/model.ts'
import {
  TERMS,
  YEARS,
  monthIn,
  monthRange,
  type Closure,
  type Going,
  type Hold,
  type HoldForm,
  type Month,
  type MonthState,
} from './model.ts'
import type { HoldRow } from './queries.ts'

type ShownMonth = {
  month: string
  href: string
  state: MonthState
  entries: string
  range: string
  holds: string
}

export type RetentionPage = {
  terms: { id: (typeof TERMS)[number]['id']; article: string; going: Going }[]
  months: ShownMonth[]
  closed: { month: string; href: string; entries: string; at: string; droppedAt: string }[]
  holds: { id: string; range: string; reason: string; at: string }[]
  mayHold: boolean
  form: HoldForm
  fields: Fields
  done: string
}

export type MonthPage = {
  /** `2026-11`, as in its address. */
  month: string
  name: string
  state: MonthState
  facts: [string, string][]
  holds: string[]
  /** The first person may stand for it. */
  mayPropose: boolean
  decide: Decide | undefined
  turns: ShownTurn[]
  fields: Fields
  done: string
}

const BASE = '/admin/retention'

function nameOf(month: string, language: Language): string {
  const form = { year: 'numeric', month: 'long', timeZone: 'UTC' } as const
  return new Intl.DateTimeFormat(language, form).format(monthRange(month).from)
}

function holdText(hold: Hold, language: Language): string {
  const t = messages[language].retention.holds
  return hold.kind === 'set' ? t.because(hold.reason) : t[hold.kind](hold.number)
}

/** `APPI 29(2), 30(4)` as the reader's language cites it: 個人情報保護法29条2項、30条4項. */
function cited(article: string, language: Language): string {
  const { law } = messages[language].retention
  const named = article.replace(/^APPI /, '')
  return named && law(named.split(', '))
}

/** The list: terms, what is due, what is gone, what is held. */
export function retentionPage(
  of: {
    months: Month[]
    closures: Closure[]
    holds: HoldRow[]
    operator: OperatorHere | undefined
    language: Language
  },
  said: { form: HoldForm; fields: Fields; done: string },
): RetentionPage {
  const { language } = of
  const { date, dateTime } = words(language)
  const count = new Intl.NumberFormat(language)
  const range = ({ oldest, newest }: Month) =>
    oldest && newest ? `${date(oldest)} – ${date(newest)}` : '—'
  return {
    terms: TERMS.map(({ id, article, going }) => ({
      id,
      article: cited(article, language),
      going,
    })),
    months: of.months.map((month) => ({
      month: nameOf(month.month, language),
      href: `${BASE}/${month.month}`,
      state: month.state,
      entries: count.format(month.entries),
      range: range(month),
      holds: month.holds.map((hold) => holdText(hold, language)).join(' / '),
    })),
    closed: of.closures.map((closure) => ({
      month: nameOf(closure.month, language),
      href: `${BASE}/${closure.month}`,
      entries: count.format(closure.entries),
      at: dateTime(closure.at),
      droppedAt: closure.droppedAt ? dateTime(closure.droppedAt) : '—',
    })),
    holds: of.holds.map((hold) => ({
      id: hold.id,
      range: `${hold.from} – ${hold.until}`,
      reason: hold.reason,
      at: date(hold.at),
    })),
    mayHold: of.operator?.roles.includes('privacy_officer') ?? false,
    ...said,
  }
}

type Reader = { operator: OperatorHere | undefined; language: Language }

/** One month: the dry run, and the two persons. */
export async function monthPage(
  env: Env,
  { month, proposal }: { month: Month; proposal: Proposal | undefined },
  reader: Reader,
  said: { note?: string; fields: Fields; done: string },
): Promise<MonthPage> {
  const { language, operator } = reader
  const { date } = words(language)
  const t = messages[language].retention
  const told = proposal && (await operators.told(env, proposal, language))
  const day = (at: Date | undefined) => (at ? date(at) : '—')
  return {
    month: month.month,
    name: nameOf(month.month, language),
    state: month.state,
    facts: [
      [t.facts.entries, t.count(month.entries)],
      [t.facts.oldest, day(month.oldest)],
      [t.facts.newest, day(month.newest)],
      [t.facts.term, t.years(YEARS)],
      [t.facts.freeFrom, date(month.freeFrom)],
      [t.facts.remains, t.remains],
    ],
    holds: month.holds.map((hold) => holdText(hold, language)),
    mayPropose: month.state === 'due' && (operator?.roles.includes('privacy_officer') ?? false),
    decide: proposal && told && decideOf(proposal, told, reader, said),
    turns: told?.shown ?? [],
    fields: said.fields,
    done: said.done,
  }
}

function decideOf(
  proposal: Proposal,
  { turns, last }: operators.Told,
  { operator }: Reader,
  said: { note?: string; fields: Fields },
): Decide {
  const mine = turns.some(({ byId }) => byId === operator?.id)
  const choice = (key: Choice['key']) => operators.choiceAt(`${BASE}/${monthIn(proposal)}`, key)
  const offered = (): Pick<Decide, 'choices' | 'why'> => {
    if (proposal.state !== 'proposed') return { choices: [], why: 'over' }
    if (mine) return { choices: [choice('withdraw')], why: 'involved' }
    if (!operator?.roles.includes('approver')) return { choices: [], why: 'role' }
    return { choices: [choice('approve'), choice('refuse')] }
  }
  return {
    hash: proposal.hash,
    ...offered(),
    first: last('proposed'),
    second: last('approved'),
    note: said.note,
    fields: said.fields,
  }
}

/** What the desk's pages of requests show: the person only after a reason was written down (J10). */
import type { Env } from '../env.ts'
import { likeOf, listView, pageRead, readListing } from '../http/listing.ts'
import type { Link } from '../http/parts.ts'
import type { Ctx } from '../http/state.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { OperatorRole } from '../persons.ts'
import type { Fields } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import { isOver, isRight, KINDS, mayFollow, type CaseNow, type Step } from './model.ts'
import { hasLetter } from './case_pages.ts'
import { evidenceShown } from './evidence.ts'
import { serviceName } from './own_pages.ts'
import type { DeskCasePage, DeskListPage } from './pages.ts'
import * as queries from './queries.ts'
import * as shown from './shown.ts'
import { dueOn } from './stepping.ts'
import * as store from './store.ts'

export const DESK = '/admin/requests'
const SORTS = ['due', 'number', 'kind', 'received'] as const
const FILTERS = ['late', 'open', ...KINDS] as const

/** The list: searched, filtered, sorted and paged by the database (L1). */
export async function deskList(env: Env, ctx: Ctx): Promise<DeskListPage> {
  const { language } = ctx.state
  const t = messages[language].rights
  const listing = readListing(ctx, { sorts: SORTS, filters: FILTERS })
  const only = (['late', 'open'] as const).find((one) => one === listing.filter)
  const now = env.now()
  const paged = await pageRead(listing, (at) =>
    store.list(env.db, {
      like: listing.q ? likeOf(listing.q) : undefined,
      kind: only ? undefined : listing.filter || undefined,
      ...{ only, now, sort: listing.sort, descending: listing.descending },
      ...at,
    }),
  )
  const { rows } = paged
  const services = new Map<string, string>()
  for (const of of rows) services.set(of.id, (await serviceName(env, of, language)) ?? '')
  return {
    list: listView(DESK, { ...listing, page: paged.page }, paged, SORTS),
    filters: [
      ['late', t.desk.late],
      ['open', t.desk.open],
      ...KINDS.map((kind): [string, string] => [kind, t.kinds[kind]]),
    ],
    late: await store.lateCount(env.db, now),
    rows: rows.map((of) => ({
      id: of.id,
      href: `${DESK}/${of.id}`,
      number: of.number,
      kind: t.kinds[of.kind],
      subject: t.subject.names[of.subject],
      service: services.get(of.id) ?? '',
      received: words(language).date(of.receivedAt),
      due: shown.dueShown(of, now, language),
      state: shown.chipOf(of.state, language),
    })),
  }
}

export type Looking = {
  of: CaseNow
  steps: Step[]
  language: Language
  roles: readonly OperatorRole[]
  /** What was typed as a reason, and what is wrong with it. */
  look: { reason: string; fields: Fields }
  /** The reason is written down: the person may be shown. */
  shown: boolean
}

export async function deskCase(env: Env, asked: Looking): Promise<DeskCasePage> {
  const { of, steps, language, roles } = asked
  const t = messages[language].rights
  const resident = await residents.find(env, of.residentId)
  const due = dueOn(env, of, steps)
  const ids = steps.filter(({ byKind }) => byKind === 'operator').map(({ byId }) => byId)
  const names = await queries.operatorNames(env.db, [...new Set(ids)])
  const mayAct = roles.includes('privacy_officer')
  const acts = mayAct && resident ? actsOf(of, steps, language) : []
  const deeds = mayAct ? deedsNow(of, steps, { resident, language }) : []
  const base = `${DESK}/${of.id}`
  return {
    path: base,
    heading: t.kindsLong[of.kind],
    number: of.number,
    state: shown.chipOf(of.state, language),
    due: shown.dueShown(of, env.now(), language),
    sum: isOver(of.state) ? [] : shown.sumShown(env, of.rule, due, language),
    facts: [
      ...shown.askedFacts(of, await serviceName(env, of, language), language).slice(1),
      [t.desk.language, t.desk.languages[of.language]],
      [t.desk.rule, t.desk.profiles[of.profile] ?? of.profile],
      [t.desk.told, told(of, language)],
    ],
    erased: !resident,
    ...{ acts, deeds },
    note: acts.length || deeds.length ? undefined : noteOf(of, mayAct, language),
    look: mayAct && resident && !asked.shown ? asked.look : undefined,
    person: asked.shown && resident ? personShown(of, steps, { resident, language }) : undefined,
    evidence: await evidenceShown(env, of, { steps, language }),
    letterHref: hasLetter(of) ? `${base}/letter` : undefined,
    steps: shown.stepsShown(steps, { resident: undefined, language, names }),
  }
}

function told({ rule }: CaseNow, language: Language): string {
  const { tellsResident, tellsRecipients } = messages[language].rights.desk
  const both = rule.told.map((who) => (who === 'resident' ? tellsResident : tellsRecipients))
  return words(language).list(both)
}

function noteOf(of: CaseNow, mayAct: boolean, language: Language): string {
  const { desk } = messages[language].rights
  return mayAct || isOver(of.state) ? desk.nothingToDo : desk.auditorOnly
}

function actsOf(of: CaseNow, steps: readonly Step[], language: Language): Link[] {
  const { desk } = messages[language].rights
  const base = `${DESK}/${of.id}`
  return [
    ...(mayFollow(steps, 'decided')
      ? [{ href: `${base}/decide`, text: isRight(of.kind) ? desk.decide : desk.answerReport }]
      : []),
    ...(mayFollow(steps, 'extended') && of.rule.extension > 0
      ? [{ href: `${base}/extend`, text: desk.extend }]
      : []),
  ]
}

function deedsNow(
  of: CaseNow,
  steps: readonly Step[],
  { resident, language }: { resident: Resident | undefined; language: Language },
) {
  const { desk } = messages[language].rights
  const base = `${DESK}/${of.id}`
  if (!resident) return isOver(of.state) ? [] : [{ path: `${base}/close`, text: desk.close }]
  return mayFollow(steps, 'taken') ? [{ path: `${base}/take`, text: desk.take }] : []
}

function personShown(
  of: CaseNow,
  steps: readonly Step[],
  { resident, language }: { resident: Resident; language: Language },
) {
  return {
    asker: shown.askerFacts(resident, language),
    words: shown.writtenFacts(steps, resident, language),
    answer: shown.answerShown(of, steps, { resident, language }),
  }
}

/** What the desk's pages of requests show: the person only after a reason was written down (J10). */
import type { Env } from '../env.ts'
import { likeOf, listView, readListing } from '../http/listing.ts'
import type { Ctx } from '../http/state.ts'
import { YEAR_END } from '../input/business_days.ts'
import { dayOf, startOfDay } from '../input/days.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { OperatorRole } from '../persons.ts'
import type { Fields } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import { latestExtension } from './clock.ts'
import type { ExtensionFault } from './deciding.ts'
import {
  deedsOf,
  GROUNDS,
  isOver,
  isRight,
  KINDS,
  mayFollow,
  OUTCOMES,
  type CaseNow,
  type Step,
} from './model.ts'
import { hasLetter, serviceName } from './own_pages.ts'
import type { DeskCasePage, DeskFormPage, DeskListPage, Facts, Input, Link } from './pages.ts'
import { articleOf } from './profiles.ts'
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
  const read = (page: number) =>
    store.list(env.db, {
      like: listing.q ? likeOf(listing.q) : undefined,
      kind: only ? undefined : listing.filter || undefined,
      ...{ only, now, sort: listing.sort, descending: listing.descending },
      ...{ limit: listing.perPage, offset: (page - 1) * listing.perPage },
    })
  // Beyond the last page there is nothing to count from: show the first one.
  const found = await read(listing.page)
  const at = found.rows.length || listing.page === 1 ? listing.page : 1
  const { rows, total } = at === listing.page ? found : await read(at)
  const pages = Math.max(1, Math.ceil(total / listing.perPage))
  const services = new Map<string, string>()
  for (const { serviceId } of rows)
    if (serviceId && !services.has(serviceId))
      services.set(serviceId, (await serviceName(env, serviceId, language)) ?? '')
  return {
    list: listView(DESK, { ...listing, page: at }, { total, page: at, pages }, SORTS),
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
      service: services.get(of.serviceId ?? '') ?? '',
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
      ...shown.askedFacts(of, await serviceName(env, of.serviceId, language), language).slice(1),
      [t.desk.language, t.desk.languages[of.language]],
      [t.desk.rule, t.desk.profiles[of.profile] ?? of.profile],
      [t.desk.told, told(of, language)],
    ],
    erased: !resident,
    ...{ acts, deeds },
    note: acts.length || deeds.length ? undefined : noteOf(of, mayAct, language),
    look: mayAct && resident && !asked.shown ? asked.look : undefined,
    person: asked.shown && resident ? personShown(of, steps, { resident, language }) : undefined,
    evidence: evidenceOf(steps),
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

/** What a report pointed at: ids, kinds and hashes, as they are. */
function evidenceOf(steps: readonly Step[]): Facts {
  const evidence = steps.find(({ step }) => step === 'received')?.body['evidence']
  if (typeof evidence !== 'object' || evidence === null || Array.isArray(evidence)) return []
  return Object.entries(evidence).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
}

/** What was typed into a form of the desk. */
export type DeskTyped = Record<string, string>

type Asked = { of: CaseNow; typed: DeskTyped; language: Language }

const common = ({
  of,
  language,
}: Asked): Pick<DeskFormPage, 'trail' | 'hidden' | 'keep' | 'nothing' | 'written'> => ({
  trail: [
    { href: DESK, text: messages[language].rights.desk.title },
    { href: `${DESK}/${of.id}`, text: of.number },
  ],
  ...{ hidden: [], keep: undefined, nothing: undefined, written: [] },
})

export function decideForm(asked: Asked & { fields: Fields; today: string }): DeskFormPage {
  const { of, typed, language, fields, today } = asked
  const t = messages[language].rights
  const f = t.desk.forms.decide
  const { kind } = of
  const said = (name: string) => sentence(fields[name], language)
  const one = (
    name: string,
    label: string,
    options: Input['options'],
    more: Partial<Input> = {},
  ): Input => ({
    ...{ name, label, kind: 'one', must: false, hint: undefined, value: '', options },
    ...{ values: [typed[name] ?? ''], error: said(name) },
    ...more,
  })
  const area = (name: string, label: string, hint: string, must: boolean): Input => ({
    ...{ name, label, hint, must, kind: 'text', values: [], options: [] },
    ...{ value: typed[name] ?? '', error: said(name) },
  })
  const outcomes = OUTCOMES.filter((one) => (one === 'noted') === !isRight(kind))
  const none = (label: string) => ({ value: '', label })
  return {
    ...common(asked),
    path: `${DESK}/${of.id}/decide`,
    heading: f.title,
    lead: f.lead,
    clause: isRight(kind) ? of.rule.article[language] : '',
    notes: [f.personNote],
    inputs: [
      one(
        'outcome',
        f.outcome,
        outcomes.map((value) => ({ value, label: t.case.outcomes[value] })),
        { must: true },
      ),
      ...(isRight(kind)
        ? [
            one(
              'ground',
              f.ground,
              [
                none(f.noGround),
                ...GROUNDS[kind].map((ground) => ({
                  value: ground,
                  label: `${t.grounds[ground]} – ${articleOf(of.profile, { kind, rule: of.rule, ground })[language]}`,
                })),
              ],
              { hint: f.groundHint },
            ),
            one('deed', f.deed, [
              none(f.noDeed),
              ...deedsOf(of).map((value) => ({ value, label: f.deeds[value] })),
            ]),
            {
              ...one('done_by', f.doneBy, []),
              ...{ kind: 'day' as const, value: typed['done_by'] ?? '', hint: f.doneByHint },
              min: today,
            },
          ]
        : []),
      area('answer_ja', f.answer, f.answerHint, true),
      area('answer_en', f.answerEn, f.answerEnHint, false),
    ],
    button: isRight(kind) ? f.button : t.desk.answerReport,
  }
}

/** A message of the forms as a sentence; the form of the duties prints sentences. */
function sentence(key: string | undefined, language: Language): string | undefined {
  if (key === undefined) return undefined
  const { errors } = messages[language].forms
  return errors[key as keyof typeof errors] ?? errors.not_valid
}

/** Why a date cannot stand, with the article that says so. */
function faultWords(of: CaseNow, fault: ExtensionFault, language: Language): string {
  const { rules } = messages[language].rights.desk
  const article = of.rule.extensionArticle[language]
  const day = (text: string) => words(language).dateWithWeekday(startOfDay(text))
  if (fault.rule === 'day') return rules.day
  if (fault.rule === 'earlier') return rules.earlier(day(fault.lastOn), article)
  if (fault.rule === 'later') return rules.later(day(fault.latest), article)
  return rules[fault.rule](article)
}

export async function extendForm(
  env: Env,
  asked: Asked & { fault: ExtensionFault | undefined; fields: Fields },
): Promise<DeskFormPage> {
  const { of, typed, language, fault, fields } = asked
  const t = messages[language].rights
  const f = t.desk.forms.extend
  const due = dueOn(env, of, await store.steps(env.db, of.id))
  const yearEnd = env.config.installation.yearEndHolidays ?? YEAR_END
  const latest = due.kind === 'none' ? undefined : latestExtension(of.rule, { ...due.sum, yearEnd })
  const day = (text: string) => words(language).dateWithWeekday(startOfDay(text))
  const area = (name: string, label: string, must: boolean): Input => ({
    ...{ name, label, must, hint: undefined, kind: 'text', values: [], options: [] },
    ...{ value: typed[name] ?? '', error: sentence(fields[name], language) },
  })
  return {
    ...common(asked),
    path: `${DESK}/${of.id}/extend`,
    heading: f.title,
    lead: f.lead,
    clause: of.rule.extensionArticle[language],
    notes: shown.sumShown(env, of.rule, due, language),
    inputs: [
      {
        ...{ name: 'until', label: f.until, kind: 'day', must: true, values: [], options: [] },
        hint: latest && f.untilHint(day(latest)),
        error: fault && faultWords(of, fault, language),
        value: typed['until'] ?? '',
        min: dayOf(env.now()),
      },
      area('reason_ja', f.reason, true),
      area('reason_en', f.reasonEn, false),
    ],
    button: f.button,
  }
}

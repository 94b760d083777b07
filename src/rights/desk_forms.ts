/** The desk's forms: deciding and extending, with what is wrong at its field and the article that says so. */
import type { Env } from '../env.ts'
import { YEAR_END } from '../input/business_days.ts'
import type { CaseForm, Input, Link } from '../http/parts.ts'
import { dayOf, startOfDay } from '../input/days.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import { latestExtension } from './clock.ts'
import type { ExtensionFault } from './deciding.ts'
import { DESK } from './desk_pages.ts'
import { deedsOf, GROUNDS, isRight, OUTCOMES, type CaseNow } from './model.ts'
import type { DeskUnreadPage } from './pages.ts'
import { articleOf } from './profiles.ts'
import * as shown from './shown.ts'
import { dueOn } from './stepping.ts'
import * as store from './store.ts'

/** What was typed into a form of the desk. */
export type DeskTyped = Record<string, string>

type Asked = { of: CaseNow; typed: DeskTyped; language: Language }

const trailTo = ({ id, number }: CaseNow, language: Language): Link[] => [
  { href: DESK, text: messages[language].rights.desk.title },
  { href: `${DESK}/${id}`, text: number },
]

/** Instead of the form, for who has not read what was written. */
export const unreadPage = (of: CaseNow, language: Language): DeskUnreadPage => ({
  trail: trailTo(of, language),
  heading: messages[language].rights.desk.forms.decide.title,
  href: `${DESK}/${of.id}#person`,
})

const common = ({
  of,
  language,
}: Asked): Pick<CaseForm, 'trail' | 'hidden' | 'keep' | 'nothing' | 'written'> => ({
  trail: trailTo(of, language),
  ...{ hidden: [], keep: undefined, nothing: undefined, written: [] },
})

export function decideForm(asked: Asked & { fields: Fields; today: string }): CaseForm {
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
              ...(fields['done_by'] === 'day_past' && {
                error: t.desk.rules.past(of.rule.article[language]),
              }),
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
): Promise<CaseForm> {
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

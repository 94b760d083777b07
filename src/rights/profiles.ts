/** Which law rules the installation's requests: days, counting and articles as data (I-17…I-22, E-15…E-17). */
import type { Both, Installation } from '../installation.ts'
import type { Ground, Kind, Right, Rule, Subject } from './model.ts'

type ProfileId = NonNullable<Installation['rights']>['profile']

/** Days of the consortium's own where the law says "without delay". */
const GOAL_DAYS = 14

/** 「第83条第1項」 of `83-1`. */
const citing =
  (law: Both) =>
  (article: string): Both => {
    const [number, paragraph] = article.split('-')
    return {
      ja: `${law.ja}第${number}条${paragraph ? `第${paragraph}項` : ''}`,
      en: `${law.en}, article ${number}${paragraph ? `(${paragraph})` : ''}`,
    }
  }
const appi = citing({
  ja: '個人情報の保護に関する法律',
  en: 'Act on the Protection of Personal Information',
})
const oiso = citing({
  ja: '大磯町議会の個人情報の保護に関する条例',
  en: 'Oiso Town Council ordinance on personal information',
})

/** First day out, calendar days, a last day of rest moves on (民法 140, 142). */
const COUNTED = { from: 'next_day', count: 'calendar', restDay: 'moves', goal: false } as const
const ALONE = ['resident'] as const
const ALSO = ['resident', 'recipients'] as const

type Rules = Record<Right, Rule>
const three = (disclosure: Rule, correction: Rule, suspension: Rule): Rules => ({
  ...{ disclosure, correction, suspension },
  stop_provision: suspension,
})

const goal = (days: number, article: string, told: Rule['told'] = ALONE): Rule => ({
  ...COUNTED,
  ...{ goal: true, days, extension: 0, told },
  ...{ article: appi(article), extensionArticle: appi(article) },
})
const within = (
  cite: (article: string) => Both,
  days: number,
  [article, extension]: [string, string],
  told: Rule['told'] = ALONE,
): Rule => ({
  ...COUNTED,
  ...{ days, extension: 30, told, article: cite(article), extensionArticle: cite(extension) },
})

const BUILT_IN = {
  national: three(
    within(appi, 30, ['83-1', '83-2']),
    within(appi, 30, ['94-1', '94-2'], ALSO),
    within(appi, 30, ['102-1', '102-2']),
  ),
  oiso: three(
    within(oiso, 14, ['26-1', '26-2']),
    within(oiso, 30, ['36-1', '36-2'], ALSO),
    within(oiso, 30, ['43-1', '43-2']),
  ),
} as const

/** The profile of an installation; where the file says nothing, a city is an administrative organ. */
export function profileOf({ rights, legalForm }: Installation): ProfileId {
  return rights?.profile ?? (legalForm === 'city' ? 'national' : 'private')
}

/**
 * The rule for one kind of case. Reports of history entries have no article: the consortium's own days. Of a private
 * body the records of provision are asked for by a paragraph of their own (E-15): APPI 33(5), where 33(1)–(3) apply to
 * them as to the data.
 */
export function ruleFor(site: Installation, kind: Kind, subject: Subject): Rule {
  const { rights } = site
  const days = rights?.goalDays ?? GOAL_DAYS
  if (kind === 'report') return goal(days, '40')
  const profile = profileOf(site)
  if (profile === 'national' || profile === 'oiso') return BUILT_IN[profile][kind]
  const own = rights?.rules
  if (profile === 'ordinance' && own) {
    const { extensionDays: extension, ...rule } =
      own[kind === 'stop_provision' ? 'suspension' : kind]
    return { ...rule, goal: false, extension, told: kind === 'correction' ? ALSO : ALONE }
  }
  const disclosure = goal(days, subject === 'records' ? '33-5' : '33-2')
  return three(disclosure, goal(days, '34-2', ALSO), goal(days, '35-2'))[kind]
}

type Cited = Partial<Record<ProfileId, string>>
const CITED: Record<Right, Partial<Record<Ground, Cited>>> = {
  disclosure: {
    third_party: { private: '33-2', national: '78-1', oiso: '21' },
    hindrance: { private: '33-2', national: '78-1', oiso: '21' },
    other_law: { private: '33-4', national: '88-1', oiso: '30-1' },
    existence: { national: '81', oiso: '24' },
    not_held: { private: '33-3', national: '82-2', oiso: '25-2' },
  },
  correction: {
    is_right: { private: '34-3', national: '93-2', oiso: '35-2' },
    beyond_purpose: { private: '34-2', national: '92', oiso: '34' },
    other_law: { private: '34-2', national: '90-1', oiso: '32-1' },
    not_held: { private: '34-3', national: '93-2', oiso: '35-2' },
  },
  suspension: {
    no_ground: { private: '35-7', national: '101-2', oiso: '42-2' },
    hindrance: { private: '35-2', national: '100', oiso: '41' },
    other_law: { private: '35-7', national: '98-1', oiso: '39-1' },
    not_held: { private: '35-7', national: '101-2', oiso: '42-2' },
  },
  stop_provision: {
    no_ground: { private: '35-7', national: '101-2', oiso: '42-2' },
    hindrance: { private: '35-4', national: '100', oiso: '41' },
    other_law: { private: '35-7', national: '98-1', oiso: '39-1' },
    not_held: { private: '35-7', national: '101-2', oiso: '42-2' },
  },
}

/** The article a refusal on this ground stands on; an ordinance of the installation's own names its one article. */
export function articleOf(
  profile: string,
  { kind, rule, ground }: { kind: Right; rule: Rule; ground: Ground },
): Both {
  const article = CITED[kind][ground]?.[profile as ProfileId]
  if (article === undefined) return rule.article
  return profile === 'oiso' ? oiso(article) : appi(article)
}

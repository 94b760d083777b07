/** What the resident's pages of requests show. */
import type { Env } from '../env.ts'
import type { Facts, Link } from '../http/parts.ts'
import type { Ctx } from '../http/state.ts'
import { dayOf } from '../input/days.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import { addressShown, birthYearShown, type Resident } from '../residents/model.ts'
import * as rights from './actions.ts'
import { sumOf } from './clock.ts'
import { fieldsOf, ITEMS, type Typed } from './fields.ts'
import { isAnsweredAtOnce, type Filed } from './filing.ts'
import { RIGHTS, SUBJECTS, type CaseNow, type Right, type Subject } from './model.ts'
import type { CheckPage, RequestFormPage, RequestsPage, SubjectPage } from './pages.ts'
import { profileOf, ruleFor } from './profiles.ts'
import * as queries from './queries.ts'
import * as shown from './shown.ts'
import { YEAR_END } from '../input/business_days.ts'

export const PATH = '/account/requests'

export const top = (language: Language): Link => ({
  href: PATH,
  text: messages[language].rights.title,
})
export const toCase = ({ id, number }: CaseNow): Link => ({ href: `${PATH}/${id}`, text: number })

const selfLinks = (kind: Right, language: Language): Link[] =>
  (messages[language].rights.self[kind] ?? []).map(([text, href]) => ({ text, href }))

/** The resident who is signed in. @throws Refusal sign_in_required */
export async function residentIn(ctx: Ctx): Promise<Resident> {
  const { env, resident } = ctx.state
  const found = resident && (await residents.find(env, resident.residentId))
  if (!found) throw new Refusal('sign_in_required')
  return found
}

export async function requestsPage(env: Env, residentId: string, language: Language) {
  const t = messages[language].rights
  const w = words(language)
  const now = env.now()
  const cases = await rights.casesOf(env, residentId)
  const data: RequestsPage = {
    cases: cases.map((of) => ({
      id: of.id,
      href: `${PATH}/${of.id}`,
      number: of.number,
      kind: t.kinds[of.kind],
      received: w.date(of.receivedAt),
      due: shown.dueShown(of, now, language),
      state: shown.chipOf(of.state, language),
    })),
    kinds: RIGHTS.map((kind) => ({
      kind,
      name: t.kindsLong[kind],
      does: t.does[kind],
      self: selfLinks(kind, language),
      begin: { href: `${PATH}/new/${kind}`, text: t.begin(t.kinds[kind]) },
    })),
  }
  return data
}

/** @param query goes on to the form: the service a page was about */
export function subjectPage(kind: Right, language: Language, query: string): SubjectPage {
  const t = messages[language].rights
  return {
    title: t.subject.title(t.kinds[kind]),
    does: t.does[kind],
    self: selfLinks(kind, language),
    choices: SUBJECTS[kind].map((subject) => ({
      href: `${PATH}/new/${kind}/${subject}${query}`,
      name: t.subject.names[subject],
      text: t.subject.texts[kind]?.[subject] ?? '',
    })),
  }
}

export type Form = { kind: Right; subject: Subject; typed: Typed; once: string }

export async function formPage(
  env: Env,
  resident: Resident,
  { form, fields, language }: { form: Form; fields: Fields; language: Language },
): Promise<RequestFormPage> {
  const { kind, subject, typed, once } = form
  const t = messages[language].rights
  const has = fieldsOf(kind, subject) ?? {}
  const services = has.service ? await queries.servicesOf(env.db, resident.id, env.now()) : []
  return {
    title: t.form.title(t.kinds[kind], t.subject.names[subject]),
    path: `${PATH}/new/${kind}/${subject}`,
    back: { href: `${PATH}/new/${kind}`, text: t.subject.title(t.kinds[kind]) },
    ...{ kind, once, has, typed, fields },
    services: services.map(({ id, names, provider }) => ({
      value: id,
      label: messages[language].frame.named(names[language], provider[language]),
    })),
    items: ITEMS.map((id) => ({ value: id, label: shown.itemName(id, language) })),
    self: selfLinks(kind, language),
    registered: subject === 'registered' ? registeredFacts(resident, language) : [],
    whatHint: subject === 'registered' ? t.form.whatHintRegistered : t.form.whatHint,
  }
}

/** Everything that is registered, with its name. */
export function registeredFacts({ profile }: Resident, language: Language): Facts {
  const { fields, sex } = messages[language].forms
  const { none } = messages[language].rights.form
  const join = (...parts: (string | undefined)[]) => parts.filter(Boolean).join(' ') || none
  return [
    [fields.name, join(profile.family_name, profile.given_name)],
    [fields.kana, join(profile.family_name_kana, profile.given_name_kana)],
    [fields.birth_year, join(birthYearShown(profile, language))],
    [fields.sex, join(profile.sex && sex[profile.sex])],
    [fields.email, profile.email],
    [fields.address, join(addressShown(profile, language))],
  ]
}

/** A case as it would be if it were sent now, for the page that asks once more. */
function drafted(env: Env, resident: Resident, filed: Omit<Filed, 'once'>): CaseNow {
  const { words: _words, ...what } = filed
  const site = env.config.installation
  return {
    ...what,
    ...{ id: '', number: '', residentId: resident.id, language: resident.language },
    ...{
      profile: profileOf(site),
      rule: ruleFor(site, filed.kind, filed.subject),
      receivedAt: env.now(),
    },
    ...{ state: 'received', dueAt: null, endedAt: null, outcome: null },
  }
}

export async function checkPage(
  env: Env,
  resident: Resident,
  asked: {
    form: Form
    filed: Omit<Filed, 'once'>
    confirmed: boolean
    fields: Fields
    language: Language
  },
): Promise<CheckPage> {
  const { form, filed, confirmed, fields, language } = asked
  const t = messages[language].rights
  const of = drafted(env, resident, filed)
  const { typed } = form
  const service = await serviceName(env, of, language)
  const [unsent, unstamped] = [t.facts.number, t.facts.received]
  const yearEnd = env.config.installation.yearEndHolidays ?? YEAR_END
  const sum = sumOf(of.rule, { receivedOn: dayOf(env.now()), yearEnd })
  return {
    kind: t.kinds[filed.kind],
    path: `${PATH}/new/${form.kind}/${form.subject}`,
    trail: [top(language)],
    hidden: [
      ['once', form.once],
      ['service', typed.service],
      ...typed.items.map((item): [string, string] => ['item', item]),
      ['from', typed.from],
      ['to', typed.to],
      ['method', typed.method],
      ['what', typed.what],
      ['reason', typed.reason],
    ],
    facts: [
      ...shown
        .askedFacts(of, service, language)
        .filter(([label]) => label !== unsent && label !== unstamped),
      ...(filed.words['what'] ? [[t.facts.what, filed.words['what']] as [string, string]] : []),
      ...(filed.words['reason']
        ? [[t.facts.reason, filed.words['reason']] as [string, string]]
        : []),
    ],
    asker: shown.askerFacts(resident, language),
    sum: isAnsweredAtOnce(of)
      ? undefined
      : shown.sumShown(env, of.rule, { kind: 'runs', sum, dueAt: env.now() }, language),
    ...{ confirmed, fields },
  }
}

/** The service a case is about, as its resident knew it when the case was received; a report's, as its entry names it. */
export async function serviceName(
  env: Env,
  of: Pick<CaseNow, 'id' | 'kind' | 'serviceId' | 'residentId' | 'receivedAt'>,
  language: Language,
): Promise<string | undefined> {
  const { serviceId: id, residentId, receivedAt: at } = of
  if (!id) return undefined
  const party = of.kind === 'report' ? await queries.reportedParty(env.db, of.id) : undefined
  const found = await queries.service(env.db, { id, residentId, at, party })
  return found && messages[language].frame.named(found.names[language], found.provider[language])
}

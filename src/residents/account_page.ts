import type { Ctx } from '../http/state.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { need } from './accounts.ts'
import { collectionTerms, provisionTerms } from './actions.ts'
import {
  addressShown,
  birthYearShown,
  type Profile,
  type Resident,
  type TermKind,
  type Terms,
} from './model.ts'
import type { AccountDone, AccountPage, NextStep, TermSwitch } from './pages.ts'
import { lastChanges } from './queries.ts'
import { termText, termsInForce } from './term_text.ts'

/** What /account shows (R4). @throws Refusal not_found */
export async function accountPage(
  ctx: Ctx,
  residentId: string,
  done: AccountDone | undefined,
  collectionOffered: boolean,
): Promise<AccountPage> {
  const { env, language } = ctx.state
  const { resident } = await need(env, residentId)
  const changes = await lastChanges(env.db, residentId)
  const provision = await provisionTerms(env, residentId)
  const collection = await collectionTerms(env, residentId)
  const turn = (kind: TermKind, terms: Terms | undefined): TermSwitch => ({
    kind,
    text: termText(env, kind, language),
    on: terms?.given,
    since: terms && words(language).date(terms.at),
  })
  return {
    name: nameOf(resident.profile),
    done,
    next: nextSteps(resident.profile, provision),
    userId: resident.userId,
    rows: rowsOf(resident, changes, language),
    switches: [
      turn('provision', provision),
      ...(collectionOffered || collection ? [turn('collection', collection)] : []),
    ],
    termsTitle: termsInForce(env).title[language],
    language: resident.language,
  }
}

function nameOf({ family_name, given_name }: Profile): string | undefined {
  return [family_name, given_name].filter(Boolean).join(' ') || undefined
}

/** What is missing for services to begin, most telling first. */
function nextSteps(profile: Profile, provision: Terms | undefined): AccountPage['next'] {
  const { family_name, given_name, family_name_kana, given_name_kana } = profile
  const steps: [NextStep, boolean, string][] = [
    ['provision', provision?.given !== true, '#provision'],
    ['name', !family_name || !given_name, '/account/profile#family_name'],
    [
      'kana',
      Boolean(family_name && given_name) && !(family_name_kana && given_name_kana),
      '/account/profile#family_name_kana',
    ],
    ['birth_year', !profile.birth_year, '/account/profile#birth_year'],
    ['address', !profile.locality, '/account/profile#postal_code'],
  ]
  return steps.filter(([, missing]) => missing).map(([step, , href]) => ({ step, href }))
}

function rowsOf(
  resident: Resident,
  changes: Map<string, Date>,
  language: Language,
): AccountPage['rows'] {
  const t = messages[language]
  const { fields, sex } = t.forms
  const { profile } = resident
  const since = (what: string) => words(language).date(changes.get(what) ?? resident.createdAt)
  const join = (...parts: (string | undefined)[]) => parts.filter(Boolean).join(' ') || undefined
  const note = resident.emailVerifiedAt ? { note: t.residents.account.emailVerified } : {}
  const rows: [string, string | undefined, string][] = [
    [fields.name, join(profile.family_name, profile.given_name), 'name'],
    [fields.kana, join(profile.family_name_kana, profile.given_name_kana), 'name'],
    [fields.birth_year, birthYearShown(profile, language), 'birth_year'],
    [fields.sex, profile.sex && sex[profile.sex], 'sex'],
    [fields.address, addressShown(profile, language), 'address'],
  ]
  return [
    { label: fields.email, value: profile.email, since: since('email_address'), ...note },
    ...rows.map(([label, value, what]) => ({ label, value, since: value && since(what) })),
  ]
}

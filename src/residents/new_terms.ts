/** New terms of the ID: told as soon as they are known, and answered as a whole where the change asks for consent. */
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { startOfDay } from '../input/days.ts'
import { LANGUAGES } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { Refusal } from '../refusal.ts'
import { tell } from '../templates/actions.ts'
import type { Template } from '../templates/model.ts'
import { need, read } from './accounts.ts'
import { ID_TERMS } from './model.ts'
import * as changes from './new_terms_store.ts'
import * as store from './store.ts'
import { termsInForce } from './term_text.ts'
import { recordAnswer, type Shown } from './terms.ts'

export type NewTerms = {
  /** What was agreed to. */
  before: Template
  now: Template
  /** This version was answered with no; the answer may be changed at any time. */
  refused: boolean
}

/** The terms this resident has still to answer (S-26, D-12); undefined where what they agreed to is enough. */
export async function newTerms(env: Env, residentId: string): Promise<NewTerms | undefined> {
  const now = termsInForce(env)
  const asksSince = env.templates.asksSince(now)
  if (asksSince <= 1) return undefined
  const standing = await changes.termsStanding(env.db, residentId)
  if (!standing || standing.agreed >= asksSince) return undefined
  const { agreed, answered } = standing
  return {
    before: env.templates.version(ID_TERMS, agreed),
    now,
    refused: answered?.version === now.version && !answered.given,
  }
}

/**
 * Answers new terms as a whole. Consents to services and to provision stay as they are.
 *
 * @param answer.shown the text the page showed
 * @throws Refusal wrong_state where the text in force was not the one shown
 */
export async function answerNewTerms(
  env: Env,
  residentId: string,
  answer: { given: boolean; shown: Shown | undefined },
): Promise<void> {
  const { given, shown } = answer
  await atomically(env, async (env) => {
    await store.lock(env.db, residentId)
    const { resident } = await need(env, residentId)
    const asked = await newTerms(env, residentId)
    if (!asked || (asked.refused && !given)) return
    if (shown?.version !== asked.now.version) throw new Refusal('wrong_state')
    await recordAnswer(env, resident, { kind: 'terms', given, shown })
    await audit.record(env, {
      actor: { kind: 'resident', id: residentId },
      act: `residents.new_terms_${given ? 'given' : 'refused'}`,
      object: { kind: 'resident', id: residentId },
      details: { version: shown.version, before: asked.before.version },
    })
  })
}

/** Told in one transaction. */
const AT_ONCE = 100
/** The texts about the ID itself; of other policies the page alone tells. */
const TOLD = [ID_TERMS, 'privacy']

/** Tells everybody of every new version, before it begins where it is known before (the terms themselves promise it). */
export async function tellOfTerms(env: Env): Promise<void> {
  for (const text of env.templates.all)
    if (text.version > 1 && TOLD.includes(text.template))
      await tell(env, text, (env, after) => tellSome(env, text, after))
}

async function tellSome(
  env: Env,
  text: Template,
  after: string | undefined,
): Promise<string | undefined> {
  const begins = startOfDay(text.effectiveOn)
  const ids = await changes.openBefore(env.db, begins, { after, most: AT_ONCE })
  const { title, version, change } = text
  const on = Object.fromEntries(LANGUAGES.map((l) => [l, words(l).date(begins)]))
  const values = {
    title,
    version,
    on: { ja: on['ja'] ?? '', en: on['en'] ?? '' },
    reason: text.reason ?? null,
    asks: change === 'ask',
  }
  const path = `/terms/versions/${text.template}/${version}/changes`
  await notices.postMany(
    env,
    ids.map((residentId) => ({
      residentId,
      kind: 'terms_changing' as const,
      mustRead: change === 'ask',
      values,
      link: path,
      once: `text:${text.template}/${version}`,
    })),
  )
  for (const id of ids) {
    const resident = await read(env, id)
    if (!resident) continue
    await notices.send(env, {
      to: resident.profile.email,
      language: resident.language,
      letter: 'terms_changing',
      values: {
        title: title[resident.language],
        version,
        on: values.on[resident.language],
        reason: text.reason?.[resident.language],
        asks: values.asks,
        link: env.config.issuer + path,
      },
    })
  }
  return ids.at(-1)
}

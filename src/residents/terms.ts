/** The two sign-up consents as evidence: which text was shown when, and what was answered (S-07, S-08, S-56). */
import { commitment, evidence } from '../audit/model.ts'
import type { Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { seal } from '../vault.ts'
import { ID_TERMS, type AnsweredKind, type Resident, type Terms } from './model.ts'
import * as store from './store.ts'

/** Which text a page showed, and when; proven by the page's own sealed cookie (browser.ts). */
export type Shown = { at: Date; language: Language; version: number }

export type Answer = { kind: AnsweredKind; given: boolean; shown: Shown }

/** Writes one answer, never to be changed, later than the one before. Joins the transaction of `env`. */
export async function recordAnswer(
  env: Env,
  resident: Pick<Resident, 'id' | 'dataKey'>,
  { kind, given, shown }: Answer,
  previous?: Terms,
): Promise<void> {
  const id = env.newId()
  const template = env.templates.version(ID_TERMS, shown.version)
  const templateHash = template.hash[shown.language]
  const salt = Buffer.from(env.newSecret(), 'base64url')
  // A page is always shown before it is answered, also within one tick of the clock.
  const earliest = Math.max(shown.at.getTime(), previous?.at.getTime() ?? 0) + 1
  const at = new Date(Math.max(env.now().getTime(), earliest))
  await store.insertTerms(env.db, {
    id,
    residentId: resident.id,
    kind,
    given,
    template: ID_TERMS,
    templateVersion: shown.version,
    templateHash,
    language: shown.language,
    shownAt: shown.at,
    at,
    salt: seal(resident.dataKey, salt, `terms:${id}`),
    evidence: evidence({
      id,
      subject: commitment(salt, resident.id),
      kind,
      given,
      template: ID_TERMS,
      template_version: shown.version,
      template_hash: templateHash.toString('hex'),
      language: shown.language,
      shown_at: shown.at.toISOString(),
      at: at.toISOString(),
    }),
  })
}

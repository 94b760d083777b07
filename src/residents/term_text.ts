import type { Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { fill, type Template } from '../templates/model.ts'
import { ID_TERMS, termsValues, type TermKind } from './model.ts'
import type { TermText } from './pages.ts'

/** The terms of use of the ID in force now. */
export function termsInForce(env: Env): Template {
  return env.templates.inForce(ID_TERMS, env.now())
}

/** What one of the two sign-up consents says (S-07, S-08): a paragraph per line. */
export function termText(env: Env, kind: TermKind, language: Language): TermText {
  const values = termsValues(env.config.installation, language)
  const { title, body } = fill(termsInForce(env), language, kind, values)
  return { title, lines: body.split('\n').filter(Boolean) }
}

/** What is different between the text agreed to and the one that is asked now, as the screen shows it (D-12). */
import type { Env } from '../env.ts'
import type { Installation } from '../installation.ts'
import { messages, type Language } from '../locales/index.ts'
import { textChanges } from '../templates/actions.ts'
import { addressOf, type Template } from '../templates/model.ts'
import type { Offer, Standing } from './model.ts'
import type { LegalText, TextChange } from './pages.ts'
import { legalText, legalTexts, valuesFor } from './screen.ts'

type Reading = { offer: Offer; language: Language; installation: Installation }

/** Undefined where the text is the one that was agreed to. */
export function textChange(
  env: Env,
  offer: Offer,
  last: Standing | undefined,
  language: Language,
): TextChange | undefined {
  const now = offer.template
  const agreed = last?.consent
  if (!agreed) return undefined
  if (agreed.template === now.template && agreed.templateVersion === now.version) return undefined
  const before = env.templates.version(agreed.template, agreed.templateVersion)
  const how = { offer, language, installation: env.config.installation }
  return {
    before: named(before, language, agreed.language),
    now: named(now, language, language),
    reason: now.reason?.[language],
    sections: textChanges(shownTexts(before, how), shownTexts(now, how), language),
  }
}

function named(text: Template, language: Language, written: string): TextChange['now'] {
  const { edition } = messages[language].consents
  return {
    title: text.title[language],
    edition: edition(text.version),
    href: addressOf(text, written),
  }
}

/** Everything of a text that speaks about this service: what stands on the screen and on the pages it leads to. */
function shownTexts(template: Template, { offer, language, installation }: Reading): LegalText[] {
  const texts = legalTexts({ ...offer, template }, language, installation)
  const values = valuesFor(offer, language, installation)
  const text = (id: string) => legalText(template, language, id, values)
  return [
    texts.intro,
    ...(texts.own ? [texts.own] : []),
    texts.giver,
    texts.recipient,
    texts.idKind,
    texts.until,
    texts.keeping,
    ...texts.more,
    ...texts.notes,
    texts.questions,
    text('refusing'),
    text('withdraw_effects'),
    texts.binding,
  ]
}

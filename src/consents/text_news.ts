/** A consent text changed in a way that needs no new consent: whoever agreed to it is told, on the day it begins (D-12). */
import type { Env } from '../env.ts'
import { startOfDay } from '../input/days.ts'
import type { Entry } from '../jobs/timetable.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { consentText, type ServiceNow } from '../services/model.ts'
import { tell } from '../templates/actions.ts'
import { hasBegun, type Template } from '../templates/model.ts'
import type { Consent } from './model.ts'
import type { TextNews } from './pages.ts'
import * as queries from './queries.ts'

/** Residents told in one transaction. */
const AT_ONCE = 200

/** Safe on several nodes at once. */
export const timetable: readonly Entry[] = [
  { name: 'consents.text_news', everySeconds: 60, run: tellOfTexts },
]

/** Nothing before a version's first day in Asia/Tokyo; whoever is told once is not told again. */
export async function tellOfTexts(env: Env): Promise<void> {
  for (const text of env.templates.all) {
    if (text.kind !== 'consent' || text.version === 1 || text.change !== 'notice') continue
    if (hasBegun(text, env.now())) await tell(env, text, (env, after) => tellSome(env, text, after))
  }
}

async function tellSome(
  env: Env,
  text: Template,
  after: string | undefined,
): Promise<string | undefined> {
  const next = await queries.agreedToOlder(env.db, text, { at: env.now(), after, most: AT_ONCE })
  await notices.postMany(
    env,
    next.map(({ residentId, services }) => ({
      residentId,
      kind: 'text_changed' as const,
      mustRead: false,
      values: { ...textValues(text), services },
      link: `/terms/versions/${text.template}/${text.version}/changes`,
      once: `text:${text.template}/${text.version}`,
    })),
  )
  return next.at(-1)?.residentId
}

function textValues({ title, version, effectiveOn, reason }: Template) {
  const on = (language: Language) => words(language).date(startOfDay(effectiveOn))
  return { title, version, on: { ja: on('ja'), en: on('en') }, reason: reason ?? null }
}

/** What stands on a service's own page while the agreed text is not the newest; undefined where it is, or on another text. */
export function textNews(
  env: Env,
  service: ServiceNow,
  consent: Consent,
  language: Language,
): TextNews | undefined {
  const text = env.templates.inForce(consentText(service, env.config.installation), env.now())
  if (consent.template !== text.template || consent.templateVersion >= text.version)
    return undefined
  const t = messages[language].consents.detail.textNews
  const asks = env.templates.asksSince(text) > consent.templateVersion
  return {
    title: t.title(messages[language].consents.edition(text.version)),
    lines: [
      t.since(words(language).date(startOfDay(text.effectiveOn))),
      ...(text.reason ? [t.reason(text.reason[language])] : []),
      asks ? t.asks : t.goesOn,
    ],
    link: {
      href: `/terms/versions/${text.template}/${text.version}/${language}/changes`,
      text: t.link,
    },
  }
}

/** Letters about what a resident registered: which items, never what they are (field 22). */
import { catalogue } from '../catalogue/actions.ts'
import type { ItemId } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { notMeLink } from './links.ts'
import type { Resident, TermKind } from './model.ts'

/** Values were added, corrected or taken back. Joins the transaction of `env`. */
export async function tellOfProfile(
  env: Env,
  resident: Resident,
  changed: readonly ItemId[],
): Promise<void> {
  const { language, profile } = resident
  const { items } = await catalogue(env)
  await notices.send(env, {
    to: profile.email,
    language,
    letter: 'profile_changed',
    values: {
      at: words(language).dateTime(env.now()),
      items: items.filter(({ id }) => changed.includes(id)).map(({ names }) => names[language]),
      link: `${env.config.issuer}/account`,
    },
    ...(await notMeLink(env, resident)),
  })
}

/** One of the two sign-up consents was given or stopped (S-56). Joins the transaction of `env`. */
export async function tellOfTerms(
  env: Env,
  resident: Resident,
  answer: { kind: TermKind; given: boolean },
): Promise<void> {
  const { language, profile } = resident
  await notices.send(env, {
    to: profile.email,
    language,
    letter: 'terms_answered',
    values: {
      at: words(language).dateTime(env.now()),
      term: answer.kind,
      given: answer.given,
      link: `${env.config.issuer}/account`,
    },
    ...(await notMeLink(env, resident)),
  })
}

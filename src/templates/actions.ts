import { fileURLToPath } from 'node:url'
import type { Knex } from 'knex'
import { LANGUAGES } from '../locales/index.ts'
import { consentTemplates, templatesOf, type Templates } from './model.ts'
import { readAll } from './reading.ts'
import * as store from './store.ts'

export { tell } from './telling.ts'
export { textChanges } from './differences.ts'
export type { SectionChange, TextPiece } from './differences.ts'

const folder = fileURLToPath(new URL('../../consent-templates/', import.meta.url))

/**
 * Reads every version below consent-templates/<template>/<version>/.
 *
 * @param root another folder of the same form, ending in a slash
 * @throws Error naming every faulty file and field: the start stops
 */
export async function readTemplates(root = folder): Promise<Templates> {
  const { all, faults } = await readAll(root)
  if (faults.length) throw new Error(faults.join('\n'))
  return templatesOf(all)
}

/** @throws Error where the installation names a text that is none for the consent screen, or has not begun */
export function mustOffer(templates: Templates, consentTemplate: string, at: Date): void {
  const names = consentTemplates(templates, at).map(({ template }) => template)
  if (!names.includes(consentTemplate))
    throw new Error(
      `installation: consentTemplate must be one of ${names.join(', ')}, not ${consentTemplate}`,
    )
}

/**
 * Writes down each version the first time this database meets it.
 *
 * @throws Error where a version that was already in use reads differently now, or is gone although somebody agreed to
 *   it: the start stops
 */
export async function registerTemplates(db: Knex, templates: Templates, now: Date): Promise<void> {
  for (const template of templates.all) {
    for (const language of LANGUAGES) {
      const known = await store.register(db, template, language, now)
      if (!known.equals(template.hash[language])) {
        throw new Error(
          `consent-templates/${template.template}/${template.version}/${language}.md or its terms.json was changed after it was published`,
        )
      }
    }
  }
  const kept = templates.all.map((t) => `${t.template}/${t.version}`)
  const gone = (await store.published(db)).filter((name) => !kept.includes(name))
  const missed = gone.length ? (await store.agreedTo(db)).filter((name) => gone.includes(name)) : []
  if (missed.length)
    throw new Error(`consent-templates/${missed.join(', ')} is missing, and somebody agreed to it`)
}

import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Knex } from 'knex'
import { LANGUAGES, type Language } from '../locales/index.ts'
import { sectionsOf, templateHash, templatesOf, type Template, type Templates } from './model.ts'
import * as store from './store.ts'

const folder = fileURLToPath(new URL('../../consent-templates/', import.meta.url))

type Terms = Pick<Template, 'effectiveOn' | 'title' | 'change'>

/** Reads every version below consent-templates/<template>/<version>/. @throws Error naming the faulty file */
export async function readTemplates(root = folder): Promise<Templates> {
  const all: Template[] = []
  for (const template of await folders(root)) {
    for (const version of await folders(`${root}${template}/`)) {
      all.push(await readTemplate(`${root}${template}/${version}/`, template, Number(version)))
    }
  }
  return templatesOf(all)
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true })
  return entries
    .filter((e) => e.isDirectory())
    .map((e) => e.name)
    .sort()
}

async function readTemplate(path: string, template: string, version: number): Promise<Template> {
  const terms = await readFile(`${path}terms.json`, 'utf8')
  const texts = {} as Record<Language, string>
  for (const language of LANGUAGES)
    texts[language] = await readFile(`${path}${language}.md`, 'utf8')
  const { effectiveOn, title, change } = JSON.parse(terms) as Terms
  return {
    template,
    version,
    effectiveOn,
    title,
    change,
    sections: { ja: sectionsOf(texts.ja), en: sectionsOf(texts.en) },
    hash: { ja: templateHash(terms, texts.ja), en: templateHash(terms, texts.en) },
  }
}

/**
 * Writes down each version the first time this database meets it.
 *
 * @throws Error where a version that was already in use reads differently now: the start stops
 */
export async function registerTemplates(db: Knex, templates: Templates, now: Date): Promise<void> {
  for (const template of templates.all) {
    for (const language of LANGUAGES) {
      const known = await store.register(db, template, language, now)
      if (!known.equals(template.hash[language])) {
        throw new Error(
          `consent-templates/${template.template}/${template.version}/${language}.md was changed after it was published`,
        )
      }
    }
  }
}

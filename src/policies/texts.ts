/** Every published version of every text at an address of its own: for residents, and for outsiders with a receipt. */
import type { Env } from '../env.ts'
import { startOfDay } from '../input/days.ts'
import { messages, type Language } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import { textChanges, type SectionChange } from '../templates/actions.ts'
import {
  addressOf,
  hasBegun,
  placesIn,
  sourceOf,
  versionBefore,
  type Section,
  type Template,
} from '../templates/model.ts'
import { blocksOf, partsOf, type Block } from './model.ts'

/** One section as it is read outside of a consent screen. */
export type TextPart = {
  id: string
  title: string
  /** When this section is used, where a page shows one of several. */
  when: string | undefined
  blocks: Block[]
}

type VersionState = 'past' | 'in_force' | 'coming'

/** One version in one language. */
export type TextVersion = {
  template: string
  version: number
  /** Of the text, whatever language the page is in. */
  language: Language
  title: string
  edition: string
  effectiveOn: Date
  state: VersionState
  change: Template['change']
  reason: string | undefined
  /** SHA-256, hex; what the hash is taken over is at `sourceHref`. */
  hash: string
  href: string
  sourceHref: string
  /** The differences from the version before. */
  changesHref: string | undefined
  otherLanguage: { language: Language; href: string }
}

/** @throws Refusal not_found for a version that was not published */
export function published(env: Env, asked: { template: string; version: string }): Template {
  const found = env.templates.all.find(
    (t) => t.template === asked.template && String(t.version) === asked.version,
  )
  if (!found) throw new Refusal('not_found')
  return found
}

/** @param reader the language of the page, in which title and reason are told */
export function describe(
  env: Env,
  of: Template,
  language: Language,
  reader: Language,
): TextVersion {
  const href = addressOf(of, language)
  const other = language === 'ja' ? 'en' : 'ja'
  return {
    template: of.template,
    version: of.version,
    language,
    title: of.title[reader],
    edition: messages[reader].policies.version(of.version),
    effectiveOn: startOfDay(of.effectiveOn),
    state: stateOf(env, of),
    change: of.change,
    reason: of.reason?.[reader],
    hash: of.hash[language].toString('hex'),
    href,
    sourceHref: `${href}/source`,
    changesHref: versionBefore(env.templates, of) && `${href}/changes`,
    otherLanguage: { language: other, href: addressOf(of, other) },
  }
}

function stateOf(env: Env, of: Template): VersionState {
  const at = env.now()
  if (!hasBegun(of, at)) return 'coming'
  return env.templates.inForce(of.template, at).version === of.version ? 'in_force' : 'past'
}

/** All versions by text, newest first, the consent texts at the end. */
export function everyText(env: Env, reader: Language): TextVersion[][] {
  const names = [...new Set(env.templates.all.map(({ template }) => template))]
  const kinds: Template['kind'][] = ['id_terms', 'policy', 'consent']
  const place = (versions: Template[]) => kinds.indexOf(versions[0]?.kind ?? 'consent')
  return names
    .map((name) =>
      env.templates.all
        .filter(({ template }) => template === name)
        .toSorted((a, b) => b.version - a.version),
    )
    .toSorted((a, b) => place(a) - place(b))
    .map((versions) => versions.map((version) => describe(env, version, reader, reader)))
}

/** The sections as anybody may read them: of a consent text all of them, with names for what a service fills in. */
export function partsToRead(
  env: Env,
  of: Template,
  language: Language,
  reader: Language,
): TextPart[] {
  if (of.kind !== 'consent')
    return partsOf(of, language, env.config.installation).map((part) => ({
      ...part,
      when: undefined,
    }))
  return of.sections[language].map((section) => {
    const { title, lines } = namedPlaces(section, language)
    const blocks = blocksOf(lines.join('\n'))
    return { id: section.id, title, when: whenOf(section.id, reader), blocks }
  })
}

/** A section with its placeholders as names: 〔サービスの名前〕. */
function namedPlaces(section: Section, language: Language): { title: string; lines: string[] } {
  const { places, place } = messages[language].texts
  const put = (text: string) =>
    placesIn(section).reduce((said, name) => {
      const known = places[name as keyof typeof places]
      return said.replaceAll(`{{${name}}}`, place(known))
    }, text)
  return { title: put(section.title), lines: put(section.body).split('\n').filter(Boolean) }
}

function whenOf(id: string, reader: Language): string | undefined {
  const { when } = messages[reader].texts
  const ending = Object.keys(when).find((end) => id === end || id.endsWith(`_${end}`))
  return ending && when[ending as keyof typeof when]
}

/** What changed from the version before, section by section. @throws Refusal not_found for a first version */
export function changesOf(
  env: Env,
  of: Template,
  language: Language,
): { before: Template; sections: SectionChange[] } {
  const before = versionBefore(env.templates, of)
  if (!before) throw new Refusal('not_found')
  const read = (text: Template) =>
    text.sections[language].map((section) => ({
      id: section.id,
      ...namedPlaces(section, language),
    }))
  return { before, sections: textChanges(read(before), read(of), language) }
}

/** The bytes the hash is taken over: with `sha256sum` anybody can hold a receipt against the text. */
export function sourceFor(of: Template, language: Language): Buffer {
  return sourceOf(of.source.terms, of.source.texts[language])
}

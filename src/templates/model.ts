/**
 * 文面 – the texts people agree to or rely on.
 * Owns: reading consent-templates/, their front matter, versions, hashes and differences. Does not own: who agreed
 * (consents, residents), who is told of a change (consents/text_news), pages about texts (policies).
 * A published version never changes: its hash stands in every consent (S-26, D-12; APPI 27(1)).
 */
import { createHash } from 'node:crypto'
import type { Both } from '../installation.ts'
import type { Language } from '../locales/index.ts'

export type Section = {
  id: string
  title: string
  /** Markdown with {{placeholders}}. */ body: string
}

/** `consent`: chosen by contract for the consent screen; `id_terms`: what holds for the ID itself; `policy`: a page. */
export type TemplateKind = 'consent' | 'id_terms' | 'policy'

export type Template = {
  template: string
  version: number
  kind: TemplateKind
  /** First day in force, in Asia/Tokyo, YYYY-MM-DD. */
  effectiveOn: string
  title: Both
  /** Whether moving to this version needs fresh consent (`ask`) or a notice only (`notice`) (D-12). */
  change: 'ask' | 'notice'
  /** Why; a first version, which changes nothing, may leave it out. */
  reason?: Both
  sections: Record<Language, Section[]>
  /** terms.json and the two texts, byte for byte as they were hashed. */
  source: { terms: string; texts: Record<Language, string> }
  /** SHA-256 over terms.json and the language's text. */
  hash: Record<Language, Buffer>
}

/** All versions, found by name and number; the newest in force counts. */
export type Templates = {
  all: readonly Template[]
  /** @throws Error where that version does not exist */
  version(template: string, version: number): Template
  /** The newest version whose effective day has come. @throws Error where none has */
  inForce(template: string, at: Date): Template
  /** The newest version, up to this one, whose `change` asks for fresh consent: older consents are not enough (D-12). */
  asksSince(template: Template): number
}

export function templateHash(terms: string, text: string): Buffer {
  return createHash('sha256').update(sourceOf(terms, text)).digest()
}

/** What the hash of a text is taken over: terms.json, a zero byte, the text. */
export function sourceOf(terms: string, text: string): Buffer {
  return Buffer.from(`${terms}\0${text}`)
}

/** Splits a text at lines of the form `## id: Title`. Lines before the first heading are comments to the editor. */
export function sectionsOf(text: string): Section[] {
  const sections: Section[] = []
  for (const part of text.split(/^## /m).slice(1)) {
    const [head = '', ...rest] = part.split('\n')
    const [, id, title] = /^([\w-]+): (.+)$/.exec(head) ?? []
    if (!id || !title)
      throw new Error(`a section heading must read "## id: Title", not "## ${head}"`)
    sections.push({ id, title: title.trim(), body: rest.join('\n').trim() })
  }
  return sections
}

/** The names a section is filled with. */
export function placesIn({ title, body }: Section): string[] {
  return [...`${title}\n${body}`.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name)
}

/**
 * The body of a section with its placeholders filled. A name such as “A Inc.” ends a sentence with one full stop.
 *
 * @throws Error for a missing section or value
 */
export function fill(
  template: Template,
  language: Language,
  id: string,
  values: Record<string, string>,
): { title: string; body: string } {
  const section = template.sections[language].find((s) => s.id === id)
  if (!section)
    throw new Error(`template ${template.template} ${template.version} has no section ${id}`)
  const put = (text: string) =>
    text.replace(/\{\{(\w+)\}\}(\.?)/g, (_, name: string, stop: string) => {
      const value = values[name]
      if (value === undefined)
        throw new Error(`template ${template.template} needs a value for ${name}`)
      return value.endsWith('.') ? value : value + stop
    })
  return { title: put(section.title), body: put(section.body) }
}

export function templatesOf(all: readonly Template[]): Templates {
  const named = (template: string) =>
    all.filter((t) => t.template === template).sort((a, b) => b.version - a.version)
  return {
    all,
    version(template, version) {
      const found = named(template).find((t) => t.version === version)
      if (!found) throw new Error(`template ${template} has no version ${version}`)
      return found
    },
    inForce(template, at) {
      const found = named(template).find((t) => hasBegun(t, at))
      if (!found) throw new Error(`no version of template ${template} is in force`)
      return found
    },
    asksSince({ template, version }) {
      const asking = named(template).find((t) => t.version <= version && t.change === 'ask')
      return asking?.version ?? 0
    },
  }
}

/** Whether its first day has come, in Asia/Tokyo. */
export function hasBegun({ effectiveOn }: Pick<Template, 'effectiveOn'>, at: Date): boolean {
  return effectiveOn <= new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' }).format(at)
}

/** The consent texts a contract may name, each as its newest version that has begun; by name. */
export function consentTemplates(templates: Templates, at: Date): Template[] {
  const names = new Set(templates.all.filter((t) => t.kind === 'consent').map((t) => t.template))
  return [...names].sort().flatMap((name) => {
    const begun = templates.all.filter((t) => t.template === name && hasBegun(t, at))
    return begun.length ? [templates.inForce(name, at)] : []
  })
}

/** The version before this one, of the same text. */
export function versionBefore(templates: Templates, of: Template): Template | undefined {
  return templates.all.find((t) => t.template === of.template && t.version === of.version - 1)
}

/** Where a published version can be read by anybody, in the language it was agreed to. */
export function addressOf(
  { template, version }: Pick<Template, 'template' | 'version'>,
  language: string,
): string {
  return `/terms/versions/${template}/${version}/${language}`
}

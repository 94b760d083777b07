/**
 * 規約・個人情報の取扱い・アクセシビリティ – the pages a public service owes from its first day.
 * Owns: which sections and versions a reader sees, and the values put into them. Does not own: the texts
 * (templates), who agreed to them (residents, consents), items and services.
 * Law: APPI 21 and 32 (state purposes and procedures), 69 (a city); Telecommunications Business Act 27-12 (E-23).
 * Rows: S-26, S-39, D-12, D-13, D-16, K-01…K-05, K-08.
 */
import type { Installation } from '../installation.ts'
import type { Language } from '../locales/index.ts'
import { fill, type Template, type Templates } from '../templates/model.ts'

/** The texts that have a page of their own, by the name of their folder. */
export const DOCUMENTS = ['id-terms', 'privacy', 'accessibility'] as const
export type DocumentName = (typeof DOCUMENTS)[number]

/** A paragraph or a list. Plain text: the view escapes it, so nothing in a text or a value is ever HTML. */
export type Block = { kind: 'text'; text: string } | { kind: 'list'; items: string[] }

/** One section as shown. `id` is without the ending for the legal form. */
export type Part = { id: string; title: string; blocks: Block[] }

type VersionState = 'past' | 'in_force' | 'coming'

export type VersionEntry = {
  version: number
  /** First day in force: midnight in Asia/Tokyo. */
  effectiveOn: Date
  state: VersionState
  /** SHA-256 of terms.json and the reader's text, hexadecimal: the hash a consent to it holds. */
  hash: string
}

const FORMS: readonly Installation['legalForm'][] = ['company', 'association', 'city']

/** What a text may name of the installation, in one language. `lead` exists only before incorporation (S-39). */
function valuesOf(site: Installation, language: Language): Record<string, string> {
  return {
    consortium: site.consortium[language],
    address: site.address[language],
    representative: site.representative[language],
    officer: site.privacyOfficer[language],
    region: site.dataRegion[language],
    age: String(site.minimumAge),
    desk: site.contact.desk[language],
    phone: site.contact.phone,
    hours: site.contact.hours[language],
    email: site.contact.email,
    ...(site.leadMember && { lead: site.leadMember[language] }),
  }
}

/**
 * The sections of a text for this installation, filled. Of `x_company`, `x_association` and `x_city` only the
 * one of the operator's legal form is there, as `x`.
 *
 * @throws Error where a placeholder has no value
 */
export function partsOf(template: Template, language: Language, site: Installation): Part[] {
  const values = valuesOf(site, language)
  return template.sections[language].flatMap(({ id }) => {
    const form = FORMS.find((name) => id.endsWith(`_${name}`))
    if (form && form !== site.legalForm) return []
    const { title, body } = fill(template, language, id, values)
    return [{ id: form ? id.slice(0, -form.length - 1) : id, title, blocks: blocksOf(body) }]
  })
}

/** Each line is a paragraph; lines beginning with `- ` that follow one another are one list. */
export function blocksOf(body: string): Block[] {
  const blocks: Block[] = []
  for (const line of body.split('\n').map((text) => text.trim())) {
    const last = blocks.at(-1)
    if (!line) continue
    if (!line.startsWith('- ')) blocks.push({ kind: 'text', text: line })
    else if (last?.kind === 'list') last.items.push(line.slice(2))
    else blocks.push({ kind: 'list', items: [line.slice(2)] })
  }
  return blocks
}

/** Every version of a text, newest first. @throws Error where there is none */
export function versionsOf(
  templates: Templates,
  name: DocumentName,
  language: Language,
  at: Date,
): VersionEntry[] {
  const all = templates.all
    .filter((t) => t.template === name)
    .map((t) => ({
      version: t.version,
      effectiveOn: new Date(`${t.effectiveOn}T00:00:00+09:00`),
      hash: t.hash[language].toString('hex'),
    }))
    .sort((a, b) => b.version - a.version)
  if (!all.length) throw new Error(`consent-templates/${name} has no version`)
  const current = all.find((v) => v.effectiveOn <= at) ?? all.at(-1)
  return all.map((v) => ({ ...v, state: stateOf(v.version, current?.version ?? 0) }))
}

function stateOf(version: number, current: number): VersionState {
  if (version === current) return 'in_force'
  return version > current ? 'coming' : 'past'
}

/** A published text never changes: its hash stands in consents (S-26, D-12). */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { demoInstallation, type Installation } from '../../src/installation.ts'
import { LANGUAGES } from '../../src/locales/index.ts'
import { DOCUMENTS, partsOf } from '../../src/policies/model.ts'
import { readTemplates } from '../../src/templates/actions.ts'

type Published = Record<string, Record<string, string>>
const published = JSON.parse(
  readFileSync(new URL('./published-templates.json', import.meta.url), 'utf8'),
) as Published
const { all } = await readTemplates()
const nameOf = (t: (typeof all)[number]) => `${t.template}/${t.version}`

const FORMS: Installation[] = [
  demoInstallation,
  { ...demoInstallation, legalForm: 'city' },
  { ...demoInstallation, legalForm: 'association', leadMember: { ja: '幹事社', en: 'Lead Co.' } },
]

describe('consent-templates', () => {
  test('what was published reads as it did, and nothing is published unlisted', () => {
    const now = Object.fromEntries(
      all.map((t) => [
        nameOf(t),
        Object.fromEntries(LANGUAGES.map((l) => [l, t.hash[l].toString('hex')])),
      ]),
    )
    expect(now).toEqual(published)
  })

  test.each(all.map((t) => [nameOf(t), t] as const))(
    '%s says the same things in both languages',
    (_, template) => {
      const ids = (l: 'ja' | 'en') => template.sections[l].map((s) => s.id)
      const values = (l: 'ja' | 'en', id: string) => {
        const section = template.sections[l].find((s) => s.id === id)
        return [...`${section?.title} ${section?.body}`.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1])
      }
      expect(ids('ja').length).toBeGreaterThan(0)
      expect(new Set(ids('ja')).size).toBe(ids('ja').length)
      expect(ids('en')).toEqual(ids('ja'))
      for (const id of ids('ja')) {
        expect([id, new Set(values('en', id))]).toEqual([id, new Set(values('ja', id))])
      }
    },
  )

  test('versions count from 1 and each begins no earlier than the one before', () => {
    for (const name of new Set(all.map((t) => t.template))) {
      const versions = all.filter((t) => t.template === name).sort((a, b) => a.version - b.version)
      expect(versions.map((t) => t.version)).toEqual(versions.map((_, i) => i + 1))
      const days = versions.map((t) => t.effectiveOn)
      expect(days).toEqual([...days].sort())
      for (const day of days)
        expect(new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10)).toBe(day)
    }
  })

  test('the clauses the requirements forbid are not there (S-16, S-34, K-14)', () => {
    const forbidden =
      /関知(いた)?しません|(同意|承諾)(した|された)ものと(みなし|見なし)|個人を識別.{0,20}除外した上|deemed to (have )?(consent|agree)/
    for (const template of all) {
      for (const language of LANGUAGES) {
        for (const section of template.sections[language]) {
          expect([nameOf(template), section.id, forbidden.exec(section.body)?.[0]]).toEqual([
            nameOf(template),
            section.id,
            undefined,
          ])
        }
      }
    }
  })

  test.each(FORMS.map((site) => [site.legalForm, site] as const))(
    'the texts with a page of their own read whole where the operator is a %s',
    (_, site) => {
      for (const template of all.filter((t) =>
        (DOCUMENTS as readonly string[]).includes(t.template),
      )) {
        for (const language of LANGUAGES) {
          const parts = partsOf(template, language, site)
          expect(parts.length).toBeGreaterThan(0)
          expect(new Set(parts.map((p) => p.id)).size).toBe(parts.length)
          for (const part of parts) {
            expect([part.id, part.blocks.length > 0]).toEqual([part.id, true])
            expect(JSON.stringify(part)).not.toMatch(/\{\{|undefined/)
          }
        }
      }
    },
  )
})

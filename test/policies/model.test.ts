import { describe, expect, test } from '@jest/globals'
import { demoInstallation as site, type Installation } from '../../src/installation.ts'
import { blocksOf, partsOf, versionsOf } from '../../src/policies/model.ts'
import { sectionsOf, templatesOf, type Template } from '../../src/templates/model.ts'

const text = `An editor's note.

## who_company: Who
{{consortium}} answers.

## who_association: Who
{{lead}} answers for {{consortium}}.

## who_city: Who
The city answers.

## age: From {{age}}
One.
- a <b>bold</b> item
- another

Two.`

function template(version: number, effectiveOn: string): Template {
  const sections = sectionsOf(text)
  return {
    template: 'privacy',
    version,
    kind: 'policy',
    effectiveOn,
    title: { ja: '題', en: 'Title' },
    change: 'notice',
    sections: { ja: sections, en: sections },
    source: { terms: '', texts: { ja: text, en: text } },
    hash: { ja: Buffer.from([version, 1]), en: Buffer.from([version, 2]) },
  }
}

describe('partsOf', () => {
  test('a company reads the section for companies, filled in its language', () => {
    const [who, age] = partsOf(template(1, '2026-04-01'), 'en', site)
    expect(who).toEqual({
      id: 'who',
      title: 'Who',
      blocks: [{ kind: 'text', text: `${site.consortium.en} answers.` }],
    })
    expect(age?.title).toBe('From 16')
  })

  test('before incorporation the lead member is named (S-39)', () => {
    const association: Installation = {
      ...site,
      legalForm: 'association',
      leadMember: { ja: '幹事社', en: 'Lead Co.' },
    }
    const [who, ...rest] = partsOf(template(1, '2026-04-01'), 'ja', association)
    expect(who?.blocks).toEqual([
      { kind: 'text', text: `幹事社 answers for ${site.consortium.ja}.` },
    ])
    expect(rest.map((part) => part.id)).toEqual(['age'])
  })

  test('a missing value stops the page rather than leaving a gap', () => {
    const wrong = { ...site, legalForm: 'association' } as Installation
    expect(() => partsOf(template(1, '2026-04-01'), 'ja', wrong)).toThrow('lead')
  })
})

describe('blocksOf', () => {
  test('lines are paragraphs, neighbouring dashes one list; nothing is taken for HTML', () => {
    expect(blocksOf('One.\n- a <b>bold</b> item\n- another\n\nTwo.')).toEqual([
      { kind: 'text', text: 'One.' },
      { kind: 'list', items: ['a <b>bold</b> item', 'another'] },
      { kind: 'text', text: 'Two.' },
    ])
  })
})

describe('versionsOf', () => {
  const templates = templatesOf([
    template(1, '2026-04-01'),
    template(2, '2026-07-01'),
    template(3, '2027-04-01'),
  ])

  test('the newest whose day has come in Japan is in force; the others are past or coming', () => {
    const states = (at: string) =>
      versionsOf(templates, 'privacy', 'en', new Date(at)).map((v) => [v.version, v.state])
    expect(states('2026-06-30T14:59:59Z')).toEqual([
      [3, 'coming'],
      [2, 'coming'],
      [1, 'in_force'],
    ])
    expect(states('2026-06-30T15:00:00Z')).toEqual([
      [3, 'coming'],
      [2, 'in_force'],
      [1, 'past'],
    ])
  })

  test('before the first day the first version is shown', () => {
    const [newest] = versionsOf(
      templatesOf([template(1, '2026-04-01')]),
      'privacy',
      'en',
      new Date(0),
    )
    expect(newest).toMatchObject({ version: 1, state: 'in_force', hash: '0102' })
  })
})

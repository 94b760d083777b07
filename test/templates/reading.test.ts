/** The front matter and the texts are held to their rules at start: what is wrong is said by file and field (D-12). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { mustOffer, readTemplates, registerTemplates } from '../../src/templates/actions.ts'
import { consentTemplates, versionBefore } from '../../src/templates/model.ts'
import { makeResident } from '../support/builders.ts'
import { openWorld, type World } from '../support/env.ts'
import { textFolder, type TextFolder } from '../support/texts.ts'

let folder: TextFolder
beforeEach(async () => {
  folder = await textFolder()
})
afterEach(() => folder.close())

const said = async () => {
  try {
    await readTemplates(folder.root)
    return []
  } catch (error) {
    return (error as Error).message.split('\n')
  }
}
const TERMS = {
  effectiveOn: '2027-04-01',
  title: { ja: '文面', en: 'Text' },
  change: 'ask',
  reason: { ja: '渡す相手が増えるため', en: 'There is one more recipient' },
}
/** A second version of the consent text whose terms.json is this. */
async function second(terms: object): Promise<void> {
  await folder.add('city-platform', 2, { effectiveOn: '2027-04-01', change: 'ask' })
  await folder.write('city-platform/2/terms.json', JSON.stringify(terms))
}
const without = (name: keyof typeof TERMS) =>
  Object.fromEntries(Object.entries(TERMS).filter(([key]) => key !== name))

describe('the front matter', () => {
  test('of what is published is whole', async () => {
    expect(await said()).toEqual([])
    await second(TERMS)
    expect(await said()).toEqual([])
  })

  test.each([
    ['no day', without('effectiveOn'), 'effectiveOn is missing'],
    [
      'a day that does not exist',
      { ...TERMS, effectiveOn: '2027-02-30' },
      'effectiveOn must match format "date"',
    ],
    ['no title in English', { ...TERMS, title: { ja: '文面' } }, 'title.en is missing'],
    ['no declaration', without('change'), 'change is missing'],
    ['a third way', { ...TERMS, change: 'silent' }, 'change must be one of ask, notice'],
    ['no reason from the second version on', without('reason'), 'reason is missing'],
    [
      'a reason in one language',
      { ...TERMS, reason: { ja: '渡す相手が増えるため' } },
      'reason.en is missing',
    ],
    ['something unknown', { ...TERMS, from: 'x' }, 'from is not known'],
  ])('%s', async (_, terms, fault) => {
    await second(terms)
    expect(await said()).toEqual([`consent-templates/city-platform/2/terms.json: ${fault}`])
  })

  test('is read strictly: a name twice is no JSON of ours', async () => {
    await second(TERMS)
    await folder.write('city-platform/2/terms.json', '{"change":"ask","change":"notice"}')
    expect(await said()).toEqual([
      'consent-templates/city-platform/2/terms.json: is not valid JSON (json_key_twice at line 1)',
    ])
  })

  test('a consent text says whose services it is for, no other text does', async () => {
    await folder.write('municipal/template.json', '{"kind":"consent"}')
    await folder.write('privacy/template.json', '{"kind":"policy","audience":"company"}')
    expect(await said()).toEqual([
      'consent-templates/municipal/template.json: audience is missing',
      'consent-templates/privacy/template.json: audience has no place here',
    ])
  })
})

describe('the texts', () => {
  test('a section that the kind needs is missed by name, in both languages at once', async () => {
    await folder.add('city-platform', 2, {
      effectiveOn: '2027-04-01',
      change: 'ask',
      ja: [['## withdraw_effects: ', '## effects: ']],
      en: [['## binding: ', '## Binding ']],
    })
    const faults = await said()
    expect(faults).toEqual([
      expect.stringContaining('city-platform/2/en.md: a section heading must read'),
    ])
    await folder.add('city-platform', 2, {
      effectiveOn: '2027-04-01',
      change: 'ask',
      ja: [['## withdraw_effects: ', '## effects: ']],
    })
    expect(await said()).toEqual([
      'consent-templates/city-platform/2/ja.md: section withdraw_effects is missing',
      'consent-templates/city-platform/2/en.md: section effects of ja.md is missing',
      'consent-templates/city-platform/2/ja.md: section withdraw_effects of en.md is missing',
    ])
  })

  test('a value the page does not know is no value', async () => {
    await folder.add('id-terms', 2, {
      effectiveOn: '2027-04-01',
      change: 'notice',
      ja: [['{{age}}', '{{years}}']],
    })
    expect(await said()).toEqual([
      'consent-templates/id-terms/2/ja.md: section age: there is no value {{years}}',
    ])
  })

  test('versions count from 1 without a gap, none begins before the one before', async () => {
    await folder.add('privacy', 2, { effectiveOn: '2027-04-01', change: 'notice' })
    await folder.add('privacy', 3, { effectiveOn: '2027-03-31', change: 'notice' })
    const place = 'consent-templates/privacy'
    expect(await said()).toEqual([`${place}/3/terms.json: effectiveOn is before that of version 2`])
    await folder.remove('privacy/2')
    expect(await said()).toEqual([`${place}/3: version 2 is missing`])
    await folder.remove('privacy/3')
    await folder.remove('privacy/1/en.md')
    expect(await said()).toEqual([`${place}/1/en.md: is missing`])
  })
})

describe('a database that met a version', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld()
  })
  afterAll(() => world.close())
  const at = new Date('2026-11-22T00:00:00Z')
  const start = async () => registerTemplates(world.env.db, await readTemplates(folder.root), at)

  test('refuses it changed, in the text or in its terms', async () => {
    await folder.add('municipal', 2, { effectiveOn: '2027-04-01', change: 'ask' })
    await start()
    await folder.add('municipal', 2, { effectiveOn: '2027-05-01', change: 'ask' })
    await expect(start()).rejects.toThrow('municipal/2/ja.md or its terms.json was changed')
    await folder.add('municipal', 2, {
      effectiveOn: '2027-04-01',
      change: 'ask',
      en: [['Before you choose', 'Before choosing']],
    })
    await expect(start()).rejects.toThrow('municipal/2/en.md or its terms.json was changed')
  })

  test('goes on without one that nobody agreed to, and stops where somebody did', async () => {
    await folder.add('municipal', 2, { effectiveOn: '2027-04-01', change: 'ask' })
    await start()
    await folder.remove('municipal/2')
    await expect(start()).resolves.toBeUndefined()
    await folder.add('id-terms', 2, { effectiveOn: '2026-11-22', change: 'ask' })
    await start()
    const before = world.env.templates
    world.env.templates = await readTemplates(folder.root)
    world.setNow(at)
    await makeResident(world.env)
    world.env.templates = before
    await folder.remove('id-terms/2')
    await expect(start()).rejects.toThrow('consent-templates/id-terms/2 is missing')
  })
})

describe('which texts there are', () => {
  test('a contract may choose among the consent texts that have begun, each in its version in force', async () => {
    await folder.add('municipal', 2, { effectiveOn: '2027-04-01', change: 'ask' })
    const templates = await readTemplates(folder.root)
    const at = (day: string) =>
      consentTemplates(templates, new Date(day)).map((t) => [t.template, t.version])
    expect(at('2027-03-31T14:59:59Z')).toEqual([
      ['city-platform', 1],
      ['municipal', 1],
    ])
    expect(at('2027-03-31T15:00:00Z')).toEqual([
      ['city-platform', 1],
      ['municipal', 2],
    ])
    expect(at('2026-03-31T14:59:59Z')).toEqual([])
    expect(versionBefore(templates, templates.version('municipal', 2))?.version).toBe(1)
  })

  test('an installation names one of them, or the start stops', async () => {
    const templates = await readTemplates(folder.root)
    const at = new Date('2026-11-22T00:00:00Z')
    expect(() => mustOffer(templates, 'municipal', at)).not.toThrow()
    for (const wrong of ['privacy', 'nowhere'])
      expect(() => mustOffer(templates, wrong, at)).toThrow(
        `consentTemplate must be one of city-platform, municipal, not ${wrong}`,
      )
    expect(() => mustOffer(templates, 'municipal', new Date('2026-01-01'))).toThrow('municipal')
  })
})

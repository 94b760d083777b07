/** What every version of a text must have, by its kind: the parts that pages show and the law demands. */
import { LANGUAGES, type Language } from '../locales/index.ts'
import { placesIn, type Section, type Template, type TemplateKind } from './model.ts'

const forms = (id: string) => [`${id}_company`, `${id}_association`, `${id}_city`]
const own = (id: string) => [id, `${id}_own`]

/** Sections by kind: of the consent screen (S-20…S-34, S-39, S-58), of the terms of the ID (S-07, S-08, S-26). */
const REQUIRED: Record<TemplateKind, readonly string[]> = {
  consent: [
    'intro',
    'own_service',
    ...forms('provider'),
    ...own('recipient'),
    'id_public',
    'id_pairwise',
    'until',
    'keeping',
    'note_terms',
    ...own('note_press'),
    ...own('note_withdraw'),
    ...own('questions'),
    'refusing',
    'withdraw_effects',
    'binding',
  ],
  id_terms: [
    'scope',
    ...forms('operator'),
    'age',
    'provision',
    'collection',
    'ending',
    ...forms('responsibility'),
    'changes',
    'contact',
  ],
  policy: ['scope'],
}

const SITE = ['consortium', 'lead', 'desk'] as const
const PAGE = [...SITE, 'address', 'representative', 'officer', 'region', 'age', 'phone', 'hours']

/** The values that the pages put in. */
const PLACES: Record<TemplateKind, readonly string[]> = {
  consent: [...SITE, 'service', 'provider', 'contact', 'until', 'retention'],
  id_terms: [...PAGE, 'email'],
  policy: [...PAGE, 'email'],
}

/** Sentences naming file and section; none where the two texts are whole and say the same things. */
export function sectionFaults(
  version: Pick<Template, 'kind' | 'sections' | 'change'>,
  requires: readonly string[],
): string[] {
  const { sections } = version
  const ids = (language: Language) => sections[language].map(({ id }) => id)
  const needed = [...REQUIRED[version.kind], ...requires]
  const faults = LANGUAGES.flatMap((language) => [
    ...needed
      .filter((id) => !ids(language).includes(id))
      .map((id) => `${language}.md: section ${id} is missing`),
    ...repeated(ids(language)).map((id) => `${language}.md: section ${id} stands there twice`),
    ...sections[language].flatMap((section) => unknownPlaces(section, language, version.kind)),
  ])
  for (const { id } of sections.ja)
    if (!ids('en').includes(id)) faults.push(`en.md: section ${id} of ja.md is missing`)
  for (const { id } of sections.en)
    if (!ids('ja').includes(id)) faults.push(`ja.md: section ${id} of en.md is missing`)
  if (version.kind === 'policy' && version.change === 'ask')
    faults.push(
      'terms.json: change of a policy must be notice: what needs consent is asked by the terms',
    )
  return [...new Set(faults)]
}

const repeated = (ids: readonly string[]) => ids.filter((id, n) => ids.indexOf(id) !== n)

function unknownPlaces(section: Section, language: Language, kind: TemplateKind): string[] {
  return placesIn(section)
    .filter((name) => !PLACES[kind].includes(name))
    .map((name) => `${language}.md: section ${section.id}: there is no value {{${name}}}`)
}

/** Versions count from 1 without a gap, none begins before the one before it, and each later one says why (D-12). */
export function orderFaults(versions: readonly Template[]): string[] {
  return versions.flatMap((one, n) => {
    const place = `${one.version}/terms.json`
    const before = versions[n - 1]
    const faults: string[] = []
    if (one.version !== n + 1) faults.push(`${one.version}: version ${n + 1} is missing`)
    if (before && before.effectiveOn > one.effectiveOn)
      faults.push(`${place}: effectiveOn is before that of version ${before.version}`)
    if (before && !one.reason) faults.push(`${place}: reason is missing`)
    return faults
  })
}

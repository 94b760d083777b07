/** Reads consent-templates/ and holds it to its rules; everything that is wrong is said at once, by file and field. */
import { readdir, readFile } from 'node:fs/promises'
import { Ajv, type ErrorObject } from 'ajv'
import type { FromSchema } from 'json-schema-to-ts'
import { isDay } from '../input/days.ts'
import { JsonFault, parseStrict } from '../input/json.ts'
import { LANGUAGES, type Language } from '../locales/index.ts'
import { sectionsOf, templateHash, type Template } from './model.ts'
import { orderFaults, sectionFaults } from './rules.ts'
import { templateSchema, termsSchema } from './schema.ts'

type Front = FromSchema<typeof templateSchema>
type Terms = FromSchema<typeof termsSchema>

const ajv = new Ajv({
  allErrors: true,
  strict: true,
  strictRequired: false,
  formats: { date: isDay },
})
const checkFront = ajv.compile<Front>(templateSchema)
const checkTerms = ajv.compile<Terms>(termsSchema)

/** Every version below `root`, and what is wrong with any of them. */
export async function readAll(root: string): Promise<{ all: Template[]; faults: string[] }> {
  const all: Template[] = []
  const faults: string[] = []
  for (const template of await folders(root)) {
    const found = await readVersions(`${root}${template}/`, template)
    all.push(...found.versions)
    faults.push(...found.faults.map((fault) => `consent-templates/${template}/${fault}`))
  }
  return { all, faults }
}

async function readVersions(
  path: string,
  template: string,
): Promise<{ versions: Template[]; faults: string[] }> {
  const faults: string[] = []
  const front = await readFront<Front>(path, 'template.json', checkFront, faults)
  const versions: Template[] = []
  for (const folder of await folders(path)) {
    if (!/^[1-9]\d{0,3}$/.test(folder)) {
      faults.push(`${folder}: the folder of a version is its number`)
      continue
    }
    const found: string[] = []
    const { kind = 'policy', requires = [] } = front?.value ?? {}
    const version = await readVersion(
      `${path}${folder}/`,
      { template, kind },
      Number(folder),
      found,
    )
    if (version && front) found.push(...sectionFaults(version, requires))
    faults.push(...found.map((fault) => `${folder}/${fault}`))
    if (version) versions.push(version)
  }
  versions.sort((a, b) => a.version - b.version)
  if (!faults.length) faults.push(...orderFaults(versions))
  if (!versions.length && !faults.length) faults.push('1: there is no version')
  return { versions, faults }
}

async function readVersion(
  path: string,
  { template, kind }: Pick<Template, 'template' | 'kind'>,
  version: number,
  faults: string[],
): Promise<Template | undefined> {
  const front = await readFront<Terms>(path, 'terms.json', checkTerms, faults)
  const texts = {} as Record<Language, string>
  const sections = {} as Template['sections']
  for (const language of LANGUAGES) {
    try {
      texts[language] = await readFile(`${path}${language}.md`, 'utf8')
      sections[language] = sectionsOf(texts[language])
    } catch (error) {
      faults.push(`${language}.md: ${said(error)}`)
    }
  }
  if (!front || faults.length) return undefined
  const { text: terms, value } = front
  const source = { terms, texts }
  const hash = { ja: templateHash(terms, texts.ja), en: templateHash(terms, texts.en) }
  return { template, version, kind, ...value, sections, source, hash }
}

async function readFront<T>(
  path: string,
  file: string,
  check: { (value: unknown): value is T; errors?: ErrorObject[] | null },
  faults: string[],
): Promise<{ text: string; value: T } | undefined> {
  try {
    const text = await readFile(path + file, 'utf8')
    const value = parseStrict(text)
    if (check(value)) return { text, value }
    for (const error of check.errors ?? []) {
      const fault = sentenceOf(error)
      if (fault) faults.push(`${file}: ${fault}`)
    }
  } catch (error) {
    faults.push(`${file}: ${said(error)}`)
  }
  return undefined
}

/** `title.en is missing`, `change must be one of ask, notice` … */
function sentenceOf({ instancePath, keyword, params, message }: ErrorObject): string | undefined {
  if (keyword === 'if') return undefined
  const { missingProperty, additionalProperty, allowedValues } = params as {
    missingProperty?: string
    additionalProperty?: string
    allowedValues?: string[]
  }
  const field = [...instancePath.split('/').slice(1), missingProperty ?? additionalProperty ?? '']
    .filter(Boolean)
    .join('.')
  if (missingProperty !== undefined) return `${field} is missing`
  if (additionalProperty !== undefined) return `${field} is not known`
  if (keyword === 'false schema') return `${field} has no place here`
  if (allowedValues) return `${field} must be one of ${allowedValues.join(', ')}`
  return `${field || 'the file'} ${message ?? 'is wrong'}`
}

function said(error: unknown): string {
  if (error instanceof JsonFault) return `is not valid JSON (${error.message})`
  if ((error as { code?: string }).code === 'ENOENT') return 'is missing'
  return (error as Error).message
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/** The documents are held to the code: commands, configuration, cited rows, links. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import * as services from '../src/services/actions.ts'
import { openWorld } from './support/env.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const below = (folder: string, ending: RegExp) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => `${folder}/${name}`)

const readme = read('README.md')
const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...below('docs', /\.md$/)]

test('the shell blocks of the README hold exactly its two commands', () => {
  const blocks = [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => [
    kind,
    text?.trim(),
  ])
  expect(blocks.filter(([kind]) => kind !== 'mermaid')).toEqual([
    ['sh', 'npm ci && npm start'],
    ['sh', 'npm ci && npm test'],
  ])
})

test('the configuration table names what the code reads, and nothing else', () => {
  const code = [...read('src/config.ts').matchAll(/(?:source\[|secret\()'([A-Z_]+)'/g)].map(
    (m) => m[1] ?? '',
  )
  const secrets = [...read('src/config.ts').matchAll(/secret\('([A-Z_]+)'/g)].map(
    (m) => `${m[1]}_FILE`,
  )
  const table = /## Configuration\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? ''
  const named = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([A-Z_]+)`/g)].map((m) => m[1]),
  )
  expect(new Set(named)).toEqual(new Set([...code, ...secrets]))
})

/** S-22, D-12, K3, T4, R10 … but not ES256 or 2026-11-21T00. */
const ROW = /(?<![\w-])(?:[SIDKPE]-\d{2}|[A-M]\d{1,2}|[TR]\d{1,2})(?![\w-])/g

test('every row cited in code, views and tests is explained in the documents', () => {
  const explained = explainedRows(read('docs/requirements.md') + read('docs/security.md'))
  const files = [
    ...below('src', /\.ts$/),
    ...below('test', /\.ts$/),
    ...below('migrations', /\.sql$/),
    ...below('views', /\.eta$/),
  ]
  const missing = files
    .filter((file) => file !== 'test/docs.test.ts')
    .flatMap((file) =>
      [...comments(file)].filter((row) => !explained.has(row)).map((row) => `${row} in ${file}`),
    )
  expect(missing).toEqual([])
})

/** Rows stand in comments and in the names of tests. */
function comments(file: string): Set<string> {
  const said =
    read(file).match(/\/\/.*|\/\*[\s\S]*?\*\/|--.*|^ *(?:test|it|describe)[.(].*|^ *'[^']*',$/gm) ??
    []
  return new Set(said.join('\n').match(ROW) ?? [])
}

/** `I3 – I6` stands for all between. */
function explainedRows(text: string): Set<string> {
  const rows = new Set(text.match(ROW) ?? [])
  for (const [, kind = '', from, , to] of text.matchAll(
    /\b([A-Z]-?)(\d+) ?[–…] ?([A-Z]-?)(\d+)\b/g,
  )) {
    const width = kind.endsWith('-') ? 2 : 1
    for (let n = Number(from); n <= Number(to); n++) rows.add(kind + String(n).padStart(width, '0'))
  }
  return rows
}

test('links between the documents lead somewhere', () => {
  const dead = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)\s]+)\)|<img src="([^"]+)"/g)]
      .map(([, link, image]) => link ?? image ?? '')
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => !leads(file, link))
      .map((link) => `${file}: ${link}`),
  )
  expect(dead).toEqual([])
})

function leads(file: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path ? join(dirname(file), path) : file
  if (!existsSync(join(root, target))) return false
  return !anchor || headings(target).includes(anchor)
}

const headings = (file: string) =>
  [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  )

test('the README says why each dependency is there, and names none that is not', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: object }
  const part = /## Dependencies, and why\n([\s\S]*?)\n\n(?!\|)/.exec(readme)?.[1] ?? ''
  const named = [...part.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) => cell.split(', '))
  const types = new Set(['json-schema-to-ts', '', '---'])
  expect(new Set(named.map((n) => n.trim()).filter((n) => !types.has(n)))).toEqual(
    new Set(Object.keys(dependencies)),
  )
})

test('the example of an onboarding file is taken in, and the second time changes nothing', async () => {
  const world = await openWorld()
  try {
    const file = read('examples/onboarding.json')
    const first = await services.onboard(world.env, file, { loopback: false })
    expect(first.changes.map((change) => change.news)).toEqual([['added'], ['added'], ['added']])
    const again = await services.onboard(world.env, file, { loopback: false })
    expect(again.changes.flatMap((change) => change.news)).toEqual([])
  } finally {
    await world.close()
  }
})

test('every decision is in the index', () => {
  const index = read('docs/adr/README.md')
  for (const file of below('docs/adr', /^\d.*\.md$/))
    expect(index).toContain(`(${file.split('/').at(-1)})`)
})

test('nobody needs more than the repository: no machine paths, no registry hosts', () => {
  for (const file of documents) {
    expect([
      file,
      /\/(work|home|root|tmp)\/|registry\.|\.\.\/shared/.exec(read(file))?.[0],
    ]).toEqual([file, undefined])
  }
})

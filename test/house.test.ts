/** The import rule of docs/architecture.md: who may import whom, and rooms only leftwards. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

const src = fileURLToPath(new URL('../src/', import.meta.url))

/** A room imports only rooms to its left. */
const ROOMS = (
  'notices audit templates catalogue residents people reviews operators members contracts services policies welcome ' +
  'receipts consents closing provisions contributions ledger events retention records duties incidents rights history ' +
  'registers api desk oidc demo'
).split(' ')

/** Ground knows no room. Env alone names the published texts, which every room may read. */
const GROUND =
  /^(env|refusal|config|installation|persons|vault|log)\.ts$|^(locales|database|http|jobs|input|passwords)\//

/** Who → what it may import. A file of the same room is written `own/…`, a file of the ground `ground/…`. */
const TABLE: [who: RegExp, may: RegExp][] = [
  [/^[a-z-]+\.ts$/, /./], // main, worker, migrate, app …: they compose
  [/^ground\//, /^(ground\/|templates\/model\.ts$)/],
  [
    /^\w+\/(model|schema)\.ts$/,
    /^(ground\/(refusal|installation|persons|vault|locales|input)|(own|\w+)\/(model|schema)\.ts$)/,
  ],
  [
    /^\w+\/(store|queries)\.ts$/,
    /^(ground\/|own\/(model|schema|store|pages)\.ts$|\w+\/model\.ts$)/,
  ],
  [
    /^\w+\/actions\.ts$/,
    /^(ground\/(?!http)|own\/(?!routes|jobs|actions)|\w+\/(actions|model)\.ts$)/,
  ],
  // The consent screen is one page with two doors: the interaction, and the resident's own pages.
  [
    /^oidc\/(consent|profile)\.ts$/,
    /^(ground\/|own\/|\w+\/(actions|model|schema)\.ts$|consents\/(asking|screen|pages|resume)\.ts$)/,
  ],
  // A program's draft of a service is the portal's draft.
  [
    /^api\/(service_doors|draft_shapes)\.ts$/,
    /^(ground\/|own\/|\w+\/(actions|model|schema)\.ts$|services\/(drafts|draft_schema)\.ts$)/,
  ],
  [/^\w+\/[\w.]+$/, /^(ground\/|own\/|\w+\/(actions|model|schema)\.ts$)/], // doors and the room's other files
]

type Edge = { from: string; to: string }

function edges(): Edge[] {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.ts'),
  )
  return files.flatMap((from) => {
    const text = readFileSync(join(src, from), 'utf8')
    const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)
    return [...found].map(([, path = '']) => ({
      from,
      to: relative(src, join(src, dirname(from), path)),
    }))
  })
}

const roomOf = (file: string) => file.split('/')[0] ?? ''
const isGround = (file: string) => GROUND.test(file)

/** What is wrong with one import, or undefined. */
function breach({ from, to }: Edge): string | undefined {
  const alone = !from.includes('/') && !isGround(from)
  const who = isGround(from) ? `ground/${from}` : from
  const what = isGround(to)
    ? `ground/${to}`
    : roomOf(to) === roomOf(from)
      ? `own/${to.split('/').slice(1).join('/')}`
      : to
  const row = TABLE.find(([first]) => first.test(who))
  if (!row?.[1].test(what)) return `${from} must not import ${to}`
  if (alone || isGround(from) || isGround(to) || roomOf(from) === roomOf(to)) return undefined
  return ROOMS.indexOf(roomOf(to)) < ROOMS.indexOf(roomOf(from))
    ? undefined
    : `${from} imports rightwards: ${to}`
}

describe('the house', () => {
  test('nobody imports what the rule forbids', () => {
    const all = edges()
    expect(all.length).toBeGreaterThan(100)
    expect(all.flatMap((edge) => breach(edge) ?? [])).toEqual([])
  })

  test('every folder of src is ground or a room with a place in the order', () => {
    const folders = readdirSync(src, { withFileTypes: true }).filter((e) => e.isDirectory())
    expect(
      folders.map((e) => e.name).filter((n) => !isGround(`${n}/`) && !ROOMS.includes(n)),
    ).toEqual([])
  })

  test.each([
    ['consents/actions.ts', 'services/store.ts'],
    ['consents/routes.ts', 'services/routes.ts'],
    ['services/actions.ts', 'consents/actions.ts'],
    ['consents/model.ts', 'database/connect.ts'],
    ['consents/actions.ts', 'http/state.ts'],
    ['http/views.ts', 'consents/model.ts'],
    ['refusal.ts', 'residents/model.ts'],
  ])('the rule would catch %s importing %s', (from, to) => {
    expect(breach({ from, to })).toBeDefined()
  })
})

/** A dump in an auditor's hands, byte by byte, and the files of witnesses (docs/operation.md, "Verifying the ledger"). */
import { spawnSync } from 'node:child_process'
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import * as audit from '../../src/audit/actions.ts'
import { leafHash } from '../../src/audit/model.ts'
import * as ledger from '../../src/ledger/actions.ts'
import type { Row } from '../../src/ledger/entries.ts'
import type { Tree } from '../../src/ledger/model.ts'
import { signNote } from '../../src/ledger/note.ts'
import { openDump } from '../../src/ledger/reading.ts'
import { verify, type Report } from '../../src/ledger/verify.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { ALL, tokensFor, userinfo } from '../oidc/steps.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const FREE_TEXT = 'line\u2028paragraph\u2029return\rtab\tslash\\n end'
let site: Site
let folder: string
let key: KeyObject
let dump: string
const notes: Record<string, string> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machi-dump-'))
  site = await openSite()
  key = createPublicKey({ key: { ...ledger.publicKeys(site.env).keys[0] }, format: 'jwk' })
  const [resident, service] = [await makeResident(site.env), await makeService(site.env)]
  const browser = new Browser(site.issuer)
  const { access } = await tokensFor(site, browser, service, resident, { scope: ALL }, ['sex'])
  await userinfo(site, access)
  await audit.record(site.env, {
    ...{ actor: { kind: 'operator', id: 'somebody' }, act: 'test.text' },
    ...{ object: { kind: 'test', id: 'x' }, details: { text: FREE_TEXT, none: null } },
  })
  // As many as fill a tile.
  for (let n = 0; n < 256; n++)
    await audit.record(site.env, { actor: { kind: 'system' }, act: 'test.many' })
  do await ledger.sequence(site.env)
  while ((await site.env.db('ledger_pending').first()) !== undefined)
  for (const tree of ['provisions', 'audit'] as const)
    notes[tree] = (await ledger.checkpoint(site.env, tree))?.note ?? ''
  dump = await dumped()
})
afterAll(async () => {
  await site.close()
  await rm(folder, { recursive: true, force: true })
})

const TABLES = [
  ...['residents', 'agreements', 'resident_terms', 'consents', 'retention_closures'],
  ...['audit_events', 'ledger_leaves', 'ledger_nodes', 'ledger_checkpoints', 'ledger_pending'],
]

/** What pg_dump writes of the data, whichever version of it there is here: COPY blocks, partitions for themselves. */
async function dumped(): Promise<string> {
  const client = new pg.Client({ connectionString: site.ownerUrl, options: '-c timezone=UTC' })
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const { rows } = await client.query<{ name: string }>(
      `select relname as name from pg_class where relname like 'provision\\_records\\_2%' and relkind = 'r'`,
    )
    const blocks = []
    for (const table of ['secrets', ...TABLES, ...rows.map(({ name }) => name)])
      blocks.push(await block(client, table))
    return `--\n-- PostgreSQL database dump\n--\n\n${blocks.join('\n\n')}\n`
  } finally {
    await client.end()
  }
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const escaped = (value: string | null) =>
  value === null ? '\\N' : value.replace(/[\\\t\n\r]/g, (sign) => ESCAPES[sign] ?? sign)

async function block(client: pg.Client, table: string): Promise<string> {
  const { rows: columns } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  )
  const names = columns.map(({ name }) => name)
  const { rows } = await client.query<(string | null)[]>({
    text: `select ${names.map((name) => `"${name}"::text`).join(', ')} from ${table}`,
    rowMode: 'array',
  })
  const lines = rows.map((row) => `${row.map(escaped).join('\t')}\n`)
  return `COPY public.${table} (${names.join(', ')}) FROM stdin;\n${lines.join('')}\\.\n`
}

let files = 0
async function fileOf(content: string | Buffer): Promise<string> {
  const file = join(folder, `${files++}`)
  await writeFile(file, content)
  return file
}

/** What the verifier says of it, in this process; where one table alone differs, the others are those of `dump`. */
async function looked(content: string, differing?: string): Promise<Report> {
  const { evidence } = await openDump(await fileOf(content))
  const rows = (table: string, tree?: Tree) =>
    differing === undefined || table === differing
      ? evidence.rows(table, tree)
      : soundRows(table, tree)
  return verify({ rows }, key, [])
}

const sound = new Map<string, Row[]>()
/** Read once. */
async function* soundRows(table: string, tree?: Tree): AsyncIterable<Row> {
  const name = `${table} ${tree}`
  if (!sound.has(name)) {
    const { evidence } = await openDump(await fileOf(dump))
    const read: Row[] = []
    for await (const row of evidence.rows(table, tree)) read.push(row)
    sound.set(name, read)
  }
  yield* sound.get(name) ?? []
}

type Said = Partial<Report> & { why?: string; witnessesNotRead?: { file: string; why: string }[] }

/** `npm run ledger:verify` of a dump; its exit code and what it says. */
async function run(content: string | Buffer, ...more: string[]) {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['src/verify.ts', `--dump=${await fileOf(content)}`, ...more],
    { cwd: root, encoding: 'utf8', env: { PATH: process.env['PATH'] } },
  )
  return { status, said: JSON.parse(stdout) as Said }
}

/** The block of a table: its columns and its rows, and the dump with other rows in it. */
function rowsIn(table: string) {
  const found = new RegExp(
    `(COPY public\\.${table}(?:_2\\d+_\\d+)? \\((.*)\\) FROM stdin;\\n)((?:(?!\\\\\\.)[^\\n]*\\n)+)`,
  ).exec(dump)
  if (!found) throw new Error(`no rows of ${table}`)
  const [whole, header = '', names = '', body = ''] = found
  const rows = body.trimEnd().split('\n')
  const withRows = (other: readonly string[]) =>
    dump.replace(whole, () => `${header}${other.map((row) => `${row}\n`).join('')}`)
  return { columns: names.split(', '), rows, withRows }
}

describe('a dump', () => {
  test('verifies, whatever a free text holds, and with lines of another system', async () => {
    expect(dump).toContain('line\u2028paragraph\u2029')
    const sound = await run(dump)
    expect([sound.status, sound.said.trees?.map(({ size }) => size > 2)]).toEqual([0, [true, true]])
    expect((await looked(dump.replaceAll('\n', '\r\n'))).ok).toBe(true)
  })

  test.each(['resident_terms', 'consents', 'provision_records', 'audit_events'])(
    'with a row of %s twice does not',
    async (table) => {
      const { rows, columns, withRows } = rowsIn(table)
      const id = rows.at(-1)?.split('\t')[columns.indexOf('id')]
      const report = await looked(withRows([...rows, rows.at(-1) ?? '']))
      const leaf = await site.env.db('ledger_leaves').where({ entry_id: id }).first<Leaf>()
      expect(report.trees.flatMap(({ faults }) => faults)).toEqual([
        { index: Number(leaf.index), why: 'row_twice', entry: id },
      ])
    },
  )

  test('that holds nothing cannot be told', async () => {
    for (const content of [randomBytes(10_000), 'x\n'.repeat(1000)])
      expect((await run(content)).status).toBe(2)
    // With a key at hand it is no other.
    const pub = await fileOf(JSON.stringify(ledger.publicKeys(site.env)))
    const { status, said } = await run('', `--pub=${pub}`)
    expect([status, said.why]).toEqual([2, 'the dump has no table residents'])
  })

  test.each([...TABLES, 'provision_records'])(
    'without the table %s cannot be told',
    async (table) => {
      const without = dump.replaceAll(
        new RegExp(
          `COPY public\\.${table}(?:_2\\d+_\\d+)? \\(.*\\n(?:(?!\\\\\\.)[^\\n]*\\n)*\\\\\\.\\n`,
          'g',
        ),
        '',
      )
      expect(without.length).toBeLessThan(dump.length)
      await expect(looked(without)).rejects.toThrow(`the dump has no table ${table}`)
    },
  )

  test('that is cut off cannot be told', async () => {
    const { withRows, rows } = rowsIn('audit_events')
    // The block stands last: nothing else is missing.
    const last = withRows([]).replace(/COPY public\.audit_events [^\n]*\n\\\.\n/, '')
    const header = /COPY public\.audit_events [^\n]*\n/.exec(dump)?.[0] ?? ''
    for (const tail of [header, `${header}${rows[0]}\n`, `${header}${rows.join('\n')}`])
      await expect(looked(last + tail)).rejects.toThrow('cut off within the table audit_events')
  })
})

type Leaf = { index: string }

describe('one byte of a dump', () => {
  test.each(
    ['resident_terms', 'consents', 'provision_records', 'audit_events'].concat(
      ...['ledger_leaves', 'ledger_nodes', 'ledger_checkpoints'],
    ),
  )('of %s, in any column, is told with an index', async (table) => {
    const { rows, columns, withRows } = rowsIn(table)
    // The record with a free text, where there is one.
    const at = Math.max(
      0,
      rows.findIndex((row) => row.includes('test.text')),
    )
    const values = (rows[at] ?? '').split('\t')
    const silent: string[] = []
    for (const [n, value] of values.entries()) {
      const name = columns[n] ?? ''
      // Sealed: only the resident's key tells (docs/security.md).
      if (name === 'salt' && table !== 'audit_events') continue
      for (const place of new Set([0, value.length >> 1])) {
        const bent = value.slice(0, place) + flipped(value[place] ?? '') + value.slice(place + 1)
        const row = values.with(n, bent).join('\t')
        const report = await looked(withRows(rows.with(at, row)), table)
        const faults = report.trees.flatMap((tree) => tree.faults)
        if (report.ok || !faults.every(({ index }) => Number.isSafeInteger(index)))
          silent.push(`${name}: ${value} → ${bent}`)
      }
    }
    expect(silent).toEqual([])
  })
})

const flipped = (sign: string) => String.fromCodePoint((sign.codePointAt(0) ?? 0) ^ 1)

describe('a witness', () => {
  const heard = async (content: string | Buffer) => {
    const file = await fileOf(content)
    const { status, said } = await run(dump, `--witness=${file}`)
    const count = said.trees?.reduce((sum, tree) => sum + tree.witnesses, 0)
    return {
      status,
      count,
      unread: said.witnessesNotRead?.map((one) => [one.file === file, one.why]),
    }
  }

  test('is read as it was published, and as other systems keep it', async () => {
    const note = notes['provisions'] ?? ''
    for (const text of [
      note,
      note.replaceAll('\n', '\r\n'),
      `\uFEFF${note}`,
      note.trimEnd(),
      `${note}\n`,
    ])
      expect(await heard(text)).toEqual({ status: 0, count: 1, unread: undefined })
  })

  test('that cannot be read is named, and leaves it open', async () => {
    for (const text of ['', 'garbage', randomBytes(300), notes['audit']?.slice(0, -20) ?? ''])
      expect(await heard(text)).toEqual({
        ...{ status: 2, count: 0, unread: [[true, expect.stringMatching(/^not_/)]] },
      })
  })

  test('of another key, with a bad signature or of no tree is not passed over', async () => {
    const other = generateKeyPairSync('ed25519')
    const origin = notes['provisions']?.split('\n')[0] ?? ''
    const state = { origin, size: 2, root: leafHash('x') }
    const privateKey = createPrivateKey({
      key: { ...site.env.secrets.ledger },
      format: 'jwk',
    })
    for (const [text, why] of [
      [signNote(state, other.privateKey, other.publicKey), 'not_signed'],
      [(notes['provisions'] ?? '').replace(/\n\d+\n/, '\n1\n'), 'not_signed'],
      [signNote({ ...state, origin: 'log.example/other' }, privateKey, key), 'another_log'],
    ] as const)
      expect(await heard(text)).toEqual({ status: 2, count: 0, unread: [[true, why]] })
    // A fault is one all the same.
    const { rows, withRows } = rowsIn('consents')
    const bad = await run(withRows(rows.slice(1)), `--witness=${await fileOf('garbage')}`)
    expect([bad.status, bad.said.witnessesNotRead?.length]).toEqual([1, 1])
    // And what is well signed, and is not of this ledger’s past.
    expect((await heard(signNote(state, privateKey, key))).status).toBe(1)
  })

  test('stands in a folder; what a crash left half written beside it is none', async () => {
    const kept = join(folder, 'kept')
    await mkdir(join(kept, 'lost+found'), { recursive: true })
    const empty = await run(dump, `--witness=${kept}`)
    expect([empty.status, empty.said.witnessesNotRead]).toEqual([
      2,
      [{ file: kept, why: 'no_file' }],
    ])
    const note = notes['provisions'] ?? ''
    await writeFile(join(kept, 'provisions-1.note'), note.slice(0, 20))
    await writeFile(join(kept, 'provisions-1.again.note'), note)
    await writeFile(join(kept, 'audit-1.note'), '')
    await writeFile(join(kept, 'audit-1.again.note'), notes['audit'] ?? '')
    const sound = await run(dump, `--witness=${kept}`)
    expect([sound.status, sound.said.trees?.map((tree) => tree.witnesses)]).toEqual([0, [1, 1]])
    await writeFile(join(kept, 'provisions-1.note'), 'something else')
    expect((await run(dump, `--witness=${kept}`)).status).toBe(2)
  })
})

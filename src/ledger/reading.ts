/** Where an auditor's rows come from: the database itself, or a plain dump of it (pg_dump --format=plain). */
import { createReadStream } from 'node:fs'
import pg from 'pg'
import { columnsOf, type Row } from './entries.ts'
import type { Evidence } from './verify.ts'

/** Tables that hold one tree beside the other. */
const BY_TREE = ['ledger_leaves', 'ledger_checkpoints', 'ledger_pending', 'ledger_nodes']
const ORDER: Record<string, string> = { ledger_leaves: 'index', ledger_checkpoints: 'size' }
/** Rows of a piece: few enough for the buffers of the connection. */
const FETCH = 2000

/** The rows of a database as this connection sees them, in the transaction it is in. */
export function rowsOf(client: pg.Client): Evidence {
  const select = async (table: string) => {
    const { rows } = await client.query<{ name: string }>(
      'select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped',
      [table],
    )
    const wanted = columnsOf(table)
    return rows
      .filter(({ name }) => wanted?.includes(name) ?? true)
      .map(({ name }) => `${pg.escapeIdentifier(name)}::text`)
      .join(', ')
  }
  return {
    async *rows(table, tree) {
      const where = tree && BY_TREE.includes(table) ? `where tree = ${pg.escapeLiteral(tree)}` : ''
      const order = ORDER[table] ? `order by ${table}.${ORDER[table]}` : ''
      const cursor = pg.escapeIdentifier(`rows_of_${table}`)
      await client.query(
        `declare ${cursor} no scroll cursor for select ${await select(table)} from ${table} ${where} ${order}`,
      )
      const piece = () => client.query<Row>(`fetch ${FETCH} from ${cursor}`)
      // The next piece is made while this one is looked at.
      for (let ahead = piece(); ;) {
        const { rows } = await ahead
        if (rows.length === FETCH) (ahead = piece()).catch(() => undefined)
        yield* rows
        if (rows.length < FETCH) break
      }
      await client.query(`close ${cursor}`)
    },
  }
}

/**
 * The rows of a database, all of one moment. Nothing is written.
 *
 * @param url  of PostgreSQL
 * @param role that may only read, for who could do more
 * @returns the rows, the ledger's public key as the database has it, and how to leave
 */
export async function openDatabase(url: string, role?: string) {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC' })
  await client.connect()
  const close = () => client.end()
  try {
    if (role) await client.query(`set role ${pg.escapeIdentifier(role)}`)
    return { evidence: rowsOf(client), publicJwk: await beginReading(client), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Begins a transaction that sees one moment; answers the ledger's public key as the database has it. */
async function beginReading(client: pg.Client): Promise<object | undefined> {
  await client.query('begin isolation level repeatable read read only')
  const { rows } = await client.query<{ public_jwk: object | null }>(
    `select public_jwk from secrets where purpose = 'sign_ledger' and retired_at is null`,
  )
  return rows[0]?.public_jwk ?? undefined
}

/**
 * The rows of a plain dump. The file is read once per table, line by line. A table it does not hold, or not to the end,
 * is an error while its rows are read.
 */
export async function openDump(path: string) {
  const evidence: Evidence = {
    async *rows(table, tree) {
      const all: Row[] = []
      const sorted = ORDER[table]
      for await (const row of copied(path, table)) {
        if (tree && BY_TREE.includes(table) && row['tree'] !== tree) continue
        if (sorted) all.push(row)
        else yield row
      }
      if (sorted) yield* all.sort((a, b) => placeOf(a[sorted]) - placeOf(b[sorted]) || 0)
    },
  }
  let publicJwk: object | undefined
  for await (const row of copied(path, 'secrets', false))
    if (row['purpose'] === 'sign_ledger' && row['retired_at'] === null && row['public_jwk'])
      publicJwk = JSON.parse(row['public_jwk']) as object
  return { evidence, publicJwk, close: async () => {} }
}

/** What is no number stands last. */
const placeOf = (text: string | null | undefined) => {
  const place = Number(text)
  return Number.isNaN(place) ? Infinity : place
}

/**
 * The rows of the COPY blocks of a table, its partitions included.
 *
 * @throws Error where the file ends within a block, or has none of a table that must be there
 */
async function* copied(path: string, table: string, mustBe = true): AsyncIterable<Row> {
  const begins = new RegExp(
    `^COPY (?:\\w+\\.)?"?${table}(?:_\\d{4}_\\d\\d|_other)?"? \\(([^)]*)\\) FROM stdin;$`,
  )
  let columns: string[] | undefined
  let isThere = false
  for await (const lines of linesOf(path))
    for (const line of lines) {
      if (!columns) {
        columns = line.startsWith('COPY ') ? columnsIn(begins.exec(line)) : undefined
        isThere ||= columns !== undefined
      } else if (line === '\\.') {
        columns = undefined
      } else {
        const values = line.split('\t')
        yield Object.fromEntries(columns.map((name, n) => [name, unescaped(values[n] ?? '\\N')]))
      }
    }
  if (columns) throw new Error(`the dump is cut off within the table ${table}`)
  if (!isThere && mustBe) throw new Error(`the dump has no table ${table}`)
}

const columnsIn = (header: RegExpExecArray | null) =>
  header?.[1]?.split(', ').map((name) => name.replaceAll('"', ''))

/** The lines of a file, piece by piece. Only LF ends a line: COPY writes any CR of a value as an escape. */
async function* linesOf(path: string): AsyncIterable<string[]> {
  let rest = ''
  for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: 2 ** 18 })) {
    const lines = (rest + String(piece)).split('\n')
    rest = lines.pop() ?? ''
    yield lines.map(withoutCr)
  }
  if (rest) yield [withoutCr(rest)]
}

/** Where it was written on a system that ends its lines by CRLF. */
const withoutCr = (line: string) => (line.endsWith('\r') ? line.slice(0, -1) : line)

const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** PostgreSQL's COPY text format. */
function unescaped(value: string): string | null {
  if (value === '\\N') return null
  if (!value.includes('\\')) return value
  return value.replace(/\\(.)/gs, (_, sign: string) => ESCAPES[sign] ?? sign)
}

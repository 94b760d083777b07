/** A record handed out as a file: streamed in pieces, hashed as it leaves, and noted in the audit record. */
import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import type { AuditEvent } from '../audit/model.ts'
import * as contracts from '../contracts/actions.ts'
import type { Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { csvHead, csvLines, jsonOf, type Row } from './files.ts'
import type { Cursor, FileType, Form, Scope, Side } from './model.ts'
import * as queries from './queries.ts'
import { reader } from './reading.ts'

/** Rows of one statement. */
const PIECE = 2000
/** Residents whose provisions one statement takes together. */
const PERSONS = 1000

export type Handing = {
  id: string
  side: Side
  form: Form
  type: FileType
  scope: Scope
  language: Language
  actor: AuditEvent['actor']
  /** Why, of an operator. */
  reason: string | undefined
}

/** The rows of a scope, piece by piece. */
async function* pieces(env: Env, form: Form, scope: Scope): AsyncGenerator<Row[]> {
  const read = await reader(env)
  if (form === 'raw') {
    let after: Cursor | undefined
    for (;;) {
      const found = await queries.raw(env.db, { ...scope, after, limit: PIECE })
      yield read.raw(found)
      const last = found.at(-1)
      if (!last || found.length < PIECE) return
      after = { at: last.at, id: last.id }
    }
  }
  const { switchesAt } = (await contracts.phasesAt(env, env.now())).incorporation
  let last: string | undefined
  for (;;) {
    const residents = await queries.residentsAfter(env.db, last, PERSONS)
    const first = residents[0]
    last = residents.at(-1)
    if (!first || !last) return
    yield read.lumps(await queries.lumps(env.db, scope, { first, last, turn: switchesAt }))
  }
}

/**
 * Notes that a record is handed out, and makes its file. Rows, hash and whether it came to its end are noted when the
 * last byte is made, or when the reader went away.
 */
export async function hand(env: Env, handing: Handing): Promise<AsyncIterable<string>> {
  await note(env, handing, 'records.export', {})
  return file(env, handing)
}

/** How a CSV begins; `answerCsv` writes it, the hash counts it. */
const MARK = '\uFEFF'

async function* file(env: Env, handing: Handing): AsyncGenerator<string> {
  const hash = createHash('sha256')
  if (handing.type === 'csv') hash.update(MARK)
  let rows = 0
  let whole = false
  try {
    for await (const { text, count } of texts(env, handing)) {
      rows += count
      hash.update(text)
      yield text
    }
    whole = true
  } finally {
    const sha256 = hash.digest('hex')
    await note(env, handing, whole ? 'records.exported' : 'records.export_broken_off', {
      rows,
      sha256,
    })
  }
}

async function* texts(env: Env, handing: Handing): AsyncGenerator<{ text: string; count: number }> {
  const { side, form, type, scope, language } = handing
  if (type === 'csv') yield { text: csvHead(side, form, language), count: 0 }
  else yield { text: `{"record":${JSON.stringify(headOf(env, handing))},"rows":[`, count: 0 }
  let any = false
  for await (const rows of pieces(env, form, scope)) {
    if (!rows.length) continue
    const text =
      type === 'csv'
        ? csvLines(rows, side, form, language)
        : `${any ? ',' : ''}\n${rows.map((row) => JSON.stringify(jsonOf(row, side))).join(',\n')}`
    any = true
    yield { text, count: rows.length }
  }
  if (type === 'json') yield { text: '\n]}\n', count: 0 }
}

/** What a JSON file says of itself; of the other direction, that there is nothing yet, and no row is made up for it. */
const headOf = (env: Env, { id, side, form, scope }: Handing) => ({
  export: id,
  law: side === 'giver' ? 'APPI 29' : 'APPI 30',
  form,
  from: scope.from?.toISOString() ?? null,
  to: scope.to.toISOString(),
  made: env.now().toISOString(),
  givenByCompanies: { rows: 0, because: 'no data set of a company is taken in yet' },
})

function note(
  env: Env,
  { id, side, form, type, scope, actor, reason }: Handing,
  act: string,
  more: Record<string, string | number>,
): Promise<void> {
  return audit.record(env, {
    actor,
    act,
    object: { kind: 'record_export', id },
    details: {
      side,
      form,
      type,
      member: scope.memberId ?? null,
      service: scope.serviceId ?? null,
      from: scope.from?.toISOString() ?? null,
      to: scope.to.toISOString(),
      ...(reason !== undefined && { reason }),
      ...more,
    },
  })
}

/** The history as data: JSON for programs, and the whole as a file, read piece by piece while it is sent. */
import { Readable } from 'node:stream'
import { answerCsv, line } from '../http/csv.ts'
import type { Ctx } from '../http/state.ts'
import { messages } from '../locales/index.ts'
import type { Resident } from '../residents/model.ts'
import { aroundOf, askedIn, markOf, PATH, toldOf } from './compose.ts'
import { cursorIn, hrefOf } from './asking.ts'
import type { HistoryFilter, HistoryRow } from './model.ts'
import type { Told } from './pages.ts'
import { read, readAll } from './reading.ts'
import { plainText, tell, type Around, type View } from './telling.ts'

const PER_JSON = 1000
const PIECE = 1000

/** An entry for programs: ids and codes, no words but the names of service and provider. Times are UTC, ISO 8601. */
function entryOf(row: HistoryRow, around: Around, view: View): object {
  const named = around.named.get(row.id)
  const { path, ends_at, deletion, given, purposes, withheld, declined, why } = row.details
  const asked = around.offered.get(row.id)
  return {
    id: row.id,
    kind: row.kind,
    at: row.at.toISOString(),
    ...(named && {
      serviceId: row.service_id,
      service: named.service[view.language],
      provider: named.provider[view.language],
    }),
    items: row.items,
    ...(path !== undefined && { path }),
    ...(ends_at !== undefined && { endsAt: new Date(ends_at).toISOString() }),
    ...(deletion === true && { deletionRequested: true }),
    ...(given !== undefined && { given }),
    ...(purposes?.length && { purposes }),
    ...(asked && { asked }),
    ...(declined?.length && { declined }),
    ...(withheld && { withheld }),
    ...(why !== undefined && { why }),
  }
}

/** The history as one list; the next piece is named in the Link header (RFC 8288). */
export async function historyJson(ctx: Ctx, resident: Resident, view: View): Promise<object[]> {
  const { env } = ctx.state
  const { values, filter } = await askedIn(ctx, resident, view)
  const found = await read(env, filter, cursorIn(ctx, resident.id), PER_JSON)
  if (found.older) {
    const next = hrefOf(PATH, values, { mark: markOf(env, resident, found.older) })
    ctx.set('Link', `<${next}>; rel="next"`)
  }
  const around = await aroundOf(env, found.rows, view)
  return found.rows.map((row) => entryOf(row, around, view))
}

/** Of the file that people open: 2026-11-21T09:05:33.000+09:00 */
function momentOf(at: Date): string {
  return new Date(at.getTime() + 9 * 3600_000).toISOString().replace('Z', '+09:00')
}

type Taking = { filter: HistoryFilter; view: View }

/** The whole as a file for spreadsheets, in the reader's language. */
export function answerFile(ctx: Ctx, taking: Taking): void {
  answerCsv(ctx, `history-${dayNow(ctx)}.csv`, csvLines(ctx, taking))
}

const dayNow = (ctx: Ctx) => momentOf(ctx.state.env.now()).slice(0, 10)

async function* csvLines(ctx: Ctx, { filter, view }: Taking): AsyncGenerator<string> {
  const { history: h } = messages[view.language]
  yield line(Object.values(h.columns))
  for await (const rows of readAll(ctx.state.env, filter, PIECE)) {
    const told = await toldOf(ctx.state.env, rows, view)
    yield told.map((one) => line(cellsOf(one, view))).join('')
  }
}

function cellsOf(told: Told, { language, w: { list } }: View): string[] {
  const { history: h } = messages[language]
  return [
    momentOf(told.at),
    h.kinds[told.kind],
    told.service?.name ?? '',
    told.service?.provider ?? '',
    plainText(told.sentence),
    list(told.asked),
    list(told.given),
    list(told.rest.map(({ items, why }) => h.restOf(list(items), why))),
    list(told.purposes),
    told.path ?? '',
    told.id,
  ]
}

/** The whole as JSON: as for programs, with the sentence each line shows. */
export function answerJsonFile(ctx: Ctx, taking: Taking & { since: Date }): void {
  ctx.status = 200
  ctx.type = 'application/json; charset=utf-8'
  ctx.set('Content-Disposition', `attachment; filename="history-${dayNow(ctx)}.json"`)
  ctx.body = Readable.from(jsonPieces(ctx, taking))
}

async function* jsonPieces(
  ctx: Ctx,
  { filter, view, since }: Taking & { since: Date },
): AsyncGenerator<string> {
  const { env } = ctx.state
  yield `{"madeAt":${JSON.stringify(env.now())},"completeSince":${JSON.stringify(since)},"entries":[`
  let comma = '\n'
  for await (const rows of readAll(env, filter, PIECE)) {
    const around = await aroundOf(env, rows, view)
    for (const row of rows) {
      const one = tell(row, around, view)
      const entry = entryOf(row, around, view)
      yield comma + JSON.stringify(one ? { ...entry, text: plainText(one.sentence) } : entry)
      comma = ',\n'
    }
  }
  yield '\n]}\n'
}

/** 「この記録を報告する」: one entry with its evidence, sent to the consortium as a case. */
import type { Json } from '../audit/model.ts'
import { readForm } from '../http/forms.ts'
import type { Ctx } from '../http/state.ts'
import { page } from '../http/views.ts'
import { isUuid } from '../input/ids.ts'
import { messages } from '../locales/index.ts'
import { Refusal, type Fields } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import * as rights from '../rights/actions.ts'
import { toldOf } from './compose.ts'
import * as line from './line_queries.ts'
import type { HistoryRow } from './model.ts'
import type { ReportedPage, ReportPage, Told } from './pages.ts'
import { entryAt } from './reading_queries.ts'
import { reportSchema } from './schema.ts'
import { plainText, type View } from './telling.ts'

const views = {
  report: page<ReportPage>('history/report'),
  reported: page<ReportedPage>('history/reported'),
}

type Found = { row: HistoryRow; told: Told; hash: string | undefined }

/** The entry of the address, of this resident alone. @throws Refusal not_found */
async function entryIn(ctx: Ctx, resident: Resident, view: View): Promise<Found> {
  const { env } = ctx.state
  const { entryId } = ctx['params'] as { entryId: string }
  const { at } = ctx.query
  if (!isUuid(entryId) || typeof at !== 'string' || !/^\d{1,14}$/.test(at))
    throw new Refusal('not_found')
  const place = { id: entryId, at: new Date(Number(at)) }
  const row = await entryAt(env.db, resident.id, place, env.now())
  const [told] = row ? await toldOf(env, [row], view) : []
  if (!row || !told) throw new Refusal('not_found')
  return { row, told, hash: await line.leafHashOf(env.db, resident.id, place) }
}

/** Shows the entry with its evidence, and the form. */
export async function showReport(
  ctx: Ctx,
  resident: Resident,
  view: View,
  again?: { text: string; once: string; fields: Fields },
): Promise<void> {
  const { told, hash } = await entryIn(ctx, resident, view)
  views.report(
    ctx,
    {
      facts: factsOf(told, view),
      hash,
      proofHref: hash === undefined ? undefined : `/account/proofs/${told.id}`,
      ...(again ?? { text: '', once: ctx.state.env.newId(), fields: {} }),
    },
    { status: again ? 422 : 200 },
  )
}

/** Everything the entry says, label by label. */
function factsOf(told: Told, { language, w }: View): ReportPage['facts'] {
  const { history: h, frame } = messages[language]
  const rest = told.rest.map(({ items, why }) => h.restOf(w.list(items), why))
  const asked = told.asked.length > 0
  const facts: [string, string | undefined][] = [
    [h.report.at, w.instant(told.at)],
    [h.report.kind, h.kinds[told.kind]],
    [h.report.service, told.service && frame.named(told.service.name, told.service.provider)],
    [h.report.what, plainText(told.sentence)],
    [h.asked, asked ? w.list(told.asked) : undefined],
    [h.given, asked ? w.list(told.given) || h.nothing : undefined],
    [h.rest, asked ? w.list(rest) || h.nothing : undefined],
    [h.report.purposes, w.list(told.purposes) || undefined],
    [h.report.path, told.path],
    [h.report.number, told.id],
  ]
  return facts.flatMap(([label, text]) => (text === undefined ? [] : [{ label, text }]))
}

/** Sends the report and shows its number; the same form posted twice is one report. */
export async function sendReport(ctx: Ctx, resident: Resident, view: View): Promise<void> {
  const { row, hash } = await entryIn(ctx, resident, view)
  const { text = '', once } = readForm(ctx, reportSchema)
  try {
    const entry = { once, text, serviceId: row.service_id, evidence: evidenceOf(row, hash) }
    const { id, number, dueAt } = await rights.report(ctx.state.env, resident, entry)
    views.reported(ctx, {
      number,
      due: dueAt ? view.w.lastDay(dueAt) : undefined,
      caseHref: `/account/requests/${id}`,
    })
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
    await showReport(ctx, resident, view, { text, once, fields: error.details.fields ?? {} })
  }
}

/** Ids, kinds, times and hashes only. */
function evidenceOf(row: HistoryRow, hash: string | undefined): { [key: string]: Json } {
  const { party, path, consent, showing, withheld, why } = row.details
  return {
    entry: row.id,
    kind: row.kind,
    at: row.at.toISOString(),
    service: row.service_id,
    items: row.items,
    ...(party && { party }),
    ...(path !== undefined && { path }),
    ...(consent !== undefined && { consent }),
    ...(showing && { showing }),
    ...(withheld && { withheld }),
    ...(why !== undefined && { why }),
    leaf_hash: hash ?? null,
  }
}

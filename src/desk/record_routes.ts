/** 監査の記録: read, searched and taken along as a file by those who watch over the others (J10). */
import type { Router } from '@koa/router'
import * as audit from '../audit/actions.ts'
import { answerCsv, line } from '../http/csv.ts'
import type { Guards } from '../http/guards.ts'
import { oneText } from '../http/listing.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { endOfDay, periodFaults, startOfDay } from '../input/days.ts'
import { isUuid } from '../input/ids.ts'
import { messages } from '../locales/index.ts'
import * as operators from '../operators/actions.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { COLUMNS, recordCells, recordRow, type RecordPage } from './record_pages.ts'
import * as queries from './record_queries.ts'

const PATH = '/admin/audit'
const FILE = '/admin/audit.csv'
const PER_PAGE = 50
/** Lines of one file; more are taken in several, by dates. */
const MOST = 50_000
const PIECE = 1000

const record = page<RecordPage>('desk/record')

export function recordRoutes(router: Router<State>, guards: Guards): void {
  const watching = guards.operator('auditor', 'administrator', 'privacy_officer')
  router.get(PATH, watching, show)
  router.get(FILE, watching, guards.confirmed, takeAlong)
}

type Values = RecordPage['values']

/** Values of the address, and what is wrong with them: a filter we do not know never means the whole (L1). */
function valuesOf(ctx: Ctx): { values: Values; fields: Fields } {
  const one = (name: keyof Values) => oneText(ctx.query[name], 100)
  const values: Values = {
    q: one('q').normalize('NFKC'),
    actor: queries.ACTOR_KINDS.find((kind) => kind === one('actor')) ?? '',
    from: one('from'),
    to: one('to'),
    order: one('order') === 'oldest' ? 'oldest' : '',
  }
  const fields = periodFaults(values)
  if (one('actor') && !values.actor) fields['actor'] = 'choose'
  return { values, fields }
}

function askedOf(values: Values): queries.Asked {
  return {
    q: values.q,
    actorKind: queries.ACTOR_KINDS.find((kind) => kind === values.actor),
    from: values.from ? startOfDay(values.from) : undefined,
    to: values.to ? endOfDay(values.to) : undefined,
    oldestFirst: values.order === 'oldest',
    after: undefined,
    limit: PER_PAGE,
  }
}

/** `<milliseconds>.<uuid>` of the last line; anything else counts as the first page. */
function cursorOf(text: unknown): queries.Cursor | undefined {
  const [at = '', id, more] = typeof text === 'string' ? text.split('.') : []
  if (!/^\d{1,14}$/.test(at) || !isUuid(id) || more !== undefined) return undefined
  return { at: new Date(Number(at)), id }
}

async function show(ctx: Ctx): Promise<void> {
  const { language } = ctx.state
  const { values, fields } = valuesOf(ctx)
  const wrong = Object.keys(fields).length > 0
  const after = cursorOf(ctx.query['after'])
  const found = wrong ? [] : await events(ctx, { ...askedOf(values), after, limit: PER_PAGE + 1 })
  const shown = found.slice(0, PER_PAGE)
  const last = found.length > PER_PAGE ? shown.at(-1) : undefined
  const href = (path: string, more: Record<string, string> = {}) => {
    const all = Object.entries({ ...values, ...more }).filter(([, value]) => value)
    return all.length ? `${path}?${new URLSearchParams(all).toString()}` : path
  }
  const { actors } = messages[language].desk.record
  const data: RecordPage = {
    values,
    actors: queries.ACTOR_KINDS.map((value) => ({ value, label: actors[value] })),
    fields,
    entries: shown.map((event) => recordRow(event, language)),
    nextHref: last && href(PATH, { after: `${last.at.getTime()}.${last.id}` }),
    firstHref: after && href(PATH),
    exportHref: href(FILE),
  }
  record(ctx, data, wrong ? { status: 422 } : {})
}

/** The same selection as a file; that it was taken along is itself in the record. */
async function takeAlong(ctx: Ctx): Promise<void> {
  const { env, operator } = ctx.state
  if (!operator) throw new Error('a route of the console without its guard')
  const { values, fields } = valuesOf(ctx)
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  const asked = askedOf(values)
  const count = await queries.count(env.db, asked, MOST + 1)
  if (count > MOST) throw new Refusal('invalid_input', { fields: { from: 'too_long' } })
  await audit.record(env, {
    actor: { kind: 'operator', id: operator.id },
    act: 'audit.export',
    object: { kind: 'operator', id: operator.id },
    details: {
      count,
      from: values.from,
      to: values.to,
      actor: values.actor,
      narrowed: values.q !== '',
    },
  })
  answerCsv(ctx, `audit-${env.now().toISOString().slice(0, 10)}.csv`, lines(ctx, asked))
}

/** Events; why somebody looked at a person is put in for those who may read it, also in the file (J10). */
async function events(ctx: Ctx, asked: queries.Asked): Promise<queries.Event[]> {
  const { env, operator } = ctx.state
  const found = await queries.events(env.db, asked)
  if (!operator || !operators.readsReasons(operator.roles)) return found
  const views = found.flatMap(({ view }) => view ?? [])
  const reasons = await operators.viewReasons(env, views)
  const { gone } = messages[ctx.state.language].operators.views
  return found.map((event) =>
    event.view ? { ...event, reason: reasons.get(event.view.id) ?? gone } : event,
  )
}

async function* lines(ctx: Ctx, asked: queries.Asked): AsyncGenerator<string> {
  yield line(COLUMNS)
  let after: queries.Cursor | undefined
  for (let sent = 0; sent < MOST;) {
    const piece = await events(ctx, { ...asked, after, limit: PIECE })
    yield piece.map((event) => line(recordCells(event))).join('')
    sent += piece.length
    const last = piece.at(-1)
    if (!last || piece.length < PIECE) return
    after = { at: last.at, id: last.id }
  }
}

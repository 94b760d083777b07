/** /admin/records and /company/records: the record of articles 29 and 30, read and taken along (M8). */
import { Readable } from 'node:stream'
import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { answerCsv } from '../http/csv.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { oneText } from '../http/listing.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { endOfDay, periodFaults, startOfDay } from '../input/days.ts'
import { isUuid } from '../input/ids.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Area } from '../people/model.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as retention from '../retention/actions.ts'
import * as records from './actions.ts'
import { isSide } from './files.ts'
import { cursorText, type Cursor, type FileType, type Form, type Scope } from './model.ts'
import type { ExportPage, Filters, RecordsPage } from './pages.ts'
import { operatorExport, staffExport } from './schema.ts'

const PATHS: Record<Area, string> = { operator: '/admin/records', staff: '/company/records' }
const PER_PAGE = 25

const VIEWS = {
  operator: {
    list: page<RecordsPage>('records/operator_list'),
    export: page<ExportPage>('records/operator_export'),
  },
  staff: {
    list: page<RecordsPage>('records/staff_list'),
    export: page<ExportPage>('records/staff_export'),
  },
}

export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  const reads = {
    operator: guards.operator('privacy_officer', 'auditor'),
    staff: guards.staff(),
  }
  const takes = {
    operator: guards.operator('privacy_officer'),
    staff: guards.staff('manager'),
  }
  for (const area of ['operator', 'staff'] as const) {
    router.get(PATHS[area], reads[area], (ctx) => show(env, ctx, area))
    const file = `${PATHS[area]}/export`
    router.get(file, takes[area], guards.confirmed, (ctx) => showExport(env, ctx, area))
    router.post(file, takes[area], guards.confirmed, (ctx) => take(env, ctx, area))
  }
  return router
}

const memberOf = ({ state }: Ctx, area: Area): string | undefined =>
  area === 'staff' ? (state.staff?.memberId ?? missing()) : undefined

function missing(): never {
  throw new Refusal('sign_in_required')
}

function filtersOf(from: Record<string, unknown>): Filters {
  const one = (name: keyof Filters) => oneText(from[name], 80)
  return { from: one('from'), to: one('to'), service: one('service') }
}

/** Days that are none, the wrong way round, or a service that is none. */
function faultsOf(values: Filters): Fields {
  const { service } = values
  return {
    ...periodFaults(values),
    ...(service && !isUuid(service) && { service: 'not_valid' }),
  }
}

function scopeOf(env: Env, { from, to, service }: Filters, memberId: string | undefined): Scope {
  const now = new Date(env.now().getTime() + 1)
  const end = to ? endOfDay(to) : now
  return {
    memberId,
    serviceId: service || undefined,
    from: from ? startOfDay(from) : undefined,
    to: end < now ? end : now,
  }
}

/** `<milliseconds>.<uuid>`; anything else counts as the first page. */
function cursorOf(text: unknown): Cursor | undefined {
  const [at = '', id, more] = typeof text === 'string' ? text.split('.') : []
  if (!/^\d{1,14}$/.test(at) || !isUuid(id) || more !== undefined) return undefined
  return { at: new Date(Number(at)), id }
}

const hrefOf = (path: string, values: object) => {
  const all = Object.entries(values).filter(([, value]) => value)
  return all.length ? `${path}?${new URLSearchParams(all as [string, string][]).toString()}` : path
}

async function choices(env: Env, ctx: Ctx, memberId: string | undefined) {
  const { language } = ctx.state
  const t = messages[language]
  const services = await records.servicesFor(env, memberId)
  const label = (one: (typeof services)[number]) =>
    memberId ? one.names[language] : t.frame.named(one.names[language], one.member[language])
  return {
    services,
    options: [
      { value: '', label: t.desk.list.all },
      ...services.map((one) => ({ value: one.id, label: label(one) })),
    ],
  }
}

async function show(env: Env, ctx: Ctx, area: Area): Promise<void> {
  const { language } = ctx.state
  const memberId = memberOf(ctx, area)
  const values = filtersOf(ctx.query)
  const fields = faultsOf(values)
  const wrong = Object.keys(fields).length > 0
  const scope = scopeOf(env, values, memberId)
  const after = cursorOf(ctx.query['after'])
  const totals = wrong ? [] : await records.totalsOf(env, scope)
  const found = wrong ? [] : await records.page(env, scope, { after, limit: PER_PAGE + 1 })
  const shown = found.slice(0, PER_PAGE)
  const last = found.length > PER_PAGE ? shown.at(-1) : undefined
  const removed = wrong ? undefined : await retention.removedIn(env, scope)
  const { services, options } = await choices(env, ctx, memberId)
  const w = words(language)
  const t = messages[language].records
  const name = (id: string) => services.find((one) => one.id === id)
  const path = PATHS[area]
  const may = area === 'staff' ? ctx.state.staff?.role === 'manager' : mayTake(ctx)
  const data: RecordsPage = {
    area,
    path,
    values,
    fields,
    services: options,
    totals: totals
      .map((one) => ({
        company: name(one.serviceId)?.member[language] ?? '—',
        service: name(one.serviceId)?.names[language] ?? '—',
        times: t.times(one.times),
        last: w.dateTime(one.last),
      }))
      .toSorted((a, b) => a.company.localeCompare(b.company, language)),
    all: t.times(totals.reduce((sum, one) => sum + one.times, 0)),
    removed: removed && t.removed(w.dateTime(removed)),
    entries: shown.map((row) => ({
      at: w.instant(row.at),
      receiver: row.receiver.names[language],
      service: row.service[language],
      person: area === 'staff' ? row.sub : undefined,
      items: w.list(row.items.map((item) => item.names[language])),
      consent: w.date(row.consent.agreedAt),
      path: t.paths[row.path],
    })),
    nextHref: last && hrefOf(path, { ...values, after: cursorText(last) }),
    firstHref: after && hrefOf(path, values),
    exportHref: may ? hrefOf(`${path}/export`, values) : undefined,
  }
  VIEWS[area].list(ctx, data, wrong ? { status: 422 } : {})
}

const mayTake = ({ state }: Ctx) => state.operator?.roles.includes('privacy_officer') ?? false

async function showExport(env: Env, ctx: Ctx, area: Area, fields: Fields = {}): Promise<void> {
  const typed = ctx.state.body ?? ctx.query
  const one = (key: string, otherwise: string) => {
    const value = typed[key]
    return typeof value === 'string' && value ? value : otherwise
  }
  const values = filtersOf(typed)
  const { options } = await choices(env, ctx, memberOf(ctx, area))
  const data: ExportPage = {
    area,
    path: `${PATHS[area]}/export`,
    backHref: hrefOf(PATHS[area], values),
    values: {
      ...values,
      side: one('side', 'giver'),
      form: one('form', 'raw'),
      type: one('type', 'csv'),
      reason: one('reason', '').slice(0, 500),
    },
    fields,
    services: options,
  }
  VIEWS[area].export(ctx, data, Object.keys(fields).length ? { status: 422 } : {})
}

type Chosen = { side?: string; form: Form; type: FileType; reason?: string }

/** The file. A company gets its own rows and no others, whatever it asks for. */
async function take(env: Env, ctx: Ctx, area: Area): Promise<void> {
  const { language, operator, staff } = ctx.state
  const values = filtersOf(ctx.state.body ?? {})
  let chosen: Chosen
  try {
    chosen = readForm(ctx, area === 'operator' ? operatorExport : staffExport) as Chosen
    const fields: Fields = faultsOf(values)
    if (chosen.reason !== undefined && !chosen.reason.trim()) fields['reason'] = 'required'
    if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
    return showExport(env, ctx, area, error.details.fields ?? {})
  }
  const who = area === 'operator' ? operator : staff
  if (!who) return missing()
  const id = env.newId()
  const side = area === 'operator' && isSide(chosen.side) ? chosen.side : 'receiver'
  const lines = await records.hand(env, {
    id,
    side,
    form: chosen.form,
    type: chosen.type,
    scope: scopeOf(env, values, memberOf(ctx, area)),
    language,
    actor: { kind: who.kind, id: who.id },
    reason: chosen.reason?.trim(),
  })
  const day = env.now().toISOString().slice(0, 10)
  const name = `provision-records-${side}-${chosen.form}-${day}-${id.slice(0, 8)}.${chosen.type}`
  if (chosen.type === 'csv') return answerCsv(ctx, name, lines)
  ctx.status = 200
  ctx.type = 'application/json; charset=utf-8'
  ctx.set('Content-Disposition', `attachment; filename="${name}"`)
  ctx.body = Readable.from(lines)
}

/** What a disclosure answered at once hands over: files and pages, each behind a password entered a moment ago (J13). */
import type Router from '@koa/router'
import * as audit from '../audit/actions.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { isUuid } from '../input/ids.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Entry } from '../records/model.ts'
import { Refusal, type Fields } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import * as rights from './actions.ts'
import {
  answerRecords,
  answerRegistered,
  pageOf,
  proofHref,
  removedOf,
  removedShown,
  sinceOf,
} from './files.ts'
import { isAnsweredAtOnce, scopeOf } from './filing.ts'
import { confirmHere, confirmed } from './identity.ts'
import type { CaseNow, Step } from './model.ts'
import { PATH, registeredFacts, residentIn, toCase, top } from './own_pages.ts'
import type { ConfirmPage, RecordsPage, RegisteredPage } from './pages.ts'
import * as queries from './queries.ts'
import { passwordSchema } from './schema.ts'

const views = {
  confirm: page<ConfirmPage>('rights/confirm'),
  records: page<RecordsPage>('rights/records'),
  registered: page<RegisteredPage>('rights/registered'),
}

/** Rows on one page. */
const ROWS = 100

export function fileRoutes(router: Router<State>, guards: Guards): void {
  const only = guards.resident
  router.get(`${PATH}/:id/confirm`, only, async (ctx) => {
    const { of } = await answered(ctx)
    const file = ctx.query['file']
    showConfirm(ctx, of, typeof file === 'string' ? file : 'page')
  })
  router.post(`${PATH}/:id/confirm`, only, async (ctx) => {
    const { of } = await answered(ctx)
    try {
      const { password, file } = readForm(ctx, passwordSchema)
      await confirmHere(ctx, password)
      // A file leaves the page as it is: one goes back to the case, where it waits.
      to(ctx, `${PATH}/${idIn(ctx)}${file === 'page' ? '/page' : '?done=confirmed'}`)
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
      const file = ctx.state.body?.['file']
      showConfirm(ctx, of, typeof file === 'string' ? file : 'page', error.details.fields ?? {})
    }
  })
  for (const type of ['csv', 'json'] as const)
    router.get(`${PATH}/:id/file/${type}`, only, (ctx) => file(ctx, type))
  router.get(`${PATH}/:id/page`, only, (ctx) => file(ctx, 'page'))
}

const idIn = (ctx: Ctx): string => (ctx as Ctx & { params: { id?: string } }).params.id ?? ''

type Found = { of: CaseNow; steps: Step[]; resident: Resident }

/** An own case that was answered at once. @throws Refusal not_found */
async function answered(ctx: Ctx): Promise<Found> {
  const resident = await residentIn(ctx)
  const found = await rights.ownCase(ctx.state.env, resident.id, idIn(ctx))
  if (!isAnsweredAtOnce(found.of) || found.of.state !== 'answered') throw new Refusal('not_found')
  return { ...found, resident }
}

function showConfirm(ctx: Ctx, of: CaseNow, file: string, fields: Fields = {}): void {
  const { language } = ctx.state
  const data = {
    path: `${PATH}/${of.id}/confirm`,
    trail: [top(language), toCase(of)],
    file: ['csv', 'json', 'page'].includes(file) ? file : 'page',
    fields,
  }
  views.confirm(ctx, data, { status: Object.keys(fields).length ? 422 : 200 })
}

async function file(ctx: Ctx, type: 'csv' | 'json' | 'page'): Promise<void> {
  const { env } = ctx.state
  const found = await answered(ctx)
  const { of, resident } = found
  const sessionUid = ctx.state.resident?.sessionUid ?? ''
  if (!(await confirmed(env, { residentId: resident.id, sessionUid })))
    return to(ctx, `${PATH}/${of.id}/confirm?file=${type}`)
  await audit.record(env, {
    actor: { kind: 'resident', id: resident.id },
    act: 'rights.handed_over',
    object: { kind: 'rights_case', id: of.id },
    details: { number: of.number, subject: of.subject, type },
  })
  if (type === 'page') return showPage(ctx, found)
  if (of.subject === 'records') return answerRecords(ctx, found, type)
  await answerRegistered(ctx, found, type)
}

async function showPage(ctx: Ctx, { of, steps, resident }: Found): Promise<void> {
  const { env, language } = ctx.state
  const trail = [top(language), toCase(of)]
  if (of.subject === 'records') {
    const { rows, last } = await pageOf(env, of, { after: afterIn(ctx), limit: ROWS })
    const removed = await removedOf(env, of, resident)
    const total = removed
      ? await queries.provisionCount(env.db, scopeOf(of))
      : steps.find(({ step }) => step === 'answered')?.body['rows']
    return void views.records(ctx, {
      ...{ number: of.number, trail, total: typeof total === 'number' ? total : rows.length },
      removed: removed && removedShown(removed, language),
      rows: rows.map((row) => rowShown(row, proofHref(env, row), language)),
      nextHref: last && `${PATH}/${of.id}/page?after=${last.at.getTime()}.${last.id}`,
    })
  }
  const w = words(language)
  const t = messages[language].rights.registered
  const since = await sinceOf(env, resident)
  const items = ['name', 'name', 'birth_year', 'sex', 'email', 'address']
  views.registered(ctx, {
    ...{ number: of.number, trail },
    head: [
      [t.userId, resident.userId],
      [t.created, w.dateTime(resident.createdAt)],
      ...(resident.emailVerifiedAt
        ? [[t.verified, w.dateTime(resident.emailVerifiedAt)] as [string, string]]
        : []),
    ],
    rows: registeredFacts(resident, language).map(([label, value], n) => ({
      ...{ label, value, since: w.date(since(items[n] ?? '')) },
    })),
  })
}

/** `<milliseconds>.<uuid>` of the last row of the page before. */
function afterIn(ctx: Ctx): { at: Date; id: string } | undefined {
  const { after } = ctx.query
  const [, ms, id] = (typeof after === 'string' && /^(\d{1,15})\.(.+)$/.exec(after)) || []
  return ms && isUuid(id) ? { at: new Date(Number(ms)), id } : undefined
}

function rowShown(row: Entry, href: string, language: Language): RecordsPage['rows'][number] {
  const t = messages[language].rights.records
  const w = words(language)
  const { receiver, giver, consent } = row
  return {
    at: w.dateTime(row.at),
    receiver: receiver.names[language],
    facts: [
      [t.address, receiver.address[language]],
      [t.representative, receiver.representative[language]],
      [t.service, row.service[language]],
      [t.items, w.list(row.items.map(({ names }) => names[language]))],
      [t.purposes, w.list(row.purposes.map(({ names }) => names[language]))],
      [t.consent, w.dateTime(consent.agreedAt)],
      [t.path, messages[language].records.paths[row.path]],
      [t.subjectId, row.sub],
      [t.giver, giver.names[language]],
    ],
    proofHref: href,
  }
}

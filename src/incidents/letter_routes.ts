/** The letters themselves: each resident's own, and at the desk those that no mail reached, to be printed. */
import type { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import * as incidents from './actions.ts'
import { letterShown, ofResident } from './composing.ts'
import type { MinePage, PrintPage } from './pages.ts'
import * as queries from './queries.ts'
import { printedSchema } from './schema.ts'
import { bodyOf, holderOf } from './sending.ts'
import { numberOf, PAPER_MS, PATH } from './showing.ts'

const views = {
  mine: page<MinePage>('incidents/mine'),
  print: page<PrintPage>('incidents/print'),
}
/** Letters on one page to be printed. */
const AT_ONCE = 50

type Here = Ctx & { params?: Record<string, string> }

export function letterRoutes(router: Router<State>, env: Env, guards: Guards): void {
  router.get('/account/letters/:id', guards.resident, (ctx) => mine(env, ctx))
  const officer = guards.operator('privacy_officer')
  router.get(`${PATH}/:id/print`, officer, guards.confirmed, (ctx) => print(env, ctx))
  router.post(`${PATH}/:id/printed`, officer, guards.confirmed, (ctx) => printed(env, ctx))
}

/** Nobody but its reader opens a letter. */
async function mine(env: Env, ctx: Here): Promise<void> {
  const residentId = ctx.state.resident?.residentId ?? ''
  const found = await queries.letterOf(env.db, ctx.params?.['id'] ?? '', residentId)
  const resident = found && (await residents.find(env, residentId))
  if (!found || !resident) throw new Refusal('not_found')
  const { language } = ctx.state
  const incident = await incidents.find(env, found.incidentId)
  const all = await queries.findings(env.db, found.incidentId, [residentId])
  const letter = letterShown(env, {
    ...{ language, at: found.at, findings: all.get(residentId) ?? [] },
    number: await numberOf(env, incident),
    holder: (await holderOf(env, incident))[language],
    text: (await bodyOf(env, incident)).letter[language],
    ...ofResident(resident),
  })
  views.mine(ctx, { letter })
}

async function print(env: Env, ctx: Here): Promise<void> {
  const { language, operator } = ctx.state
  if (!operator) throw new Refusal('sign_in_required')
  const incident = await incidents.find(env, ctx.params?.['id'] ?? '')
  const before = new Date(env.now().getTime() - PAPER_MS)
  const asked = { incidentId: incident.id, before, limit: AT_ONCE }
  const rows = await queries.unmailed(env.db, asked)
  const ids = rows.map(({ residentId }) => residentId)
  const open = new Map((await residents.findMany(env, ids)).map((one) => [one.id, one]))
  const all = await queries.findings(env.db, incident.id, ids)
  const body = rows.length ? await bodyOf(env, incident) : undefined
  const [number, holder] = [await numberOf(env, incident), await holderOf(env, incident)]
  const letters = rows.flatMap((row) => {
    const resident = open.get(row.residentId)
    if (!resident || !body) return []
    const at = resident.language
    const letter = letterShown(env, {
      ...{ language: at, at: env.now(), number, holder: holder[at], text: body.letter[at] },
      findings: all.get(row.residentId) ?? [],
      ...ofResident(resident),
    })
    return [{ id: row.id, letter }]
  })
  const shown = rows.filter((row) => open.has(row.residentId)).map(({ residentId }) => residentId)
  await incidents.seen(env, { id: incident.id, residentIds: shown, by: operator })
  const left = await queries.unmailedCount(env.db, incident.id, before)
  views.print(ctx, {
    path: `${PATH}/${incident.id}/printed`,
    backHref: `${PATH}/${incident.id}`,
    number,
    left: messages[language].incidents.letters(left),
    letters,
  })
}

async function printed(env: Env, ctx: Here): Promise<void> {
  const id = ctx.params?.['id'] ?? ''
  const form = readForm(ctx, printedSchema) as { letters: string | string[] }
  const { operator } = ctx.state
  if (!operator) throw new Refusal('sign_in_required')
  const { id: incidentId } = await incidents.find(env, id)
  const letters = typeof form.letters === 'string' ? [form.letters] : form.letters
  await incidents.printed(env, { id: incidentId, letters, by: operator })
  to(ctx, `${PATH}/${incidentId}/print`)
}

import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, Middleware, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import type { Area } from '../people/model.ts'
import { Refusal } from '../refusal.ts'
import * as duties from './actions.ts'
import { casePage, documentPage, type Looking } from './case_page.ts'
import { actForm, openingForm, typedOf, type Asking, type Typed } from './form_page.ts'
import { listPage } from './list_page.ts'
import { KINDS, type Act, type Actor, type Faults, type Kind } from './model.ts'
import { mayTake, NOUNS } from './nouns.ts'
import { offeredOnPaper, onPaper } from './paper.ts'
import type { CasePage, DocumentPage, FormPage, ListPage } from './pages.ts'
import { leakSchemaOf, schemaOf } from './schema.ts'
import { beginPath, PATHS } from './shown.ts'

const VIEWS = {
  operator: {
    list: page<ListPage>('duties/operator_list'),
    one: page<CasePage>('duties/operator_case'),
    form: page<FormPage>('duties/operator_form'),
    document: page<DocumentPage>('duties/operator_document'),
  },
  staff: {
    list: page<ListPage>('duties/staff_list'),
    one: page<CasePage>('duties/staff_case'),
    form: page<FormPage>('duties/staff_form'),
    document: page<DocumentPage>('duties/staff_document'),
  },
}

/** /admin/duties and /company/duties: the same pages for both sides, each act behind the roles that may take it. */
export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  const roles = (area: Area, act: Act): Middleware =>
    area === 'operator' ? guards.operator(...act.operators) : guards.staff(...act.staff)
  for (const area of ['operator', 'staff'] as const) {
    const anybody = area === 'operator' ? guards.operator() : guards.staff()
    const path = PATHS[area]
    router.get(path, anybody, (ctx) => list(env, ctx, area))
    for (const { kind, name, act } of every(area)) {
      if (name === NOUNS[kind].opens) {
        const begin = beginPath(area, kind)
        router.get(begin, roles(area, act), (ctx) => beginForm(env, ctx, { area, kind, name, act }))
        router.post(begin, roles(area, act), (ctx) => begun(env, ctx, { area, kind, name, act }))
      }
      if (act.from.length) {
        const at = `${path}/:id/${kind}/${name}`
        const doors = [roles(area, act), ...(act.fresh ? [guards.confirmed] : [])]
        router.get(at, ...doors, (ctx) => takeForm(env, ctx, { area, kind, name, act }))
        router.post(at, ...doors, (ctx) => taken(env, ctx, { area, kind, name, act }))
      }
      const paper = area === 'operator' && onPaper(act)
      if (paper) {
        const at = `${path}/:id/${kind}/${name}/paper`
        const door: Door = { area, kind, name, act: paper, paper: true }
        router.get(at, roles(area, paper), (ctx) => takeForm(env, ctx, door))
        router.post(at, roles(area, paper), (ctx) => taken(env, ctx, door))
      }
    }
    router.get(`${path}/:id`, anybody, (ctx) => one(env, ctx, area))
    router.get(`${path}/:id/documents/:document`, anybody, (ctx) => document(env, ctx, area))
  }
  router.get('/company/leaks', guards.staff(), (ctx) => {
    ctx.status = 303
    ctx.redirect(`${PATHS.staff}?filter=leak`)
  })
  return router
}

type Door = { area: Area; kind: Kind; name: string; act: Act; paper?: true }

/** Every act somebody of an area may take at all. */
function every(area: Area): Omit<Door, 'area'>[] {
  return KINDS.flatMap((kind) =>
    Object.entries(NOUNS[kind].acts)
      .filter(([, act]) => (area === 'operator' ? act.operators : act.staff).length > 0)
      .map(([name, act]) => ({ kind, name, act })),
  )
}

function actorOf({ state: { operator, staff } }: Ctx, area: Area): Actor {
  if (area === 'operator' && operator) return { side: 'consortium', person: operator }
  if (area === 'staff' && staff) return { side: 'member', person: staff, memberId: staff.memberId }
  throw new Refusal('sign_in_required')
}

/** Who takes the act of a door: from paper, an operator for the company. */
const takerOf = (ctx: Ctx, { area, paper }: Door): Actor => ({
  ...actorOf(ctx, area),
  ...(paper && { side: 'member' }),
})

/** Whether the reader's roles allow an act. */
const mayOf =
  ({ state: { operator, staff } }: Ctx, area: Area) =>
  (act: { operators: readonly string[]; staff: readonly string[] }) =>
    area === 'operator'
      ? (operator?.roles.some((role) => act.operators.includes(role)) ?? false)
      : staff !== undefined && act.staff.includes(staff.role)

const lookingOf = (ctx: Ctx, area: Area): Looking => ({
  area,
  language: ctx.state.language,
  actor: actorOf(ctx, area),
  may: mayOf(ctx, area),
})

async function list(env: Env, ctx: Ctx, area: Area): Promise<void> {
  const asked = { area, actor: actorOf(ctx, area), may: mayOf(ctx, area) }
  VIEWS[area].list(ctx, await listPage(env, ctx, asked))
}

async function one(env: Env, ctx: Ctx, area: Area): Promise<void> {
  VIEWS[area].one(ctx, await casePage(env, param(ctx, 'id'), lookingOf(ctx, area)))
}

async function document(env: Env, ctx: Ctx, area: Area): Promise<void> {
  const asked = { id: param(ctx, 'id'), documentId: param(ctx, 'document') }
  const found = await documentPage(env, asked, lookingOf(ctx, area))
  if (!found) throw new Refusal('not_found')
  VIEWS[area].document(ctx, found)
}

const param = (ctx: Ctx, name: string): string =>
  (ctx as Ctx & { params: Record<string, string> }).params[name] ?? ''

const askingOf = (ctx: Ctx, door: Door, typed: Typed, faults: Faults): Asking => ({
  ...door,
  language: ctx.state.language,
  actor: actorOf(ctx, door.area),
  path: ctx.path,
  typed,
  faults,
})

async function beginForm(env: Env, ctx: Ctx, door: Door): Promise<void> {
  const asked: Typed = { after: ctx.query['after'], flow: ctx.query['flow'] }
  VIEWS[door.area].form(ctx, await openingForm(env, askingOf(ctx, door, asked, {})))
}

type Subject = duties.Subject & { keep?: string }

async function begun(env: Env, ctx: Ctx, door: Door): Promise<void> {
  const typed = ctx.state.body ?? {}
  const actor = actorOf(ctx, door.area)
  const opened = await orSayWhy(
    async () => {
      const schema = door.kind === 'leak' ? leakSchemaOf(door.act) : schemaOf(door.act)
      const form = readForm(ctx, schema) as Typed
      const { keep, once, flow, after, service } = form as Subject
      const subject = {
        ...(once && { once }),
        ...(flow && { flow }),
        ...(after && { after }),
        ...(service && { service }),
      }
      const values = duties.readValues(door.act, form, keep !== 'draft')
      if (keep === 'draft') return duties.saveDraft(env, { id: undefined, subject, values, actor })
      return duties.open(env, { kind: door.kind, subject, values, actor })
    },
    async (faults) =>
      VIEWS[door.area].form(ctx, await openingForm(env, askingOf(ctx, door, typed, faults)), {
        status: 422,
      }),
  )
  if (opened) goTo(ctx, `${PATHS[door.area]}/${opened.id}`)
}

async function takeForm(env: Env, ctx: Ctx, door: Door): Promise<void> {
  const actor = takerOf(ctx, door)
  const of = await duties.find(env, param(ctx, 'id'), actor)
  const { act, kind } = door
  if (of.kind !== kind || !mayTake(act, actor.side, of.receiver)) throw new Refusal('not_found')
  if (!act.from.includes(of.state)) throw new Refusal('wrong_state')
  const around = await duties.aroundCase(env, of)
  const onIt = offeredOnPaper(of, around).some(([name]) => name === door.name)
  if (door.paper && !onIt) throw new Refusal('wrong_state')
  const asking = askingOf(ctx, door, typedOf(act, of), {})
  VIEWS[door.area].form(ctx, await actForm(env, { of, around }, asking))
}

async function taken(env: Env, ctx: Ctx, door: Door): Promise<void> {
  const typed = ctx.state.body ?? {}
  const actor = takerOf(ctx, door)
  const of = await duties.find(env, param(ctx, 'id'), actor)
  if (of.kind !== door.kind) throw new Refusal('not_found')
  const done = await orSayWhy(
    async () => {
      const drafted = of.kind === 'leak' && door.name === 'notify'
      const form = readForm(ctx, drafted ? leakSchemaOf(door.act) : schemaOf(door.act)) as Typed
      const keeps = drafted && form['keep'] === 'draft'
      const values = duties.readValues(door.act, form, !keeps)
      if (keeps) return duties.saveDraft(env, { id: of.id, subject: {}, values, actor })
      const { name, paper = false } = door
      return duties.take(env, { id: of.id, name, values, actor, paper })
    },
    async (faults) => {
      const around = await duties.aroundCase(env, of)
      const asking = askingOf(ctx, door, typed, faults)
      VIEWS[door.area].form(ctx, await actForm(env, { of, around }, asking), { status: 422 })
    },
  )
  if (done) goTo(ctx, `${PATHS[door.area]}/${done.id}`)
}

/** Does it, or shows the same form with what is wrong (422), the input kept. */
async function orSayWhy<T>(
  work: () => Promise<T>,
  say: (faults: Faults) => Promise<unknown>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
    const { fields = {}, faults } = error.details
    const plain = Object.fromEntries(Object.entries(fields).map(([name, rule]) => [name, { rule }]))
    await say((faults as Faults | undefined) ?? plain)
    return undefined
  }
}

function goTo(ctx: Ctx, path: string): void {
  ctx.status = 303
  ctx.redirect(path)
}

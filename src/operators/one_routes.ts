import type Router from '@koa/router'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { dayOf, startOfDay } from '../input/days.ts'
import { words } from '../locales/words.ts'
import { CONFIRMED_SECONDS } from '../people/model.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { newBox, newRights, reasonIn } from './form.ts'
import { hasRights, type OperatorChange, type OperatorKept } from './model.ts'
import type { OperatorPage } from './pages.ts'
import { changeOf, end, endBox, propose } from './rights.ts'
import { boxSchema, endBoxSchema, reasonSchema, rightsSchema } from './schema.ts'
import { formIn, self, stateOf } from './shown.ts'
import * as store from './store.ts'

const view = page<OperatorPage>('operators/one')
const PATH = '/admin/operators'
const DONE = ['ended', 'box'] as const
type Faulty = NonNullable<OperatorPage['faulty']>

/** One operator: history, and what administrators may do about their rights. */
export function oneRoutes(router: Router<State>, guards: Guards): void {
  const one = `${PATH}/:id`
  const only = guards.operator('administrator')
  const fresh = guards.confirmed
  const readers = guards.operator('administrator', 'approver', 'auditor')
  router.get(one, readers, async (ctx) => show(ctx, await subjectIn(ctx)))

  const asks = (name: Faulty, change: (ctx: Ctx) => OperatorChange) =>
    router.post(`${one}/${name}`, only, fresh, (ctx) =>
      tried(ctx, name, async (subject) => {
        const asked = { subjectId: subject.id, change: change(ctx), by: self(ctx) }
        const { id } = await propose(ctx.state.env, asked)
        return `${PATH}/proposals/${id}`
      }),
    )
  asks('rights', (ctx) => newRights(readForm(ctx, rightsSchema), ctx.state.env.now()))
  asks('boxed', (ctx) => newBox(readForm(ctx, boxSchema), ctx.state.env.now()))
  asks('renew', (ctx) => ({
    change: 'renew',
    reason: reasonIn(readForm(ctx, reasonSchema), ctx.state.env.now()),
  }))

  router.post(`${one}/end`, only, fresh, (ctx) =>
    tried(ctx, 'end', async ({ id }) => {
      const reason = reasonIn(readForm(ctx, reasonSchema), ctx.state.env.now())
      await end(ctx.state.env, { operatorId: id, reason, by: self(ctx) })
      return `${PATH}/${id}?done=ended`
    }),
  )
  router.post(`${one}/boxed/end`, only, fresh, async (ctx) => {
    const { id } = await subjectIn(ctx)
    const boxId = readForm(ctx, endBoxSchema).id
    await endBox(ctx.state.env, { operatorId: id, boxId, by: self(ctx) })
    to(ctx, `${PATH}/${id}?done=box`)
  })
}

/** @throws Refusal not_found */
async function subjectIn(ctx: Ctx): Promise<OperatorKept> {
  const found = await store.byId(ctx.state.env.db, String(ctx['params']['id']))
  if (!found) throw new Refusal('not_found')
  return found
}

async function tried(
  ctx: Ctx,
  faulty: Faulty,
  deed: (subject: OperatorKept) => Promise<string>,
): Promise<void> {
  const subject = await subjectIn(ctx)
  try {
    to(ctx, await deed(subject))
  } catch (error) {
    await show(ctx, subject, { faulty, fields: fieldsIn(error) })
  }
}

async function show(
  ctx: Ctx,
  subject: OperatorKept,
  wrong?: { faulty: Faulty; fields: Fields },
): Promise<void> {
  const { env, language } = ctx.state
  const reader = self(ctx)
  const { date, dateTime } = words(language)
  const today = dayOf(env.now())
  const changes = await store.changes(env.db, subject.id)
  const names = await store.names(
    env.db,
    changes.map(({ byId }) => byId),
  )
  const filter = { kinds: ['operator'] as const, states: ['proposed'] as const }
  const open = await reviews.list(env, { ...filter, subjectId: subject.id })
  const age = env.now().getTime() - reader.confirmedAt.getTime()
  const path = `${PATH}/${subject.id}`
  const may = {
    fresh: age < CONFIRMED_SECONDS * 1000,
    confirmHref: `/admin/confirm?to=${encodeURIComponent(path)}`,
  }
  const data: OperatorPage = {
    id: subject.id,
    name: subject.name,
    email: subject.email,
    lasting: subject.lasting,
    boxed: subject.boxed.map(({ id, role, endsOn, reason }) => {
      const lastDay = date(startOfDay(endsOn))
      return { id, role, lastDay, reason, over: !hasRights({ endsOn }, today) }
    }),
    lastDay: date(startOfDay(subject.endsOn)),
    state: stateOf(subject, today),
    history: changes.map(({ change, at, byId, reason }) => ({
      change,
      at: dateTime(at),
      who: names.get(byId) ?? '—',
      reason: reason ?? undefined,
    })),
    open: open.map((one) => ({
      href: `${PATH}/proposals/${one.id}`,
      change: changeOf(one).change,
    })),
    may: reader.roles.includes('administrator') ? may : undefined,
    form: formIn(ctx, subject),
    faulty: wrong?.faulty,
    fields: wrong?.fields ?? {},
    done: DONE.find((name) => name === ctx.query['done']),
  }
  view(ctx, data, { status: wrong ? 422 : 200, ...(wrong && { here: '' as const }) })
}

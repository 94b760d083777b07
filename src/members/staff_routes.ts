import { Router } from '@koa/router'
import { dayOf } from '../input/days.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import type { StaffHere } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import type { Typed } from './application.ts'
import { typedIn, wrongFields } from './apply_routes.ts'
import { staffLine, type StaffOnePage, type StaffPage } from './company_pages.ts'
import { inviteSchema, staffSchema } from './forms.ts'
import { confirmHref } from './review_routes.ts'
import {
  addStaff,
  changeStaff,
  endStaff,
  inviteAgain,
  needStaff,
  readStaff,
  staffOf,
} from './staffing.ts'

const views = {
  list: page<StaffPage>('members/staff'),
  one: page<StaffOnePage>('members/staff_one'),
}

const PATH = '/company/staff'

/** The people of a company, by its managers alone; another company's are not there (J2, J9). */
export function staffRoutes(router: Router<State>, guards: Guards): void {
  const manager = guards.staff('manager')
  router.get(PATH, manager, (ctx) => showList(ctx))
  router.post(PATH, manager, guards.confirmed, async (ctx) => {
    const { env, language } = ctx.state
    const by = here(ctx)
    try {
      const asked = readStaff(readForm(ctx, inviteSchema) as Typed, dayOf(env.now()))
      await addStaff(env, { ...asked, memberId: by.memberId, by, language })
      to(ctx, `${PATH}?done=sent`)
    } catch (error) {
      await showList(ctx, wrongFields(error))
    }
  })
  router.get(`${PATH}/:id`, manager, (ctx) => showOne(ctx))
  router.post(`${PATH}/:id`, manager, guards.confirmed, (ctx) =>
    act(ctx, 'done', (whom) => changeStaff(ctx.state.env, whom, readForm(ctx, staffSchema))),
  )
  router.post(`${PATH}/:id/end`, manager, guards.confirmed, (ctx) =>
    act(ctx, 'done', (whom) => {
      readForm(ctx, nothingSchema)
      return endStaff(ctx.state.env, whom)
    }),
  )
  router.post(`${PATH}/:id/invite`, manager, guards.confirmed, (ctx) =>
    act(ctx, 'sent', (whom) => {
      readForm(ctx, nothingSchema)
      return inviteAgain(ctx.state.env, whom, ctx.state.language)
    }),
  )
}

function here(ctx: Ctx): StaffHere {
  if (!ctx.state.staff) throw new Refusal('sign_in_required')
  return ctx.state.staff
}

type Whom = { memberId: string; staffId: string; by: StaffHere }

async function act(ctx: Ctx, done: string, step: (whom: Whom) => Promise<void>): Promise<void> {
  const by = here(ctx)
  try {
    await step({ memberId: by.memberId, staffId: String(ctx['params']['id']), by })
    to(ctx, `${PATH}?done=${done}`)
  } catch (error) {
    await showOne(ctx, wrongFields(error))
  }
}

async function showList(ctx: Ctx, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const { id: self, memberId } = here(ctx)
  const at = { today: dayOf(env.now()), language, self }
  const asked = ctx.query['done']
  const shown: StaffPage = {
    people: (await staffOf(env, memberId)).map((one) => staffLine(one, at)),
    values: typedIn(ctx),
    fields,
    done: asked === 'done' || asked === 'sent' ? asked : undefined,
    confirmHref: confirmHref(ctx),
  }
  views.list(ctx, shown, { status: Object.keys(fields).length ? 422 : 200 })
}

async function showOne(ctx: Ctx, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const { id: self, memberId } = here(ctx)
  const found = await needStaff(env, memberId, String(ctx['params']['id']))
  const at = { today: dayOf(env.now()), language, self }
  const values = { role: found.role, ends_on: found.endsOn ?? '', ...typedIn(ctx) }
  const shown = { one: staffLine(found, at), values, fields, confirmHref: confirmHref(ctx) }
  views.one(ctx, shown, { status: Object.keys(fields).length ? 422 : 200 })
}

import { Router } from '@koa/router'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages } from '../locales/index.ts'
import type { StaffHere } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { typedProfile, type Typed } from './application.ts'
import { typedIn, wrongFields } from './apply_routes.ts'
import {
  askToLeave,
  changeContact,
  changeOf,
  openChange,
  propose,
  isCompanys,
  withdrawChange,
} from './changing.ts'
import { profileSections, type ChangePage, type ProfilePage } from './company_pages.ts'
import { versionsOf } from './console_routes.ts'
import { decideSchema } from '../reviews/schema.ts'
import { contactSchema, leaveSchema, profileChangeSchema } from './forms.ts'
import * as queries from './queries.ts'
import { confirmHref } from './review_routes.ts'
import { staffRoutes } from './staff_routes.ts'

const views = {
  profile: page<ProfilePage>('members/profile'),
  change: page<ChangePage>('members/change'),
  contact: page<ChangePage>('members/contact'),
  leave: page<ChangePage>('members/leave'),
}

const PATH = '/company/profile'
type Form = 'change' | 'contact' | 'leave'

/** A company's own pages on itself and its people; only ever of the company of who is signed in (J2). */
export function portalRoutes(router: Router<State>, guards: Guards): void {
  const manager = guards.staff('manager')
  router.get(PATH, guards.staff(), show)
  router.get(`${PATH}/change`, manager, async (ctx) => {
    const open = await openChange(ctx.state.env, here(ctx).memberId)
    const change = open && changeOf(open)
    const { member } = await own(ctx)
    const values =
      change && change.change !== 'left'
        ? { ...typedProfile(change.profile), change: change.change, note: change.note }
        : typedProfile(member)
    await form(ctx, 'change', values)
  })
  router.post(`${PATH}/change`, manager, (ctx) =>
    act(ctx, 'change', async (env, by) => {
      const { hash, ...typed } = readForm(ctx, profileChangeSchema) as Typed
      await propose(env, { memberId: by.memberId, by, typed, hash })
    }),
  )
  router.get(`${PATH}/contact`, manager, async (ctx) =>
    form(ctx, 'contact', typedProfile((await own(ctx)).member)),
  )
  router.post(`${PATH}/contact`, manager, guards.confirmed, (ctx) =>
    act(ctx, 'contact', (env, by) => changeContact(env, by, readForm(ctx, contactSchema) as Typed)),
  )
  router.get(`${PATH}/leave`, manager, (ctx) => form(ctx, 'leave', {}))
  router.post(`${PATH}/leave`, manager, guards.confirmed, (ctx) =>
    act(ctx, 'leave', async (env, by) => {
      const { hash, ...typed } = readForm(ctx, leaveSchema) as Typed
      await askToLeave(env, { memberId: by.memberId, by, typed, hash })
    }),
  )
  router.post(`${PATH}/withdraw`, manager, async (ctx) => {
    const by = here(ctx)
    const { hash } = readForm(ctx, decideSchema)
    await withdrawChange(ctx.state.env, { memberId: by.memberId, by, hash })
    to(ctx, PATH)
  })
  staffRoutes(router, guards)
}

/** Who is at the portal; the guard saw to it. */
function here(ctx: Ctx): StaffHere {
  if (!ctx.state.staff) throw new Refusal('sign_in_required')
  return ctx.state.staff
}

async function own(ctx: Ctx) {
  const { env } = ctx.state
  const found = await queries.oneById(env.db, here(ctx).memberId, env.now())
  if (!found) throw new Refusal('not_found')
  return found
}

async function act(
  ctx: Ctx,
  view: Form,
  step: (env: State['env'], by: StaffHere) => Promise<void>,
): Promise<void> {
  try {
    await step(ctx.state.env, here(ctx))
    to(ctx, view === 'contact' ? `${PATH}?done=1` : PATH)
  } catch (error) {
    await form(ctx, view, typedIn(ctx), wrongFields(error))
  }
}

async function form(ctx: Ctx, view: Form, values: ChangePage['values'], fields: Fields = {}) {
  const { env, language } = ctx.state
  const { member } = await own(ctx)
  const open = await openChange(env, member.id)
  const returned = open?.state === 'returned' ? open : undefined
  const given: ChangePage = {
    company: member.names[language],
    action: `${PATH}/${view}`,
    back: PATH,
    desk: false,
    values,
    fields,
    hash: returned?.hash,
    note: returned && (await noteOf(ctx, returned.id)),
    confirmHref: view === 'change' ? undefined : confirmHref(ctx),
  }
  views[view](ctx, given, { status: Object.keys(fields).length ? 422 : 200 })
}

async function noteOf(ctx: Ctx, proposalId: string): Promise<string | undefined> {
  const turns = await reviews.turns(ctx.state.env, proposalId)
  return turns.findLast(({ turn }) => turn === 'returned')?.note ?? undefined
}

async function show(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const { member } = await own(ctx)
  const versions = await versionsOf(ctx, member.id)
  const open = await openChange(env, member.id)
  const change = open && changeOf(open)
  const { changes } = messages[language].companies.member
  views.profile(ctx, {
    name: member.names[language],
    corporateNumber: member.corporateNumber,
    status: member.status,
    version: member.version,
    since: versions[0]?.at ?? '',
    sections: profileSections(member, language),
    versions,
    open: open &&
      change && {
        what: changes[change.change],
        state: open.state,
        note: open.state === 'returned' ? await noteOf(ctx, open.id) : undefined,
        hash: (await isCompanys(env, open.id)) ? open.hash : undefined,
        href: `${PATH}/${change.change === 'left' ? 'leave' : 'change'}`,
      },
    manager: here(ctx).role === 'manager',
    done: ctx.query['done'] === '1',
  })
}

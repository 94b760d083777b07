/** Who is at the portal: staff of one company, with a cookie and session of their own (G9, J2). */
import { cookie } from '../http/cookies.ts'
import type { RoleGuard } from '../http/guards.ts'
import type { Ctx, Middleware } from '../http/state.ts'
import { leadTo } from '../http/sign_in.ts'
import { page } from '../http/views.ts'
import * as people from '../people/actions.ts'
import { marksOf } from '../people/model.ts'
import { STAFF_ROLES, type StaffHere, type StaffRole } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as members from './actions.ts'
import { mayWork, type Staff } from './model.ts'
import { stoppedPage, type StoppedPage } from './stopping_pages.ts'

const stopped = page<StoppedPage>('members/stopped')

export const STAFF_COOKIE = { name: 'staff', path: '/company' } as const

/** Lets in staff of a company that is not stopped, with one of these roles; any role where none is named (J1, J9). */
export function staffGuard(...roles: StaffRole[]): RoleGuard<StaffRole> {
  const allows = roles.length ? roles : STAFF_ROLES
  const guard: Middleware = async (ctx, next) => {
    const staff = ctx.state.staff ?? (await recognise(ctx))
    if (staff === 'stopped') return
    if (!staff) return leadTo(ctx, '/company/login')
    if (!allows.includes(staff.role)) throw new Refusal('role_missing')
    ctx.state.staff = staff
    await next()
  }
  return Object.assign(guard, { area: 'staff' as const, allows })
}

/** @returns `stopped` where the company is: then the page that says so is drawn already */
async function recognise(ctx: Ctx): Promise<StaffHere | 'stopped' | undefined> {
  const { env } = ctx.state
  const bearer = cookie(ctx, STAFF_COOKIE.name, STAFF_COOKIE.path)
  const session = bearer && (await people.recognise(env, 'staff', bearer))
  if (!session) return undefined
  const found = await members.staffWhoMayRead(env, session.holderId)
  if (!found) return undefined
  if (!mayWork(found.memberStatus)) {
    await showStopped(ctx, found)
    return 'stopped'
  }
  return {
    kind: 'staff',
    id: found.id,
    memberId: found.memberId,
    name: found.name,
    role: found.role,
    marks: marksOf(env.secrets.people, found),
    session: session.id,
    confirmedAt: session.confirmedAt,
  }
}

/** All that is left of the portal to a stopped company (S-51): that it is, since when and why, and what it owes. */
async function showStopped(ctx: Ctx, { memberId, memberStatus }: Staff): Promise<void> {
  const { env, language } = ctx.state
  const stop = await members.stopOf(env, memberId)
  const owed = await members.owedOf(env, memberId)
  const { contact } = env.config.installation
  const about = { status: memberStatus, owed, contact, language, now: env.now() }
  stopped(ctx, stoppedPage(stop, about), { status: 403 })
}

/** Who is at the portal: staff of one company, with a cookie and session of their own (G9, J2). */
import { cookie } from '../http/cookies.ts'
import type { RoleGuard } from '../http/guards.ts'
import type { Ctx, Middleware } from '../http/state.ts'
import { leadTo } from '../http/sign_in.ts'
import * as people from '../people/actions.ts'
import { marksOf } from '../people/model.ts'
import { STAFF_ROLES, type StaffHere, type StaffRole } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as members from './actions.ts'

export const STAFF_COOKIE = { name: 'staff', path: '/company' } as const

/** Lets in staff of a company that is not stopped, with one of these roles; any role where none is named (J1, J9). */
export function staffGuard(...roles: StaffRole[]): RoleGuard<StaffRole> {
  const allows = roles.length ? roles : STAFF_ROLES
  const guard: Middleware = async (ctx, next) => {
    const staff = ctx.state.staff ?? (await recognise(ctx))
    if (!staff) return leadTo(ctx, '/company/login')
    if (!allows.includes(staff.role)) throw new Refusal('role_missing')
    ctx.state.staff = staff
    await next()
  }
  return Object.assign(guard, { area: 'staff' as const, allows })
}

async function recognise(ctx: Ctx): Promise<StaffHere | undefined> {
  const { env } = ctx.state
  const bearer = cookie(ctx, STAFF_COOKIE.name, STAFF_COOKIE.path)
  const session = bearer && (await people.recognise(env, 'staff', bearer))
  if (!session) return undefined
  const found = await members.staffInOffice(env, session.holderId)
  if (!found) return undefined
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

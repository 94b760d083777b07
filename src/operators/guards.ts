/** Who is at the console: its own cookie and session, never a resident's or a company's (G9). */
import { cookie } from '../http/cookies.ts'
import type { RoleGuard } from '../http/guards.ts'
import { leadTo } from '../http/sign_in.ts'
import type { Ctx, Middleware } from '../http/state.ts'
import { CONFIRMED_SECONDS } from '../people/model.ts'
import * as people from '../people/actions.ts'
import { OPERATOR_ROLES, type OperatorHere, type OperatorRole } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as operators from './actions.ts'

export const OPERATOR_COOKIE = { name: 'operator', path: '/admin' } as const

/** Lets in operators in office with one of these roles; any role where none is named (J1). */
export function operatorGuard(...roles: OperatorRole[]): RoleGuard<OperatorRole> {
  const allows = roles.length ? roles : OPERATOR_ROLES
  const guard: Middleware = async (ctx, next) => {
    const operator = ctx.state.operator ?? (await recognise(ctx))
    if (!operator) return leadTo(ctx, '/admin/login')
    if (!operator.roles.some((role) => allows.includes(role))) throw new Refusal('role_missing')
    ctx.state.operator = operator
    await next()
  }
  return Object.assign(guard, { area: 'operator' as const, allows })
}

async function recognise(ctx: Ctx): Promise<OperatorHere | undefined> {
  const { env } = ctx.state
  const bearer = cookie(ctx, OPERATOR_COOKIE.name, OPERATOR_COOKIE.path)
  const session = bearer && (await people.recognise(env, 'operator', bearer))
  if (!session) return undefined
  const found = await operators.inOffice(env, session.holderId)
  if (!found) return undefined
  return {
    kind: 'operator',
    id: found.id,
    name: found.name,
    roles: found.roles,
    marks: operators.marks(env, found),
    session: session.id,
    confirmedAt: session.confirmedAt,
  }
}

/** After a guard of the console or the portal: a second factor at most five minutes old (J6). */
export const confirmedGuard: Middleware = async (ctx, next) => {
  const { env, operator, staff } = ctx.state
  const here = operator ?? staff
  const oldest = env.now().getTime() - CONFIRMED_SECONDS * 1000
  if (here && here.confirmedAt.getTime() >= oldest) return next()
  leadTo(ctx, `/${operator ? 'admin' : 'company'}/confirm`, 'confirmation_needed')
}

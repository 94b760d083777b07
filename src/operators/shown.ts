/** How an operator stands, and what a form of rights held, for the pages. */
import type { Ctx } from '../http/state.ts'
import { dayOf } from '../input/days.ts'
import type { OperatorHere } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import { hasRights, type OperatorKept } from './model.ts'
import type { ListedOperator, RightsForm } from './pages.ts'

const SOON_MS = 30 * 86_400_000

export function stateOf(one: OperatorKept, today: string): ListedOperator['state'] {
  if (!hasRights(one, today)) return 'ended'
  if (!one.equipped) return 'invited'
  const soon = dayOf(new Date(Date.parse(`${today}T00:00:00+09:00`) + SOON_MS))
  return one.endsOn <= soon ? 'soon' : 'in_office'
}

/** What was typed, else what stands. */
export function formIn(ctx: Ctx, one?: OperatorKept): RightsForm {
  const body = ctx.state.body ?? {}
  const text = (name: string, otherwise = '') => {
    const value = body[name]
    return typeof value === 'string' ? value : otherwise
  }
  const roles = body['roles']
  const ticked = Array.isArray(roles) ? roles.map(String) : [text('roles')].filter(Boolean)
  return {
    name: text('name'),
    email: text('email'),
    number: text('number'),
    roles: ticked.length ? ticked : (one?.lasting ?? []),
    role: text('role'),
    ends: text('ends', one?.endsOn ?? ''),
    reason: text('reason'),
  }
}

/** Who is here, after the guard. */
export function self(ctx: Ctx): OperatorHere {
  if (!ctx.state.operator) throw new Refusal('sign_in_required')
  return ctx.state.operator
}

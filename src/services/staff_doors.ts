/** What every route of `/company/services` begins and ends with. */
import type { Ctx } from '../http/state.ts'
import type { Fault } from '../input/faults.ts'
import * as members from '../members/actions.ts'
import type { StaffHere } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as drafts from './drafts.ts'
import { headOf, type Head, type Tab } from './staff_pages.ts'

export function staffOf(ctx: Ctx): StaffHere {
  if (!ctx.state.staff) throw new Refusal('sign_in_required')
  return ctx.state.staff
}

/** The service of the address. @throws Refusal not_found, the same for what is another company's (J2) */
export function own(ctx: Ctx): Promise<drafts.Mine> {
  const { id } = ctx['params'] as { id?: string }
  return drafts.mine(ctx.state.env, id ?? '', staffOf(ctx).memberId)
}

export async function headFor(ctx: Ctx, mine: drafts.Mine, tab: Tab): Promise<Head> {
  const { env, language } = ctx.state
  const member = await members.byId(env, staffOf(ctx).memberId)
  return headOf(mine, { tab, provider: member?.names[language] ?? '', language })
}

/** The faults of a form, by JSON Pointer; undefined for any other error. */
export function faultsIn(error: unknown): Fault[] | undefined {
  if (!(error instanceof Refusal) || error.reason !== 'invalid_input') return undefined
  const faults = error.details['faults']
  return Array.isArray(faults) ? (faults as Fault[]) : undefined
}

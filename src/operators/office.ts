/** Who is an operator at this moment, and what shows the person behind the account. */
import type { Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import { marksOf } from '../people/model.ts'
import { hasRights, rolesOn, type Operator } from './model.ts'
import * as store from './store.ts'

/** An operator whose rights stand today, with the roles that count today (J5). */
export async function inOffice(env: Env, id: string): Promise<Operator | undefined> {
  const found = await store.byId(env.db, id)
  const today = dayOf(env.now())
  return found && hasRights(found, today) ? { ...found, roles: rolesOn(found, today) } : undefined
}

/** What shows the person behind the account (J4). */
export function marks(
  env: Env,
  { email, name, numberMark }: Pick<Operator, 'email' | 'name' | 'numberMark'>,
): string[] {
  return [...marksOf(env.secrets.people, { email, name }), ...(numberMark ? [numberMark] : [])]
}

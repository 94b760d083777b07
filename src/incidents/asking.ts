/** What the routes of a round have in common. */
import type { Ctx } from '../http/state.ts'
import type { OperatorHere } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { PATH } from './showing.ts'

export type Here = Ctx & { params?: Record<string, string> }

export const idOf = (ctx: Here): string => ctx.params?.['id'] ?? ''

export function whoIs({ state: { operator } }: Ctx): OperatorHere {
  if (!operator) throw new Refusal('sign_in_required')
  return operator
}

export function to(ctx: Ctx, id: string): void {
  ctx.status = 303
  ctx.redirect(`${PATH}/${id}`)
}

export const typedText = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The fields of a refused form; every other error goes on. */
export function fieldsIn(error: unknown): Fields {
  if (error instanceof Refusal && error.reason === 'invalid_input' && error.details.fields)
    return error.details.fields
  throw error
}

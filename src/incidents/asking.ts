/** What the routes of a round have in common. */
import type { Ctx } from '../http/state.ts'
import type { OperatorHere } from '../persons.ts'
import { Refusal } from '../refusal.ts'

export type Here = Ctx & { params?: Record<string, string> }

export const idOf = (ctx: Here): string => ctx.params?.['id'] ?? ''

export function whoIs({ state: { operator } }: Ctx): OperatorHere {
  if (!operator) throw new Refusal('sign_in_required')
  return operator
}

export const typedText = (value: unknown): string => (typeof value === 'string' ? value : '')

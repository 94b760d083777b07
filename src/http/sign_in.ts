/** What a guard of the console or the portal does with somebody it does not know, or not well enough. */
import { Refusal } from '../refusal.ts'
import type { Ctx } from './state.ts'

/** Leads a reader to `page` and back; refuses, with `reason`, what would have changed something. */
export function leadTo(
  ctx: Ctx,
  page: string,
  reason: 'sign_in_required' | 'confirmation_needed' = 'sign_in_required',
): void {
  if (ctx.method !== 'GET') throw new Refusal(reason)
  ctx.status = 303
  ctx.redirect(`${page}?to=${encodeURIComponent(ctx.url)}`)
}

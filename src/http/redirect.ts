import type { Ctx } from './state.ts'

/** Leads on by GET, also after a form (303: nothing is posted again; A14). */
export function to(ctx: Ctx, address: string): void {
  ctx.status = 303
  ctx.redirect(address)
}

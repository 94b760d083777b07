import type { Ctx, Middleware } from './state.ts'

/** Who may enter a route. Made by `oidc/guards.ts`, handed to each room's `routes`. */
export type Guards = {
  /** A signed-in resident; others are led to /login and back. Fills `ctx.state.resident`. */
  resident: Middleware
  /** Fills `ctx.state.resident` where somebody is signed in; lets everybody pass. */
  anyone: Middleware
  /** Signs this browser in: the same session for /account and for every service. A session of somebody else ends first. */
  openSession: (ctx: Ctx, account: { residentId: string; userId: string }) => Promise<void>
  /** Signs this browser out, here and towards every service. */
  closeSession: (ctx: Ctx) => Promise<void>
}

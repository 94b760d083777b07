import type { Middleware } from './state.ts'

/** Who may enter a route. Made by `oidc/guards.ts`, handed to each room's `routes`. */
export type Guards = {
  /** A signed-in resident; others are led to /login and back. Fills `ctx.state.resident`. */
  resident: Middleware
  /** Fills `ctx.state.resident` where somebody is signed in; lets everybody pass. */
  anyone: Middleware
}

import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import type { Middleware, State } from '../http/state.ts'
import { prepareDecoy } from '../passwords/hashing.ts'
import { accountRoutes } from './account_routes.ts'
import { confirmRoutes } from './confirm_routes.ts'
import type { Door } from './door.ts'
import { invitationRoutes } from './invitation_routes.ts'
import { loginRoutes } from './login_routes.ts'

export type { Door } from './door.ts'

/**
 * Signing in to console and portal: the same pages at both doors.
 *
 * @param fresh `guards.confirmed`
 */
export function routes(env: Env, fresh: Middleware, doors: readonly Door[]): Router<State> {
  const router = new Router<State>()
  void prepareDecoy(env.secrets.pepper).catch(() => {})
  for (const door of doors) {
    loginRoutes(router, door)
    invitationRoutes(router, door)
    confirmRoutes(router, door)
    accountRoutes(router, door, fresh)
  }
  return router
}

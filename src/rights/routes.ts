import { Router } from '@koa/router'
import type { Guards } from '../http/guards.ts'
import type { State } from '../http/state.ts'
import { deskRoutes } from './desk_routes.ts'
import { ownRoutes } from './own_routes.ts'

/** The resident's requests and the desk that answers them. */
export function routes(guards: Guards): Router<State> {
  const router = new Router<State>()
  ownRoutes(router, guards)
  deskRoutes(router, guards)
  return router
}

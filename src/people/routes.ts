import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import type { State } from '../http/state.ts'
import { prepareDecoy } from '../passwords/hashing.ts'
import type { Door } from './door.ts'
import { loginRoutes } from './login_routes.ts'

export type { Door } from './door.ts'

/** Signing in to console and portal: the same pages at both doors. */
export function routes(env: Env, doors: readonly Door[]): Router<State> {
  const router = new Router<State>()
  void prepareDecoy(env.secrets.pepper).catch(() => {})
  for (const door of doors) loginRoutes(router, door)
  return router
}

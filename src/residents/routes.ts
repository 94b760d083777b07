/** Sign-up, sign-in and the resident's own account (pages.md R1, R4). */
import Router from '@koa/router'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import type { State } from '../http/state.ts'
import { accountRoutes } from './account_routes.ts'
import { prepareDecoy } from '../passwords/hashing.ts'
import { linkRoutes } from './link_routes.ts'
import { commonWords } from '../passwords/rules.ts'
import { securityRoutes } from './security_routes.ts'
import { signInRoutes } from './sign_in_routes.ts'
import { signUpRoutes } from './sign_up_routes.ts'

/** Whether a live dataset exists: only then is consent to collection asked for (S-08). */
export type CollectionOffered = (env: Env) => Promise<boolean>

export function routes(
  env: Env,
  guards: Guards,
  collectionOffered: CollectionOffered = () => Promise.resolve(false),
): Router<State> {
  // Read and made before anybody waits for them; a failure shows at the first use.
  void commonWords().catch(() => undefined)
  void prepareDecoy(env.secrets.pepper).catch(() => undefined)
  const router = new Router<State>()
  signUpRoutes(router, guards, collectionOffered)
  linkRoutes(router, guards)
  signInRoutes(router, guards)
  accountRoutes(router, guards, collectionOffered)
  securityRoutes(router, guards)
  return router
}

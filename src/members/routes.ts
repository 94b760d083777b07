import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import { publicJson } from '../http/public.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import * as members from './actions.ts'
import { applyRoutes } from './apply_routes.ts'
import { consoleRoutes } from './console_routes.ts'
import { portalRoutes } from './portal_routes.ts'
import { stoppingRoutes } from './stopping_routes.ts'
import { feed, listed, type MembersPage } from './pages.ts'

const list = page<MembersPage>('members/list')

/** `/members` and `/members.json`: the lasting address that the terms cite (S-18). */
export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  router.get('/members', guards.anyone, async (ctx: Ctx) => {
    const { language } = ctx.state
    list(ctx, listed(await members.list(env), { language, at: env.now() }))
  })
  router.get('/members.json', async (ctx: Ctx) => {
    const { asOf, members: shown } = feed(await members.list(env), env.now())
    publicJson(ctx, { asOf, members: shown }, shown)
  })
  applyRoutes(router)
  consoleRoutes(router, guards)
  portalRoutes(router, guards)
  stoppingRoutes(router, env, guards)
  return router
}

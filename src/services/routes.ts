import { Router } from '@koa/router'
import { catalogue } from '../catalogue/actions.ts'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import { readListing } from '../http/listing.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import * as services from './actions.ts'
import { handingOverRoutes } from './handing_over_routes.ts'
import { lifeRoutes } from './life_routes.ts'
import { FILTERS, listed, SORTS, type ServicesPage } from './pages.ts'
import { registeredOn, registrationRoutes } from './registration_routes.ts'
import { listRoutes } from './review_list_routes.ts'
import { reviewRoutes, type AskedAgain } from './review_routes.ts'
import { staffRoutes } from './staff_routes.ts'

const list = page<ServicesPage>('services/list')

/** `/services`: what residents may meet, to read before they begin. */
export function routes(env: Env, guards: Guards, askedAgain: AskedAgain): Router<State> {
  const router = new Router<State>()
  router.get('/services', guards.anyone, async (ctx: Ctx) => {
    const [all, entries] = [await services.list(env), await catalogue(env)]
    const registered = await registeredOn(env)
    const { language } = ctx.state
    const listing = readListing(ctx, { sorts: SORTS, filters: FILTERS })
    list(ctx, listed(all, entries, { listing, language, at: env.now(), registered }))
  })
  listRoutes(router, guards)
  reviewRoutes(router, guards, askedAgain)
  lifeRoutes(router, guards)
  staffRoutes(router, env, guards)
  handingOverRoutes(router, guards)
  registrationRoutes(router, env, guards)
  return router
}

import { Router } from '@koa/router'
import { catalogue } from '../catalogue/actions.ts'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import * as services from './actions.ts'
import { listed, type ServicesPage } from './pages.ts'

const LONGEST = 100
const list = page<ServicesPage>('services/list')

/** `/services`: what residents may meet, to read before they begin. */
export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  router.get('/services', guards.anyone, async (ctx: Ctx) => {
    const [all, entries] = [await services.list(env), await catalogue(env)]
    const { language } = ctx.state
    list(ctx, listed(all, entries, { q: queryOf(ctx), language, at: env.now() }))
  })
  return router
}

function queryOf(ctx: Ctx): string {
  const asked = ctx.query['q']
  return typeof asked === 'string' && asked.isWellFormed() ? asked.trim().slice(0, LONGEST) : ''
}

/** The entrance: what Machi ID is, for somebody who has never seen it. */
import Router from '@koa/router'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import type { State } from '../http/state.ts'
import { page } from '../http/views.ts'
import * as services from '../services/actions.ts'
import { standing } from '../services/model.ts'

export type HomePage = {
  services: { name: string; provider: string; text: string }[]
}

const MOST = 4
const home = page<HomePage>('welcome/home')

export function routes(_env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  router.get('/', guards.anyone, async (ctx) => {
    const { env, language } = ctx.state
    const all = await services.list(env)
    const open = all.filter((service) => standing(service, env.now()) === 'ok').slice(0, MOST)
    home(ctx, {
      services: open.map(({ version, member }) => ({
        name: version.names[language],
        provider: member.names[language],
        text: version.descriptions[language],
      })),
    })
  })
  return router
}

// placeholder by the founder: overwrite
import Router from '@koa/router'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import type { State } from '../http/state.ts'
export function routes(_env: Env, _guards: Guards): Router<State> {
  return new Router<State>()
}

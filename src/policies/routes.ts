import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { Refusal } from '../refusal.ts'
import * as policies from './actions.ts'
import type { DocumentName } from './model.ts'
import { textRoutes } from './text_routes.ts'

type PolicyPage = { document: policies.Document; disclosure: policies.Disclosure | undefined }
const text = page<PolicyPage>('policies/document')

/** `/terms`, `/privacy` and `/accessibility`; `?version=` reads an earlier or a coming one. */
export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  const show = (name: DocumentName) => async (ctx: Ctx) => {
    const document = policies.read(env, name, ctx.state.language, versionAsked(ctx))
    const generated = name === 'privacy' && document.shown.state === 'in_force'
    const disclosure = generated ? await policies.disclosure(env, ctx.state.language) : undefined
    text(ctx, { document, disclosure })
  }
  router.get('/terms', guards.anyone, show('id-terms'))
  router.get('/privacy', guards.anyone, show('privacy'))
  router.get('/accessibility', guards.anyone, show('accessibility'))
  textRoutes(router, guards)
  return router
}

function versionAsked(ctx: Ctx): number | undefined {
  const asked = ctx.query['version']
  if (asked === undefined) return undefined
  if (typeof asked !== 'string' || !/^[1-9]\d{0,5}$/.test(asked)) throw new Refusal('not_found')
  return Number(asked)
}

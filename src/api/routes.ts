import { Router, type RouterContext } from '@koa/router'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { Refusal } from '../refusal.ts'
import * as api from './actions.ts'
import { readBody } from './body.ts'
import type { Asked, Endpoint } from './endpoint.ts'
import { ENDPOINTS } from './endpoints.ts'
import { openapi } from './openapi.ts'

/** `/api/v1`: each door behind its guard, and the description that is made of them. */
export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>({ prefix: '/api/v1' })
  const described = openapi(env.config.issuer, ENDPOINTS)
  router.get('/openapi.json', async (ctx) => {
    ctx.set('Cache-Control', 'public, max-age=300')
    ctx.body = described
  })
  for (const endpoint of ENDPOINTS) {
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1')
    router[endpoint.method](path, guards.company(endpoint.scope), (ctx) => open(ctx, endpoint))
  }
  return router
}

type Here = Ctx & Pick<RouterContext<State>, 'params' | 'query'>

async function open(ctx: Here, endpoint: Endpoint): Promise<void> {
  const { env, company } = ctx.state
  if (!company) throw new Refusal('token_invalid')
  const params = ctx.params as Record<string, string>
  if (!Object.values(params).every(isUuid)) throw new Refusal('not_found')
  const body = endpoint.body ? await readBody(ctx, endpoint.body) : undefined
  const asked = { company, params, query: queryOf(ctx, endpoint), body }
  const answer =
    endpoint.method === 'get' ? await endpoint.run(env, asked) : await change(env, endpoint, asked)
  ctx.status = endpoint.creates ? 201 : 200
  ctx.body = answer
}

/** What changes something does so together with the note that a program did it. */
function change(env: Env, endpoint: Endpoint, asked: Asked): Promise<unknown> {
  return atomically(env, async (env) => {
    const answer = await endpoint.run(env, asked)
    const { apiClientId: id, memberId } = asked.company
    await api.noteCall(env, { id, memberId }, endpoint.operation)
    return answer
  })
}

/** What the address asks for. @throws Refusal invalid_input for a name the door does not offer, or one said twice */
function queryOf(ctx: Here, { query = {} }: Endpoint): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(ctx.query)) {
    if (!Object.hasOwn(query, name) || typeof value !== 'string')
      throw new Refusal('invalid_input', { fields: { [name]: 'unknown_field' } })
    found[name] = value
  }
  return found
}

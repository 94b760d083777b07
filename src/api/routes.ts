import { Router, type RouterContext } from '@koa/router'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import type { Guards } from '../http/guards.ts'
import { isApi } from '../http/headers.ts'
import type { Ctx, Middleware, State } from '../http/state.ts'
import { escaped } from '../input/json.ts'
import { Refusal } from '../refusal.ts'
import * as api from './actions.ts'
import { readBody } from './body.ts'
import type { Asked, Endpoint, ServiceEndpoint } from './endpoint.ts'
import { ENDPOINTS, SERVICE_ENDPOINTS } from './endpoints.ts'
import { openapi } from './openapi.ts'

/** `/api/v1`: each door behind its guard, and the description that is made of them. */
export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>({ prefix: '/api/v1' })
  const described = openapi(env.config.issuer, [...ENDPOINTS, ...SERVICE_ENDPOINTS])
  router.get('/openapi.json', async (ctx) => {
    ctx.set('Cache-Control', 'public, max-age=300')
    ctx.body = described
  })
  for (const endpoint of ENDPOINTS)
    router[endpoint.method](pathOf(endpoint), guards.company(endpoint.scope), (ctx) =>
      open(ctx, endpoint),
    )
  for (const endpoint of SERVICE_ENDPOINTS)
    router[endpoint.method](pathOf(endpoint), guards.service(endpoint.scope), (ctx) =>
      openForService(ctx, endpoint),
    )
  return router
}

/** What no door takes: an address that is not there, or a method that is not there at it (RFC 9110 §15.5.6). */
export function doorsOnly(doors: Router<State>): Middleware {
  return (ctx, next) => {
    if (!isApi(ctx.path)) return next()
    const { path: there, route } = doors.match(ctx.path, ctx.method)
    if (route) return next()
    if (!there.length) throw new Refusal('not_found')
    const methods = new Set(there.flatMap((layer) => layer.methods))
    throw new Refusal('method_not_allowed', { allow: [...methods].sort().join(', ') })
  }
}

const pathOf = ({ path }: { path: string }) => path.replaceAll(/\{(\w+)\}/g, ':$1')

type Here = Ctx & Pick<RouterContext<State>, 'params' | 'query'>

async function open(ctx: Here, endpoint: Endpoint): Promise<void> {
  const { env, company } = ctx.state
  if (!company) throw new Refusal('token_invalid')
  const asked = { company, ...(await given(ctx, endpoint)) }
  const answer = await pointed(endpoint, () =>
    endpoint.method === 'get' ? endpoint.run(env, asked) : change(env, endpoint, asked),
  )
  ctx.status = endpoint.creates ? 201 : 200
  ctx.body = answer
}

/** What a service does for itself; each act is recorded by the room that does it. */
async function openForService(ctx: Here, endpoint: ServiceEndpoint): Promise<void> {
  const { env, service } = ctx.state
  if (!service) throw new Refusal('token_invalid')
  const leaving = new AbortController()
  ctx.res.once('close', () => leaving.abort())
  const asked = { service, gone: leaving.signal, ...(await given(ctx, endpoint)) }
  const answer = await pointed(endpoint, () => endpoint.run(env, asked))
  ctx.status = endpoint.answer ? 200 : 204
  if (endpoint.answer) ctx.body = answer
}

async function given(ctx: Here, endpoint: Endpoint | ServiceEndpoint) {
  const params = ctx.params as Record<string, string>
  if (!Object.values(params).every(isUuid)) throw new Refusal('not_found')
  const body = endpoint.body ? await readBody(ctx, endpoint.body) : undefined
  return { params, query: queryOf(ctx, endpoint), body }
}

/** Rooms name a field as their forms do; a program reads a JSON Pointer (RFC 6901) into the body it sent. */
async function pointed<T>(
  { body, below }: Pick<Endpoint, 'body' | 'below'>,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!body || !(error instanceof Refusal) || !error.details.fields) throw error
    const named = Object.entries(error.details.fields).map(([field, rule]) => {
      const pointer = field === '' || field.startsWith('/') ? field : `/${escaped(field)}`
      return [below && !pointer.startsWith(`${below}/`) ? below + pointer : pointer, rule]
    })
    throw new Refusal(error.reason, { ...error.details, fields: Object.fromEntries(named) })
  }
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
function queryOf(ctx: Here, { query = {} }: Pick<Endpoint, 'query'>): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(ctx.query)) {
    if (!Object.hasOwn(query, name) || typeof value !== 'string')
      throw new Refusal('invalid_input', { fields: { [name]: 'unknown_field' } })
    found[name] = value
  }
  return found
}

/** `/company/api`: which programs of the company may use the API. */
import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { API_SCOPES, type ApiScope, type StaffHere } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as api from './actions.ts'
import { clientForm } from './schema.ts'

type Listed = {
  id: string
  name: string
  clientId: string
  scopes: ApiScope[]
  dpop: boolean
  createdAt: Date
  endedAt: Date | null
}

/** views/api/clients.eta */
export type ClientsPage = {
  clients: Listed[]
  /** Whether the reader may register and end programs. */
  manager: boolean
  scopes: readonly ApiScope[]
  tokenUrl: string
  issuer: string
  errors: Fields
  typed: { name: string; jwks: string; scopes: readonly string[]; dpop: boolean }
}

const list = page<ClientsPage>('api/clients')
const EMPTY = { name: '', jwks: '', scopes: ['company:read'], dpop: false }

export function clientRoutes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  router.get('/company/api', guards.staff(), (ctx) => show(ctx, {}, EMPTY))
  router.post('/company/api', guards.staff('manager'), guards.confirmed, create)
  router.post('/company/api/:id/end', guards.staff('manager'), async (ctx) => {
    const by = staffOf(ctx)
    const { id = '' } = ctx.params as { id?: string }
    await api.end(env, { id, memberId: by.memberId, by })
    to(ctx, '/company/api')
  })
  return router
}

function staffOf(ctx: Ctx): StaffHere {
  if (!ctx.state.staff) throw new Refusal('sign_in_required')
  return ctx.state.staff
}

async function show(ctx: Ctx, errors: Fields, typed: ClientsPage['typed']): Promise<void> {
  const { env } = ctx.state
  const { issuer } = env.config
  const { memberId, role } = staffOf(ctx)
  const data = {
    clients: await api.ofMember(env, memberId),
    manager: role === 'manager',
    scopes: API_SCOPES,
    tokenUrl: `${issuer}/token`,
    issuer,
    errors,
    typed,
  }
  list(ctx, data, { status: Object.keys(errors).length ? 422 : 200 })
}

async function create(ctx: Ctx): Promise<void> {
  const { env, body = {} } = ctx.state
  const by = staffOf(ctx)
  const said = (name: string) => (typeof body[name] === 'string' ? String(body[name]) : '')
  const scopes = [body['scope'] ?? []].flat().map(String)
  try {
    const form = readForm(ctx, clientForm)
    const asked = {
      name: form.name,
      jwks: form.jwks,
      scopes: [form.scope].flat(),
      dpop: form.dpop === 'on',
    }
    await api.create(env, by.memberId, asked, by)
    to(ctx, '/company/api')
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
    const typed = { name: said('name'), jwks: said('jwks'), scopes, dpop: said('dpop') === 'on' }
    await show(ctx, error.details.fields ?? {}, typed)
  }
}

/** The portal's page on which a manager opens a service or ends it; developers may read it. */
import type { Router } from '@koa/router'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { Refusal } from '../refusal.ts'
import { end, goLive, lacksOf, type Asked, type Lack } from './life.ts'
import type { ServiceStatus } from './model.ts'
import * as queries from './queries.ts'

/** views/services/review_life.eta */
export type LifePage = {
  id: string
  name: string
  status: ServiceStatus
  /** What still keeps it from going live; only asked while it is approved. */
  lacks: Lack[]
  manager: boolean
  done: string
}

const view = page<LifePage>('services/review_life')
const BASE = '/company/services/:id'

export function lifeRoutes(router: Router<State>, guards: Guards): void {
  router.get(`${BASE}/life`, guards.staff(), show)
  const manager = guards.staff('manager')
  router.post(`${BASE}/go-live`, manager, guards.confirmed, (ctx) => turn(ctx, goLive, 'live'))
  router.post(`${BASE}/end`, manager, guards.confirmed, (ctx) => turn(ctx, end, 'ended'))
}

function askedIn(ctx: Ctx): Asked {
  const { staff } = ctx.state
  if (!staff) throw new Refusal('sign_in_required')
  const { id } = (ctx as Ctx & { params: { id: string } }).params
  return { serviceId: id, memberId: staff.memberId, by: staff }
}

async function show(ctx: Ctx): Promise<void> {
  const { env, language, staff } = ctx.state
  const { serviceId, memberId } = askedIn(ctx)
  const now = await queries.byId(env.db, serviceId, env.now())
  if (now?.service.memberId !== memberId || now.service.side === 'test')
    throw new Refusal('not_found')
  view(ctx, {
    id: serviceId,
    name: now.version.names[language],
    status: now.service.status,
    lacks: now.service.status === 'approved' ? await lacksOf(env, now) : [],
    manager: staff?.role === 'manager',
    done: String(ctx.query['done'] ?? ''),
  })
}

async function turn(ctx: Ctx, act: typeof goLive, done: string): Promise<void> {
  readForm(ctx, nothingSchema)
  const asked = askedIn(ctx)
  await act(ctx.state.env, asked)
  to(ctx, `/company/services/${asked.serviceId}/life?done=${done}`)
}

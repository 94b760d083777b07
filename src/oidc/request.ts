/** What one request has read: its Env (perhaps inside a transaction) and the services, residents and grants it met. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Env } from '../env.ts'
import type { Middleware } from '../http/state.ts'
import { isUuid } from '../input/ids.ts'
import type { Facts } from '../provisions/model.ts'
import * as provisions from '../provisions/actions.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import type { ServiceNow } from '../services/model.ts'

type Memo = {
  services: Map<string, Promise<ServiceNow | undefined>>
  residents: Map<string, Promise<Resident | undefined>>
  grants: Map<string, Facts>
}

type Spent = { kind: string; idHash: Buffer }
type Holder = { env?: Env; memo?: Memo; begunAt?: Date; spent?: Spent[] }

/** The library's own `Provider.ctx` ends with its route, before the record of what it answered is written. */
const requests = new AsyncLocalStorage<Holder>()

/** Makes the request's state known to everything it calls, the adapter included. */
export const known: Middleware = (ctx, next) => requests.run(ctx.state as Holder, next)

/** The state of the request under way; undefined outside of one. */
const holder = (): Holder | undefined => requests.getStore()

/** The Env of the request under way, so that adapter calls join its transaction; else the node's own. */
export function currentEnv(base: Env): Env {
  return holder()?.env ?? base
}

/** When the request under way came in. */
export const begunAt = (): Date | undefined => holder()?.begunAt

/** Codes and refresh tokens this request has consumed. */
export function spent(): Spent[] {
  const state = holder() ?? {}
  return (state.spent ??= [])
}

function memo(): Memo {
  const state = holder() ?? {}
  return (state.memo ??= { services: new Map(), residents: new Map(), grants: new Map() })
}

function remembered<T>(
  map: Map<string, Promise<T>>,
  key: string,
  read: () => Promise<T>,
): Promise<T> {
  let value = map.get(key)
  if (!value) map.set(key, (value = read()))
  return value
}

export function serviceOf(env: Env, clientId: string): Promise<ServiceNow | undefined> {
  return remembered(memo().services, clientId, () => services.byClientId(env, clientId))
}

export function residentOf(env: Env, userId: string): Promise<Resident | undefined> {
  return remembered(memo().residents, userId, () => residents.byUserId(env, userId))
}

/** A grant id is agreement + browser session: one device losing its tokens leaves the others alone. */
export function grantId(agreementId: string, sessionUid: string): string {
  return `${agreementId}.${sessionUid}`
}

function partsOf(id: string): { agreementId: string; sessionUid: string } | undefined {
  const [agreementId, sessionUid] = id.split('.')
  return isUuid(agreementId) && sessionUid ? { agreementId, sessionUid } : undefined
}

/** The agreement a grant is of. */
export const agreementOf = (id: string | undefined): string | undefined =>
  id === undefined ? undefined : partsOf(id)?.agreementId

/** The facts of a grant, read once per request; held against withdrawal where the request is a transaction. */
export async function factsOf(env: Env, id: string): Promise<Facts | undefined> {
  const known = memo().grants.get(id)
  if (known) return known
  const parts = partsOf(id)
  if (!parts) return undefined
  const read = (await Promise.all(memo().services.values())).filter(
    (service) => service !== undefined,
  )
  const facts = await provisions.factsOf(
    env,
    { ...parts, hold: env.db.isTransaction === true },
    read,
  )
  memo().grants.set(id, facts)
  return facts
}

import type { Env } from '../env.ts'
import type { ServiceNow } from './model.ts'
import * as store from './store.ts'

/** The service that is this OIDC client, of whatever status; `standing()` says whether it may sign anybody in. */
export function byClientId(env: Env, clientId: string): Promise<ServiceNow | undefined> {
  return store.byClientId(env.db, clientId, env.now())
}

/** A service by its id; undefined also for text that is no id. */
export function byId(env: Env, serviceId: string): Promise<ServiceNow | undefined> {
  return store.byId(env.db, serviceId, env.now())
}

/** Every service, of whatever status, by member. Public pages show those that `isPublic` admits. */
export function list(env: Env): Promise<ServiceNow[]> {
  return store.list(env.db, env.now())
}

import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import { readJwks, type Jwk } from '../input/jwk.ts'
import { lineFault, normalText } from '../input/spelling.ts'
import { mayWork } from '../members/model.ts'
import type { ApiScope, Person } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { API_CLIENT_PREFIX, type ApiClient } from './model.ts'
import * as store from './store.ts'

/** The API client of this id, where it has not ended and its company is not stopped (C7, J9). */
export async function inForce(env: Env, clientId: string): Promise<ApiClient | undefined> {
  const found = await store.byClientId(env.db, clientId, env.now())
  return found && !found.endedAt && mayWork(found.memberStatus) ? found : undefined
}

/** Every API client of a company, newest first. */
export function ofMember(env: Env, memberId: string): Promise<ApiClient[]> {
  return store.ofMember(env.db, memberId, env.now())
}

export type Asked = {
  name: string
  /** JSON of a JWK Set. */
  jwks: string
  scopes: ApiScope[]
  dpop: boolean
}

/**
 * Makes an API client of a company; it signs with keys of its own, so there is no secret to show (C1).
 *
 * @throws Refusal invalid_input at `name` or `jwks`
 */
export async function create(
  env: Env,
  memberId: string,
  asked: Asked,
  by: Person,
): Promise<ApiClient> {
  const jwks = readJwks(asked.jwks)
  const fields: Fields = {
    ...(lineFault(asked.name) && { name: 'not_valid' }),
    ...(typeof jwks === 'string' && { jwks }),
  }
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  return atomically(env, async (env) => {
    const id = env.newId()
    const row = {
      id,
      memberId,
      clientId: `${API_CLIENT_PREFIX}${id.replaceAll('-', '').slice(0, 20)}`,
      name: normalText(asked.name),
      jwks: jwks as { keys: Jwk[] },
      scopes: asked.scopes,
      dpop: asked.dpop,
      createdBy: by.id,
      createdAt: env.now(),
    }
    await store.insert(env.db, row)
    await record(env, 'api.create_client', row, by)
    return { ...row, memberStatus: 'active', endedAt: null, returnedAt: null }
  })
}

/** Ends an API client: its tokens are worth nothing from now on. @throws Refusal not_found */
export function end(
  env: Env,
  { id, memberId, by }: { id: string; memberId: string; by: Person },
): Promise<void> {
  return atomically(env, async (env) => {
    const ended =
      isUuid(id) && (await store.end(env.db, { id, memberId, by: by.id, at: env.now() }))
    if (!ended) throw new Refusal('not_found')
    await record(env, 'api.end_client', { id, memberId }, by)
  })
}

/** Notes that a program changed something; what it changed is recorded by the room that did it. */
export function noteCall(env: Env, client: Pick<ApiClient, 'id' | 'memberId'>, operation: string) {
  return audit.record(env, {
    actor: { kind: 'service', id: client.id },
    act: 'api.call',
    object: { kind: 'member', id: client.memberId },
    details: { operation },
  })
}

function record(env: Env, act: string, row: { id: string; memberId: string }, by: Person) {
  return audit.record(env, {
    actor: { kind: 'staff', id: by.id },
    act,
    object: { kind: 'api_client', id: row.id },
    details: { member: row.memberId },
  })
}

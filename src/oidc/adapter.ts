/**
 * The storage contract of oidc-provider: Grant ← the consent in force, Client ← the service, the rest ← store.ts.
 * Closes T1–T4 of docs/security.md: compare-and-set consume, insert-only replay, hashed ids, merged sessions.
 */
import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { Provider, errors, type Adapter, type AdapterPayload } from 'oidc-provider'
import * as api from '../api/actions.ts'
import { API_CLIENT_PREFIX } from '../api/model.ts'
import type { Item } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import { isClientId } from '../input/ids.ts'
import { release } from '../provisions/model.ts'
import { apiClientOf, clientOf } from './clients.ts'
import { grantPayload } from './grants.ts'
import { LIFETIME, ROTATION_GRACE_SECONDS } from './limits.ts'
import { isWhole } from './parameters.ts'
import * as queries from './queries.ts'
import { begunAt, currentEnv, factsOf, serviceOf, spent } from './request.ts'
import * as store from './store.ts'

type Parts = Partial<Adapter>

const hash = (id: string) => createHash('sha256').update(id).digest()
const expiry = (env: Env, seconds = 0) => new Date(env.now().getTime() + seconds * 1000)
const none = async () => {}

/**
 * The payload as it is stored: without the bearer value itself (T4).
 *
 * @throws InvalidRequest where a text of it is broken; it came with the request (A16)
 */
function bare(payload: AdapterPayload): store.Payload {
  const { jti: _, ...rest } = payload
  if (!isWhole(rest)) throw new errors.InvalidRequest('a parameter is no whole text')
  return rest
}

const withId = (id: string, payload: store.Payload | undefined): AdapterPayload | undefined =>
  payload && ({ ...payload, jti: id } as AdapterPayload)

/** The provider's name for the route under way; undefined outside of its routes. */
const route = () => (Provider.ctx as { oidc?: { route?: string } } | undefined)?.oidc?.route

function tokens(kind: string, env: () => Env): Parts {
  return {
    upsert: async (id, payload, expiresIn) =>
      store.saveToken(env().db, {
        kind,
        idHash: hash(id),
        grantId: payload.grantId ?? null,
        clientId: payload.clientId ?? null,
        sessionUid: payload.sessionUid ?? null,
        payload: bare(payload),
        expiresAt: expiry(env(), expiresIn),
      }),
    find: async (id) => {
      const { db } = env()
      const inTransaction = db.isTransaction === true
      if (inTransaction && route() !== 'userinfo') await store.lockGrantOf(db, kind, hash(id))
      const found = await store.token(db, kind, hash(id), inTransaction)
      if (route() === 'token' && found?.consumedAt && isRace(found.consumedAt)) {
        throw new errors.InvalidGrant('consumed by a request at the same time')
      }
      if (found && (await isFromBeforeReturn(env(), found.payload))) return undefined
      return withId(id, found?.payload)
    },
    consume: async (id) => {
      if (!(await store.consumeToken(env().db, kind, hash(id), env().now()))) {
        throw new errors.InvalidGrant('already consumed')
      }
      spent().push({ kind, idHash: hash(id) })
    },
    destroy: (id) => store.deleteToken(env().db, kind, hash(id)),
    // Asked once per kind, all at the same moment: one of them deletes every kind.
    revokeByGrantId:
      kind === 'AccessToken' ? (grantId) => store.deleteByGrant(env().db, grantId) : none,
  }
}

/**
 * Whether a token was issued before a suspension of its service or company that has been lifted since (S-51, E2, J9).
 * `iat` is in whole seconds; what was issued in the second of the lift is taken to be new, since nothing is issued while
 * the suspension lasts.
 */
async function isFromBeforeReturn(env: Env, { clientId, iat }: store.Payload): Promise<boolean> {
  if (typeof clientId !== 'string') return false
  const client = clientId.startsWith(API_CLIENT_PREFIX)
    ? await api.inForce(env, clientId)
    : await serviceOf(env, clientId)
  const returnedAt = client?.returnedAt
  return returnedAt ? Number(iat) < Math.floor(returnedAt.getTime() / 1000) : false
}

/**
 * Whether this request was already here when the other one ended: the loser of a race, say a client's retry. Only who
 * comes later replays, and costs the tokens of the grant (RFC 6749 §4.1.2; B1, B2).
 */
function isRace(consumedAt: Date): boolean {
  const came = begunAt()
  return came !== undefined && came < consumedAt
}

function sessions(env: () => Env): Parts {
  const oldest = () => Math.floor(env().now().getTime() / 1000) - LIFETIME.sessionAbsolute
  return {
    upsert: async (id, payload, expiresIn) =>
      store.saveSession(
        env().db,
        {
          idHash: hash(id),
          uid: String(payload.uid),
          accountId: payload.accountId ?? null,
          loginTs: payload.loginTs ?? null,
          payload: bare(payload),
          expiresAt: expiry(env(), expiresIn),
          at: env().now(),
        },
        route() !== 'end_session_confirm',
      ),
    find: async (id) => withId(id, await queries.session(env().db, { idHash: hash(id) }, oldest())),
    findByUid: async (uid) => withId('by-uid', await queries.session(env().db, { uid }, oldest())),
    destroy: (id) =>
      route() === 'resume'
        ? store.retireSession(env().db, hash(id), expiry(env(), ROTATION_GRACE_SECONDS))
        : store.deleteSession(env().db, hash(id)),
  }
}

function ephemerals(kind: string, env: () => Env): Parts {
  return {
    upsert: async (id, payload, expiresIn) => {
      const { session, ...rest } = bare(payload) as { session?: Record<string, unknown> }
      const { cookie: _, ...kept } = session ?? {}
      const stored = session ? { ...rest, session: kept } : rest
      return store.saveEphemeral(env().db, kind, hash(id), stored, expiry(env(), expiresIn))
    },
    find: async (id) => withId(id, await store.ephemeral(env().db, kind, hash(id))),
    consume: async (id) => {
      if (!(await store.consumeEphemeral(env().db, kind, hash(id), env().now()))) {
        throw new errors.InvalidRequestUri('already used')
      }
    },
    destroy: async (id) => {
      if (kind === 'Interaction') await resumeOnce(env(), hash(id))
      await store.deleteEphemeral(env().db, kind, hash(id))
    },
  }
}

/** The library destroys an interaction to resume it: of many who do, one goes on (T3). */
async function resumeOnce(env: Env, uidHash: Buffer): Promise<void> {
  if (!(await store.claimResume(env.db, uidHash, env.now())))
    throw new errors.SessionNotFound('this interaction was resumed before')
}

/** `find` says nothing, so that `upsert` alone decides: one INSERT, one winner (T2). */
function replays(env: () => Env): Parts {
  return {
    find: async () => undefined,
    upsert: async (id, payload, expiresIn) => {
      const first = await store.firstUse(env().db, hash(id), expiry(env(), expiresIn), env().now())
      if (first) return
      if (isOfProof(id, String(payload['iss']))) throw new errors.InvalidDpopProof('used before')
      throw new errors.InvalidClientAuth('assertion was used before')
    },
  }
}

/** Whether a replay id is that of the DPoP proof of the request under way, not of its assertion. */
function isOfProof(id: string, clientId: string): boolean {
  const proof = Provider.ctx?.get('dpop')
  if (!proof) return false
  const { jti } = decodeJwt(proof)
  return createHash('sha256').update(`${clientId}${jti}`).digest('base64url') === id
}

/** A Client is the service as it stands; nothing is written here. */
function clients(env: () => Env): Parts {
  return {
    find: async (id) => {
      if (!isClientId(id)) return undefined
      if (id.startsWith(API_CLIENT_PREFIX)) return apiClientOf(await api.inForce(env(), id))
      const service = await serviceOf(env(), id)
      const atToken = route() === 'token'
      return service && (clientOf(service, env().now(), atToken) as AdapterPayload | undefined)
    },
  }
}

/** A Grant is the consent in force; logout and replay never touch it. */
function grants(env: () => Env, items: readonly Item[]): Parts {
  return {
    find: async (id) => {
      const facts = await factsOf(env(), id)
      if (!facts?.standing || !facts.service) return undefined
      const decision = release(facts)
      return decision.whyNot ? undefined : grantPayload(id, facts, decision, items)
    },
    destroy: none,
  }
}

/** One adapter per model name. Models that are switched off refuse everything. */
export function adapterFor(base: Env, items: readonly Item[]): (name: string) => Adapter {
  const env = () => currentEnv(base)
  const off = (what: string) => async () => {
    throw new Error(`oidc-provider asked for ${what}, which is not stored here`)
  }
  return (name) => {
    const parts = partsFor(name, env, items)
    return {
      upsert: off(`${name}.upsert`),
      find: off(`${name}.find`),
      findByUid: off(`${name}.findByUid`),
      findByUserCode: off(`${name}.findByUserCode`),
      consume: off(`${name}.consume`),
      destroy: off(`${name}.destroy`),
      revokeByGrantId: off(`${name}.revokeByGrantId`),
      ...parts,
    }
  }
}

function partsFor(name: string, env: () => Env, items: readonly Item[]): Parts {
  switch (name) {
    case 'AccessToken':
    case 'RefreshToken':
    case 'AuthorizationCode':
    case 'ClientCredentials':
      return tokens(name, env)
    case 'Session':
      return sessions(env)
    case 'Interaction':
    case 'PushedAuthorizationRequest':
      return ephemerals(name, env)
    case 'ReplayDetection':
      return replays(env)
    case 'Client':
      return clients(env)
    case 'Grant':
      return grants(env, items)
    default:
      return {}
  }
}

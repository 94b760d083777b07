/** Signs what goes out, with the keys at /jwks and the algorithm the service takes ID tokens in. */
import { importJWK, SignJWT, type CryptoKey, type JWK } from 'jose'
import type { Env } from '../env.ts'
import type { ServiceNow } from '../services/model.ts'
import { keyed } from '../vault.ts'
import { eventType, type EventName, type Message, type Payload } from './model.ts'

/** Names whom it is about (RFC 9493). */
export type SubjectId = { format: string; [name: string]: unknown }

export type EventAsked = {
  name: EventName
  jti: string
  subject: SubjectId
  payload: Payload
  /** When it happened; absent where nothing happened. */
  fact?: { id: string; at: Date }
}

/** The resident, by the sub the service knows (RFC 9493 §3.2.3); with `sid` one session of theirs (SSF §3.2). */
export function subjectId(issuer: string, subject: string, sid: string | null): SubjectId {
  const user = { format: 'iss_sub', iss: issuer, sub: subject }
  return sid === null ? user : { format: 'complex', user, session: { format: 'opaque', id: sid } }
}

/** A Security Event Token (RFC 8417): no `sub` beside `sub_id`, no `exp`, nobody else's audience. */
export function signEvent(env: Env, service: ServiceNow, asked: EventAsked): Promise<string> {
  const { name, jti, subject, payload, fact } = asked
  return sign(env, service, 'secevent+jwt', {
    jti,
    sub_id: subject,
    ...(fact && { toe: seconds(fact.at), txn: transactionOf(env, service, fact.id) }),
    events: { [eventType(env.config.issuer, name)]: payload },
  })
}

/**
 * What a fact is known by in all messages about it to one company (RFC 8417 §2.2); to another it is something else, or
 * the two could put together the subs they know (D6).
 */
const transactionOf = ({ secrets }: Env, { member }: ServiceNow, factId: string) =>
  keyed(secrets.pairwise, `txn:${member.id}:${factId}`).toString('base64url')

/** Two minutes: a logout token that was caught is soon worth nothing (G13). */
const LOGOUT_SECONDS = 120

/** A logout token (OpenID Connect Back-Channel Logout §2.4), made anew at each try under the same `jti`. */
export function signLogout(
  env: Env,
  service: ServiceNow,
  { jti, subject, sid }: Pick<Message, 'jti' | 'subject' | 'sid'>,
): Promise<string> {
  return sign(env, service, 'logout+jwt', {
    jti,
    sub: subject,
    ...(sid !== null && { sid }),
    exp: seconds(env.now()) + LOGOUT_SECONDS,
    events: { [eventType(env.config.issuer, 'logout')]: {} },
  })
}

async function sign(
  env: Env,
  { service, version }: ServiceNow,
  typ: string,
  claims: Record<string, unknown>,
): Promise<string> {
  const { key, alg, kid } = await keyFor(env, version.idTokenAlg)
  const whole = {
    iss: env.config.issuer,
    aud: service.clientId,
    iat: seconds(env.now()),
    ...claims,
  }
  return new SignJWT(whole).setProtectedHeader({ alg, typ, kid }).sign(key)
}

const seconds = (at: Date) => Math.floor(at.getTime() / 1000)

const imported = new WeakMap<JWK, Promise<CryptoKey>>()

/** The newest key of an algorithm: the first of its kind. */
async function keyFor({ secrets }: Env, alg: string) {
  const jwk = secrets.signing.find((one) => one.alg === alg)
  if (!jwk?.kid) throw new Error(`there is no key for ${alg}`)
  let key = imported.get(jwk)
  if (!key) imported.set(jwk, (key = importJWK(jwk, alg) as Promise<CryptoKey>))
  return { key: await key, alg, kid: jwk.kid }
}

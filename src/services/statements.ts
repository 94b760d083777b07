/**
 * Signed statements about what a service may do: made from the contract at this moment, signed with the key of the
 * JWKS, verifiable without asking us again while they last (RFC 7515, RFC 7519; S-18, S-36, I-11).
 */
import { importJWK, SignJWT } from 'jose'
import { itemNames, type Catalogue } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import { ceiling, type ServiceNow } from './model.ts'
import { statementsOf } from './registration.ts'
import * as queries from './registration_queries.ts'

/** How long they may be relied on, in seconds: a stop or a changed contract is older than that nowhere. */
export const LASTS = { statement: 3600, answer: 60 } as const

/** Types of their own, so that none passes for a token of another kind (RFC 8725 §3.11). */
const TYPES = {
  statement: 'registration-statement+jwt',
  answer: 'intended-use+jwt',
} as const

/**
 * A registration statement for one intended use of a live service.
 *
 * @param purpose id of the purpose
 * @returns a compact JWS; undefined where the service may not use anything for this purpose now
 */
export async function statement(
  env: Env,
  now: ServiceNow,
  purpose: string,
  catalogue: Catalogue,
): Promise<string | undefined> {
  const at = env.now()
  const items = statementsOf(now, at).get(purpose)
  if (!items) return undefined
  const { service, version, member, contract } = now
  const hash = await queries.contractHash(env.db, contract.id)
  return sign(env, 'statement', {
    sub: service.clientId,
    service: { id: service.id, name: version.names, version: version.version },
    member: { corporate_number: member.corporateNumber, name: member.names },
    purpose: { id: purpose, name: catalogue.purposes.find((one) => one.id === purpose)?.names },
    items: items.map((id) => ({
      id,
      name: itemNames(catalogue.items, id, contract.subjectType),
      required: version.items.find((one) => one.item === id)?.required ?? false,
    })),
    contract: {
      number: contract.number,
      version: contract.version,
      sha256: hash.toString('hex'),
      from: contract.startsAt.toISOString(),
      until: contract.endsAt.toISOString(),
    },
  })
}

export type Use = { clientId: string; item: string; purpose: string }

/**
 * Whether a client may use an item for a purpose at this moment, as data and signed. An unknown client, item or purpose
 * may not: the answer is the same, so that nothing can be guessed from it.
 */
export async function checkUse(
  env: Env,
  now: ServiceNow | undefined,
  { clientId, item, purpose }: Use,
): Promise<{ permitted: boolean; statement: string }> {
  const allowed = now && now.service.side !== 'test' ? ceiling(now, env.now()) : []
  const permitted = allowed.some((one) => one.item === item && one.purposes.includes(purpose))
  return {
    permitted,
    statement: await sign(env, 'answer', { sub: clientId, item, purpose, permitted }),
  }
}

async function sign(
  env: Env,
  kind: keyof typeof TYPES,
  claims: Record<string, unknown>,
): Promise<string> {
  const jwk = env.secrets.signing.find((key) => key.alg === 'ES256')
  if (!jwk?.kid) throw new Error('no key to sign with')
  const iat = Math.floor(env.now().getTime() / 1000)
  const exp = iat + LASTS[kind]
  return new SignJWT({ ...claims, iss: env.config.issuer, iat, exp })
    .setProtectedHeader({ alg: 'ES256', kid: jwk.kid, typ: TYPES[kind] })
    .sign(await importJWK(jwk, 'ES256'))
}

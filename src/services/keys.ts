/** 鍵と秘密の値: what a service proves itself with. Changed by the company at once; shown once or never (C1, C5). */
import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import * as audit from '../audit/actions.ts'
import { canonical, type Json } from '../audit/model.ts'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import { readJwks } from '../input/jwk.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import type { Author } from './drafts.ts'
import { Refusal } from '../refusal.ts'
import type { Service } from './model.ts'
import * as store from './keys_store.ts'

export type ShownKey = { kid: string; alg: string; thumbprint: string }

/** Public keys as a page shows them: no member of a key but its name. */
export function shownKeys(jwks: Service['jwks']): Promise<ShownKey[]> {
  return Promise.all(
    (jwks?.keys ?? []).map(async (key) => ({
      kid: String(key['kid']),
      alg: String(key['alg']),
      thumbprint: await calculateJwkThumbprint(key as JWK),
    })),
  )
}

/** The client of a service of this company. @throws Refusal not_found, the same for another company's (J2) */
export async function clientOf(env: Env, id: string, memberId: string): Promise<store.ClientKeys> {
  const found = isUuid(id) ? await store.held(env.db, id, memberId) : undefined
  if (!found) throw new Refusal('not_found')
  return found
}

/**
 * Replaces the public keys: an old and a new one may stand side by side, up to five. They count at the next request.
 *
 * @throws Refusal invalid_input at `jwks`; wrong_state where the service signs with no key; not_found
 */
export async function replaceKeys(
  env: Env,
  asked: { serviceId: string; jwks: string },
  by: Author,
): Promise<void> {
  const jwks = asked.jwks.trim() ? readJwks(asked.jwks) : 'required'
  if (typeof jwks === 'string') throw new Refusal('invalid_input', { fields: { jwks } })
  await atomically(env, async (env) => {
    const known = await clientOf(env, asked.serviceId, by.memberId)
    if (known.authMethod !== 'private_key_jwt') throw new Refusal('wrong_state')
    const kept = { keys: jwks.keys.map((key) => ({ ...key, use: 'sig' })) }
    await store.setKeys(env.db, known.id, kept)
    await note(env, 'services.replace_keys', known.id, by, {
      before: hashOf(known.jwks),
      after: hashOf(kept),
      keys: kept.keys.length,
    })
    await tell(env, 'service_keys_changed', known, by)
  })
}

/**
 * Makes a new secret of 256 bits. It is returned here and kept nowhere; the one before is worth nothing from now on,
 * so that a secret that leaked can be ended at once.
 *
 * @throws Refusal wrong_state where the service takes no secret; not_found
 */
export function issueSecret(
  env: Env,
  serviceId: string,
  by: Author,
): Promise<{ clientId: string; secret: string }> {
  return atomically(env, async (env) => {
    const known = await clientOf(env, serviceId, by.memberId)
    if (known.authMethod !== 'client_secret_basic') throw new Refusal('wrong_state')
    const secret = env.newSecret()
    await store.setSecret(env.db, known.id, sha256(secret), env.now())
    await note(env, 'services.issue_secret', known.id, by, { first: known.secretIssuedAt === null })
    await tell(env, 'service_secret_issued', known, by)
    return { clientId: known.clientId, secret }
  })
}

const sha256 = (text: string) => createHash('sha256').update(text).digest()
const hashOf = (jwks: Service['jwks']) => sha256(canonical(jwks as Json)).toString('hex')

async function note(
  env: Env,
  act: string,
  id: string,
  by: Author,
  details: { [key: string]: Json },
): Promise<void> {
  await audit.record(env, {
    actor: { kind: 'staff', id: by.id },
    act,
    object: { kind: 'service', id },
    details: { member: by.memberId, ...details },
  })
}

/** Whoever else manages the company learns of it. */
async function tell(
  env: Env,
  letter: 'service_keys_changed' | 'service_secret_issued',
  { id, clientId }: store.ClientKeys,
  by: Author,
): Promise<void> {
  await members.notifyStaff(env, by.memberId, letter, {
    clientId,
    at: words('ja').dateTime(env.now()),
    link: `${env.config.companyOrigin}/company/services/${id}/keys`,
  })
}

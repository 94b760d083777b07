/** Public keys that programs of companies sign with (RFC 7517; C5): their shape, and whether one is really a key. */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { Ajv } from 'ajv'
import type { FromSchema } from 'json-schema-to-ts'
import { JsonFault, parseStrict } from './json.ts'

const coordinate = { type: 'string', maxLength: 1400, pattern: '^[A-Za-z0-9_-]+$' } as const

/** One public key; private members are refused as unknown. */
const jwkSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['kty', 'kid', 'alg'],
  properties: {
    kty: { enum: ['EC', 'RSA', 'OKP'] },
    kid: { type: 'string', minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9._~-]+$' },
    alg: { enum: ['ES256', 'PS256', 'EdDSA'] },
    use: { enum: ['sig'] },
    crv: { enum: ['P-256', 'Ed25519'] },
    x: coordinate,
    y: coordinate,
    n: coordinate,
    e: coordinate,
  },
} as const

/** A JWK Set of one to five public keys. */
export const jwksSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['keys'],
  properties: { keys: { type: 'array', minItems: 1, maxItems: 5, items: jwkSchema } },
} as const

export type Jwk = FromSchema<typeof jwkSchema>

/** ES256 on P-256, PS256 from 2048 bits, EdDSA on Ed25519 (C5), and a point or modulus that really is one. */
export function isUsableKey(jwk: Jwk): boolean {
  const fits = { ES256: ['EC', 'P-256'], PS256: ['RSA', undefined], EdDSA: ['OKP', 'Ed25519'] }[
    jwk.alg
  ]
  if (jwk.kty !== fits[0] || jwk.crv !== fits[1]) return false
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    return jwk.kty !== 'RSA' || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
  } catch {
    return false
  }
}

const isJwks = new Ajv({ allErrors: true }).compile<{ keys: Jwk[] }>(jwksSchema)

export type JwksFault =
  'jwks_not_json' | 'jwks_private' | 'jwks_shape' | 'jwks_unusable' | 'jwks_twice'

/** The public keys of a JWK Set as somebody typed it, or what is wrong with it (C1, C5, L10). */
export function readJwks(text: string): { keys: Jwk[] } | JwksFault {
  let given: unknown
  try {
    given = parseStrict(text)
  } catch (error) {
    if (error instanceof JsonFault) return 'jwks_not_json'
    throw error
  }
  if (!isJwks(given)) return /"(d|p|q|dp|dq|qi|k)"\s*:/.test(text) ? 'jwks_private' : 'jwks_shape'
  if (!given.keys.every(isUsableKey)) return 'jwks_unusable'
  const kids = given.keys.map((key) => key.kid)
  return new Set(kids).size < kids.length ? 'jwks_twice' : given
}

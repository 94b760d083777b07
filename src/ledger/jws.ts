/** Checkpoints for readers of JOSE (RFC 7515, RFC 8037): what stands in them, who signed. */
import { verify, type KeyObject } from 'node:crypto'
import { CompactSign } from 'jose'

/** `root`: base64, as in the note; `at`: ISO 8601 in UTC. */
export type Stated = { origin: string; size: number; root: string; at: string }

/** A compact JWS of a state. */
export function signJws(stated: Stated, key: KeyObject, kid: string): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(stated)))
    .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'tlog-checkpoint+json' })
    .sign(key)
}

/** Whether it says exactly this, signed by this key, byte by byte as it was made. */
export function isJwsOf(jws: string, stated: Stated, key: KeyObject): boolean {
  const parts = jws.split('.')
  const [header = '', payload = '', signature = ''] = parts
  const bytes = Buffer.from(signature, 'base64url')
  // Base64 has more than one spelling of the same bytes; we write one.
  if (parts.length !== 3 || bytes.toString('base64url') !== signature) return false
  return (
    payload === Buffer.from(JSON.stringify(stated)).toString('base64url') &&
    verify(null, Buffer.from(`${header}.${payload}`), key, bytes)
  )
}

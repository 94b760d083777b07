/** Checkpoints as C2SP signed notes (c2sp.org/signed-note, tlog-checkpoint): what stands on them, who signed. */
import { createHash, sign, verify, type KeyObject } from 'node:crypto'

/** The state of a tree: its name, how many leaves, their root. */
export type Checkpoint = { origin: string; size: number; root: Buffer }

const ED25519 = Buffer.from([1])

/** First four bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ key). */
function keyId(name: string, raw: Buffer): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(ED25519)
    .update(raw)
    .digest()
    .subarray(0, 4)
}

const rawOf = (key: KeyObject) => Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url')

/** The verifier key as one line: `name+hash+key`, which other tools of this kind read. */
export function verifierKey(name: string, key: KeyObject): string {
  const raw = rawOf(key)
  const encoded = Buffer.concat([ED25519, raw]).toString('base64')
  return `${name}+${keyId(name, raw).toString('hex')}+${encoded}`
}

function bodyOf({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/** A signed note of a checkpoint. */
export function signNote(checkpoint: Checkpoint, privateKey: KeyObject, publicKey: KeyObject) {
  const body = bodyOf(checkpoint)
  const signature = sign(null, Buffer.from(body), privateKey)
  const line = Buffer.concat([keyId(checkpoint.origin, rawOf(publicKey)), signature])
  return `${body}\n— ${checkpoint.origin} ${line.toString('base64')}\n`
}

const NOTE = /^((.+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/=]+)\n(?:.+\n)*)\n((?:— \S+ \S+\n)+)$/u

/** Whether it is written as a note at all, whoever signed it. */
export const isNote = (text: string): boolean => NOTE.test(text)

/** Reads a note and checks its signature; undefined where it is none, or not by this key. */
export function openNote(note: string, publicKey: KeyObject): Checkpoint | undefined {
  const parts = NOTE.exec(note)
  if (!parts) return undefined
  const [, body = '', origin = '', size = '', root = '', lines = ''] = parts
  const id = keyId(origin, rawOf(publicKey))
  const signed = lines.split('\n').some((line) => {
    const [dash, name, value = ''] = line.split(' ')
    const bytes = Buffer.from(value, 'base64')
    if (dash !== '—' || name !== origin || !bytes.subarray(0, 4).equals(id)) return false
    // Base64 has more than one spelling of the same bytes.
    if (bytes.toString('base64') !== value) return false
    return verify(null, Buffer.from(body), publicKey, bytes.subarray(4))
  })
  const hash = Buffer.from(root, 'base64')
  return signed && hash.length === 32 && Number.isSafeInteger(Number(size))
    ? { origin, size: Number(size), root: hash }
    : undefined
}

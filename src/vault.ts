/**
 * Sealing: AES-256-GCM with the row's id as additional data (M1), and the installation's secrets,
 * which live in the database sealed under KEY_ENCRYPTION_KEY. A wrong key stops the start (M2, M3).
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Knex } from 'knex'

const FORMAT = 1

/** Seals `plain` under a 32-byte key. `context` (a row id) must be given again to open. */
export function seal(key: Buffer, plain: Buffer | string, context: string): Buffer {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.from([FORMAT]), iv, cipher.getAuthTag(), body])
}

/** Opens what `seal` made. Throws where the key, the context or a byte differs. */
export function unseal(key: Buffer, sealed: Buffer, context: string): Buffer {
  if (sealed[0] !== FORMAT) throw new Error('unknown sealing format')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13))
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(sealed.subarray(13, 29))
  return Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()])
}

/** HMAC-SHA-256, for keyed lookups and tokens. */
export function keyed(key: Buffer, value: string): Buffer {
  return createHmac('sha256', key).update(value).digest()
}

const SYMMETRIC = [
  'cookie',
  'csrf',
  'cursor',
  'pepper',
  'email_index',
  'residents',
  'pairwise',
  'throttle',
  'mail',
  'people',
] as const
const SIGNING = ['RS256', 'ES256'] as const

export type Secrets = {
  /** Newest first: the first signs, all verify (M14). */
  cookie: Buffer[]
  csrf: Buffer[]
  cursor: Buffer
  pepper: Buffer
  emailIndex: Buffer
  /** Wraps each resident's own key. */
  residents: Buffer
  pairwise: Buffer
  throttle: Buffer
  /** Seals queued mails. */
  mail: Buffer
  /** Seals TOTP seeds of operators and staff. */
  people: Buffer
  /** Private JWKs with kid, alg and use; newest first per algorithm. */
  signing: JWK[]
  /** Signs the ledger's checkpoints (Ed25519); apart from OpenID Connect's keys, never in its JWKS. */
  ledger: JWK
}

type Row = { id: string; purpose: string; sealed: Buffer; retired_at: Date | null }

/**
 * Reads the installation's secrets, making those that are missing. Several nodes may do so at once:
 * the unique index lets one row of a purpose win and all read that one.
 *
 * @throws Error when the key encryption key does not open what is there; nothing is overwritten
 */
export async function openSecrets(db: Knex, kek: Buffer, now: Date): Promise<Secrets> {
  const present = new Set(await db('secrets').whereNull('retired_at').pluck<string[]>('purpose'))
  for (const purpose of SYMMETRIC) {
    if (!present.has(purpose)) await keep(db, kek, purpose, randomBytes(32), null, now)
  }
  for (const alg of SIGNING) {
    if (!present.has(`sign_${alg}`)) {
      const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
      const jwk = { ...(await exportJWK(privateKey)), alg, use: 'sig' }
      await keep(db, kek, `sign_${alg}`, Buffer.from(JSON.stringify(jwk)), null, now)
    }
  }
  if (!present.has('sign_ledger')) {
    const pair = await generateKeyPair('Ed25519', { extractable: true })
    const jwk = { ...(await exportJWK(pair.privateKey)), alg: 'EdDSA', use: 'sig' }
    const known = await exportJWK(pair.publicKey)
    await keep(db, kek, 'sign_ledger', Buffer.from(JSON.stringify(jwk)), known, now)
  }
  const rows = await db<Row>('secrets').select('*').orderBy('created_at', 'desc').orderBy('id')
  const all = (purpose: string) =>
    rows
      .filter((row) => row.purpose === purpose)
      .map((row) => ({ id: row.id, plain: open(kek, row) }))
  const one = (purpose: string) => {
    const row = rows.find((r) => r.purpose === purpose && r.retired_at === null)
    if (!row) throw new Error(`secret ${purpose} is missing`)
    return open(kek, row)
  }
  return {
    cookie: all('cookie').map((s) => s.plain),
    csrf: all('csrf').map((s) => s.plain),
    cursor: one('cursor'),
    pepper: one('pepper'),
    emailIndex: one('email_index'),
    residents: one('residents'),
    pairwise: one('pairwise'),
    throttle: one('throttle'),
    mail: one('mail'),
    people: one('people'),
    ledger: keyOf(rows, kek, 'sign_ledger'),
    signing: SIGNING.flatMap((alg) =>
      all(`sign_${alg}`).map((s) => ({ ...(JSON.parse(s.plain.toString()) as JWK), kid: s.id })),
    ),
  }
}

function keyOf(rows: readonly Row[], kek: Buffer, purpose: string): JWK {
  const row = rows.find((r) => r.purpose === purpose && r.retired_at === null)
  if (!row) throw new Error(`secret ${purpose} is missing`)
  return { ...(JSON.parse(open(kek, row).toString()) as JWK), kid: row.id }
}

function open(kek: Buffer, row: Row): Buffer {
  try {
    return unseal(kek, row.sealed, row.id)
  } catch {
    throw new Error(
      'KEY_ENCRYPTION_KEY does not open the secrets of this database; nothing was changed',
    )
  }
}

async function keep(
  db: Knex,
  kek: Buffer,
  purpose: string,
  plain: Buffer,
  publicJwk: object | null,
  now: Date,
) {
  const id = `${purpose}-${randomBytes(6).toString('hex')}`
  const row = { id, purpose, sealed: seal(kek, plain, id), public_jwk: publicJwk, created_at: now }
  await db('secrets').insert(row).onConflict(db.raw('(purpose) where retired_at is null')).ignore()
}

/**
 * The key file used outside production when KEY_ENCRYPTION_KEY is not set: `<dataDir>/key-encryption-key`,
 * 32 random bytes in base64, mode 0600, created atomically (two starts at once end up with one file).
 */
export async function keyFile(dataDir: string): Promise<Buffer> {
  const path = join(dataDir, 'key-encryption-key')
  const read = async () => Buffer.from((await readFile(path, 'utf8')).trim(), 'base64')
  try {
    return await read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  await mkdir(dataDir, { recursive: true })
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, randomBytes(32).toString('base64') + '\n', { mode: 0o600, flush: true })
  try {
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
  return read()
}

import { CompactSign, compactVerify, createLocalJWKSet, importJWK, type JWK } from 'jose'
import { catalogue } from '../catalogue/actions.ts'
import type { Catalogue } from '../catalogue/model.ts'
import { count, type Limit } from '../database/limits.ts'
import type { Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import { JsonFault, parseStrict } from '../input/json.ts'
import { Refusal } from '../refusal.ts'
import * as services from '../services/actions.ts'
import { subjectOf, type ServiceNow } from '../services/model.ts'
import { RECEIPT_TYPE, receiptOf, type ConsentRow, type Entry, type Receipt } from './model.ts'
import * as queries from './queries.ts'

type Whose = { residentId: string; userId: string }

export type Made = { row: ConsentRow; service: ServiceNow; receipt: Receipt }

/** A page of a resident's receipts, newest first. */
export async function list(env: Env, whose: Whose, at: { limit: number; offset: number }) {
  const { rows, total } = await queries.list(env.db, whose.residentId, at)
  const entries = await catalogue(env)
  return { total, receipts: await Promise.all(rows.map((row) => made(env, whose, row, entries))) }
}

/** One receipt of this resident; undefined where it is not theirs. */
export async function find(env: Env, whose: Whose, id: string): Promise<Made | undefined> {
  const row = isUuid(id) ? await queries.byId(env.db, whose.residentId, id) : undefined
  return row && made(env, whose, row, await catalogue(env))
}

async function made(env: Env, whose: Whose, row: ConsentRow, entries: Catalogue): Promise<Made> {
  const service = await services.atVersions(env, row)
  if (!service) throw new Error('a consent names versions that do not exist')
  const as = { ...service, contract: { ...service.contract, subjectType: row.subjectType } }
  const receipt = receiptOf({
    row,
    service,
    subject: subjectOf(env.secrets.pairwise, whose.userId, as),
    installation: env.config.installation,
    catalogue: entries,
    issuer: env.config.issuer,
  })
  return { row, service, receipt }
}

/** The receipt as a compact JWS, signed with the key of the JWKS (RFC 7515). */
export async function sign(env: Env, receipt: Receipt): Promise<string> {
  const key = env.secrets.signing.find(({ alg }) => alg === 'ES256')
  if (!key) throw new Error('no ES256 key')
  return new CompactSign(new TextEncoder().encode(JSON.stringify(receipt)))
    .setProtectedHeader({ alg: 'ES256', kid: String(key.kid), typ: RECEIPT_TYPE })
    .sign(await importJWK(key, 'ES256'))
}

export type Checked = { ok: true; receipt: Receipt } | { ok: false; why: 'shape' | 'signature' }

/** Whether a text is a receipt that this installation signed; also with a key that has since been replaced. */
export async function check(env: Env, text: string): Promise<Checked> {
  const jws = signedIn(text).replace(/\s+/g, '')
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(jws)) return { ok: false, why: 'shape' }
  const keys = env.secrets.signing.filter(({ alg }) => alg === 'ES256').map(publicPart)
  try {
    const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet({ keys }), {
      algorithms: ['ES256'],
    })
    if (protectedHeader.typ !== RECEIPT_TYPE) return { ok: false, why: 'shape' }
    return { ok: true, receipt: JSON.parse(new TextDecoder().decode(payload)) as Receipt }
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('ERR_J'))
      return { ok: false, why: 'signature' }
    throw error
  }
}

/** The signed text alone, also where the whole downloaded file was pasted: its `receipt`. */
function signedIn(text: string): string {
  if (!text.trimStart().startsWith('{')) return text
  try {
    const { receipt } = parseStrict(text.trim()) as { receipt?: unknown }
    return typeof receipt === 'string' ? receipt : ''
  } catch (error) {
    if (error instanceof JsonFault) return ''
    throw error
  }
}

/** Checks from one address. */
const CHECKS: Limit = { name: 'receipt_checks', points: 60, seconds: 3600 }

/**
 * Whether there is a receipt with the two things that stand on its paper: its number and its mark in the ledger. One
 * answer for whatever does not fit, so that it tells nothing about which was wrong (R9).
 *
 * @throws Refusal too_many_attempts
 */
export async function entryOf(
  env: Env,
  { number, hash, address }: { number: string; hash: string; address: string },
): Promise<Entry | undefined> {
  if (!(await count(env, CHECKS, address)).within) throw new Refusal('too_many_attempts')
  const plain = (text: string) => text.normalize('NFKC').replace(/\s+/g, '').toLowerCase()
  const [id, leaf] = [plain(number), plain(hash)]
  if (!isUuid(id) || !/^[0-9a-f]{64}$/.test(leaf)) return undefined
  return queries.entry(env.db, { id, hash: Buffer.from(leaf, 'hex') })
}

function publicPart({ kty, crv, x, y, kid, alg, use }: JWK): JWK {
  return { kty, crv, x, y, kid, alg, use } as JWK
}

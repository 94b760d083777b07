import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { atomically, type Env } from '../env.ts'
import * as residents from '../residents/actions.ts'
import { unseal } from '../vault.ts'
import * as closures from './closures.ts'
import { signJws } from './jws.ts'
import { originOf, TILE, TREES, type SignedState, type Tree } from './model.ts'
import { signNote, verifierKey } from './note.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'
import {
  consistencyProof,
  frontier,
  inclusionProof,
  nodeHash,
  rootOf,
  type Reader,
} from './tree.ts'

/** Entries placed in one transaction. */
const BATCH = 5000

/**
 * Gives every committed entry its place, gap-free, and signs the new state of each tree. Safe on many nodes: one does
 * it, the others pass.
 *
 * @returns how many entries were placed
 */
export async function sequence(env: Env): Promise<number> {
  let placed = 0
  for (const tree of TREES) {
    for (;;) {
      const count = await atomically(env, (env) => sequenceBatch(env, tree))
      placed += count
      if (count < BATCH) break
    }
  }
  return placed
}

async function sequenceBatch(env: Env, tree: Tree): Promise<number> {
  const { db } = env
  const placed = await store.place(db, tree, BATCH)
  if (placed === undefined) return 0
  const size = await store.sizeOf(db, tree)
  if (placed) await insertWholeNodes(env, tree, size - placed, size)
  await sign(env, tree, size)
  return placed
}

/** Writes the nodes of every tile that became whole when the tree grew from `from` to `to` leaves. */
async function insertWholeNodes(env: Env, tree: Tree, from: number, to: number): Promise<void> {
  let [before, after] = [from, to]
  for (let level = 0; after >= TILE; level++) {
    const first = Math.floor(before / TILE)
    const end = Math.floor(after / TILE)
    const nodes: { n: number; hash: Buffer }[] = []
    for (let n = first; n < end; n++) {
      const range = { level, from: n * TILE, to: (n + 1) * TILE }
      nodes.push({ n, hash: folded(await store.hashes(env.db, tree, range)) })
    }
    if (nodes.length) await store.insertNodes(env.db, tree, level + 1, nodes)
    ;[before, after] = [first, end]
  }
}

/** The root of a perfect subtree, from a power of two of hashes. */
function folded(hashes: readonly Buffer[]): Buffer {
  let row = [...hashes]
  while (row.length > 1)
    row = Array.from({ length: row.length / 2 }, (_, n) =>
      nodeHash(row[2 * n] as Buffer, row[2 * n + 1] as Buffer),
    )
  return row[0] as Buffer
}

/** Reads perfect subtrees from the stored tiles. */
function readerOf(env: Env, tree: Tree): Reader {
  return async (level, n) => {
    const width = 2 ** (level % 8)
    const range = { level: Math.floor(level / 8), from: n * width, to: (n + 1) * width }
    return folded(await store.hashes(env.db, tree, range))
  }
}

/**
 * Signs the state of `size` leaves, where it is new. What was signed before must be its beginning: a state that does not
 * extend it is never signed.
 *
 * @throws Error where what was signed is no beginning of the tree, or larger than it
 */
async function sign(env: Env, tree: Tree, size: number): Promise<void> {
  const read = readerOf(env, tree)
  const last = await store.checkpoint(env.db, tree)
  if (last && last.size > size)
    throw new Error(`the ledger ${tree} has ${size} leaves, and a state of ${last.size} was kept`)
  if (last?.size === size) return
  if (!last && size === 0) return
  if (last && !(await rootOf(read, last.size)).equals(last.root))
    throw new Error(`the ledger ${tree} no longer extends what was signed at ${last.size} leaves`)
  const root = await rootOf(read, size)
  const origin = originOf(env.config.issuer, tree)
  const { privateKey, publicKey, kid } = keys(env)
  const at = env.now()
  const stated = { origin, size, root: root.toString('base64'), at: at.toISOString() }
  const jws = await signJws(stated, privateKey, kid)
  const note = signNote({ origin, size, root }, privateKey, publicKey)
  await store.insertCheckpoint(env.db, { tree, size, root, at, note, jws })
}

function keys(env: Env): { privateKey: KeyObject; publicKey: KeyObject; kid: string } {
  const privateKey = createPrivateKey({ key: env.secrets.ledger as JsonWebKey, format: 'jwk' })
  return {
    privateKey,
    publicKey: createPublicKey(privateKey),
    kid: String(env.secrets.ledger.kid),
  }
}

/** Signs the entry that says a range of records went (retention). */
export function signClosure(env: Env, canonical: string): Buffer {
  return closures.signClosure(canonical, keys(env).privateKey)
}

/** RFC 9162 §2.1.1: the root over leaf hashes in their order. */
export function rootOfLeaves(hashes: readonly Buffer[]): Buffer {
  const tip = frontier()
  for (const hash of hashes) tip.add(hash)
  return tip.root()
}

/** The public key of the checkpoints: as a JWK, and as the line other tools of this kind read. */
export function publicKeys(env: Env) {
  const { publicKey, kid } = keys(env)
  return {
    keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'EdDSA', use: 'sig', kid }],
    verifiers: TREES.map((tree) => verifierKey(originOf(env.config.issuer, tree), publicKey)),
  }
}

/** The newest signed state of a tree; undefined before its first entry. */
export function checkpoint(env: Env, tree: Tree): Promise<SignedState | undefined> {
  return store.checkpoint(env.db, tree)
}

/**
 * The hashes of one tile (C2SP tlog-tiles), of which `width` are asked for; undefined where the published tree does not
 * reach so far.
 */
export async function tile(
  env: Env,
  tree: Tree,
  { level, n, width }: { level: number; n: number; width: number },
): Promise<Buffer | undefined> {
  const published = (await store.checkpoint(env.db, tree))?.size ?? 0
  const available = Math.floor(published / TILE ** level)
  const from = n * TILE
  if (from + width > available) return undefined
  return Buffer.concat(await store.hashes(env.db, tree, { level, from, to: from + width }))
}

export type EntryProof = {
  tree: Tree
  index: number
  size: number
  leafHash: string
  /** Nearest sibling first, base64. */
  path: string[]
  checkpoint: string
}

/** Proof that an entry is in the newest published tree; undefined while it has no place there yet. */
export async function proofOf(
  env: Env,
  tree: Tree,
  entryId: string,
): Promise<EntryProof | undefined> {
  const leaf = await store.leafOf(env.db, tree, entryId)
  const state = await store.checkpoint(env.db, tree)
  if (!leaf || !state || leaf.index >= state.size) return undefined
  const path = await inclusionProof(readerOf(env, tree), leaf.index, state.size)
  return {
    tree,
    index: leaf.index,
    size: state.size,
    leafHash: leaf.hash.toString('base64'),
    path: path.map((hash) => hash.toString('base64')),
    checkpoint: state.note,
  }
}

/** Proof that the tree of `to` leaves begins with that of `from`; undefined where it was never that large. */
export async function growth(
  env: Env,
  tree: Tree,
  from: number,
  to: number,
): Promise<string[] | undefined> {
  const published = (await store.checkpoint(env.db, tree))?.size ?? 0
  if (from > to || to > published) return undefined
  const proof = await consistencyProof(readerOf(env, tree), from, to)
  return proof.map((hash) => hash.toString('base64'))
}

/**
 * A resident's own entry: its text, the salt that ties it to them, and its proof, which is null until the entry has its
 * place in a published tree (usually some seconds). Undefined where there is no such entry of theirs.
 */
export async function ownEntry(env: Env, residentId: string, entryId: string) {
  const entry = await queries.entryOf(env.db, residentId, entryId)
  const resident = entry && (await residents.find(env, residentId))
  if (!entry || !resident) return undefined
  const salt = unseal(resident.dataKey, entry.salt, `${entry.context}:${entryId}`)
  return {
    entry: entry.canonical,
    resident: residentId,
    salt: salt.toString('hex'),
    proof: (await proofOf(env, 'provisions', entryId)) ?? null,
  }
}

/**
 * The signed entry that says with which month an entry went at the end of its term, with its proof. It names nobody:
 * whose entry it was is not known any more. Undefined for every other id.
 */
export async function goneEntry(env: Env, entryId: string) {
  const gone = await queries.goneWith(env.db, entryId)
  if (!gone) return undefined
  return {
    erasedAt: gone.droppedAt.toISOString(),
    closing: gone.canonical,
    proof: (await proofOf(env, 'provisions', gone.closureId)) ?? null,
  }
}

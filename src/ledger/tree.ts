/**
 * The Merkle tree of RFC 9162 §2.1 (RFC 6962), over leaf hashes: roots and proofs from stored perfect subtrees, and how
 * to check them. Pure but for `Reader`, which brings the hashes.
 */
import { createHash, hash } from 'node:crypto'

/** RFC 9162 §2.1.1: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer')
}
const NODE = Buffer.from([1])

/** The root of no leaves. */
export const EMPTY_ROOT = createHash('sha256').digest()

/** Hash of the perfect subtree of 2^level leaves that begins at leaf n·2^level. */
export type Reader = (level: number, n: number) => Promise<Buffer>

/** MTH(D[from:to]), from perfect subtrees alone. */
async function rangeHash(read: Reader, from: number, to: number): Promise<Buffer> {
  const size = to - from
  const level = Math.log2(size)
  if (Number.isInteger(level) && from % size === 0) return read(level, from / size)
  const split = splitOf(size)
  const left = await rangeHash(read, from, from + split)
  return nodeHash(left, await rangeHash(read, from + split, to))
}

/** The largest power of two smaller than n. */
function splitOf(n: number): number {
  return 2 ** (Math.ceil(Math.log2(n)) - 1)
}

/** The root of the first `size` leaves. */
export async function rootOf(read: Reader, size: number): Promise<Buffer> {
  return size === 0 ? EMPTY_ROOT : rangeHash(read, 0, size)
}

/** RFC 9162 §2.1.3.1: the path that proves leaf `index` to be in the tree of `size` leaves; nearest sibling first. */
export async function inclusionProof(read: Reader, index: number, size: number): Promise<Buffer[]> {
  if (index < 0 || index >= size) throw new RangeError('no such leaf in this tree')
  const path: Buffer[] = []
  let [from, to] = [0, size]
  while (to - from > 1) {
    const split = from + splitOf(to - from)
    if (index < split) {
      path.push(await rangeHash(read, split, to))
      to = split
    } else {
      path.push(await rangeHash(read, from, split))
      from = split
    }
  }
  return path.reverse()
}

/** RFC 9162 §2.1.4.1: proves that the tree of `size` leaves begins with the tree of `first` leaves. */
export async function consistencyProof(
  read: Reader,
  first: number,
  size: number,
): Promise<Buffer[]> {
  if (first < 0 || first > size) throw new RangeError('no such earlier tree')
  if (first === 0 || first === size) return []
  const proof: Buffer[] = []
  let [from, to] = [0, size]
  let whole = true
  while (to - from > 0 && first - from !== to - from) {
    const split = from + splitOf(to - from)
    if (first <= split) {
      proof.push(await rangeHash(read, split, to))
      to = split
    } else {
      proof.push(await rangeHash(read, from, split))
      from = split
      whole = false
    }
  }
  if (!whole) proof.push(await rangeHash(read, from, to))
  return proof.reverse()
}

/** RFC 9162 §2.1.3.2 */
export function isIncluded(
  leaf: Buffer,
  { index, size, root }: { index: number; size: number; root: Buffer },
  path: readonly Buffer[],
): boolean {
  if (index < 0 || index >= size) return false
  let [fn, sn] = [index, size - 1]
  let hash = leaf
  for (const sibling of path) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    } else hash = nodeHash(hash, sibling)
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && hash.equals(root)
}

type Head = { size: number; root: Buffer }

/** RFC 9162 §2.1.4.2 */
export function isConsistent(first: Head, second: Head, proof: readonly Buffer[]): boolean {
  if (first.size > second.size) return false
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root)
  if (first.size === 0) return proof.length === 0
  const path = Number.isInteger(Math.log2(first.size)) ? [first.root, ...proof] : [...proof]
  const [seed, ...rest] = path
  if (!seed) return false
  let [fn, sn] = [first.size - 1, second.size - 1]
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  let [fr, sr] = [seed, seed]
  for (const hash of rest) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(hash, fr)
      sr = nodeHash(hash, sr)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    } else sr = nodeHash(sr, hash)
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && fr.equals(first.root) && sr.equals(second.root)
}

export type Frontier = { readonly size: number; add: (leaf: Buffer) => void; root: () => Buffer }

/**
 * Grows a tree leaf by leaf with one hash per level: for verifying millions without keeping them.
 *
 * @param whole told of every node of the published tiles as soon as all is known that is below it
 */
export function frontier(whole?: (level: number, n: number, hash: Buffer) => void): Frontier {
  const peaks: Buffer[] = []
  let size = 0
  return {
    get size() {
      return size
    },
    add(leaf) {
      peaks.push(leaf)
      let height = 0
      for (let n = size++; n % 2 === 1; n = (n - 1) / 2) {
        const right = peaks.pop() as Buffer
        const node = nodeHash(peaks.pop() as Buffer, right)
        peaks.push(node)
        if (++height % 8 === 0) whole?.(height / 8, (n - 1) / 2, node)
      }
    },
    root() {
      if (peaks.length === 0) return EMPTY_ROOT
      return peaks.reduceRight((right, left) => nodeHash(left, right))
    },
  }
}

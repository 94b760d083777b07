/** The tree against the definition of RFC 9162 §2.1, written out naively, and against its test vectors. */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { leafHash } from '../../src/audit/model.ts'
import { openNote, signNote, verifierKey } from '../../src/ledger/note.ts'
import {
  consistencyProof,
  EMPTY_ROOT,
  frontier,
  inclusionProof,
  isConsistent,
  isIncluded,
  nodeHash,
  rootOf,
  type Reader,
} from '../../src/ledger/tree.ts'

const leaves = (count: number) => Array.from({ length: count }, (_, n) => leafHash(`leaf ${n}`))

/** MTH as the RFC writes it. */
function mth(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return createHash('sha256').digest()
  if (hashes.length === 1) return hashes[0] as Buffer
  let k = 1
  while (k * 2 < hashes.length) k *= 2
  return nodeHash(mth(hashes.slice(0, k)), mth(hashes.slice(k)))
}

const reader =
  (hashes: readonly Buffer[]): Reader =>
  (level, n) =>
    Promise.resolve(mth(hashes.slice(n * 2 ** level, (n + 1) * 2 ** level)))

const flipped = (hash: Buffer) => Buffer.from(hash).fill((hash[0] ?? 0) ^ 1, 0, 1)

describe('the tree', () => {
  test('has the roots of the published vectors', async () => {
    // Certificate Transparency's reference inputs (certificate-transparency-go, merkle tests).
    const inputs = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ]
    const hashes = inputs.map((hex) =>
      createHash('sha256')
        .update(Buffer.from([0]))
        .update(Buffer.from(hex, 'hex'))
        .digest(),
    )
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]
    for (const [n, root] of roots.entries())
      expect((await rootOf(reader(hashes), n + 1)).toString('hex')).toBe(root)
    expect((await rootOf(reader([]), 0)).equals(EMPTY_ROOT)).toBe(true)
  })

  test('a frontier, subtrees and the definition agree', async () => {
    const all = leaves(70)
    const tip = frontier()
    for (let size = 0; size <= all.length; size++) {
      const root = mth(all.slice(0, size))
      expect(tip.root().equals(root)).toBe(true)
      expect((await rootOf(reader(all), size)).equals(root)).toBe(true)
      tip.add(all[size] ?? (all[0] as Buffer))
    }
  })

  test('a frontier tells the nodes of whole tiles', () => {
    const told: [number, number, Buffer][] = []
    const tip = frontier((...node) => told.push(node))
    const all = leaves(600)
    for (const leaf of all) tip.add(leaf)
    expect(told).toEqual([
      [1, 0, mth(all.slice(0, 256))],
      [1, 1, mth(all.slice(256, 512))],
    ])
  })

  test('every leaf of every tree is proven, and nothing else', async () => {
    const all = leaves(40)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(), async (size, at) => {
        const index = at % size
        const root = mth(all.slice(0, size))
        const path = await inclusionProof(reader(all), index, size)
        const leaf = all[index] as Buffer
        expect(isIncluded(leaf, { index, size, root }, path)).toBe(true)
        expect(isIncluded(flipped(leaf), { index, size, root }, path)).toBe(false)
        expect(isIncluded(leaf, { index, size, root: flipped(root) }, path)).toBe(false)
        expect(isIncluded(leaf, { index: size, size, root }, path)).toBe(false)
        expect(isIncluded(leaf, { index, size, root }, [...path, leaf])).toBe(false)
        if (path.length) expect(isIncluded(leaf, { index, size, root }, path.slice(1))).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  test('every earlier tree is proven to be the beginning, and no other', async () => {
    const all = leaves(40)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(), async (size, at) => {
        const earlier = at % (size + 1)
        const first = { size: earlier, root: mth(all.slice(0, earlier)) }
        const second = { size, root: mth(all.slice(0, size)) }
        const proof = await consistencyProof(reader(all), earlier, size)
        expect(isConsistent(first, second, proof)).toBe(true)
        if (earlier === 0) return
        expect(isConsistent({ ...first, root: flipped(first.root) }, second, proof)).toBe(false)
        expect(isConsistent(first, { ...second, root: flipped(second.root) }, proof)).toBe(false)
        expect(isConsistent(second, first, proof)).toBe(earlier === size)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a checkpoint', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const checkpoint = { origin: 'id.example.jp/provisions', size: 7, root: leafHash('x') }
  const note = signNote(checkpoint, privateKey, publicKey)

  test('opens by its key, and says what was signed', () => {
    expect(openNote(note, publicKey)).toEqual(checkpoint)
    expect(note.split('\n')[0]).toBe('id.example.jp/provisions')
    expect(verifierKey(checkpoint.origin, publicKey)).toMatch(
      /^id\.example\.jp\/provisions\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}$/,
    )
  })

  test.each([
    ['another size', note.replace('\n7\n', '\n8\n')],
    ['another origin', note.replaceAll('id.example.jp', 'id.example.com')],
    ['no signature', note.split('\n\n')[0] ?? ''],
    ['a cut signature', `${note.slice(0, -10)}\n`],
    ['nothing', ''],
  ])('with %s does not', (_, bent) => {
    expect(openNote(bent, publicKey)).toBeUndefined()
  })

  test('does not open by another key', () => {
    expect(openNote(note, generateKeyPairSync('ed25519').publicKey)).toBeUndefined()
  })
})

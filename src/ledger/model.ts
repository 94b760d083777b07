/**
 * 台帳 – proof that no record was changed, left out or added later.
 * Owns: the two trees, their checkpoints and proofs. Does not own: the entries themselves (residents, consents,
 * provisions, audit). RFC 9162 §2.1, C2SP tlog-checkpoint and tlog-tiles. Design: docs/security.md, "The ledger".
 */
export const TREES = ['provisions', 'audit'] as const
/** `provisions`: sign-up terms, consents, provision records; `audit`: what people of consortium and companies did. */
export type Tree = (typeof TREES)[number]

/** Which table an entry of a tree stands in. */
export type Source = 'terms' | 'consents' | 'provisions' | 'closures' | 'audit'

/** Hashes in one tile (C2SP tlog-tiles). */
export const TILE = 256

/** The name a tree is signed under: the prefix it is published below, without the scheme (C2SP tlog-tiles). */
export function originOf(issuer: string, tree: Tree): string {
  const { host } = new URL(issuer)
  return tree === 'provisions' ? `${host}/transparency` : `${host}/transparency/${tree}`
}

/** The tree that such a name is of; undefined where it is none of a ledger of this kind. */
export function treeOf(origin: string): Tree | undefined {
  if (origin.endsWith('/transparency')) return 'provisions'
  return TREES.find((tree) => origin.endsWith(`/transparency/${tree}`))
}

export type Leaf = { index: number; source: Source; entryId: string; hash: Buffer }

/** A signed state of a tree. */
export type SignedState = {
  tree: Tree
  size: number
  root: Buffer
  at: Date
  note: string
  jws: string
}

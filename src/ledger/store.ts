import type { Knex } from 'knex'
import type { Leaf, SignedState, Tree } from './model.ts'

/**
 * Gives committed entries that have no place yet the next ones, by the owner's hand: the application itself may write
 * no leaf. One sequencer at a time, until the transaction ends.
 *
 * @returns how many; undefined where another one is at it
 */
export async function place(db: Knex, tree: Tree, limit: number): Promise<number | undefined> {
  const { rows } = await db.raw<{ rows: { placed: number | null }[] }>(
    'select ledger_place(:tree, :limit) as placed',
    { tree, limit },
  )
  return rows[0]?.placed ?? undefined
}

/** One node keeps states outside at a time, until the transaction ends. @returns false where another one is at it */
export async function lockAnchor(db: Knex): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { locked: boolean }[] }>(
    `select pg_try_advisory_xact_lock(hashtextextended('ledger anchor', 0)) as locked`,
  )
  return rows[0]?.locked ?? false
}

/** How many leaves a tree has. */
export async function sizeOf(db: Knex, tree: Tree): Promise<number> {
  const { rows } = await db.raw<{ rows: { size: string }[] }>(
    'select coalesce(max(index) + 1, 0) as size from ledger_leaves where tree = :tree',
    { tree },
  )
  return Number(rows[0]?.size ?? 0)
}

/** Hashes `from` … `to`-1 of a level: leaves, or nodes of 256^level leaves. */
export async function hashes(
  db: Knex,
  tree: Tree,
  { level, from, to }: { level: number; from: number; to: number },
): Promise<Buffer[]> {
  const { rows } = await db.raw<{ rows: { hash: Buffer }[] }>(
    level === 0
      ? 'select leaf_hash as hash from ledger_leaves where tree = :tree and index >= :from and index < :to order by index'
      : 'select hash from ledger_nodes where tree = :tree and level = :level and n >= :from and n < :to order by n',
    { tree, level, from, to },
  )
  if (rows.length !== to - from) throw new Error(`the ledger ${tree} has a gap at level ${level}`)
  return rows.map((row) => row.hash)
}

export async function insertNodes(
  db: Knex,
  tree: Tree,
  level: number,
  nodes: readonly { n: number; hash: Buffer }[],
): Promise<void> {
  await db.batchInsert(
    'ledger_nodes',
    nodes.map(({ n, hash }) => ({ tree, level, n, hash })),
    1000,
  )
}

type CheckpointRow = Omit<SignedState, 'size'> & { size: string }

/** The newest checkpoint of a tree, or the newest of at most `size` leaves. */
export async function checkpoint(
  db: Knex,
  tree: Tree,
  size?: number,
): Promise<SignedState | undefined> {
  const { rows } = await db.raw<{ rows: CheckpointRow[] }>(
    `select tree, size, root, at, note, jws from ledger_checkpoints
     where tree = :tree and (:size::bigint is null or size <= :size) order by size desc limit 1`,
    { tree, size: size ?? null },
  )
  return rows[0] && { ...rows[0], size: Number(rows[0].size) }
}

export async function insertCheckpoint(db: Knex, row: SignedState): Promise<void> {
  await db('ledger_checkpoints').insert(row)
}

/** The place of an entry in a tree, where it has one already. */
export async function leafOf(db: Knex, tree: Tree, entryId: string): Promise<Leaf | undefined> {
  const { rows } = await db.raw<{ rows: (Omit<Leaf, 'index'> & { index: string })[] }>(
    `select index, source, entry_id as "entryId", leaf_hash as hash from ledger_leaves
     where tree = :tree and entry_id = :entryId`,
    { tree, entryId },
  )
  return rows[0] && { ...rows[0], index: Number(rows[0].index) }
}

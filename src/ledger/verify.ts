/** Holds a ledger to itself, to its signatures and to what witnesses kept: pure but for `Evidence`, which brings the rows. */
import type { KeyObject } from 'node:crypto'
import { closureOf, covers, isSignedClosure, isWhole, type Closure } from './closures.ts'
import { check, TABLES, timeOf, type Checked, type Row, type Why } from './entries.ts'
import { isJwsOf } from './jws.ts'
import { TILE, treeOf, TREES, type Source, type Tree } from './model.ts'
import { openNote, type Checkpoint } from './note.ts'
import { frontier, type Frontier } from './tree.ts'

/** Where the rows come from: a database, or a dump of one. */
export type Evidence = {
  /** Every row of a table, its columns as PostgreSQL writes them; leaves in the order of their index. */
  rows: (table: string, tree?: Tree) => AsyncIterable<Row>
}

/** `index`: the leaf; for a root that differs, the last size at which everything was as signed. */
type Fault = { index: number; why: Why; entry?: string; column?: string }

type TreeReport = {
  tree: Tree
  size: number
  root: string
  checkpoints: number
  witnesses: number
  /** Committed, and waiting for their place. */
  pending: number
  /** Placed, and waiting for a signature. */
  unsigned: number
  /** The lowest index first; at most a hundred. */
  faults: Fault[]
}

export type Report = { ok: boolean; trees: TreeReport[] }

/** How long before or after its neighbours' signature an entry may say it was made: transactions and clocks. */
const SLACK_MS = 120_000

/**
 * @param key       of the checkpoints
 * @param witnesses signed states that somebody else kept (witnesses.ts)
 */
export async function verify(
  evidence: Evidence,
  key: KeyObject,
  witnesses: readonly Checkpoint[],
): Promise<Report> {
  const known = { agreements: new Map(), residents: new Set<string>() }
  for await (const row of evidence.rows('residents')) known.residents.add(row['id'] ?? '')
  for await (const row of evidence.rows('agreements')) {
    const id = row['id'] ?? ''
    const agreement = { resident: row['resident_id'] ?? '', service: row['service_id'] ?? '' }
    // One that stands there twice is nobody's.
    known.agreements.set(id, known.agreements.has(id) ? { resident: '', service: '' } : agreement)
  }
  const trees: TreeReport[] = []
  for (const tree of TREES) {
    const entries = new Map<string, Checked>()
    const closures: Closure[] = []
    for (const [source, { tree: of, table }] of Object.entries(TABLES)) {
      if (of !== tree) continue
      for await (const row of evidence.rows(table)) {
        const checked = check(source as Source, row, known)
        if (source === 'closures' && !checked.why) {
          if (isSignedClosure(row, key)) closures.push(closureOf(row))
          else checked.why = 'closure_forged'
        }
        const before = entries.size
        entries.set(row['id'] ?? '', checked)
        // Whichever of the two is the true one: each has only one place.
        if (entries.size === before) checked.why = 'row_twice'
      }
    }
    trees.push(await verifyTree(evidence, tree, { entries, closures, key, witnesses }))
  }
  return { ok: trees.every((tree) => tree.faults.length === 0), trees }
}

type Given = {
  entries: Map<string, Checked>
  closures: readonly Closure[]
  key: KeyObject
  witnesses: readonly Checkpoint[]
}

async function verifyTree(evidence: Evidence, tree: Tree, given: Given): Promise<TreeReport> {
  const faults: Fault[] = []
  const signed = await signedStates(evidence, tree, given.key, faults)
  const kept = witnessed(given, tree)
  const nodes = new Map<string, Node>()
  const tip = frontier((level, n, hash) => nodes.set(`${level}/${n}`, { level, n, hash }))
  const walk = walkAlong(given, { signed, kept, faults })
  let next = 0
  for await (const row of evidence.rows('ledger_leaves', tree)) {
    const index = wholeOr(row['index'], next)
    const hash = bytesOf(row['leaf_hash'])
    if (String(index) !== row['index']) walk.fault(index, 'column_differs', { column: 'index' })
    if (index !== next) walk.fault(next, index < next ? 'placed_twice' : 'gap')
    next = index + 1
    walk.leaf({ index, entry: row['entry_id'] ?? '', hash, source: row['source'] ?? '' })
    tip.add(hash)
    walk.state(tip)
  }
  walk.end(tip.size)
  await nodesHeldTo(nodes, evidence, tree, walk)
  const pending = await unplaced(evidence, tree, { given, walk, size: tip.size })
  const last = Math.max(0, ...signed.map((state) => state.size))
  return {
    tree,
    size: tip.size,
    root: tip.root().toString('base64'),
    checkpoints: signed.length,
    witnesses: kept.length,
    pending,
    unsigned: Math.max(0, tip.size - last),
    faults: faults.sort(byPlace).slice(0, 100),
  }
}

/** Exact places first; a root that differs says only from where on something may be wrong. */
function byPlace(a: Fault, b: Fault): number {
  return Number(isBound(a)) - Number(isBound(b)) || a.index - b.index
}
const BOUNDS: readonly Why[] = ['root_differs', 'witness_differs', 'node_differs']
const isBound = ({ why }: Fault) => BOUNDS.includes(why)

/** A number as PostgreSQL writes it, or another where it is none. */
function wholeOr(text: string | null | undefined, other: number): number {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= 0 ? value : other
}

const bytesOf = (text: string | null | undefined) =>
  Buffer.from((text ?? '').replace(/^\\x/, ''), 'hex')

type Signed = Checkpoint & { at: number }

/** The checkpoints of the database, smallest first; one that is not signed as it stands is a fault. */
async function signedStates(
  evidence: Evidence,
  tree: Tree,
  key: KeyObject,
  faults: Fault[],
): Promise<Signed[]> {
  const states: Signed[] = []
  for await (const row of evidence.rows('ledger_checkpoints')) {
    if (treeIn(row) !== tree) continue
    const [size, root] = [Number(row['size']), bytesOf(row['root'])]
    const note = openNote(row['note'] ?? '', key)
    const index = Math.max(0, wholeOr(row['size'], note?.size ?? 0) - 1)
    if (row['tree'] !== tree) faults.push({ index, why: 'column_differs', column: 'tree' })
    if (!note || note.size !== size || !note.root.equals(root)) {
      faults.push({ index, why: 'signature' })
      continue
    }
    const at = timeOf(row['at'])
    const stated = { origin: note.origin, size, root: root.toString('base64') }
    const isSigned =
      !Number.isNaN(at) &&
      isJwsOf(row['jws'] ?? '', { ...stated, at: new Date(at).toISOString() }, key)
    if (!isSigned) faults.push({ index, why: 'signature', column: 'jws' })
    states.push({ ...note, at: isSigned ? at : NaN })
  }
  return states.sort((a, b) => a.size - b.size)
}

/** The tree a checkpoint stands under; where that is none of ours, the one that its note names. */
function treeIn(row: Row): Tree | undefined {
  const [origin = ''] = (row['note'] ?? '').split('\n', 1)
  return TREES.find((tree) => tree === row['tree']) ?? treeOf(origin)
}

/** The states witnesses kept of this tree, smallest first. */
function witnessed({ witnesses }: Given, tree: Tree): Checkpoint[] {
  return witnesses.filter(({ origin }) => treeOf(origin) === tree).sort((a, b) => a.size - b.size)
}

type Node = { level: number; n: number; hash: Buffer }

/** Holds the nodes of the published tiles to the leaves below them: all of them, and no others. */
async function nodesHeldTo(
  nodes: Map<string, Node>,
  evidence: Evidence,
  tree: Tree,
  walk: Walk,
): Promise<void> {
  const differs = ({ level, n }: Pick<Node, 'level' | 'n'>) =>
    walk.fault(n * TILE ** level, 'node_differs')
  for await (const row of evidence.rows('ledger_nodes', tree)) {
    const place = { level: wholeOr(row['level'], 1), n: wholeOr(row['n'], 0) }
    const name = `${place.level}/${place.n}`
    if (nodes.get(name)?.hash.equals(bytesOf(row['hash']))) nodes.delete(name)
    else if (!nodes.has(name)) differs(place)
  }
  for (const node of nodes.values()) differs(node)
}

type Leaf = { index: number; entry: string; hash: Buffer; source: string }

type Walk = {
  fault: (index: number, why: Why, more?: Partial<Fault>) => void
  isPlaced: (entry: string) => boolean
  leaf: (leaf: Leaf) => void
  /** Compares with whoever signed a tree of this size. */
  state: (frontier: Frontier) => void
  /** What was signed or kept and is not there any more. */
  end: (size: number) => void
}

/** Goes along the leaves and notes what it finds. */
function walkAlong(
  { entries, closures }: Given,
  { signed, kept, faults }: { signed: Signed[]; kept: Checkpoint[]; faults: Fault[] },
): Walk {
  const seen = new Set<string>()
  const next = { signed: 0, kept: 0 }
  const sound = { signed: 0, kept: 0 }
  const fault: Walk['fault'] = (index, why, more = {}) => void faults.push({ index, why, ...more })

  const isMisdated = (at: number): boolean => {
    const [before, after] = [signed[next.signed - 1], signed[next.signed]]
    if (before && at < before.at - SLACK_MS) return true
    return after !== undefined && at > after.at + SLACK_MS
  }
  const wrongWith = (
    { index, entry, hash, source }: Leaf,
    closed: Closure | undefined,
  ): [Why, Partial<Fault>?] | undefined => {
    const row = entries.get(entry)
    if (seen.has(entry)) return ['placed_twice']
    if (!row) return closed?.missing.push({ index, entry }) ? undefined : ['row_missing']
    if (row.why) return [row.why, row.column ? { column: row.column } : {}]
    if (!row.hash.equals(hash)) return ['leaf_differs']
    if (row.source !== source) return ['column_differs', { column: 'source' }]
    return isMisdated(row.at) ? ['back_dated'] : undefined
  }
  const compare = (frontier: Frontier, whose: 'signed' | 'kept', why: Why) => {
    for (const states = { signed, kept }[whose]; ; next[whose]++) {
      const state = states[next[whose]]
      if (state?.size !== frontier.size) return
      if (state.root.equals(frontier.root())) sound[whose] = frontier.size
      else fault(sound[whose], why)
    }
  }
  return {
    fault,
    isPlaced: (entry) => seen.has(entry),
    leaf(leaf) {
      const { index, entry, hash, source } = leaf
      const closed =
        source === 'provisions' ? closures.find((one) => covers(one, index)) : undefined
      closed?.met.add(hash)
      const own = source === 'closures' && closures.find(({ id }) => id === entry)
      if (own) own.index = index
      const wrong = wrongWith(leaf, closed)
      if (wrong) fault(index, wrong[0], { entry, ...wrong[1] })
      seen.add(entry)
    },
    state(frontier) {
      compare(frontier, 'signed', 'root_differs')
      compare(frontier, 'kept', 'witness_differs')
    },
    end(size) {
      if (signed.some((state) => state.size > size)) fault(size, 'tail_missing')
      if (kept.some((state) => state.size > size)) fault(size, 'rolled_back')
      const last = signed.at(-1)?.size ?? 0
      for (const closure of closures) {
        const { index, missing } = closure
        // Only what the signed tree holds excuses anything.
        if (index === undefined || index >= last)
          for (const leaf of missing) fault(leaf.index, 'row_missing', { entry: leaf.entry })
        else if (!isWhole(closure)) fault(index, 'closure_differs', { entry: closure.id })
      }
    },
  }
}

/** Rows without a place: waiting, or slipped in. @returns how many wait */
async function unplaced(
  evidence: Evidence,
  tree: Tree,
  { given, walk, size }: { given: Given; walk: Walk; size: number },
): Promise<number> {
  const waiting = new Map<string, { hash: Buffer; source: string }>()
  for await (const row of evidence.rows('ledger_pending', tree))
    waiting.set(row['entry_id'] ?? '', {
      hash: bytesOf(row['leaf_hash']),
      source: row['source'] ?? '',
    })
  for (const [entry, row] of given.entries) {
    if (walk.isPlaced(entry)) continue
    const place = waiting.get(entry)
    if (!place?.hash.equals(row.hash)) walk.fault(size, 'not_placed', { entry })
    else if (row.why) walk.fault(size, row.why, { entry })
    else if (place.source !== row.source)
      walk.fault(size, 'column_differs', { entry, column: 'source' })
  }
  return waiting.size
}

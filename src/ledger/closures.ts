/**
 * Closed ranges: provision records that were taken away after their term. Their leaves stay; an entry signed on its own
 * says which they were, so that nothing else can be missing (E-06, M9).
 */
import { sign, verify, type KeyObject } from 'node:crypto'
import type { Row } from './entries.ts'
import { frontier, type Frontier } from './tree.ts'

/** What is signed: the entry, under a name that no checkpoint can have. */
const signedOf = (canonical: string) => Buffer.from(`machi-id range closed\n${canonical}`)

export const signClosure = (canonical: string, key: KeyObject): Buffer =>
  sign(null, signedOf(canonical), key)

/** Whether this entry was signed by the ledger's key. */
export function isSignedClosure(row: Row, key: KeyObject): boolean {
  const signature = Buffer.from((row['signature'] ?? '').replace(/^\\x/, ''), 'hex')
  return verify(null, signedOf(row['canonical'] ?? ''), key, signature)
}

/** A closed range while its leaves are walked along. */
export type Closure = {
  id: string
  first: number
  last: number
  others: ReadonlySet<number>
  entries: number
  root: string
  /** Of the leaves met so far. */
  met: Frontier
  /** Leaves whose record is not there, with the index. */
  missing: { index: number; entry: string }[]
  /** Its own place; undefined while it was not met. */
  index: number | undefined
}

/** Reads a row that holds to itself and to its signature. */
export function closureOf(row: Row): Closure {
  const entry = JSON.parse(row['canonical'] ?? '{}') as {
    id: string
    first: number
    last: number
    others: number[]
    entries: number
    root: string
  }
  const { id, first, last, entries, root } = entry
  const others = new Set(entry.others)
  return { id, first, last, entries, root, others, met: frontier(), missing: [], index: undefined }
}

/** Whether the leaf of a provision at this place is one that went. */
export const covers = ({ first, last, others }: Closure, index: number): boolean =>
  index >= first && index <= last && !others.has(index)

/** Whether the leaves that were met are the ones that the entry says. */
export const isWhole = ({ met, entries, root }: Closure): boolean =>
  met.size === entries && met.root().toString('hex') === root

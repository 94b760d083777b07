/**
 * データ利用契約 – the ceiling and the clock.
 * Owns: contract versions, flows, terms. Does not own: the services that stand on them.
 * Rows: S-10, S-36, S-37, S-60.
 */
export type Flow = {
  giver: 'consortium' | 'member'
  receiver: 'consortium' | 'member'
  items: string[]
  dataset: string | null
  purposes: string[]
  delivery: string
  startsAt: Date
  /** Exclusive. */
  endsAt: Date
  consideration: string | null
}

export type ContractVersion = {
  id: string
  contractId: string
  number: string
  version: number
  startsAt: Date
  /** Exclusive. */
  endsAt: Date
  subjectType: 'public' | 'pairwise'
  /** Whether its services may hold refresh tokens. */
  offlineAccess: boolean
  flows: Flow[]
}

/** The fields of S-10; all of them are required before a contract counts. */
export type ContractTerms = {
  /** データ内容 */
  dataContent: string
  /** 提供方法 */
  delivery: string
  /** 権利帰属 */
  rights: string
  /** 秘密保持 */
  confidentiality: string
  /** 対応責任 */
  responsibility: string
}

/** One version's term, for the check that a company's contracts do not overlap. */
export type Term = {
  contractId: string
  number: string
  version: number
  startsAt: Date
  endsAt: Date
}

/**
 * The times in which each version really rules: from its beginning until a later version of the same contract begins.
 * Two contracts of one company must never rule at the same moment, or it would be unclear which ceiling counts.
 */
export function overlapping(terms: readonly Term[]): [Term, Term] | undefined {
  const ruling = terms.flatMap((term) => {
    const successors = terms.filter(
      (t) => t.contractId === term.contractId && t.version > term.version,
    )
    const until = Math.min(term.endsAt.getTime(), ...successors.map((t) => t.startsAt.getTime()))
    return term.startsAt.getTime() < until ? [{ term, from: term.startsAt.getTime(), until }] : []
  })
  for (const [index, one] of ruling.entries()) {
    const other = ruling
      .slice(index + 1)
      .find(
        (r) =>
          r.term.contractId !== one.term.contractId && r.from < one.until && one.from < r.until,
      )
    if (other) return [one.term, other.term]
  }
  return undefined
}

/**
 * Whether a version may follow another: it amends it (the same first day) or renews it (begins when it has ended, or
 * later). Anything else would leave days with two ceilings.
 */
export function mayFollow(
  newest: Pick<Term, 'startsAt' | 'endsAt'>,
  next: Pick<Term, 'startsAt'>,
): boolean {
  return next.startsAt.getTime() === newest.startsAt.getTime() || next.startsAt >= newest.endsAt
}

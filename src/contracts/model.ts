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

/**
 * データ利用契約 – the ceiling and the clock.
 * Owns: contract versions, flows, terms, the two governance phases. Does not own: the services that stand on them, what
 * a duty leads to (duties). Rows: S-02, S-10, S-36…S-40, S-43, S-44, S-52, S-57, S-60, E-10.
 */
import type { Both } from '../installation.ts'
import type { MemberStatus } from '../members/model.ts'

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
  /** A folder of consent-templates/ for the consent screen of its services; undefined: the installation's. */
  template?: string
  flows: Flow[]
}

/** One of the two parties. */
export type Side = Flow['giver']

/** What a claim may come from (S-38…S-40), and which party of the flow bears it. */
export const CAUSES = ['giver_system', 'receiver_system', 'receiver_use'] as const
export type Cause = (typeof CAUSES)[number]
export type Bearers = Record<Cause, 'giver' | 'receiver'> & {
  /** Whether an operator confirmed the bearers with both parties; until then they are marked 要確認. */
  confirmed: boolean
}

/**
 * As the document has it: the giver bears also for defects of the receiver's system (S-38, p4 対応責任1), the receiver
 * for its own use (S-40). The first is unusual, so it is marked 要確認 until somebody says it is meant.
 */
export const DEFAULT_BEARERS: Bearers = {
  giver_system: 'giver',
  receiver_system: 'giver',
  receiver_use: 'receiver',
  confirmed: false,
}

/** Business days of written notice before an audit (S-43), where a contract from before does not say. */
const DEFAULT_AUDIT_NOTICE_DAYS = 10

/** Within what at most one audit is held (S-44). */
export const AUDIT_LIMITS = ['rolling_12_months', 'contract_year'] as const
type AuditLimit = (typeof AUDIT_LIMITS)[number]

/** On what ground data may be handled abroad (APPI 28, 規則 15–17; E-10, D-07). */
export const FOREIGN_GROUNDS = ['consent', 'equal_country', 'equal_measures', 'law'] as const

/** 外国での取扱い: none, a country with what must be told of it, or why the country cannot be named. */
type Foreign = {
  kind: 'none' | 'country' | 'unknown'
  country?: string
  ground?: (typeof FOREIGN_GROUNDS)[number]
  /** The country's own system for protecting personal information. */
  system?: string
  /** What the receiver does. */
  measures?: string
  /** The report on the country, as the PPC publishes them. */
  link?: string
  reason?: string
}

/** A written approval of onward provision or of use outside the purpose (S-37); forbidden where there is none. */
type WrittenApproval = {
  kind: 'onward' | 'other_purpose'
  number: string
  /** YYYY-MM-DD */
  date: string
  text: string
}

/** A paper or electronic document of the contract (S-52). */
type ContractDocument = {
  number: string
  /** YYYY-MM-DD */
  date: string
  title: string
  sender: string
  /** Of its PDF, in hex. */
  sha256?: string
}

/** What a contract says beyond S-10. Contracts taken in from a file may leave it out: `wholeTerms` says what counts. */
export type FurtherTerms = {
  retention: string
  foreign: Foreign
  /** Business days. */
  auditNoticeDays: number
  auditLimit: AuditLimit
  bearers: Bearers
  approvals: WrittenApproval[]
  /** A folder of consent-templates/; undefined: the installation's. */
  template?: string
  documents: ContractDocument[]
}

/** The fields of S-10; all of them are required before a contract counts. */
export type ContractTerms = Partial<FurtherTerms> & {
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

export type WholeVersion = ContractVersion & {
  terms: Partial<ContractTerms>
  /** Hex hash of all it says. */
  hash: string
  createdAt: Date
}

/** A contract with every version, oldest first; there is at least one. */
export type Contract = {
  id: string
  number: string
  memberId: string
  memberStatus: MemberStatus
  memberNames: Both
  versions: WholeVersion[]
}

/** The version whose turn it is: the newest that has begun, else the first that is going to. */
export function turnOf(contract: Pick<Contract, 'versions'>, at: Date): WholeVersion {
  const { versions } = contract
  const begun = versions.filter((version) => version.startsAt <= at)
  const coming = versions.toSorted(
    (a, b) => a.startsAt.getTime() - b.startsAt.getTime() || b.version - a.version,
  )
  const found = begun.at(-1) ?? coming[0]
  if (!found) throw new Error('a contract without a version')
  return found
}

export type ContractState = 'coming' | 'in_force' | 'ended'

export function stateOf(
  { startsAt, endsAt }: Pick<Term, 'startsAt' | 'endsAt'>,
  at: Date,
): ContractState {
  if (at < startsAt) return 'coming'
  return at < endsAt ? 'in_force' : 'ended'
}

/** Days before the end at which a company and the operators are told (the desk of A1). */
export const WARNING_DAYS = [90, 60, 30] as const

/**
 * When a contract in force ends with nothing following: undefined where a version that begins by then renews it.
 */
export function endingAt(contract: Pick<Contract, 'versions'>, at: Date): Date | undefined {
  const now = turnOf(contract, at)
  if (stateOf(now, at) !== 'in_force') return undefined
  const renewed = contract.versions.some(
    (v) => v.version > now.version && v.startsAt <= now.endsAt && v.endsAt > now.endsAt,
  )
  return renewed ? undefined : now.endsAt
}

/** Everything a version says, with what counts where it is silent. */
export function wholeTerms(terms: Partial<ContractTerms>): ContractTerms & FurtherTerms {
  return {
    dataContent: '',
    delivery: '',
    rights: '',
    confidentiality: '',
    responsibility: '',
    retention: '',
    foreign: { kind: 'none' },
    auditNoticeDays: DEFAULT_AUDIT_NOTICE_DAYS,
    auditLimit: 'rolling_12_months',
    bearers: DEFAULT_BEARERS,
    approvals: [],
    documents: [],
    ...terms,
  }
}

/** A flow in force, with what the duties of its receiver are held to (S-36…S-50). */
export type Binding = {
  contractId: string
  contractVersionId: string
  number: string
  version: number
  /** Of the contract version: what a contract year is counted from (S-44). */
  startsAt: Date
  flow: Flow
  /** Whom the duties bind: whichever side receives, the consortium included. */
  receiver: Side
  /** Business days of written notice before an audit (S-43). */
  auditNoticeDays: number
  auditLimit: AuditLimit
  bearers: Bearers
}

/** The flows of a version that are open at this moment, each with its duties. */
export function bindingsOf(
  version: ContractVersion & { terms: Partial<ContractTerms> },
  at: Date,
): Binding[] {
  if (at < version.startsAt || at >= version.endsAt) return []
  const { auditNoticeDays, auditLimit, bearers } = wholeTerms(version.terms)
  const { contractId, number, startsAt } = version
  const whole = { contractId, contractVersionId: version.id, number, startsAt }
  return version.flows
    .filter((flow) => flow.startsAt <= at && at < flow.endsAt)
    .map((flow) => ({
      ...whole,
      version: version.version,
      flow,
      receiver: flow.receiver,
      auditNoticeDays,
      auditLimit,
      bearers,
    }))
}

/** Whether a flow that is open at this moment lets the consortium give this item for all of these purposes (S-36). */
export function permits(
  flows: readonly Flow[],
  asked: { item: string; purposes: readonly string[] },
  at: Date,
): boolean {
  return flows.some(
    (flow) =>
      flow.giver === 'consortium' &&
      flow.startsAt <= at &&
      at < flow.endsAt &&
      flow.items.includes(asked.item) &&
      asked.purposes.every((purpose) => flow.purposes.includes(purpose)),
  )
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

/**
 * サービス – what a member company offers; to OpenID Connect it is one client.
 * Owns: services, their versions, items asked and why. Does not own: contract terms (contracts), consents.
 * Law: APPI 27 (third-party provision). Rows: S-18, S-20, S-34…S-36, S-58.
 */
import type { ItemId } from '../catalogue/model.ts'
import { permits, type ContractVersion } from '../contracts/model.ts'
import type { Both } from '../installation.ts'
import type { MemberNow } from '../members/model.ts'
import { keyed } from '../vault.ts'

export type ServiceStatus = 'draft' | 'submitted' | 'approved' | 'live' | 'suspended' | 'ended'

/** What the review holds an item to beyond its purposes (S-13, P-08, P-12). Absent: no such bound. */
export type Bounds = {
  /** Releases per resident in a calendar month of Asia/Tokyo; never of `user_id`, without which nothing leaves. */
  pullsPerMonth?: number
  /** Days the company may keep what it received. */
  lifeDays?: number
  /** What it is for, in words fixed by the review: shown instead of the company's own. */
  purposeWords?: Both
}

/** One item a service asks for, as approved at review: required or optional is fixed here, never by the request. */
export type ServiceItem = {
  item: ItemId
  itemVersion: number
  purposes: string[]
  required: boolean
  /** Why the service needs it. */
  reasons: Both
  /** What refusing it means (K-13). */
  effects: Both
  bounds?: Bounds
  /** How long this item is kept, where that differs from the whole. */
  retention?: Both
}

type ServiceVersion = {
  id: string
  version: number
  names: Both & { kana: string; zhHans?: string; zhHant?: string; ko?: string }
  descriptions: Both
  termsUrl: string
  policyUrl: string
  contact: { desk: Both; phone: string; email: string }
  /** How long the service keeps what it received. */
  retention: Both
  applicationType: 'web' | 'native'
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  /** Origins a callback forwards to, for the form-action policy. */
  landingOrigins: string[]
  idTokenAlg: 'ES256' | 'RS256'
  /** Version and SHA-256 of the texts at `termsUrl` and `policyUrl` when they were handed in (S-06). */
  termsVersion?: string
  termsSha256?: string
  policyVersion?: string
  policySha256?: string
  /** Clause → its place in the service's terms (S-09, S-19). */
  clauses?: { [clause: string]: string }
  /** SHA-256 of the logo, served at /logos/<sha256>.png (F8). */
  logo?: string
  backchannelLogoutUri?: string
  eventsUri?: string
  /** Why a secret and no key (C1). */
  secretReason?: string
  items: ServiceItem[]
}

/** What `service_versions.body` holds. */
export type ServiceBody = Omit<ServiceVersion, 'id' | 'version' | 'items'>

export type Service = {
  id: string
  memberId: string
  contractId: string
  clientId: string
  kind: 'third_party' | 'own'
  status: ServiceStatus
  authMethod: 'private_key_jwt' | 'client_secret_basic' | 'none'
  /** SHA-256 of the client secret. */
  secretHash: Buffer | null
  jwks: { keys: Record<string, unknown>[] } | null
  /** `test`: met by the company's test persons alone; absent: live. */
  side?: 'live' | 'test'
}

/** A service as it stands now: newest versions of itself, its member and its contract. */
export type ServiceNow = {
  service: Service
  version: ServiceVersion
  member: MemberNow
  contract: ContractVersion
  /** When a suspension of it or of its company was last lifted: nothing issued before works again (S-51). */
  returnedAt?: Date
}

/** A service as a proposal would make it: for the diff, the count of who is asked again, and the preview. */
export type Proposed = {
  /** As it would be the moment it is live. */
  now: ServiceNow
  /** The version in force; undefined for a new service. */
  before: ServiceNow | undefined
  /** Now, or the first day of a contract that has not begun. */
  at: Date
}

/**
 * Whether this person and this service may meet: test persons only at test sides of their company, everybody else only
 * at services that are live.
 *
 * @param testMemberId the company whose test person it is; null for residents
 */
export function mayMeet(
  { service }: Pick<ServiceNow, 'service'>,
  testMemberId: string | null,
): boolean {
  return service.side === 'test' ? testMemberId === service.memberId : testMemberId === null
}

export type Standing = 'ok' | 'service_not_available' | 'contract_not_in_force'

/** Whether the service may sign anybody in at this moment; read at each use, so nobody has to act (S-36, S-51). */
export function standing(now: ServiceNow, at: Date): Standing {
  if (now.service.status !== 'live' || now.member.status !== 'active')
    return 'service_not_available'
  return now.contract.startsAt <= at && at < now.contract.endsAt ? 'ok' : 'contract_not_in_force'
}

/** Shown on the public list: what residents may meet, also while it is suspended; drafts and ended ones are not (I-11). */
export function isPublic({ service, member }: Pick<ServiceNow, 'service' | 'member'>): boolean {
  return (
    service.side !== 'test' &&
    ['live', 'suspended'].includes(service.status) &&
    ['active', 'suspended'].includes(member.status)
  )
}

/** coming: registered, not begun · open · paused · closed: outside its contract's term · struck: 抹消 (I-11). */
export type PublicState = 'coming' | 'open' | 'paused' | 'closed' | 'struck'

/** What a service is to the public; undefined where nothing is registered: drafts and test sides. */
export function publicState(now: ServiceNow, at: Date): PublicState | undefined {
  const { service, member } = now
  if (service.side === 'test' || service.status === 'draft' || service.status === 'submitted')
    return undefined
  if (service.status === 'ended' || member.status === 'excluded' || member.status === 'left')
    return 'struck'
  if (service.status === 'approved') return 'coming'
  const stands = standing(now, at)
  if (stands === 'ok') return 'open'
  return stands === 'contract_not_in_force' ? 'closed' : 'paused'
}

/**
 * The ceiling: the service's approved items that a flow of its contract, in term, lets the consortium give
 * for all of their purposes. Empty where the service does not stand.
 */
export function ceiling(now: ServiceNow, at: Date): ServiceItem[] {
  if (standing(now, at) !== 'ok') return []
  return now.version.items.filter((asked) => permits(now.contract.flows, asked, at))
}

/** Whether a dataset flows from this service to the consortium now: only then is consent to collection asked (S-08, S-56). */
export function collects(now: ServiceNow, at: Date): boolean {
  if (standing(now, at) !== 'ok') return false
  return now.contract.flows.some(
    (flow) =>
      flow.giver === 'member' && flow.dataset !== null && flow.startsAt <= at && at < flow.endsAt,
  )
}

/**
 * The `sub` a service receives: the shared user ID, or, where the contract says pairwise, one of its company's own
 * that does not lead back (OIDC Core §8.1, D6; S-04).
 *
 * @param key secrets.pairwise
 */
export function subjectOf(
  key: Buffer,
  userId: string,
  now: {
    contract: Pick<ServiceNow['contract'], 'subjectType'>
    member: Pick<ServiceNow['member'], 'id'>
  },
): string {
  if (now.contract.subjectType === 'public') return userId
  return keyed(key, `${now.member.id}:${userId}`).toString('base64url')
}

/** The text of the consent screen: the contract's own, else the installation's. Another text asks anew (D-12). */
export function consentText(
  now: Pick<ServiceNow, 'contract'>,
  installation: { consentTemplate: string },
): string {
  return now.contract.template ?? installation.consentTemplate
}

/**
 * できごとの通知 – what services are told of their residents, as signed events (RFC 8417) and logout tokens.
 * Owns: facts once noted, messages and their delivery. Does not own: what happened (consents, residents, closing), the
 * protocol (oidc).
 * Law: APPI 16(5), 22 (a receiver keeps what it has correct and no longer than it may). Rows: S-32, S-33, G13, R17, R18.
 */
import type { ServiceNow } from '../services/model.ts'

type Answer = { status: number; text: string }

export type Channel = 'push' | 'poll' | 'logout'
type MessageState = 'waiting' | 'delivered' | 'dead'

/** What triggers note (20261121T1200_events.sql). */
type FactKind =
  | 'consent_given'
  | 'consent_changed'
  | 'consent_paused'
  | 'consent_withdrawn'
  | 'consent_expired'
  | 'provision_stopped'
  | 'item_corrected'
  | 'account_closed'
  | 'session_revoked'

/** A fact as the sequencer takes it up. */
export type Fact = {
  seq: string
  id: string
  kind: FactKind
  residentId: string
  serviceId: string | null
  ref: string | null
  sessionUid: string | null
  at: Date
}

/** What a message tells, by the last part of its type's address. */
export type EventName =
  | 'consent-changed'
  | 'consent-withdrawn'
  | 'item-corrected'
  | 'account-purged'
  | 'session-revoked'
  | 'logout'
  | 'verification'

/** One message to one receiver. */
export type Message = {
  id: string
  seq: string
  factId: string | null
  serviceId: string
  /** Whose service it was when this was written. */
  memberId: string
  residentId: string | null
  /** The sub the service knows. */
  subject: string
  channel: Channel
  type: EventName
  jti: string
  sid: string | null
  /** The signed event, byte by byte the same at each try; null for logout tokens, signed at sending. */
  set: string | null
  state: MessageState
  attempts: number
  createdAt: Date
  triesFrom: Date
  nextAt: Date
  deliveredAt: Date | null
  settledAt: Date | null
  lastError: string | null
}

/** What a page shows of a message: never the event itself. */
export type Delivery = Pick<
  Message,
  | 'id'
  | 'serviceId'
  | 'channel'
  | 'type'
  | 'jti'
  | 'state'
  | 'attempts'
  | 'createdAt'
  | 'nextAt'
  | 'deliveredAt'
  | 'settledAt'
  | 'lastError'
>

/** How a service takes its events. */
export type Stream = {
  serviceId: string
  delivery: 'push' | 'poll'
  status: 'enabled' | 'paused' | 'disabled'
}

/** Types of other people's making, where they fit (RISC, CAEP and SSF of the OpenID Foundation, OpenID Connect). */
const KNOWN_TYPES: { [name in EventName]?: string } = {
  'account-purged': 'https://schemas.openid.net/secevent/risc/event-type/account-purged',
  'session-revoked': 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  verification: 'https://schemas.openid.net/secevent/ssf/event-type/verification',
  logout: 'http://schemas.openid.net/event/backchannel-logout',
}

/** The address that names a type of event; ours stand below the issuer. */
export function eventType(issuer: string, name: EventName): string {
  return KNOWN_TYPES[name] ?? `${issuer}/events/${name}`
}

/** Why nothing flows any more, as `consent-withdrawn` says it. */
export type EndReason = 'withdrawn' | 'paused' | 'expired' | 'account_closing' | 'provision_stopped'

/** What an event says of its person: never a value. */
export type Payload = { [name: string]: string | number | boolean | string[] }

type Whether = Pick<ServiceNow, 'service' | 'member'>

/** Whether a service is told anything now. */
export function mayBeTold({ service, member }: Whether): boolean {
  return service.status === 'live' && member.status === 'active'
}

/** Whether messages are made for a service: also while it or its company is suspended, when they wait (S-51). */
export function mayHear({ service, member }: Whether): boolean {
  return (
    ['live', 'suspended'].includes(service.status) &&
    ['active', 'suspended'].includes(member.status)
  )
}

/** Over which channel a service takes events; undefined where it takes none. */
export function channelOf(
  { version }: Pick<ServiceNow, 'version'>,
  stream: Stream | undefined,
): 'push' | 'poll' | undefined {
  if (stream?.status === 'disabled') return undefined
  if (stream?.delivery === 'poll') return 'poll'
  return version.eventsUri === undefined ? undefined : 'push'
}

/** After so long without success a message is dead: somebody has to look (R17). */
export const LIFE_MS = 24 * 3600_000

const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 15 * 60_000

/**
 * How long to wait after so many failures: twice as long each time, a quarter more or less, at most about 15 minutes.
 *
 * @param chance from 0 to 1
 */
export function waitAfter(failures: number, chance: number): number {
  const wait = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS)
  return Math.round(wait * (0.75 + chance / 2))
}

/** What came of one try. `fault`: of the receiver as a whole, or of this message alone. */
export type Outcome =
  | { kind: 'delivered' }
  | { kind: 'again'; fault: 'receiver' | 'message'; error: string }
  | { kind: 'dead'; error: string }

/** Errors of RFC 8935 §2.4 that time may mend: keys are fetched anew, access is set up. The others never will be. */
const MENDABLE = ['invalid_key', 'authentication_failed', 'access_denied']
const ERROR_CODE = /^[a-z_]{1,40}$/

/** Judges the answer to a pushed event (RFC 8935 §2.2–2.4): 202 and nothing else says that it has arrived. */
export function pushOutcome({ status, text }: Answer): Outcome {
  if (status === 202) return { kind: 'delivered' }
  const code = status === 400 ? errorIn(text) : undefined
  if (code === undefined) return { kind: 'again', fault: 'receiver', error: `http_${status}` }
  return MENDABLE.includes(code)
    ? { kind: 'again', fault: 'message', error: code }
    : { kind: 'dead', error: code }
}

/** Judges the answer to a logout token (OpenID Connect Back-Channel Logout §2.8). */
export function logoutOutcome({ status }: Pick<Answer, 'status'>): Outcome {
  if (status === 200 || status === 204) return { kind: 'delivered' }
  if (status === 400) return { kind: 'dead', error: 'http_400' }
  return { kind: 'again', fault: 'receiver', error: `http_${status}` }
}

/** The code in the body of a 400; what a receiver writes beyond that is not kept. */
function errorIn(text: string): string | undefined {
  try {
    const { err } = JSON.parse(text) as { err?: unknown }
    return typeof err === 'string' && ERROR_CODE.test(err) ? err : undefined
  } catch {
    return undefined
  }
}

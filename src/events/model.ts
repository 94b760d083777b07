/**
 * できごとの通知 – what services are told of their residents, as signed events (RFC 8417) and logout tokens.
 * Owns: facts once noted, messages and their delivery. Does not own: what happened (consents, residents, closing), the
 * protocol (oidc).
 * Law: APPI 16(5), 22 (a receiver keeps what it has correct and no longer than it may). Rows: S-32, S-33, G13, R17, R18.
 */
import type { FactKind } from '../database/facts.ts'

export type Channel = 'push' | 'poll' | 'logout'
export type MessageState = 'waiting' | 'delivered' | 'dead'

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

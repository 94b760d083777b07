/**
 * Facts of which services are told (RFC 8417), written in the transaction in which they happen. Most are written by
 * triggers of 20261121T1200_events.sql; what no table shows is noted here. The room `events` tells them later.
 */
import type { Env } from '../env.ts'

export const FACT_KINDS = [
  'consent_given',
  'consent_changed',
  'consent_paused',
  'consent_withdrawn',
  'consent_expired',
  'provision_stopped',
  'item_corrected',
  'account_closed',
  'session_revoked',
] as const
export type FactKind = (typeof FACT_KINDS)[number]

export type NewFact = {
  kind: FactKind
  residentId: string
  /** Absent: whichever services it concerns. */
  serviceId?: string
  /** Id of the row that shows it. */
  ref?: string
  /** Of the session that ended. */
  sessionUid?: string
}

/** Notes a fact in the transaction of `env`: told if that commits, and only then. */
export async function noteFact(
  env: Pick<Env, 'db' | 'now' | 'newId'>,
  fact: NewFact,
): Promise<void> {
  await env.db('event_facts').insert({
    id: env.newId(),
    kind: fact.kind,
    resident_id: fact.residentId,
    service_id: fact.serviceId ?? null,
    ref: fact.ref ?? null,
    session_uid: fact.sessionUid ?? null,
    at: env.now(),
  })
}

import type { Env } from '../env.ts'
import { commitment, evidence, type AuditEvent } from './model.ts'
import * as store from './store.ts'

/**
 * Writes one audit event, in the transaction of `env` where there is one (M6). A failed write fails the act.
 */
export async function record(env: Env, event: AuditEvent): Promise<void> {
  const id = env.newId()
  const at = env.now()
  const salt = Buffer.from(env.newSecret(), 'base64url')
  const sealed = evidence({
    id,
    at: at.toISOString(),
    actor_kind: event.actor.kind,
    actor: event.actor.id ? commitment(salt, event.actor.id) : null,
    act: event.act,
    object_kind: event.object?.kind ?? null,
    object: event.object ? commitment(salt, event.object.id) : null,
    details: event.details ?? {},
  })
  await store.insert(env.db, { id, at, event, salt, evidence: sealed })
}

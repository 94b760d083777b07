import type { Knex } from 'knex'
import type { AuditEvent, Evidence } from './model.ts'

export async function insert(
  db: Knex,
  row: { id: string; at: Date; event: AuditEvent; salt: Buffer; evidence: Evidence },
): Promise<void> {
  await db('audit_events').insert({
    id: row.id,
    at: row.at,
    actor_kind: row.event.actor.kind,
    actor_id: row.event.actor.id ?? null,
    act: row.event.act,
    object_kind: row.event.object?.kind ?? null,
    object_id: row.event.object?.id ?? null,
    details: JSON.stringify(row.event.details ?? {}),
    salt: row.salt,
    canonical: row.evidence.canonical,
    leaf_hash: row.evidence.leafHash,
  })
}

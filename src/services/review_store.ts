import type { Knex } from 'knex'
import type { ClauseCheck, ItemResult } from './review_model.ts'

export type Approval = {
  proposalId: string
  serviceId: string
  serviceVersionId: string
  hash: Buffer
  results: Record<string, ItemResult>
  clauses: ClauseCheck[]
  approvedBy: string
  at: Date
}

export async function insertApproval(db: Knex, row: Approval): Promise<void> {
  await db('service_approvals').insert({
    proposal_id: row.proposalId,
    service_id: row.serviceId,
    service_version_id: row.serviceVersionId,
    revision_hash: row.hash,
    results: JSON.stringify(row.results),
    clauses: JSON.stringify(row.clauses),
    approved_by: row.approvedBy,
    at: row.at,
  })
}

type Row = {
  proposal_id: string
  service_id: string
  service_version_id: string
  revision_hash: Buffer
  results: Record<string, ItemResult>
  clauses: ClauseCheck[]
  approved_by: string
  at: Date
}

/** Approvals of a service, the newest first. */
export async function approvals(db: Knex, serviceId: string): Promise<Approval[]> {
  const rows: Row[] = await db('service_approvals')
    .where({ service_id: serviceId })
    .orderBy('at', 'desc')
  return rows.map((row) => ({
    proposalId: row.proposal_id,
    serviceId: row.service_id,
    serviceVersionId: row.service_version_id,
    hash: row.revision_hash,
    results: row.results,
    clauses: row.clauses,
    approvedBy: row.approved_by,
    at: row.at,
  }))
}

/** When the secret in force was shown to the company; undefined: nobody knows it (C1). */
export async function secretIssuedAt(db: Knex, serviceId: string): Promise<Date | undefined> {
  const row = await db('services')
    .where({ id: serviceId })
    .first<{ secret_issued_at: Date | null } | undefined>('secret_issued_at')
  return row?.secret_issued_at ?? undefined
}

export type History = { status: string; reason: string | null; at: Date }

/** What became of a service, oldest first. */
export async function history(db: Knex, serviceId: string): Promise<History[]> {
  return db('service_status_changes')
    .where({ service_id: serviceId })
    .orderBy(['at', 'id'])
    .select<History[]>('status', 'reason', 'at')
}

export type VersionRow = { id: string; version: number; hash: Buffer; createdAt: Date }

/** Versions of a service, newest first. */
export async function versions(db: Knex, serviceId: string): Promise<VersionRow[]> {
  const rows: { id: string; version: number; body_hash: Buffer; created_at: Date }[] = await db(
    'service_versions',
  )
    .where({ service_id: serviceId })
    .orderBy('version', 'desc')
  return rows.map((row) => ({
    id: row.id,
    version: row.version,
    hash: row.body_hash,
    createdAt: row.created_at,
  }))
}

/** A service's lock and what its next version needs of it; by its id. */
export async function held(
  db: Knex,
  serviceId: string,
): Promise<{ clientId: string; memberId: string } | undefined> {
  const row = await db('services')
    .where({ id: serviceId })
    .forUpdate()
    .first<{ client_id: string; member_id: string } | undefined>('client_id', 'member_id')
  return row && { clientId: row.client_id, memberId: row.member_id }
}

/** Residents with an agreement in force who were not told yet that this service ended. */
export async function toTellOfEnd(db: Knex, serviceId: string, most: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { resident_id: string }[] }>(
    `select a.resident_id from agreements a
     join residents r on r.id = a.resident_id and r.closed_at is null
     where a.service_id = :serviceId and a.ended_at is null and not exists (
       select 1 from service_end_notices n
       where n.service_id = a.service_id and n.resident_id = a.resident_id)
     order by a.resident_id limit :most`,
    { serviceId, most },
  )
  return rows.map((row) => row.resident_id)
}

/** @returns false where this resident was told before */
export async function noteTold(
  db: Knex,
  row: { serviceId: string; residentId: string; at: Date },
): Promise<boolean> {
  const told = await db('service_end_notices')
    .insert({ service_id: row.serviceId, resident_id: row.residentId, at: row.at })
    .onConflict(['service_id', 'resident_id'])
    .ignore()
    .returning('resident_id')
  return told.length > 0
}

import type { Knex } from 'knex'
import { named } from '../database/named.ts'
import type { Evidence } from '../audit/model.ts'
import type { Path, WhyNot, Withheld } from './model.ts'

export type ProvisionRecord = {
  id: string
  at: Date
  residentId: string
  serviceId: string
  memberId: string
  agreementId: string
  consentId: string
  serviceVersionId: string
  contractVersionId: string
  path: Path
  items: string[]
  purposes: string[]
  /** Null where nothing was held back. */
  withheld: Withheld | null
}

const INSERT = {
  name: 'provision_records_insert',
  text: `insert into provision_records (id, at, resident_id, service_id, member_id, agreement_id, consent_id,
    service_version_id, contract_version_id, path, items, purposes, salt, canonical, leaf_hash,
    withheld) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
}

export async function insert(
  db: Knex,
  row: ProvisionRecord,
  sealedSalt: Buffer,
  evidence: Evidence,
): Promise<void> {
  await named(db, INSERT, [
    row.id,
    row.at,
    row.residentId,
    row.serviceId,
    row.memberId,
    row.agreementId,
    row.consentId,
    row.serviceVersionId,
    row.contractVersionId,
    row.path,
    row.items,
    row.purposes,
    sealedSalt,
    evidence.canonical,
    evidence.leafHash,
    row.withheld && JSON.stringify(row.withheld),
  ])
}

type RefusalRow = {
  id: string
  residentId: string
  serviceId: string
  /** In Asia/Tokyo, YYYY-MM-DD. */
  day: string
  why: WhyNot
  at: Date
}

const REFUSAL = {
  name: 'provision_refusals_insert',
  text: `insert into provision_refusals (id, resident_id, service_id, day, why, at)
    values ($1, $2, $3, $4, $5, $6) on conflict (resident_id, service_id, day, why) do nothing`,
}

/** Writes the first refusal of a day; the others leave it as it is. */
export async function insertRefusal(db: Knex, row: RefusalRow): Promise<void> {
  await named(db, REFUSAL, [row.id, row.residentId, row.serviceId, row.day, row.why, row.at])
}

type Between = { residentId: string; serviceId: string }

const LOCK_PULLS = {
  name: 'provision_pulls_lock',
  text: `select pg_advisory_xact_lock(hashtextextended('pulls ' || $1::text || ' ' || $2::text, 0))`,
}

/** Of the releases between a resident and a service that count, one after the other, until the transaction ends. */
export async function lockPulls(db: Knex, { residentId, serviceId }: Between): Promise<void> {
  await named(db, LOCK_PULLS, [residentId, serviceId])
}

const PULLS = {
  name: 'provision_pulls',
  text: `select item, count(*)::integer as n from provision_records, unnest(items) as item
    where resident_id = $1 and service_id = $2 and at >= $3 group by item`,
}

/** Item → how often it left to this service since then. */
export async function pulls(db: Knex, between: Between, since: Date): Promise<Map<string, number>> {
  const values = [between.residentId, between.serviceId, since]
  const { rows } = await named<{ item: string; n: number }>(db, PULLS, values)
  return new Map(rows.map(({ item, n }) => [item, n]))
}

/** Makes the month's partition where it is missing; of several nodes, one after the other. */
export async function ensurePartition(db: Knex, month: Date): Promise<void> {
  await db.raw(
    `with held as materialized (select pg_advisory_xact_lock(hashtextextended('provision partitions', 0)))
     select ensure_provision_partition(:month) from held`,
    { month },
  )
}

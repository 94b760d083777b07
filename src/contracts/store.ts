import type { Knex } from 'knex'
import type { ContractTerms, Flow, Term } from './model.ts'

export type Known = {
  id: string
  memberId: string
  version: number
  startsAt: Date
  endsAt: Date
  hash: Buffer
}

/** A contract and its newest version. */
export async function byNumber(db: Knex, number: string): Promise<Known | undefined> {
  const { rows } = await db.raw<{ rows: Known[] }>(
    `select c.id, c.member_id as "memberId", v.version, v.starts_at as "startsAt", v.ends_at as "endsAt",
       v.body_hash as hash
     from contracts c
     join lateral (select version, starts_at, ends_at, body_hash from contract_versions
       where contract_id = c.id order by version desc limit 1) v on true
     where c.number = :number`,
    { number },
  )
  return rows[0]
}

/** Every version's term of every contract of a member. */
export async function terms(db: Knex, memberId: string): Promise<Term[]> {
  const { rows } = await db.raw<{ rows: Term[] }>(
    `select c.id as "contractId", c.number, v.version, v.starts_at as "startsAt", v.ends_at as "endsAt"
     from contracts c join contract_versions v on v.contract_id = c.id
     where c.member_id = :memberId order by c.number, v.version`,
    { memberId },
  )
  return rows
}

export async function insert(
  db: Knex,
  row: { id: string; memberId: string; number: string; at: Date },
): Promise<void> {
  const { id, memberId, number, at } = row
  await db('contracts').insert({ id, member_id: memberId, number, created_at: at })
}

export type VersionRow = {
  id: string
  contractId: string
  version: number
  startsAt: Date
  endsAt: Date
  subjectType: 'public' | 'pairwise'
  offlineAccess: boolean
  terms: ContractTerms
  hash: Buffer
  at: Date
  flows: (Flow & { id: string })[]
}

/** Writes a version with its flows, in their order. */
export async function insertVersion(db: Knex, row: VersionRow): Promise<void> {
  await db('contract_versions').insert({
    id: row.id,
    contract_id: row.contractId,
    version: row.version,
    starts_at: row.startsAt,
    ends_at: row.endsAt,
    subject_type: row.subjectType,
    offline_access: row.offlineAccess,
    body: JSON.stringify(row.terms),
    body_hash: row.hash,
    created_at: row.at,
  })
  await db('contract_flows').insert(
    row.flows.map((flow, position) => ({
      id: flow.id,
      contract_version_id: row.id,
      position,
      giver: flow.giver,
      receiver: flow.receiver,
      items: flow.items,
      dataset: flow.dataset,
      purposes: flow.purposes,
      delivery: flow.delivery,
      starts_at: flow.startsAt,
      ends_at: flow.endsAt,
      consideration: flow.consideration,
    })),
  )
}

export type PhaseRow = {
  axis: string
  version: number
  switchesAt: Date | null
  /** As phase_schema.ts admitted it. */
  body: unknown
  hash: Buffer
  createdAt: Date
}

/** Every version of both governance phases. */
export async function phaseRows(db: Knex): Promise<PhaseRow[]> {
  const { rows } = await db.raw<{ rows: PhaseRow[] }>(
    `select axis, version, switches_at as "switchesAt", body, body_hash as hash, created_at as "createdAt"
     from phase_versions order by axis, version`,
  )
  return rows
}

export async function insertPhase(
  db: Knex,
  row: Omit<PhaseRow, 'createdAt'> & { id: string; at: Date },
): Promise<void> {
  await db('phase_versions').insert({
    id: row.id,
    axis: row.axis,
    version: row.version,
    switches_at: row.switchesAt,
    body: JSON.stringify(row.body),
    body_hash: row.hash,
    created_at: row.at,
  })
}

/** Notes a warning; false where this one was given before, also by another node at this moment. */
export async function noteWarning(
  db: Knex,
  row: { contractId: string; endsAt: Date; days: number; mailed: boolean; at: Date },
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `insert into contract_warnings (contract_id, ends_at, days, mailed, at)
     values (:contractId, :endsAt, :days, :mailed, :at)
     on conflict do nothing returning contract_id`,
    row,
  )
  return rows.length > 0
}

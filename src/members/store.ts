import type { Knex } from 'knex'
import type { Both } from '../installation.ts'
import { isUuid } from '../input/ids.ts'
import type { MemberBody, MemberStatus, Staff } from './model.ts'

export type Known = {
  id: string
  status: MemberStatus
  lastChangeAt: Date
  version: number
  hash: Buffer
}

/** One onboarding at a time: held until the transaction ends. */
export async function lockOnboarding(db: Knex): Promise<void> {
  await db.raw('select pg_advisory_xact_lock(7262010)')
}

export async function byCorporateNumber(db: Knex, number: string): Promise<Known | undefined> {
  const { rows } = await db.raw<{ rows: Known[] }>(
    `select m.id, m.status, v.version, v.body_hash as hash,
       (select max(c.at) from member_status_changes c where c.member_id = m.id) as "lastChangeAt"
     from members m
     join lateral (select version, body_hash from member_versions
       where member_id = m.id order by version desc limit 1) v on true
     where m.corporate_number = :number
     for update of m`,
    { number },
  )
  return rows[0]
}

export async function insert(
  db: Knex,
  row: { id: string; corporateNumber: string; status: MemberStatus; createdAt: Date },
): Promise<void> {
  await db('members').insert({
    id: row.id,
    corporate_number: row.corporateNumber,
    status: row.status,
    created_at: row.createdAt,
  })
}

export async function insertVersion(
  db: Knex,
  row: { id: string; memberId: string; version: number; body: MemberBody; hash: Buffer; at: Date },
): Promise<void> {
  await db('member_versions').insert({
    id: row.id,
    member_id: row.memberId,
    version: row.version,
    body: JSON.stringify(row.body),
    body_hash: row.hash,
    created_at: row.at,
  })
}

export async function setStatus(db: Knex, id: string, status: MemberStatus): Promise<void> {
  await db('members').where({ id }).update({ status })
}

export async function insertStatusChange(
  db: Knex,
  row: { id: string; memberId: string; status: MemberStatus; reason: string | null; at: Date },
): Promise<void> {
  await db('member_status_changes').insert({
    id: row.id,
    member_id: row.memberId,
    status: row.status,
    reason: row.reason,
    at: row.at,
  })
}

/** The newest names of every member. */
export async function names(db: Knex): Promise<{ id: string; names: Both }[]> {
  const { rows } = await db.raw<{ rows: { id: string; names: Both }[] }>(
    `select distinct on (member_id) member_id as id, body -> 'names' as names
     from member_versions order by member_id, version desc`,
  )
  return rows
}

export type StaffRow = {
  id: string
  memberId: string
  email: string
  name: string
  role: 'manager' | 'developer'
  passwordHash: string
  totpSealed: Buffer
  createdAt: Date
}

export async function insertStaff(db: Knex, row: StaffRow): Promise<void> {
  await db('staff').insert({
    id: row.id,
    member_id: row.memberId,
    email: row.email,
    name: row.name,
    role: row.role,
    password_hash: row.passwordHash,
    totp_sealed: row.totpSealed,
    created_at: row.createdAt,
  })
}

export async function staffById(db: Knex, id: string): Promise<Staff | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: Staff[] }>(
    `select s.id, s.member_id as "memberId", m.status as "memberStatus", s.email, s.name, s.role,
       to_char(s.ends_on, 'YYYY-MM-DD') as "endsOn"
     from staff s join members m on m.id = s.member_id where s.id = :id`,
    { id },
  )
  return rows[0]
}

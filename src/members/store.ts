import type { Knex } from 'knex'
import { returnedAt, statusAt } from '../database/turns.ts'
import type { Both } from '../installation.ts'
import { isUuid } from '../input/ids.ts'
import type { StaffRole } from '../persons.ts'
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

/** A company by its number, held until the transaction ends. */
export async function byCorporateNumber(db: Knex, number: string): Promise<Known | undefined> {
  await db('members').where({ corporate_number: number }).forUpdate().first('id')
  const { rows } = await db.raw<{ rows: Known[] }>(
    `select m.id, m.status, v.version, v.body_hash as hash,
       (select max(c.at) from member_status_changes c where c.member_id = m.id) as "lastChangeAt"
     from members m
     join lateral (select version, body_hash from member_versions
       where member_id = m.id order by version desc limit 1) v on true
     where m.corporate_number = :number`,
    { number },
  )
  return rows[0]
}

export type Held = Known & {
  id: string
  corporateNumber: string
  body: MemberBody
  versionId: string
}

/** A company with its newest version, held until the transaction ends; locked first, so that it is the newest. */
export async function hold(db: Knex, id: string): Promise<Held | undefined> {
  if (!isUuid(id)) return undefined
  await db('members').where({ id }).forUpdate().first('id')
  const { rows } = await db.raw<{ rows: Held[] }>(
    `select m.id, m.corporate_number as "corporateNumber", m.status, v.id as "versionId", v.version,
       v.body, v.body_hash as hash,
       (select max(c.at) from member_status_changes c where c.member_id = m.id) as "lastChangeAt"
     from members m
     join lateral (select id, version, body, body_hash from member_versions
       where member_id = m.id order by version desc limit 1) v on true
     where m.id = :id`,
    { id },
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

/** @param at where this ends a suspension, nothing issued before works again (S-51) */
export async function setStatus(
  db: Knex,
  id: string,
  status: MemberStatus,
  at: Date,
): Promise<void> {
  // Whoever left is not suspended afterwards by what was set before.
  const calledOff = status === 'left' ? { turns_to: null, turns_at: null } : {}
  await db('members')
    .where({ id })
    .update({ status, ...calledOff, returned_at: returnedAt(db, at) })
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
  role: StaffRole
  /** Both null until the invitation is accepted. */
  passwordHash: string | null
  totpSealed: Buffer | null
  endsOn?: string | null
  createdBy?: string
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
    ends_on: row.endsOn ?? null,
    created_by: row.createdBy ?? null,
    created_at: row.createdAt,
  })
}

const staffSelect = `
  select s.id, s.member_id as "memberId", ${statusAt('m', ':at::timestamptz')} as "memberStatus", s.email, s.name, s.role,
    to_char(s.ends_on, 'YYYY-MM-DD') as "endsOn", s.ended_at as "endedAt",
    s.totp_sealed is not null or exists (select from passkeys k
      where k.area = 'staff' and k.holder_id = s.id and k.ended_at is null) as equipped
  from staff s join members m on m.id = s.member_id`

/** @param at the moment at which the company's status counts; so in every question about staff */
export async function staffById(db: Knex, id: string, at: Date): Promise<Staff | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: Staff[] }>(`${staffSelect} where s.id = :id`, { id, at })
  return rows[0]
}

/** Everybody who works or worked for a company, managers first. */
export async function staffOf(db: Knex, memberId: string, at: Date): Promise<Staff[]> {
  const { rows } = await db.raw<{ rows: Staff[] }>(
    `${staffSelect} where s.member_id = :memberId
     order by s.ended_at is not null, s.role = 'developer', s.created_at, s.id`,
    { memberId, at },
  )
  return rows
}

/** Whose an address is, whatever the company; addresses are kept in lower case. */
export async function staffByEmail(db: Knex, email: string, at: Date): Promise<Staff | undefined> {
  const { rows } = await db.raw<{ rows: Staff[] }>(`${staffSelect} where lower(s.email) = :email`, {
    email,
    at,
  })
  return rows[0]
}

/** Of two who end each other's last manager one waits for the other. */
export async function lockStaff(db: Knex, memberId: string): Promise<void> {
  await db.raw('select id from members where id = :memberId for update', { memberId })
}

export async function updateStaff(
  db: Knex,
  id: string,
  row: Partial<{ name: string; role: StaffRole; ends_on: string | null; ended_at: Date | null }>,
): Promise<void> {
  await db('staff').where({ id }).update(row)
}

export async function insertLink(
  db: Knex,
  row: { secretHash: Buffer; proposalId: string; at: Date; expiresAt: Date },
): Promise<void> {
  await db('member_application_links').insert({
    secret_hash: row.secretHash,
    proposal_id: row.proposalId,
    created_at: row.at,
    expires_at: row.expiresAt,
  })
}

/** The application a link opens, while it lasts. */
export async function linked(db: Knex, secretHash: Buffer, at: Date): Promise<string | undefined> {
  const row = await db('member_application_links')
    .where({ secret_hash: secretHash })
    .where('expires_at', '>', at)
    .first<{ proposal_id: string } | undefined>('proposal_id')
  return row?.proposal_id
}

/** Notes that a resident is told of a version. @returns false where it was noted before */
export async function noteTold(
  db: Knex,
  row: { versionId: string; residentId: string; at: Date },
): Promise<boolean> {
  const rows = await db('member_notices')
    .insert({ version_id: row.versionId, resident_id: row.residentId, at: row.at })
    .onConflict(['version_id', 'resident_id'])
    .ignore()
    .returning('resident_id')
  return rows.length > 0
}

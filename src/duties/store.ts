import type { Knex } from 'knex'
import { isUuid } from '../input/ids.ts'
import type { Case, Document, Kind, Side, State, Step, Values } from './model.ts'

type Row = {
  id: string
  number: string | null
  kind: Kind
  member_id: string | null
  receiver: Side
  flow_id: string | null
  service_id: string | null
  state: State
  due_at: Date | null
  audit_on: string | null
  after_id: string | null
  known_at: Date | null
  draft: Values | null
  opened_at: Date
  changed_at: Date
  closed_at: Date | null
}

const columns = `id, number, kind, member_id, receiver, flow_id, service_id, state, due_at,
  to_char(audit_on, 'YYYY-MM-DD') as audit_on, after_id, known_at, draft, opened_at, changed_at, closed_at`

function fromRow(row: Row): Case {
  return {
    id: row.id,
    number: row.number,
    kind: row.kind,
    memberId: row.member_id,
    receiver: row.receiver,
    flowId: row.flow_id,
    serviceId: row.service_id,
    state: row.state,
    dueAt: row.due_at,
    auditOn: row.audit_on,
    afterId: row.after_id,
    knownAt: row.known_at,
    draft: row.draft,
    openedAt: row.opened_at,
    changedAt: row.changed_at,
    closedAt: row.closed_at,
  }
}

/** A case; `hold` locks it until the transaction ends, so that of two acts one sees the other. */
export async function find(db: Knex, id: string, hold = false): Promise<Case | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select ${columns} from duty_cases where id = :id ${hold ? 'for update' : ''}`,
    { id },
  )
  return rows[0] && fromRow(rows[0])
}

/** @returns whether it was written: false where this form was already sent */
export async function insert(db: Knex, of: Case): Promise<boolean> {
  const written = await db('duty_cases')
    .insert({ id: of.id, ...toRow(of), opened_at: of.openedAt })
    .onConflict('id')
    .ignore()
    .returning('id')
  return written.length > 0
}

export async function update(db: Knex, of: Case): Promise<void> {
  await db('duty_cases').where({ id: of.id }).update(toRow(of))
}

function toRow(of: Case) {
  return {
    number: of.number,
    kind: of.kind,
    member_id: of.memberId,
    receiver: of.receiver,
    flow_id: of.flowId,
    service_id: of.serviceId,
    state: of.state,
    due_at: of.dueAt,
    audit_on: of.auditOn,
    after_id: of.afterId,
    known_at: of.knownAt,
    draft: of.draft && JSON.stringify(of.draft),
    changed_at: of.changedAt,
    closed_at: of.closedAt,
  }
}

/** One audit notice to a company at a time (S-44): held until the transaction ends. */
export async function lockMember(db: Knex, memberId: string): Promise<void> {
  await db.raw('select 1 from members where id = :memberId for update', { memberId })
}

/** Days of the audits of a company and receiver that were not called off, oldest first. */
export async function auditDays(
  db: Knex,
  { memberId, receiver }: { memberId: string; receiver: Side },
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { day: string }[] }>(
    `select to_char(audit_on, 'YYYY-MM-DD') as day from duty_cases
     where kind = 'audit' and state <> 'cancelled' and member_id = :memberId and receiver = :receiver
     order by audit_on`,
    { memberId, receiver },
  )
  return rows.map((row) => row.day)
}

/** Whether an audit that was not called off stands on a report. */
export async function isAudited(db: Knex, reportId: string): Promise<boolean> {
  const row = await db('duty_cases')
    .where({ kind: 'audit', after_id: reportId })
    .whereNot({ state: 'cancelled' })
    .first('id')
  return row !== undefined
}

/** The next running number of a year; no other transaction gets one before this one ends, so none is left out. */
export async function nextNumber(db: Knex, year: number): Promise<number> {
  const { rows } = await db.raw<{ rows: { last: number }[] }>(
    `insert into duty_numbers (year, last) values (:year, 1)
     on conflict (year) do update set last = duty_numbers.last + 1 returning last`,
    { year },
  )
  const last = rows[0]?.last
  if (last === undefined) throw new Error('no running number came')
  return last
}

export async function insertDocument(
  db: Knex,
  row: Document & { year: number; running: number },
): Promise<void> {
  await db('duty_documents').insert({
    id: row.id,
    year: row.year,
    running: row.running,
    number: row.number,
    kind: row.kind,
    case_id: row.caseId,
    member_id: row.memberId,
    sender: row.sender,
    sender_id: row.senderId,
    body: JSON.stringify(row.body),
    body_hash: Buffer.from(row.hash, 'hex'),
    sent_at: row.sentAt,
  })
}

export async function insertStep(
  db: Knex,
  row: Step & { id: string; caseId: string; hash: Buffer },
): Promise<void> {
  await db('duty_steps').insert({
    id: row.id,
    case_id: row.caseId,
    position: row.position,
    step: row.step,
    side: row.side,
    by_id: row.byId,
    body: JSON.stringify(row.body),
    body_hash: row.hash,
    document_id: row.documentId,
    at: row.at,
  })
}

/** Every step of a case, oldest first. */
export async function steps(db: Knex, caseId: string): Promise<Step[]> {
  const { rows } = await db.raw<{ rows: Step[] }>(
    `select position, step, side, by_id as "byId", body, document_id as "documentId", at
     from duty_steps where case_id = :caseId order by position`,
    { caseId },
  )
  return rows
}

/** Notes that somebody of the other side, or its program, has a case's documents; only the first time counts. */
export async function insertReadings(
  db: Knex,
  asked: { caseId: string; side: Side; readerId: string; at: Date },
): Promise<void> {
  await db.raw(
    `insert into duty_readings (document_id, side, reader_id, at)
     select id, :side, :readerId, :at from duty_documents
     where case_id = :caseId and sender <> :side
     on conflict do nothing`,
    asked,
  )
}

export type MailRow = {
  id: string
  caseId: string
  documentId: string | null
  to: { staffId: string } | { operatorId: string }
  at: Date
}

export async function insertMail(db: Knex, row: MailRow): Promise<void> {
  await db('duty_mails').insert({
    id: row.id,
    case_id: row.caseId,
    document_id: row.documentId,
    staff_id: 'staffId' in row.to ? row.to.staffId : null,
    operator_id: 'operatorId' in row.to ? row.to.operatorId : null,
    queued_at: row.at,
  })
}

/** A mail was handed to the mail server; ids of other rooms' mails find nothing here. */
export async function mailHandedOver(db: Knex, id: string, at: Date): Promise<void> {
  if (!isUuid(id)) return
  await db('duty_mails').where({ id }).whereNull('handed_over_at').update({ handed_over_at: at })
}

/** @returns whether this reminder was still to be sent; of several nodes one is told so */
export async function insertReminder(
  db: Knex,
  row: { caseId: string; position: number; kind: 'soon' | 'late'; at: Date },
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `insert into duty_reminders (case_id, position, kind, at)
     values (:caseId, :position, :kind, :at) on conflict do nothing returning 1`,
    row,
  )
  return rows.length > 0
}

import type { Knex } from 'knex'
import type { DeletionAnswer, DeletionRequest, Outcome } from './deletion_model.ts'

type Row = {
  id: string
  consent_id: string
  resident_id: string
  service_id: string
  member_id: string
  subject: string
  asked_at: Date
  agreed_at: Date
  due_at: Date
  outcome: Outcome | null
  done_on: string | null
  reason: string | null
  reason_sealed: Buffer | null
  on_request: string | null
  answered_at: Date | null
}

/** As kept: the reason of its answer may be sealed. */
export type Kept = DeletionRequest & { sealed: Buffer | null }

function fromRow(row: Row): Kept {
  const { outcome, answered_at: at } = row
  return {
    id: row.id,
    consentId: row.consent_id,
    residentId: row.resident_id,
    serviceId: row.service_id,
    memberId: row.member_id,
    subject: row.subject,
    onRequest: row.on_request,
    askedAt: row.asked_at,
    agreedAt: row.agreed_at,
    dueAt: row.due_at,
    answer: outcome && at ? { outcome, doneOn: row.done_on, reason: row.reason, at } : undefined,
    sealed: row.reason_sealed,
  }
}

const ALL = `select r.*, a.outcome, to_char(a.done_on, 'YYYY-MM-DD') as done_on, a.reason, a.reason_sealed,
    a.answered_at,
    coalesce((select min(c.agreed_at) from consents c where c.resident_id = r.resident_id
      and c.service_id = r.service_id and c.member_id = r.member_id), r.asked_at) as agreed_at
  from deletion_requests r left join deletion_answers a on a.request_id = r.id`

export async function insert(
  db: Knex,
  request: Omit<DeletionRequest, 'answer' | 'agreedAt'>,
): Promise<void> {
  await db('deletion_requests').insert({
    id: request.id,
    consent_id: request.consentId,
    resident_id: request.residentId,
    service_id: request.serviceId,
    member_id: request.memberId,
    subject: request.subject,
    asked_at: request.askedAt,
    due_at: request.dueAt,
    on_request: request.onRequest,
  })
}

/** Writes the answer; false where there is one already, which stands. */
export async function insertAnswer(
  db: Knex,
  id: string,
  answer: Omit<DeletionAnswer, 'reason'> & {
    sealed: Buffer | null
    by: { kind: string; id: string }
  },
): Promise<boolean> {
  const rows = await db('deletion_answers')
    .insert({
      request_id: id,
      outcome: answer.outcome,
      done_on: answer.doneOn,
      reason_sealed: answer.sealed,
      answered_at: answer.at,
      by_kind: answer.by.kind,
      by_id: answer.by.id,
    })
    .onConflict('request_id')
    .ignore()
    .returning('request_id')
  return rows.length === 1
}

/** Of one company: another's is not found. */
export async function ofMember(db: Knex, memberId: string, id: string): Promise<Kept | undefined> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `${ALL} where r.member_id = :memberId and r.id = :id`,
    { memberId, id },
  )
  return rows[0] && fromRow(rows[0])
}

type Found = { requests: Kept[]; total: number }

/**
 * A page of a company's requests: those that wait for an answer first, the nearest deadline on top, then the answered,
 * the newest on top.
 */
export async function pageOf(
  db: Knex,
  asked: { memberId: string; open: boolean | null; limit: number; offset: number },
): Promise<Found> {
  const where = `where r.member_id = :memberId
    and (:open::boolean is null or (a.request_id is null) = :open)`
  const counted = await db.raw<{ rows: { total: string }[] }>(
    `select count(*) as total from deletion_requests r
     left join deletion_answers a on a.request_id = r.id ${where}`,
    { memberId: asked.memberId, open: asked.open },
  )
  const { rows } = await db.raw<{ rows: Row[] }>(
    `${ALL} ${where} order by a.request_id is not null, a.answered_at desc, r.due_at, r.id
     limit :limit offset :offset`,
    { ...asked },
  )
  return { requests: rows.map(fromRow), total: Number(counted.rows[0]?.total ?? 0) }
}

/** What a resident asked the companies of one service, newest first. */
export async function ofResident(db: Knex, residentId: string, serviceId: string): Promise<Kept[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `${ALL} where r.resident_id = :residentId and r.service_id = :serviceId
     order by r.asked_at desc, r.id`,
    { residentId, serviceId },
  )
  return rows.map(fromRow)
}

export type Waiting = { memberId: string; name: string; count: number; dueAt: Date }

/**
 * How many requests wait for each company's answer, and the nearest deadline of each.
 *
 * @param memberId this company alone; null: every one
 * @param dueBy    only those whose deadline had passed by then; null: all
 */
export async function waiting(
  db: Knex,
  memberId: string | null,
  dueBy: Date | null,
): Promise<Waiting[]> {
  const { rows } = await db.raw<{ rows: Waiting[] }>(
    `select r.member_id as "memberId", v.body -> 'names' ->> 'ja' as name,
       count(*)::integer as count, min(r.due_at) as "dueAt"
     from deletion_requests r
     join lateral (select body from member_versions v where v.member_id = r.member_id
       order by v.version desc limit 1) v on true
     where (:memberId::uuid is null or r.member_id = :memberId)
       and (:dueBy::timestamptz is null or r.due_at <= :dueBy)
       and not exists (select 1 from deletion_answers a where a.request_id = r.id)
     group by 1, 2 order by 4, 1`,
    { memberId, dueBy },
  )
  return rows
}

/** What facts are about: read when they are told. */
import type { Knex } from 'knex'
import type { Fact } from './model.ts'

/** A consent version as far as a message about it says. */
export type ConsentTold = {
  id: string
  serviceId: string
  memberId: string
  items: string[]
  endsAt: Date
  subjectType: 'public' | 'pairwise'
  startedAt: Date
  deletionRequested: boolean
  /** The agreement ended because the account closes. */
  closing: boolean
  /** The resident answered on a way to the service, which knows by its token. */
  underWay: boolean
}

const TOLD = `c.id, c.service_id as "serviceId", c.member_id as "memberId",
  array(select jsonb_array_elements(c.items) ->> 'item') as items, c.ends_at as "endsAt",
  c.subject_type as "subjectType", a.started_at as "startedAt", c.deletion_requested as "deletionRequested",
  coalesce(a.end_kind = 'closed', false) as closing,
  coalesce((select s.interaction_uid is not null from showings s where s.id = c.showing_id), false) as "underWay"`

export async function consent(db: Knex, id: string): Promise<ConsentTold | undefined> {
  const { rows } = await db.raw<{ rows: ConsentTold[] }>(
    `select ${TOLD} from consents c join agreements a on a.id = c.agreement_id where c.id = :id`,
    { id },
  )
  return rows[0]
}

/** The newest versions of a resident's agreements that stood at a moment and were not ended since. */
export async function standing(db: Knex, residentId: string, at: Date): Promise<ConsentTold[]> {
  const { rows } = await db.raw<{ rows: ConsentTold[] }>(
    `select ${TOLD} from agreements a
     join lateral (select * from consents c where c.agreement_id = a.id order by c.version desc limit 1) c on true
     where a.resident_id = :residentId and a.ended_at is null and a.started_at <= :at and c.ends_at > :at`,
    { residentId, at },
  )
  return rows
}

/** What an agreement last yielded, of each that ended when the resident closed the account for good. */
export async function closed(db: Knex, residentId: string): Promise<ConsentTold[]> {
  const { rows } = await db.raw<{ rows: ConsentTold[] }>(
    `select distinct on (a.service_id) ${TOLD} from residents r
     join agreements a on a.resident_id = r.id and a.end_kind = 'closed' and a.ended_at >= r.closing_asked_at
     join consents c on c.agreement_id = a.id
     where r.id = :residentId order by a.service_id, c.agreed_at desc`,
    { residentId },
  )
  return rows
}

/** What of a profile was changed: an item id, or `email_address`. */
export async function change(db: Knex, id: string): Promise<string | undefined> {
  const row = await db('resident_changes').where({ id }).first<{ what: string } | undefined>('what')
  return row?.what
}

/** The shared user ID, also of an account that was erased: evidence points at it. */
export async function userId(db: Knex, residentId: string): Promise<string | undefined> {
  const row = await db('residents')
    .where('id', residentId)
    .first<{ user_id: string } | undefined>('user_id')
  return row?.user_id
}

/** Whether the resident's consent to provision as a whole stands (S-56), and since when. */
export async function provision(
  db: Knex,
  residentId: string,
): Promise<{ given: boolean; at: Date } | undefined> {
  return db('resident_terms')
    .where({ resident_id: residentId, kind: 'provision' })
    .orderBy([{ column: 'at', order: 'desc' }, 'id'])
    .first<{ given: boolean; at: Date } | undefined>('given', 'at')
}

/** Facts nobody has told yet, in their order; none of a resident of whom an earlier one is put off. */
export async function untold(db: Knex, limit: number, at: Date): Promise<Fact[]> {
  return db('event_facts')
    .whereNull('told_at')
    .whereNotIn(
      'resident_id',
      db('event_facts').whereNull('told_at').where('next_at', '>', at).select('resident_id'),
    )
    .orderBy('seq')
    .limit(limit)
    .select<Fact[]>(
      'seq',
      'id',
      'kind',
      'resident_id as residentId',
      'service_id as serviceId',
      'ref',
      'session_uid as sessionUid',
      'at',
    )
}

/** Facts that could not be told so far, beside those that wait behind them. */
export async function stuck(db: Knex): Promise<number> {
  const row = await db('event_facts')
    .whereNull('told_at')
    .whereNotNull('next_at')
    .count<{ count: string }[]>('* as count')
  return Number(row[0]?.count ?? 0)
}

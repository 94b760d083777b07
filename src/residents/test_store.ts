import type { Knex } from 'knex'
import type { Row } from './store.ts'

/** The open test persons of a company, each with its last sign-in. */
export async function ofMember(
  db: Knex,
  memberId: string,
): Promise<(Row & { last_sign_in: Date | null })[]> {
  const { rows } = await db.raw<{ rows: (Row & { last_sign_in: Date | null })[] }>(
    `select r.*, (select max(s.signed_in_at) from sign_ins s where s.resident_id = r.id) as last_sign_in
     from residents r where r.test_member_id = :memberId and r.closed_at is null and r.data_key is not null
     order by r.created_at, r.id`,
    { memberId },
  )
  return rows
}

/** Of two that are made at once, one counts the other; held until the transaction ends. */
export async function lockMember(db: Knex, id: string): Promise<void> {
  await db.raw(`select pg_advisory_xact_lock(hashtextextended('test persons ' || :id, 0))`, { id })
}

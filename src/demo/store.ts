import type { Knex } from 'knex'

export async function insertMark(db: Knex, demo: boolean, at: Date): Promise<void> {
  await db('installation').insert({ demo, created_at: at })
}

/** Whether nobody and nothing was registered here yet. */
export async function isEmpty(db: Knex): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { empty: boolean }[] }>(
    'select not exists (select from residents) and not exists (select from members) as empty',
  )
  return rows[0]?.empty ?? false
}

/** One node at a time, and time enough for the seed; both end with the transaction. */
export async function lock(db: Knex): Promise<void> {
  await db.raw("set local lock_timeout = '60s'")
  await db.raw("set local statement_timeout = '60s'")
  await db.raw("set local idle_in_transaction_session_timeout = '60s'")
  await db.raw('select pg_advisory_xact_lock(7262011)')
}

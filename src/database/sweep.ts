import type { Knex } from 'knex'

/** Rows of one statement: few enough for its time limit, enough to keep up. */
const BATCH = 5000

/**
 * Deletes the rows whose `column`, which needs an index, lies before a moment: batch by batch until none is left,
 * passing by rows that another node sweeps at the same time.
 *
 * @returns rows deleted
 */
export async function sweepBefore(
  db: Knex,
  table: string,
  column: string,
  before: Date | number,
): Promise<number> {
  let gone = 0
  for (let deleted = BATCH; deleted === BATCH; gone += deleted) {
    const { rowCount } = await db.raw<{ rowCount: number }>(
      `delete from :table: where ctid = any(array(select ctid from :table: where :column: < :before
        order by :column: limit ${BATCH} for update skip locked))`,
      { table, column, before },
    )
    deleted = rowCount
  }
  return gone
}

import type { Knex } from 'knex'

type Entry = {
  /** What the salt is sealed for. */
  context: 'terms' | 'consent' | 'provision'
  canonical: string
  salt: Buffer
}

export type Gone = { closureId: string; canonical: string; droppedAt: Date }

/** The closing of the month an entry went with; undefined where it did not, or never was. */
export async function goneWith(db: Knex, entryId: string): Promise<Gone | undefined> {
  const { rows } = await db.raw<{ rows: Gone[] }>(
    `select c.id as "closureId", c.canonical, d.at as "droppedAt" from ledger_leaves l
     join retention_closures c on l.index between c.first_index and c.last_index and l.index <> all (c.others)
     join retention_drops d on d.closure_id = c.id
     where l.tree = 'provisions' and l.source = 'provisions' and l.entry_id = :entryId`,
    { entryId },
  )
  return rows[0]
}

/** An entry of the ledger that is about this resident. */
export async function entryOf(
  db: Knex,
  residentId: string,
  entryId: string,
): Promise<Entry | undefined> {
  const { rows } = await db.raw<{ rows: Entry[] }>(
    `select 'consent' as context, canonical, salt from consents
       where id = :entryId and resident_id = :residentId
     union all
     select 'terms', canonical, salt from resident_terms
       where id = :entryId and resident_id = :residentId
     union all
     select 'provision', canonical, salt from provision_records
       where id = :entryId and resident_id = :residentId`,
    { entryId, residentId },
  )
  return rows[0]
}

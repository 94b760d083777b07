import type { Knex } from 'knex'

type Entry = {
  /** What the salt is sealed for. */
  context: 'terms' | 'consent' | 'provision'
  canonical: string
  salt: Buffer
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

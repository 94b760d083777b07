import type { Knex } from 'knex'
import type { Installation } from '../installation.ts'
import type { GiverVersion } from './model.ts'

/** Every version of the giver, oldest first. */
export async function giverVersions(db: Knex): Promise<GiverVersion[]> {
  const { rows } = await db.raw<{ rows: GiverVersion[] }>(
    'select version, since, body, body_hash as hash from giver_versions order by version',
  )
  return rows
}

/** Of several nodes that start together one writes. @returns whether this one did */
export async function insertGiver(
  db: Knex,
  row: { version: number; since: Date; body: Installation; hash: Buffer },
): Promise<boolean> {
  const written = await db('giver_versions')
    .insert({
      version: row.version,
      since: row.since,
      body: JSON.stringify(row.body),
      body_hash: row.hash,
    })
    .onConflict('version')
    .ignore()
    .returning<{ version: number }[]>('version')
  return written.length > 0
}

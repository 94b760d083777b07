import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import knex, { type Knex } from 'knex'
import { prepareQueue } from '../jobs/queue.ts'

const folder = fileURLToPath(new URL('../../migrations/', import.meta.url))
const LOCK = 7_262_001

const source: Knex.MigrationSource<string> = {
  getMigrations: async () => (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort(),
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const sql = await readFile(folder + name, 'utf8')
    return {
      up: (db) => db.raw(sql),
      down: () => Promise.reject(new Error('migrations go forward only')),
      config: { transaction: !sql.startsWith('-- transaction=false') },
    }
  },
}

/**
 * Applies `migrations/*.sql` and prepares the job queue's schema; does nothing where all is applied.
 * Safe when several nodes start at once: one advisory lock on a connection of its own, under which knex's own
 * table lock (which a kill -9 leaves set for ever) is cleared.
 */
export async function migrate(url: string): Promise<void> {
  const guard = knex({ client: 'pg', connection: url, pool: { min: 1, max: 1 } })
  const db = knex({ client: 'pg', connection: url, pool: { min: 0, max: 2 } })
  try {
    await guard.raw('select pg_advisory_lock(?)', [LOCK])
    if (await db.schema.hasTable('knex_migrations_lock')) await db.migrate.forceFreeMigrationsLock()
    await db.migrate.latest({ migrationSource: source })
    await prepareQueue(url)
  } finally {
    await db.destroy()
    await guard.destroy()
  }
}

/** The names of migrations in the repository that this database lacks; empty when it is current. */
export async function pending(db: Knex): Promise<string[]> {
  const [, missing] = (await db.migrate.list({ migrationSource: source })) as [unknown, string[]]
  return missing.map((m) => (typeof m === 'string' ? m : String(m)))
}

import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import knex, { type Knex } from 'knex'
import { prepareQueue } from '../jobs/queue.ts'
import { quiet } from './connect.ts'
import { settleRoles, type App } from './roles.ts'

const folder = fileURLToPath(new URL('../../migrations/', import.meta.url))
const LOCK = 7_262_001

/** A migration that waits for a table makes everybody behind it wait too: it gives up and comes again (R12). */
const LOCK_MS = 2000
const ATTEMPTS = 8

const names = async () => (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()

const source: Knex.MigrationSource<string> = {
  getMigrations: names,
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
 * Applies `migrations/*.sql` and prepares the job queue's schema; does nothing where all is applied. A database that
 * knows more migrations than we do is one that newer nodes serve already: it is left as it is (R12).
 * Safe when several nodes start at once: one advisory lock on a connection of its own, under which knex's own
 * table lock (which a kill -9 leaves set for ever) is cleared.
 *
 * @param url of the owner
 * @param app the role the product works as, which gets its rights here; absent: it works as the owner
 * @throws Error of PostgreSQL, 55P03 where a table stayed in use however often it was tried
 */
export async function migrate(url: string, app?: App): Promise<void> {
  const guard = open(url, 1)
  const db = open(url, 2, `-c lock_timeout=${LOCK_MS}`)
  try {
    await guard.raw('select pg_advisory_lock(?)', [LOCK])
    await patiently(async () => {
      if (await db.schema.hasTable('knex_migrations_lock'))
        await db.migrate.forceFreeMigrationsLock()
      await db.migrate.latest({ migrationSource: source, disableMigrationsListValidation: true })
      await prepareQueue(url, LOCK_MS)
      if (app) await settleRoles(db, app)
    })
  } finally {
    await db.destroy()
    await guard.destroy()
  }
}

const open = (url: string, max: number, options = '') =>
  knex({
    client: 'pg',
    connection: { connectionString: url, application_name: 'machi-id migrate', options },
    // Never fewer: the guard's lock lives as long as its connection.
    pool: { min: 1, max },
    log: quiet,
  })

/** Tries again where a lock did not come in time, with growing pauses that let through who waited behind us. */
async function patiently(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work()
      return
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03' || attempt === ATTEMPTS) throw error
    }
    await sleep(250 * attempt)
  }
}

let known: Promise<string[]> | undefined

/** The names of migrations in the repository that this database lacks; empty when it is current. */
export async function pending(db: Knex): Promise<string[]> {
  const all = await (known ??= names())
  const { rows } = await db.raw<{ rows: { there: boolean }[] }>(
    "select to_regclass('knex_migrations') is not null as there",
  )
  if (rows[0]?.there !== true) return all
  const applied = new Set(await db('knex_migrations').pluck<string[]>('name'))
  return all.filter((name) => !applied.has(name))
}

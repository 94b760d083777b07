/** Makes the database ready for the product: reached, migrated, and with the roles it should have (M4). */
import type { Config } from '../config.ts'
import { connect } from './connect.ts'
import { startEmbedded } from './embedded.ts'
import { migrate, pending } from './migrate.ts'
import { reach } from './reach.ts'
import { isMighty } from './roles.ts'

type Say = (sentence: string) => void

const ONE_ROLE =
  'The database role of DATABASE_URL owns the tables, so that whoever takes over the product could change its records'

/**
 * Finds or starts the database, applies migrations and settles who may do what.
 *
 * @param leave where the way to leave is noted down
 * @returns the address the product works with
 * @throws Error in plain words where it cannot, or in production must not, go on
 */
export async function makeReady(
  config: Config,
  say: Say,
  { leave, told }: { leave: (() => Promise<unknown>)[]; told?: AbortSignal | undefined },
): Promise<string> {
  if (config.databaseUrl === undefined) {
    const server = await startEmbedded({ dataDir: config.dataDir, log: say })
    leave.push(() => server.stop())
    await migrate(server.url, { url: server.appUrl, renew: true })
    return server.appUrl
  }
  const { databaseUrl: url, migrationDatabaseUrl: owner } = config
  if (owner) {
    await reach(owner, say, { told })
    await migrate(owner, { url })
  }
  await reach(url, say, { told })
  if (await isMighty(url)) {
    refuseOneRole(config)
    if (!owner) await migrate(url)
    say(`${ONE_ROLE}. Give it a role of its own: see docs/operation.md, "Database roles".`)
  } else if (!owner) await refusePending(url)
  return url
}

function refuseOneRole({ production, oneDatabaseRole }: Config): void {
  if (!production || oneDatabaseRole) return
  throw new Error(
    `${ONE_ROLE}. Give it a role of its own and set MIGRATION_DATABASE_URL (docs/operation.md, "Database roles"), or accept this by ACCEPT_ONE_DATABASE_ROLE=yes.`,
  )
}

/** The application may not migrate: what is missing, somebody else has to apply first. */
async function refusePending(url: string): Promise<void> {
  const db = connect(url, 1)
  try {
    const names = await pending(db)
    if (names.length)
      throw new Error(
        `The database lacks ${names.length} migration(s), the first ${names[0]}. Run npm run migrate with MIGRATION_DATABASE_URL.`,
      )
  } finally {
    await db.destroy()
  }
}

import { mkdir, realpath, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as cluster from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { binaries, findFooting, type Way } from './footing.ts'
import { auditorOf } from './roles.ts'
import { alone, present, signIn } from './presence.ts'
import * as servers from './server.ts'
import type { Server } from './server.ts'

/** The PostgreSQL that runs in DATA_DIR where no DATABASE_URL is given. */
export type Embedded = {
  /** postgres:// address of the database `machi` for its owner, with the password. */
  url: string
  /** The same for the role the product works as, which the migrator makes. */
  appUrl: string
  /** The role that reads everything and changes nothing. */
  auditor: string
  /** True where the server ran already: for another process, or left over from one that was killed. */
  joined: boolean
  /** Leaves the server; the last process to leave ends it. */
  stop(): Promise<void>
}

const PATIENCE = 180_000
const LOG_LIMIT = 10 * 1024 * 1024
const EVERY_WAY: readonly Way[] = ['direct', 'namespace', 'user', 'capable']

/**
 * Starts, or joins, the PostgreSQL of `dataDir`; made anew where there is none.
 * Starting and leaving happen under one lock, so that whoever comes at the same moment meets one server.
 * The server outlives a killed process (its data too); the next start takes it over.
 *
 * @param options.durable false is for tests: faster, and not safe against loss of power
 * @param options.ways which ways of running it as root may be used; all by default
 */
export async function startEmbedded(options: {
  dataDir: string
  log: (message: string) => void
  durable?: boolean
  ways?: readonly Way[]
}): Promise<Embedded> {
  // Others may pass through (PostgreSQL may run as another user), not look around; each file inside is closed.
  await mkdir(options.dataDir, { recursive: true, mode: 0o711 })
  const dataDir = await realpath(options.dataDir)
  const lock = join(dataDir, 'postgres.lock')
  const users = join(dataDir, 'postgres.users')
  const place: Cluster = {
    data: join(dataDir, 'postgres'),
    draft: join(dataDir, 'postgres.new'),
    log: join(dataDir, 'postgres.log'),
    password: join(dataDir, 'postgres.password'),
    appPassword: join(dataDir, 'postgres.app-password'),
  }
  return alone(lock, PATIENCE, async () => {
    const secret = await cluster.password(place)
    const appSecret = await cluster.appPassword(place)
    const found = await takeOver(place, secret, options.log)
    const server = found ?? (await begin(dataDir, place, secret, options))
    const signOut = await signIn(users)
    return {
      url: servers.address(server, secret),
      appUrl: servers.address(server, appSecret, { user: cluster.APP }),
      auditor: auditorOf(cluster.APP),
      joined: found !== undefined,
      stop: () =>
        alone(lock, PATIENCE, async () => {
          await signOut()
          if ((await present(users)) > 0) return
          const last = await servers.running(place)
          if (last !== undefined) await servers.end(last)
        }),
    }
  })
}

/** Joins the server that runs already, once it answers; ends it where it lives but stays deaf. */
async function takeOver(
  place: Cluster,
  secret: string,
  log: (message: string) => void,
): Promise<Server | undefined> {
  for (;;) {
    const server = await servers.running(place)
    if (server === undefined) return undefined
    const outcome = await servers.settle(server, secret)
    if (outcome === 'ready') return server
    if (outcome === 'deaf') {
      log(`ending a PostgreSQL that no longer answers (process ${server.pid})`)
      await servers.end(server, 3000)
    }
  }
}

async function begin(
  dataDir: string,
  place: Cluster,
  secret: string,
  options: { log: (message: string) => void; durable?: boolean; ways?: readonly Way[] },
): Promise<Server> {
  const { log, durable = true, ways = EVERY_WAY } = options
  const programs = await binaries()
  const footing = await findFooting(dataDir, place.data, programs, ways)
  if (await cluster.init(place, footing, programs, secret)) log(`made a new database in ${dataDir}`)
  const size = await stat(place.log).then(
    (file) => file.size,
    () => 0,
  )
  if (size > LOG_LIMIT) await rename(place.log, `${place.log}.old`)
  return servers.start(place, footing, programs, { secret, durable })
}

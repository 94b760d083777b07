import { open, readFile, readlink, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Cluster, OWNER } from './cluster.ts'
import { type Binaries, type Footing, launch } from './footing.ts'
import { identity } from './presence.ts'

/** A running server. */
export type Server = { pid: number; port: number }

const DATABASE = 'machi'

/** The address of a database of the server. */
export const address = (
  server: Server,
  password: string,
  { user = OWNER, database = DATABASE }: { user?: string; database?: string } = {},
): string => `postgres://${user}:${password}@127.0.0.1:${server.port}/${database}`

/** The server that runs on this cluster, by its postmaster.pid; undefined where that is absent or left over. */
export async function running(cluster: Cluster): Promise<Server | undefined> {
  const lines = await readFile(join(cluster.data, 'postmaster.pid'), 'utf8').catch(() => '')
  const [pid, , , port] = lines.split('\n').map(Number)
  if (!pid || !port) return undefined
  return (await serves(pid, cluster.data)) ? { pid, port } : undefined
}

/** Whether this process lives and is a PostgreSQL on this folder: the number alone may long be someone else's. */
async function serves(pid: number, data: string): Promise<boolean> {
  if ((await identity(pid)) === undefined) return false
  if (process.platform !== 'linux') return true
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const [program = '', ...args] = command.split('\0')
  if (basename(program) !== 'postgres') return false
  const at = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  return at === data || args[args.indexOf('-D') + 1] === data
}

/**
 * How the server answers: `ready`; `busy` while it starts, recovers or shuts down; `deaf` where nothing comes back.
 * An Error where it knows another password.
 */
async function ask(server: Server, secret: string): Promise<'ready' | 'busy' | 'deaf'> {
  const connectionString = address(server, secret, { database: 'postgres' })
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 3000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const found = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`)
    return 'ready'
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === '28P01')
      throw new Error(`the server on port ${server.port} knows another password`)
    // 57P03 cannot_connect_now, 53300 too_many_connections, 42P04 another one made the database first.
    if (code === '53300' || code === '42P04') return 'ready'
    return code === '57P03' ? 'busy' : 'deaf'
  } finally {
    await client.end().catch(() => undefined)
  }
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  max_wal_size: '256MB',
  jit: 'off',
}

const LOSABLE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/**
 * Waits until a server answers: `ready`; `gone` once its process ended; `deaf` after 10 s without any answer.
 * One that recovers or shuts down is given all the time it takes.
 */
export async function settle(server: Server, secret: string): Promise<'ready' | 'gone' | 'deaf'> {
  let heard = Date.now()
  while ((await identity(server.pid)) !== undefined) {
    const answer = await ask(server, secret)
    if (answer === 'ready') return 'ready'
    if (answer === 'busy') heard = Date.now()
    else if (Date.now() - heard > 10_000) return 'deaf'
    await sleep(25)
  }
  return 'gone'
}

/**
 * Starts a server on the cluster, on a free port of 127.0.0.1, and waits until it answers (recovery included).
 *
 * @param durable false gives up safety against loss of power for speed; for tests only
 */
export async function start(
  cluster: Cluster,
  footing: Footing,
  programs: Binaries,
  options: { secret: string; durable: boolean },
): Promise<Server> {
  const before = await readFile(cluster.log, 'utf8').catch(() => '')
  for (let attempt = 1; attempt <= 6; attempt++) {
    const other = await sweep(cluster)
    const server = other ?? (await launchServer(cluster, footing, programs, options.durable))
    const outcome = await settle(server, options.secret)
    if (outcome === 'ready') return server
    if (outcome === 'deaf') await end(server, 3000)
    // A port lost to another program in the same moment, or last backends of a killed server still ending.
    await sleep(300 * attempt)
  }
  const words = (await readFile(cluster.log, 'utf8')).slice(before.length).trim().split('\n')
  throw new Error(
    `PostgreSQL does not start: ${words.slice(-3).join(' ')} (more in ${cluster.log})`,
  )
}

/** Removes a postmaster.pid left over, whose number, used anew, PostgreSQL would shy at; or finds its server alive. */
async function sweep(cluster: Cluster): Promise<Server | undefined> {
  const file = join(cluster.data, 'postmaster.pid')
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) return undefined
  const server = await running(cluster)
  if (server === undefined) await rm(file, { force: true })
  return server
}

async function launchServer(
  cluster: Cluster,
  footing: Footing,
  programs: Binaries,
  durable: boolean,
): Promise<Server> {
  const port = await freePort()
  const settings = { port, ...SETTINGS, ...(durable ? {} : LOSABLE) }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = await open(cluster.log, 'a', 0o600)
  try {
    const args: [string, ...string[]] = [programs.postgres, '-D', cluster.data, ...flags]
    const child = launch(footing, args, { output: log.fd, detached: true })
    child.on('error', () => undefined)
    child.unref()
    return { pid: child.pid ?? 0, port }
  } finally {
    await log.close()
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

/**
 * Ends a server: by fast shutdown, and harder where it does not obey.
 *
 * @param patience ms that the fast shutdown may take
 */
export async function end(server: Server, patience = 30_000): Promise<void> {
  const who = await identity(server.pid)
  if (who === undefined) return
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    process.kill(server.pid, signal)
    const until = Date.now() + (signal === 'SIGINT' ? patience : 2000)
    while (Date.now() < until) {
      if ((await identity(server.pid)) !== who) return
      await sleep(20)
    }
  }
  throw new Error(`the PostgreSQL process ${server.pid} does not end`)
}

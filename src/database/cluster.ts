import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Binaries, type Footing, launch, own } from './footing.ts'
import { identity } from './presence.ts'

/** A PostgreSQL cluster on disk, and where its companions lie. */
export type Cluster = {
  /** PGDATA. */
  data: string
  /** Where a new one is prepared; renamed to `data` once whole. */
  draft: string
  log: string
  password: string
}

/** A running server. */
export type Server = { pid: number; port: number }

export const OWNER = 'machi'
export const DATABASE = 'machi'

/** The address of a database of the server. */
export const address = (server: Server, password: string, database = DATABASE): string =>
  `postgres://${OWNER}:${password}@127.0.0.1:${server.port}/${database}`

/** Reads the cluster's password, or invents it (0600) where there is neither password nor cluster. */
export async function password(cluster: Cluster): Promise<string> {
  const written = await readFile(cluster.password, 'utf8').catch(() => '')
  if (written !== '') return written
  if (await exists(cluster.data)) {
    throw new Error(
      `${cluster.password} is missing, and ${cluster.data} cannot be opened without it`,
    )
  }
  const invented = randomBytes(24).toString('base64url')
  const draft = `${cluster.password}.new`
  await writeFile(draft, invented, { mode: 0o600, flush: true })
  await rename(draft, cluster.password)
  return invented
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/**
 * Makes the cluster where there is none: UTF-8 by built-in C.UTF-8, scram for every connection.
 * It is made beside its place and moved there whole, so that one left half done is never taken for a cluster.
 */
export async function init(
  cluster: Cluster,
  footing: Footing,
  programs: Binaries,
  secret: string,
): Promise<boolean> {
  if (await exists(join(cluster.data, 'PG_VERSION'))) {
    await own(cluster.data, footing.owner)
    return false
  }
  await rm(cluster.draft, { recursive: true, force: true })
  await mkdir(cluster.draft, { mode: 0o700 })
  await writeFile(join(cluster.draft, 'password'), secret, { mode: 0o600 })
  await own(cluster.draft, footing.owner)
  const data = join(cluster.draft, 'data')
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const access = ['--auth=scram-sha-256', `--pwfile=${join(cluster.draft, 'password')}`]
  await finish(footing, [
    ...([programs.initdb, '-D', data, '-U', OWNER, ...access, ...locale] as [string, ...string[]]),
    ...['--locale=C', '--no-instructions'],
  ])
  await rename(data, cluster.data)
  await rm(cluster.draft, { recursive: true, force: true })
  return true
}

async function finish(footing: Footing, args: [string, ...string[]]): Promise<void> {
  const child = launch(footing, args, { output: 'pipe', detached: false })
  let words = ''
  child.stderr?.on('data', (piece) => (words += String(piece)))
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${basename(args[0])} failed: ${words.trim()}`)
}

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
export async function ask(server: Server, secret: string): Promise<'ready' | 'busy' | 'deaf'> {
  const connectionString = address(server, secret, 'postgres')
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
    if (outcome === 'deaf') await end(server)
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
  if (!(await exists(file))) return undefined
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

const ENDINGS = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
] as const

/** Ends a server: fast shutdown first, harder where it does not obey. */
export async function end(
  server: Server,
  endings: readonly (typeof ENDINGS)[number][] = ENDINGS,
): Promise<void> {
  const who = await identity(server.pid)
  if (who === undefined) return
  for (const [signal, patience] of endings) {
    process.kill(server.pid, signal)
    const until = Date.now() + patience
    while (Date.now() < until) {
      if ((await identity(server.pid)) !== who) return
      await sleep(20)
    }
  }
  throw new Error(`the PostgreSQL process ${server.pid} does not end`)
}

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Binaries, type Footing, launch, own } from './footing.ts'

/** A PostgreSQL cluster on disk, and where its companions lie. */
export type Cluster = {
  /** PGDATA. */
  data: string
  /** Beginning of the name under which a new one is prepared; it is renamed to `data` once whole. */
  draft: string
  log: string
  password: string
  /** Of the role the product works as. */
  appPassword: string
}

/** The superuser of the cluster, who migrates. */
export const OWNER = 'machi'
/** The role the product works as (M4). */
export const APP = 'machi_app'

/** Reads the cluster's password, or invents it (0600) where there is neither password nor cluster. */
export async function password(cluster: Cluster): Promise<string> {
  const written = await writtenIn(cluster.password)
  if (written !== '') return written
  if (await exists(cluster.data)) {
    throw new Error(
      `${cluster.password} is missing, and ${cluster.data} cannot be opened without it`,
    )
  }
  return invent(cluster.password)
}

/** The password of the role the product works as; where the file is lost, a new one, which the owner then sets. */
export async function appPassword(cluster: Cluster): Promise<string> {
  return (await writtenIn(cluster.appPassword)) || invent(cluster.appPassword)
}

const writtenIn = async (file: string) => ((await exists(file)) ? readFile(file, 'utf8') : '')

async function invent(file: string): Promise<string> {
  const invented = randomBytes(24).toString('base64url')
  const draft = `${file}.new`
  await writeFile(draft, invented, { mode: 0o600, flush: true })
  await rename(draft, file)
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
  await discardDrafts(cluster)
  // Never the name of an earlier draft: the initdb of a killed process may live on, and tidies up when it fails.
  const draft = `${cluster.draft}-${randomBytes(6).toString('hex')}`
  const data = join(draft, 'data')
  const pwfile = join(draft, 'password')
  await mkdir(draft, { mode: 0o700 })
  await writeFile(pwfile, secret, { mode: 0o600 })
  await own(draft, footing.owner)
  await finish(footing, [programs.initdb, '-D', data, '-U', OWNER, `--pwfile=${pwfile}`, ...FLAGS])
  await rename(data, cluster.data)
  await discardDrafts(cluster)
  return true
}

const FLAGS = [
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
  '--no-instructions',
]

async function discardDrafts(cluster: Cluster): Promise<void> {
  const folder = dirname(cluster.draft)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(cluster.draft)}-`)) continue
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 10 })
  }
}

async function finish(footing: Footing, args: [string, ...string[]]): Promise<void> {
  const child = launch(footing, args, { output: 'pipe', detached: false })
  let words = ''
  child.stdout?.resume()
  child.stderr?.on('data', (piece) => (words += String(piece)))
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${basename(args[0])} failed: ${words.trim()}`)
}

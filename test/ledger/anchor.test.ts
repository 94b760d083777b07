/** Signed states outside the database: kept once, never overwritten, and good as witnesses (security.md §3). */
import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as ledger from '../../src/ledger/actions.ts'
import { anchor } from '../../src/ledger/anchor.ts'
import { makeResident } from '../support/builders.ts'
import { KEK, openWorld, type World } from '../support/env.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let world: World
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machi-anchor-'))
  world = await openWorld({ LEDGER_ANCHOR_DIR: join(folder, 'kept') })
})
afterAll(async () => {
  await world.close()
  await rm(folder, { recursive: true, force: true })
})

const kept = async () => (await readdir(join(folder, 'kept'))).sort()
const pathOf = (name: string) => join(folder, 'kept', name)
const grow = async () => {
  await makeResident(world.env)
  await ledger.sequence(world.env)
}

/** `npm run ledger:verify` of this database, with what the folder keeps; its exit code and report. */
function verified() {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'src/verify.ts', `--witness=${join(folder, 'kept')}`],
    {
      cwd: root,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: world.url,
        DATA_DIR: '/tmp/machi-id-test',
        KEY_ENCRYPTION_KEY: KEK.toString('base64'),
      },
    },
  )
  return { status, report: JSON.parse(stdout) as { trees: { tree: string; witnesses: number }[] } }
}

test('each state is kept in a file of its own, once', async () => {
  await grow()
  await Promise.all([anchor(world.env), anchor(world.env)])
  const [first = ''] = (await kept()).filter((name) => name.startsWith('provisions'))
  const state = await ledger.checkpoint(world.env, 'provisions')
  expect(first).toBe(`provisions-${String(state?.size).padStart(12, '0')}.note`)
  expect(await readFile(pathOf(first), 'utf8')).toBe(state?.note)
  const { mode, mtimeMs } = await stat(pathOf(first))
  expect(mode & 0o777).toBe(0o444)
  await anchor(world.env)
  expect((await stat(pathOf(first))).mtimeMs).toBe(mtimeMs)
  await grow()
  const before = await kept()
  // Another node is at it: this one passes, and takes no file that is being written for what a crash left.
  await world.owner.transaction(async (trx) => {
    await trx.raw(`select pg_advisory_xact_lock(hashtextextended('ledger anchor', 0))`)
    await anchor(world.env)
    expect(await kept()).toEqual(before)
  })
  await anchor(world.env)
  expect((await kept()).filter((name) => name.startsWith('provisions'))).toHaveLength(2)
})

test('they are witnesses: the ledger verifies with them, and a smaller one does not', async () => {
  const now = verified()
  expect(now.status).toBe(0)
  expect(now.report.trees.find(({ tree }) => tree === 'provisions')?.witnesses).toBe(2)
  // Rolled back past every guard, as by restoring an old backup.
  await world.owner.transaction(async (trx) => {
    await trx.raw('set local session_replication_role = replica')
    const { size } = await trx('ledger_checkpoints')
      .where({ tree: 'provisions' })
      .min('size as size')
      .first<{ size: string }>()
    await trx.raw(
      `delete from resident_terms where id in
        (select entry_id from ledger_leaves where tree = 'provisions' and index >= :size)`,
      { size },
    )
    await trx('ledger_leaves').where({ tree: 'provisions' }).where('index', '>=', size).delete()
    await trx('ledger_checkpoints').where({ tree: 'provisions' }).where('size', '>', size).delete()
  })
  expect(verified().status).toBe(1)
})

test('a file that was changed is told, one half written is not overwritten', async () => {
  await grow()
  const state = await ledger.checkpoint(world.env, 'provisions')
  const name = `provisions-${String(state?.size).padStart(12, '0')}`
  // The size was anchored before the roll-back, with another root.
  await expect(anchor(world.env)).rejects.toThrow('kept with another content')
  await chmod(pathOf(`${name}.note`), 0o644)
  await writeFile(pathOf(`${name}.note`), state?.note.slice(0, 20) ?? '')
  await anchor(world.env)
  expect(await readFile(pathOf(`${name}.again.note`), 'utf8')).toBe(state?.note)
  expect(await readFile(pathOf(`${name}.note`), 'utf8')).toBe(state?.note.slice(0, 20))
})

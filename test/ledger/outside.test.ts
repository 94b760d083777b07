/** What is found from outside, by `npm run ledger:verify`: in a dump an auditor took, and after the product was taken over. */
import { spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { canonical, leafHash } from '../../src/audit/model.ts'
import { auditorOf } from '../../src/database/roles.ts'
import * as ledger from '../../src/ledger/actions.ts'
import { signClosure } from '../../src/ledger/closures.ts'
import type { Report } from '../../src/ledger/verify.ts'
import { makeResident, makeService } from '../support/builders.ts'
import { KEK, openWorld, type World } from '../support/env.ts'
import { insertAgreement, insertRecord } from '../support/evidence.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let world: World
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machi-outside-'))
  world = await openWorld()
})
afterAll(async () => {
  await world.close()
  await rm(folder, { recursive: true, force: true })
})

async function placed(): Promise<void> {
  do await ledger.sequence(world.env)
  while ((await world.env.db('ledger_pending').first()) !== undefined)
}

/** Exit code and faults of a run; without a dump it reads the database. */
function verified(dump?: string) {
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      'src/verify.ts',
      ...(dump === undefined ? [] : [`--dump=${dump}`]),
    ],
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
  const { trees = [] } = JSON.parse(stdout) as Partial<Report>
  const faults = trees.flatMap((tree) => tree.faults.map(({ why }) => why))
  return { status, faults: new Set(faults), sizes: trees.map(({ size }) => size) }
}

/** Whether there is a pg_dump that can read this server: it must not be older. */
async function canDump(): Promise<boolean> {
  const { stdout } = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' })
  const own = Number(/ (\d+)/.exec(stdout ?? '')?.[1])
  const server = new pg.Client({ connectionString: process.env['MACHI_TEST_SERVER_URL'] })
  await server.connect()
  const { rows } = await server.query<{ major: number }>(
    `select current_setting('server_version_num')::integer / 10000 as major`,
  )
  await server.end()
  return own >= (rows[0]?.major ?? Infinity)
}

if (await canDump())
  describe('a dump', () => {
    test('that an auditor took verifies, and with a line missing does not', async () => {
      await makeResident(world.env)
      await placed()
      const file = join(folder, 'dump.sql')
      const role = auditorOf(decodeURIComponent(new URL(world.url).username))
      const made = spawnSync('pg_dump', [`--role=${role}`, `--file=${file}`, world.ownerUrl], {
        encoding: 'utf8',
      })
      expect([made.status, made.stderr]).toEqual([0, ''])
      const sound = verified(file)
      expect(sound).toEqual(verified())
      expect([sound.status, Math.min(...sound.sizes) > 0]).toEqual([0, true])
      const text = await readFile(file, 'utf8')
      const lacking = text.replace(/^(COPY public\.resident_terms .*\n).*\n/m, '$1')
      expect(lacking.length).toBeLessThan(text.length)
      await writeFile(file, lacking)
      expect(verified(file)).toMatchObject({ status: 1, faults: new Set(['row_missing']) })
    })
  })
else process.stderr.write('\nLEFT OUT, for want of a pg_dump as new as the server: a dump\n\n')

type Leaf = { index: string; leaf_hash: Buffer }

/**
 * What the role of the product can write without any key: an approval by nobody, an entry signed by another key,
 * its place, and a state of the right size. It is all that the database looks at.
 */
async function forgeClosing(month: string, record: string): Promise<void> {
  const { db, newId } = world.env
  const id = newId()
  const body = JSON.stringify({ month })
  const text = canonical({ kind: 'retention', subject: null, body: { month } })
  await db.raw(
    `insert into proposals values (:id, 'retention', null, null, 'approved', 1, now(), now())`,
    { id },
  )
  await db.raw(
    `insert into proposal_revisions
     values (:id, 1, :body, :text, sha256(convert_to(:text, 'UTF8')), 'operator', 'a', '{a}', now())`,
    { id, body, text },
  )
  for (const [turn, by] of Object.entries({ proposed: 'a', approved: 'b' }))
    await db.raw(
      `insert into proposal_turns values (:turnId, :id, 1, sha256(convert_to(:text, 'UTF8')), :turn, 'operator',
       :by, array[:by], null, now())`,
      { turnId: newId(), id, text, turn, by },
    )
  const from = new Date(`${month}-01T00:00:00Z`)
  const until = new Date(from)
  until.setUTCMonth(until.getUTCMonth() + 1)
  const leaf = await db('ledger_leaves').where({ entry_id: record }).first<Leaf>()
  const approval = createHash('sha256').update(text).digest()
  const [root, at, index] = [ledger.rootOfLeaves([leaf.leaf_hash]), new Date(), Number(leaf.index)]
  const entry = canonical({
    ...{
      id,
      event: 'range_closed',
      proposal: id,
      entries: 1,
      first: index,
      last: index,
      others: [],
    },
    ...{ from: from.toISOString(), until: until.toISOString(), at: at.toISOString() },
    ...{ root: root.toString('hex'), approval: approval.toString('hex') },
  })
  const { privateKey } = generateKeyPairSync('ed25519')
  await db('retention_closures').insert({
    ...{ id, proposal_id: id, month: `${month}-01`, from_at: from, until_at: until, entries: 1 },
    ...{ first_index: index, last_index: index, others: [], root, approval_hash: approval, at },
    ...{ canonical: entry, leaf_hash: leafHash(entry), signature: signClosure(entry, privateKey) },
  })
  await db.raw(`select ledger_place('provisions', 5000)`)
  await db.raw(
    `insert into ledger_checkpoints select 'provisions', max(index) + 1, '', now(), '', '' from ledger_leaves
     where tree = 'provisions'`,
  )
  await db.raw('select drop_closed_month(?)', [id])
}

describe('the product taken over', () => {
  test('drops a month past its term by forged approvals, and every verification says so', async () => {
    const { env, owner } = world
    await owner.raw(`select ensure_provision_partition('2022-04-01')`)
    world.setNow(new Date('2022-04-12T00:00:00Z'))
    const service = await makeService(env)
    const whose = await insertAgreement(env, env.now(), service)
    const record = await insertRecord(env, new Date('2022-04-11T00:00:00Z'), whose)
    await placed()
    world.setNow(undefined)
    await forgeClosing('2022-04', record)
    expect(await env.db('provision_records').where({ id: record })).toEqual([])
    const { status, faults } = verified()
    expect(status).toBe(1)
    expect([...faults]).toEqual(
      expect.arrayContaining(['row_missing', 'closure_forged', 'signature']),
    )
    // Nothing is signed on top of it either, and the log says so every time (timetable_failed).
    await makeResident(env)
    await expect(ledger.sequence(env)).rejects.toThrow('no longer extends')
  })

  test('a state larger than the tree is an error and no silence', async () => {
    await world.owner.transaction(async (trx) => {
      await trx.raw('set local session_replication_role = replica')
      await trx.raw(
        `insert into ledger_checkpoints values ('provisions', 99999999, '', now(), '', '')`,
      )
    })
    await expect(ledger.sequence(world.env)).rejects.toThrow('a state of 99999999 was kept')
    await expect(
      world.env.db.raw(
        `insert into ledger_checkpoints values ('audit', 99999999, '', now(), '', '')`,
      ),
    ).rejects.toMatchObject({ code: '23514' })
  })
})

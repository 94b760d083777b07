import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import knex, { type Knex } from 'knex'
import { migrate, pending } from '../../src/database/migrate.ts'
import { until } from '../support/until.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const server = process.env['MACHI_TEST_SERVER_URL'] ?? ''

let url: string
let name: string
let db: Knex

beforeEach(async () => {
  name = `machi_test_${process.pid}_${randomBytes(6).toString('hex')}`
  await onServer(`create database ${name}`)
  const address = new URL(server)
  address.pathname = `/${name}`
  url = address.href
  db = knex({ client: 'pg', connection: url, pool: { min: 0, max: 2 } })
})

afterEach(async () => {
  await db.destroy()
  await onServer(`drop database if exists ${name} with (force)`)
})

describe('migrations', () => {
  it('apply every file to an empty database', async () => {
    expect(await pending(db)).not.toEqual([])
    await migrate(url)
    expect(await pending(db)).toEqual([])
    expect(await applied()).toEqual((await readdir(`${root}/migrations`)).sort())
  })

  it('apply once, however many nodes start at the same moment', async () => {
    await Promise.all([migrate(url), migrate(url), migrate(url), migrate(url)])
    expect(await pending(db)).toEqual([])
    const names = await applied()
    expect(names).toEqual([...new Set(names)])
  })

  it('change nothing where all is applied', async () => {
    await migrate(url)
    const before = await applied()
    await migrate(url)
    expect(await applied()).toEqual(before)
  })

  it('are not held up by the table lock that a killed node left', async () => {
    await migrate(url)
    await db('knex_migrations_lock').update({ is_locked: 1 })
    await migrate(url)
    expect(await pending(db)).toEqual([])
  })

  it('of a newer version do not keep an older one from starting (R12)', async () => {
    await migrate(url)
    const at = new Date()
    await db('knex_migrations').insert({
      name: '29990101T0000_later.sql',
      batch: 9,
      migration_time: at,
    })
    expect(await pending(db)).toEqual([])
    await migrate(url)
    expect(await applied()).toContain('29990101T0000_later.sql')
  })

  it('wait for a table in use without making others wait, and come again (R12)', async () => {
    await migrate(url)
    const oidc = (await applied()).find((name) => name.includes('oidc')) ?? ''
    await db('knex_migrations').where({ name: oidc }).delete()
    await db.schema.raw(
      "create or replace function undo() returns void language plpgsql as $$ declare t text; begin for t in select tablename from pg_tables where tablename like 'oidc%' loop execute 'drop table ' || t; end loop; end $$; select undo()",
    )
    const user = await db.transaction()
    await user.raw('lock table knex_migrations in access exclusive mode')
    const migrating = migrate(url)
    migrating.catch(() => undefined)
    const waitsSince = async () => {
      // Not in the transaction, which would go on seeing what it saw first.
      const { rows } = await db.raw<{ rows: { since: string }[] }>(
        "select query_start::text as since from pg_stat_activity where wait_event_type = 'Lock' and wait_event = 'relation' and datname = current_database()",
      )
      return rows[0]?.since
    }
    try {
      const first = await until('it waits for the table', waitsSince)
      await until('it gives up', async () => (await waitsSince()) !== first)
      await until('it comes again', waitsSince)
    } finally {
      await user.commit()
    }
    await migrating
    expect(await pending(db)).toEqual([])
  })

  it('are finished by the next node where one was killed between them', async () => {
    const script = `import { migrate } from ${JSON.stringify(`${root}/src/database/migrate.ts`)}
      await migrate(process.argv[1])`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, url], {
      stdio: 'ignore',
    })
    const ended = once(child, 'exit')
    while (child.exitCode === null && !(await db.schema.hasTable('knex_migrations'))) await sleep(2)
    child.kill('SIGKILL')
    await ended
    await migrate(url)
    expect(await pending(db)).toEqual([])
  })
})

async function applied(): Promise<string[]> {
  return await db('knex_migrations').orderBy('name').pluck<string[]>('name')
}

async function onServer(statement: string): Promise<void> {
  const admin = knex({ client: 'pg', connection: server, pool: { min: 0, max: 1 } })
  try {
    await admin.raw(statement)
  } finally {
    await admin.destroy()
  }
}

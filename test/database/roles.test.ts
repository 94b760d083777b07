/** M4: what the role of the product may not do, whatever runs in it; and how an installation gets its roles. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import knex, { type Knex } from 'knex'
import type { Config } from '../../src/config.ts'
import { readConfig } from '../../src/config.ts'
import { migrate } from '../../src/database/migrate.ts'
import { makeReady } from '../../src/database/ready.ts'
import { auditorOf, isMighty } from '../../src/database/roles.ts'
import { newDatabase, openWorld, type World } from '../support/env.ts'

let world: World
let app: string

beforeAll(async () => {
  world = await openWorld()
  app = decodeURIComponent(new URL(world.url).username)
})
afterAll(() => world.close())

const DENIED = { code: '42501' }

type Table = { name: string; refuses: boolean; part: boolean }

async function tables(): Promise<Table[]> {
  const { rows } = await world.owner.raw<{ rows: Table[] }>(
    `select c.relname as name, c.relispartition as part, exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
       where t.tgrelid = c.oid and p.proname = 'refuse_change') as refuses
     from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
  )
  return rows
}

describe('as the role of the product', () => {
  test('every append-only table refuses by privilege, before its trigger is asked', async () => {
    const found = (await tables()).filter((table) => table.refuses)
    expect(found.length).toBeGreaterThan(60)
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        ...['consents', 'provision_records', 'provision_records_2026_11', 'showings'],
        ...['resident_terms', 'resident_changes', 'audit_events', 'showing_answers'],
        ...['ledger_leaves', 'ledger_nodes', 'ledger_checkpoints'],
      ]),
    )
    const column = async (name: string) => {
      const { rows } = await world.owner.raw<{ rows: { column: string }[] }>(
        `select attname as column from pg_attribute where attrelid = :name::regclass and attnum > 0 limit 1`,
        { name },
      )
      return rows[0]?.column ?? ''
    }
    for (const { name } of found) {
      const one = await column(name)
      for (const sql of [
        'update ?? set ?? = ?? where false',
        'delete from ?? where false',
        'truncate ?? cascade',
      ]) {
        const bound = sql.startsWith('update') ? [name, one, one] : [name]
        const asked = { sql, name, code: await codeOf(world.env.db.raw(sql, bound)) }
        expect(asked).toEqual({ sql, name, code: '42501' })
      }
    }
  })

  test('no table at all may be emptied, dropped, changed or freed of its triggers', async () => {
    for (const { name } of await tables())
      for (const sql of [
        'truncate ?? cascade',
        'drop table ??',
        'alter table ?? add column more integer',
        'alter table ?? disable trigger all',
        'create trigger mine before insert on ?? for each row execute function refuse_change()',
      ]) {
        const asked = { sql, name, code: await codeOf(world.env.db.raw(sql, [name])) }
        expect(asked).toEqual({ sql, name, code: '42501' })
      }
  })

  test.each([
    ['create table mine (id integer)'],
    ['create temporary table mine (id integer)'],
    ['create schema mine'],
    ['create function mine() returns void language sql as $$ select $$'],
    ['create role mine'],
    ["set session_replication_role = 'replica'"],
    ['set role machi'],
    ['set role pg_read_server_files'],
    ['drop function refuse_change()'],
    ['create or replace function refuse_change() returns trigger language sql as $$ select $$'],
    ["insert into ledger_leaves values ('provisions', 9, 'terms', gen_random_uuid(), '')"],
    ["insert into ledger_pending values (1, 'provisions', 'terms', gen_random_uuid(), '')"],
    ['delete from ledger_pending'],
    ['delete from knex_migrations'],
    ["copy consents to program 'cat'"],
    ['select * from provision_records_2026_11'],
  ])('denied: %s', async (sql) => {
    await expect(world.env.db.raw(sql)).rejects.toMatchObject(DENIED)
  })

  test('a month gets its partition all the same, and nobody else may call for it', async () => {
    const name = `provision_records_${monthFromNow(30).slice(0, 7).replace('-', '_')}`
    await world.owner.raw('drop table if exists ??', [name])
    await world.env.db.raw('select ensure_provision_partition(?)', [monthFromNow(30)])
    expect((await tables()).find((table) => table.name === name)).toEqual({
      ...{ name, refuses: true, part: true },
    })
    const { rows } = await world.owner.raw<{ rows: unknown[] }>(
      `select from pg_proc where prosecdef and pronamespace = 'public'::regnamespace
       and (has_function_privilege('public', oid, 'execute') or proconfig is null)`,
    )
    expect(rows).toEqual([])
  })
})

describe('what the product says of the ledger and of months is looked at', () => {
  const makes = (months: number) =>
    codeOf(world.env.db.raw('select ensure_provision_partition(?)', [monthFromNow(months)]))

  test('partitions from the last month on, three years ahead, by the clock of the database', async () => {
    expect(await Promise.all([-1, 0, 36].map(makes))).toEqual(['done', 'done', 'done'])
    expect(await Promise.all([-2, 37, 12_000].map(makes))).toEqual(['42501', '42501', '42501'])
    await world.owner.raw('select ensure_provision_partition(?)', [monthFromNow(-200)])
  })

  const REFUSED = '23514'
  const checkpoint = (size: number) =>
    codeOf(
      world.env.db.raw(`insert into ledger_checkpoints values ('test', ?, '', now(), '', '')`, [
        size,
      ]),
    )
  const node = (level: number, n: number) =>
    codeOf(world.env.db.raw(`insert into ledger_nodes values ('test', ?, ?, '')`, [level, n]))

  test('no state of leaves that are not there, none older than the last, no tile before it is whole', async () => {
    await world.owner.raw(
      `insert into ledger_leaves select 'test', n, 'terms', gen_random_uuid(), sha256('x') from generate_series(0, 511) n`,
    )
    for (const size of [513, 99_999_999, 0, -1]) expect(await checkpoint(size)).toBe(REFUSED)
    expect(await checkpoint(300)).toBe('done')
    for (const size of [300, 299]) expect(await checkpoint(size)).toBe(REFUSED)
    expect(await checkpoint(512)).toBe('done')
    for (const [level, n] of [
      [1, 2],
      [1, -1],
      [2, 0],
      [32_767, 0],
      [1, '9223372036854775807'],
    ] as [number, number][])
      expect(await node(level, n)).toBe(REFUSED)
    expect([await node(1, 0), await node(1, 1)]).toEqual(['done', 'done'])
  })
})

describe('an auditor', () => {
  test('reads everything and changes nothing', async () => {
    const name = auditorOf(app)
    const { rows } = await world.owner.raw<{ rows: { name: string; granted: string[] }[] }>(
      `select c.relname as name, array_agg(a.privilege_type order by 1) as granted from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       left join lateral (select * from aclexplode(c.relacl) a
         where a.grantee = (select oid from pg_roles where rolname = :name)) a on true
       where n.nspname in ('public', 'jobs') and c.relkind in ('r', 'p', 'S') group by c.oid`,
      { name },
    )
    expect(rows.length).toBeGreaterThan(100)
    expect(rows.filter(({ granted }) => granted.join() !== 'SELECT')).toEqual([])
    await world.owner.transaction(async (trx) => {
      await trx.raw('set local role ??', [name])
      expect(await trx('consents')).toEqual([])
      await expect(trx('rate_limits').delete()).rejects.toMatchObject(DENIED)
    })
  })
})

describe('settling the roles', () => {
  test('takes away what somebody granted by hand, and gives new tables their rights', async () => {
    const { owner, url, ownerUrl } = world
    await owner.raw('grant update, delete on consents to ??', [app])
    await owner.raw('create table later (id integer)')
    await owner.raw('create table later_kept (id integer)')
    await owner.raw(`create trigger later_kept_append_only before update or delete or truncate on later_kept
      for each statement execute function refuse_change()`)
    expect(await codeOf(world.env.db('later').insert({ id: 1 }))).toBe('42501')
    await migrate(ownerUrl, { url })
    await world.env.db('later').insert({ id: 1 })
    await world.env.db('later').delete()
    await world.env.db('later_kept').insert({ id: 1 })
    for (const table of ['consents', 'later_kept'])
      expect(await codeOf(world.env.db(table).delete())).toBe('42501')
    await owner.raw('drop table later, later_kept')
  })

  test('writes nothing where all is as it should be', async () => {
    const state = async () =>
      (await world.owner.raw('select xmin, oid from pg_class order by oid')).rows as unknown
    await migrate(world.ownerUrl, { url: world.url })
    const before = await state()
    await migrate(world.ownerUrl, { url: world.url })
    expect(await state()).toEqual(before)
  })
})

describe('the start', () => {
  let bare: Awaited<ReturnType<typeof newDatabase>>
  let name: string
  let server: Knex
  const said: string[] = []
  const say = (sentence: string) => void said.push(sentence)
  const ready = (settings: Record<string, string>, more: Partial<Config> = {}) =>
    makeReady({ ...readConfig(settings), ...more }, say, { leave: [] })

  beforeAll(async () => {
    bare = await newDatabase()
    name = `machi_own_${process.pid}_${randomBytes(4).toString('hex')}`
    server = knex({ client: 'pg', connection: bare.ownerUrl, pool: { min: 0, max: 1 } })
  })
  afterAll(async () => {
    await server.raw('drop owned by ??', [name])
    for (const role of [name, auditorOf(name)]) {
      await server.raw('drop owned by ??', [role])
      await server.raw('drop role ??', [role])
    }
    await server.destroy()
    await bare.drop()
  })

  test('with two addresses makes the role of the product, whose password no statement bears', async () => {
    const url = new URL(bare.url)
    url.username = name
    url.password = 'a b/c秘密'
    await ready({ DATABASE_URL: url.href, MIGRATION_DATABASE_URL: bare.ownerUrl })
    expect(said).toEqual([])
    expect(await isMighty(url.href)).toBe(false)
    const kept = await server('pg_authid').where({ rolname: name }).first<{ rolpassword: string }>()
    expect(kept.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/)
  })

  test('with two addresses of which one names no role says so', async () => {
    const url = Object.assign(new URL(bare.url), { username: '', password: '' }).href
    const both = { DATABASE_URL: url, MIGRATION_DATABASE_URL: bare.ownerUrl }
    await expect(ready(both)).rejects.toThrow('names no role')
  })

  test('with the application’s address alone neither migrates nor complains', async () => {
    await ready({ DATABASE_URL: bare.url })
    await server('knex_migrations').where('name', 'like', '%_ledger_gap.sql').delete()
    await expect(ready({ DATABASE_URL: bare.url })).rejects.toThrow(
      /lacks 1 migration.*npm run migrate with MIGRATION_DATABASE_URL/,
    )
    await migrate(bare.ownerUrl)
    expect(said).toEqual([])
  })

  test('with the owner’s address alone says so loudly, and refuses in production', async () => {
    await ready({ DATABASE_URL: bare.ownerUrl })
    expect(said.splice(0)).toEqual([expect.stringMatching(/owns the tables/)])
    const production = { production: true }
    await expect(ready({ DATABASE_URL: bare.ownerUrl }, production)).rejects.toThrow(
      /ACCEPT_ONE_DATABASE_ROLE/,
    )
    const twice = { DATABASE_URL: bare.ownerUrl, MIGRATION_DATABASE_URL: bare.ownerUrl }
    await expect(ready(twice, production)).rejects.toThrow(/owns the tables/)
    await ready({ DATABASE_URL: bare.ownerUrl, ACCEPT_ONE_DATABASE_ROLE: 'yes' }, production)
    expect(said.splice(0)).toEqual([expect.stringMatching(/owns the tables/)])
    await ready({ DATABASE_URL: bare.url }, production)
    expect(said).toEqual([])
  })
})

/** The first day of the month so many months from now, UTC. */
function monthFromNow(months: number): string {
  const now = new Date()
  const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1)
  return new Date(first).toISOString().slice(0, 10)
}

async function codeOf(work: PromiseLike<unknown>): Promise<unknown> {
  return work.then(
    () => 'done',
    (error: unknown) => (error as { code?: string }).code,
  )
}

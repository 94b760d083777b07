import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sweep } from '../../src/oidc/store.ts'
import { openWorld, type World } from '../support/env.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

test('a sweep goes on until nothing old is left, also beside another node, and spares the rest', async () => {
  const { db } = world.env
  const now = new Date('2026-11-21T00:00:00Z')
  await db.raw(
    `insert into oidc_replays select sha256(n::text::bytea), ?::timestamptz + case when n <= 12001 then '-1 s' else '1 s' end::interval
      from generate_series(1, 12011) n`,
    [now],
  )
  await db.raw(
    "insert into oidc_resumes select sha256(n::text::bytea), ?::timestamptz - '1 s'::interval from generate_series(1, 5000) n",
    [now],
  )
  const gone = await Promise.all([sweep(db, now, now), sweep(db, now, now)])
  expect(gone[0] + gone[1]).toBe(17_001)
  const left = async (table: string) => Number((await db(table).count({ n: '*' }))[0]?.['n'])
  expect([await left('oidc_replays'), await left('oidc_resumes')]).toEqual([10, 0])
})

test('each swept column has an index', async () => {
  const { rows } = await world.env.db.raw<{ rows: { indexdef: string }[] }>(
    "select indexdef from pg_indexes where tablename like 'oidc%' and indexdef ~ '\\((expires_at|at)\\)'",
  )
  expect(rows).toHaveLength(5)
})

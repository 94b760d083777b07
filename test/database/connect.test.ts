import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Knex } from 'knex'
import { connect } from '../../src/database/connect.ts'
import { isUnavailable } from '../../src/database/faults.ts'
import { named } from '../../src/database/named.ts'
import { newDatabase } from '../support/env.ts'
import { openProxy, type Proxy } from '../support/proxy.ts'

let database: Awaited<ReturnType<typeof newDatabase>>
let proxy: Proxy
let db: Knex

beforeAll(async () => {
  database = await newDatabase()
})
afterAll(() => database.drop())

beforeEach(async () => {
  proxy = await openProxy(database.url)
  db = connect(proxy.url, 4)
  await Promise.all([1, 2, 3, 4].map(() => db.raw('select pg_sleep(0.1)')))
  expect(proxy.open()).toBe(4)
})
afterEach(async () => {
  await db.destroy()
  await proxy.close()
})

const ONE = { name: 'one', text: 'select 1 as one' }

/** How the question ended, and after how long. */
async function timed(question: () => Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const began = Date.now()
  const error = await question().then(
    () => undefined,
    (fault: unknown) => fault,
  )
  return { error, ms: Date.now() - began }
}

describe('a way to the database that swallows everything (R6)', () => {
  const ways: [string, () => Promise<unknown>][] = [
    ['a query of the builder', async () => db('members').select('id')],
    ['a bare named statement', () => named(db, ONE, [])],
    ['a transaction', () => db.transaction((trx) => trx.raw('select 1'))],
  ]

  it('costs whoever asks at most five seconds, and the next one nothing', async () => {
    proxy.swallow()
    const stuck = Promise.all(ways.map(([, ask]) => timed(ask)))
    await sleep(50)
    proxy.clear()
    for (const { error, ms } of await stuck) {
      expect(isUnavailable(error)).toBe(true)
      expect(ms).toBeLessThan(5000)
    }
    // The fourth was swallowed too, while it lay idle: it may not be handed out again.
    for (const [what, ask] of [...ways, ...ways]) {
      const next = await timed(ask)
      expect({ what, error: next.error }).toEqual({ what, error: undefined })
      // One that was swallowed would cost 3.5 s.
      expect(next.ms).toBeLessThan(2000)
    }
    await until(() => proxy.open() === 1)
  })

  it('is met once only where nobody asked at the same time', async () => {
    proxy.swallow()
    const stuck = timed(() => named(db, ONE, []))
    await sleep(50)
    proxy.clear()
    expect((await stuck).error).toBeDefined()
    for (const [, ask] of ways) expect((await timed(ask)).error).toBeUndefined()
  })
})

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 40 && !condition(); n++) await sleep(50)
  expect(condition()).toBe(true)
}

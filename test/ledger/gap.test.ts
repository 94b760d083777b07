/** Evidence without a place: what an older node wrote while the ledger was being set up is not left out (K3, R12). */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import * as ledger from '../../src/ledger/actions.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site

beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

const file = new URL('../../migrations/20261121T1120_ledger_gap.sql', import.meta.url)

test('an entry that no trigger saw gets one place, however often it is looked for', async () => {
  const client = new pg.Client({ connectionString: site.ownerUrl })
  await client.connect()
  try {
    const id = site.env.newId()
    await client.query('begin')
    await client.query('set local session_replication_role = replica')
    await client.query(
      `insert into audit_events (id, at, actor_kind, actor_id, act, details, salt, canonical, leaf_hash)
       values ($1, now(), 'system', 'older node', 'test.gap', '{}', $2, '', $2)`,
      [id, Buffer.alloc(32, 7)],
    )
    await client.query('commit')
    const places = async () =>
      Number(
        (await site.env.db('ledger_leaves').where({ entry_id: id }).count().first())?.['count'],
      )
    await ledger.sequence(site.env)
    expect(await places()).toBe(0)
    const sql = await readFile(file, 'utf8')
    for (let n = 0; n < 2; n++) {
      await client.query(sql)
      do await ledger.sequence(site.env)
      while ((await site.env.db('ledger_pending').first()) !== undefined)
      expect(await places()).toBe(1)
    }
  } finally {
    await client.end()
  }
})

/** What an auditor finds: every way to change a ledger, and the ledger as it is (docs/security.md, "The ledger"). */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { canonical, leafHash, type Json } from '../../src/audit/model.ts'
import * as ledger from '../../src/ledger/actions.ts'
import { signJws } from '../../src/ledger/jws.ts'
import { openNote, signNote } from '../../src/ledger/note.ts'
import { rowsOf } from '../../src/ledger/reading.ts'
import { frontier, isConsistent, isIncluded } from '../../src/ledger/tree.ts'
import { verify, type Report } from '../../src/ledger/verify.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'
import { ALL, tokensFor, userinfo } from '../oidc/steps.ts'

let site: Site
let key: KeyObject
/** What a witness kept, early and late. */
const witnesses: string[] = []
/** How many entries there were at each. */
const sizes: number[] = []
let total = 0
let early = 0

beforeAll(async () => {
  site = await openSite()
  const { keys } = ledger.publicKeys(site.env)
  key = createPublicKey({ key: { ...keys[0] }, format: 'jwk' })
  for (let n = 0; n < 2; n++) {
    for (let m = 0; m < 2; m++) {
      const resident = await makeResident(site.env)
      // One of them is bound: what a consent says of it stands in its row, too.
      const service = await makeService(
        site.env,
        m ? { bounds: { email: { pullsPerMonth: 9 } } } : {},
      )
      const browser = new Browser(site.issuer)
      const { access } = await tokensFor(site, browser, service, resident, { scope: ALL }, ['sex'])
      await userinfo(site, access)
    }
    await placed()
    const state = await ledger.checkpoint(site.env, 'provisions')
    witnesses.push(state?.note ?? '')
    sizes.push(state?.size ?? 0)
  }
  ;[early = 0, total = 0] = sizes
})
afterAll(() => site.close())

/** Until the sequencer, ours or the timetable's, has placed everything. */
async function placed(): Promise<void> {
  do await ledger.sequence(site.env)
  while ((await site.env.db('ledger_pending').first()) !== undefined)
}

type Change = (client: pg.Client) => Promise<unknown>

/** Changes the ledger past every guard, looks at it as an auditor does, and undoes the change. */
async function after(change: Change, more: { key?: KeyObject; witnesses?: string[] } = {}) {
  const client = new pg.Client({ connectionString: site.ownerUrl, options: '-c timezone=UTC' })
  await client.connect()
  try {
    // One moment for all rows: the timetable of the site goes on placing and signing.
    await client.query('begin isolation level repeatable read')
    await client.query('set local session_replication_role = replica')
    await change(client)
    const kept = (more.witnesses ?? []).flatMap((note) => openNote(note, key) ?? [])
    return await verify(rowsOf(client), more.key ?? key, kept)
  } finally {
    await client.query('rollback')
    await client.end()
  }
}

const provisions = (report: Report) => {
  const tree = report.trees.find((one) => one.tree === 'provisions')
  if (!tree) throw new Error('no such tree')
  return tree
}
const first = (report: Report) => {
  const { faults } = provisions(report)
  return [report.ok, faults[0]?.index, faults[0]?.why]
}
const leaves = async (client: pg.Client) =>
  (
    await client.query<{ index: string; entry_id: string; leaf_hash: Buffer; source: string }>(
      `select * from ledger_leaves where tree = 'provisions' order by index`,
    )
  ).rows
const indexOf = async (client: pg.Client, source: string) => {
  const { rows } = await client.query<{ id: string }>(
    `select id from provision_records where path = 'userinfo'`,
  )
  const found = (await leaves(client)).find(
    (leaf) =>
      leaf.source === source &&
      (source !== 'provisions' || rows.some(({ id }) => id === leaf.entry_id)),
  )
  return { index: Number(found?.index), id: found?.entry_id ?? '' }
}

describe('the ledger as it is', () => {
  test('verifies, with every witness', async () => {
    const report = await after(async () => {}, { witnesses })
    expect(report.ok).toBe(true)
    expect(provisions(report)).toMatchObject({ pending: 0, unsigned: 0, witnesses: 2, faults: [] })
    expect(provisions(report).size).toBe(total)
    expect(total).toBeGreaterThanOrEqual(16)
    expect(report.trees.find((one) => one.tree === 'audit')?.size).toBeGreaterThan(8)
  })

  test('an entry is proven by its path, an earlier tree by the growth', async () => {
    const row = await site.env.db('provision_records').first<{ id: string; leaf_hash: Buffer }>()
    const proof = await ledger.proofOf(site.env, 'provisions', row?.id ?? '')
    const state = await ledger.checkpoint(site.env, 'provisions')
    if (!proof || !state || !row) throw new Error('nothing is published')
    const path = proof.path.map((hash) => Buffer.from(hash, 'base64'))
    const place = { index: proof.index, size: proof.size, root: state.root }
    expect(isIncluded(row.leaf_hash, place, path)).toBe(true)
    const small = { size: early, root: Buffer.from(witnesses[0]?.split('\n')[2] ?? '', 'base64') }
    const grown = await ledger.growth(site.env, 'provisions', early, state.size)
    const proof2 = (grown ?? []).map((hash) => Buffer.from(hash, 'base64'))
    expect(isConsistent(small, state, proof2)).toBe(true)
  })

  test('what is not placed or not signed yet is no fault', async () => {
    const report = await after(async (client) => {
      const [, , , ...rest] = await leaves(client)
      await client.query(
        `delete from ledger_checkpoints where tree = 'provisions' and size > ${early}`,
      )
      const late = rest.slice(-3)
      await client.query(`delete from ledger_leaves where tree = 'provisions' and index >= $1`, [
        late[0]?.index,
      ])
      for (const { entry_id, leaf_hash, source } of late)
        await client.query(
          `insert into ledger_pending (tree, source, entry_id, leaf_hash) values ('provisions', $1, $2, $3)`,
          [source, entry_id, leaf_hash],
        )
    })
    expect([report.ok, provisions(report).pending, provisions(report).unsigned > 0]).toEqual([
      true,
      3,
      true,
    ])
  })
})

describe('one column of a row', () => {
  const cases: [table: string, source: string, column: string, value: string][] = [
    ['provision_records', 'provisions', 'items', `'{user_id}'`],
    ['provision_records', 'provisions', 'purposes', `'{marketing}'`],
    ['provision_records', 'provisions', 'path', `'export'`],
    ['provision_records', 'provisions', 'at', `at + interval '1 millisecond'`],
    ['provision_records', 'provisions', 'resident_id', `gen_random_uuid()`],
    [
      'provision_records',
      'provisions',
      'resident_id',
      `(select r.id from residents r where r.id <> resident_id limit 1)`,
    ],
    ['provision_records', 'provisions', 'service_id', `gen_random_uuid()`],
    ['provision_records', 'provisions', 'member_id', `gen_random_uuid()`],
    ['provision_records', 'provisions', 'consent_id', `gen_random_uuid()`],
    ['provision_records', 'provisions', 'agreement_id', `gen_random_uuid()`],
    ['provision_records', 'provisions', 'service_version_id', `gen_random_uuid()`],
    ['provision_records', 'provisions', 'contract_version_id', `gen_random_uuid()`],
    ['provision_records', 'provisions', 'canonical', `replace(canonical, 'email', 'emall')`],
    [
      'provision_records',
      'provisions',
      'leaf_hash',
      `set_byte(leaf_hash, 0, get_byte(leaf_hash, 0) # 1)`,
    ],
    ['provision_records', 'provisions', 'withheld', `'[1]'`],
    ['consents', 'consents', 'items', `'[]'`],
    ['consents', 'consents', 'items', `'7'`],
    ['consents', 'consents', 'items', `'[null]'`],
    ['consents', 'consents', 'declined', `'{sex}'`],
    ['consents', 'consents', 'kind', `'changed'`],
    ['consents', 'consents', 'ends_at', `ends_at + interval '1 year'`],
    ['consents', 'consents', 'agreed_at', `agreed_at + interval '1 second'`],
    ['consents', 'consents', 'template_hash', `set_byte(template_hash, 3, 7)`],
    ['consents', 'consents', 'page_hash', `null`],
    ['consents', 'consents', 'deletion_requested', `true`],
    [
      'consents',
      'consents',
      'resident_id',
      `(select r.id from residents r where r.id <> resident_id limit 1)`,
    ],
    ['resident_terms', 'terms', 'given', `not given`],
    ['resident_terms', 'terms', 'resident_id', `gen_random_uuid()`],
    ['resident_terms', 'terms', 'shown_at', `shown_at - interval '1 day'`],
  ]
  test.each(cases)('%s (%s) %s = %s', async (table, source, column, value) => {
    let index = -1
    const report = await after(async (client) => {
      const found = await indexOf(client, source)
      index = found.index
      await client.query(`update ${table} set ${column} = ${value} where id = $1`, [found.id])
    })
    expect([report.ok, provisions(report).faults[0]?.index]).toEqual([false, index])
  })

  test('of the audit record, the actor included', async () => {
    for (const change of [`act = 'x'`, `actor_id = gen_random_uuid()::text`, `details = '{}'`]) {
      const report = await after((client) =>
        client.query(`update audit_events set ${change} where act like 'consents.%'`),
      )
      expect(report.ok).toBe(false)
    }
  })

  test.each([
    [`jws = replace(jws, '.', '..')`, 'signature'],
    [`jws = overlay(jws placing 'AAAA' from 120)`, 'signature'],
    [`jws = left(jws, -1)`, 'signature'],
    [`jws = (select jws from ledger_checkpoints where tree = 'audit' limit 1)`, 'signature'],
    [`at = at + interval '1 second'`, 'signature'],
    [`at = 'infinity'`, 'signature'],
    [`root = set_byte(root, 0, get_byte(root, 0) # 1)`, 'signature'],
    [`note = overlay(note placing 'z' from 20)`, 'signature'],
    [`tree = 'qrovisions'`, 'column_differs'],
  ])('of a signed state: %s', async (change, why) => {
    const report = await after((client) =>
      client.query(
        `update ledger_checkpoints set ${change} where tree = 'provisions' and size = ${early}`,
      ),
    )
    expect(first(report)).toEqual([false, early - 1, why])
  })

  test('of a leaf: the table its entry stands in', async () => {
    const report = await after((client) =>
      client.query(
        `update ledger_leaves set source = 'provisionz' where tree = 'provisions' and index = 3`,
      ),
    )
    expect(first(report)).toEqual([false, 3, 'column_differs'])
  })

  test('of a node below which there are not so many leaves', async () => {
    const report = await after((client) =>
      client.query(`insert into ledger_nodes values ('provisions', 1, 0, sha256('x'))`),
    )
    expect(first(report)).toEqual([false, 0, 'node_differs'])
  })
})

/** Writes another content into a row, with a right hash of its own; returns the new hash. */
async function rewrite(client: pg.Client, id: string): Promise<Buffer> {
  const { rows } = await client.query<{ canonical: string }>(
    'select canonical from provision_records where id = $1',
    [id],
  )
  const entry = JSON.parse(rows[0]?.canonical ?? '{}') as { [name: string]: Json }
  const text = canonical({ ...entry, items: ['user_id'] })
  const hash = leafHash(text)
  await client.query(
    `update provision_records set canonical = $1, leaf_hash = $2, items = '{user_id}' where id = $3`,
    [text, hash, id],
  )
  return hash
}

/** Another record that is right in itself: of the first one, under a new id. */
async function copyOf(client: pg.Client, at?: string): Promise<{ id: string; hash: Buffer }> {
  const found = await indexOf(client, 'provisions')
  const { rows } = await client.query<{ canonical: string }>(
    'select canonical from provision_records where id = $1',
    [found.id],
  )
  const before = JSON.parse(rows[0]?.canonical ?? '{}') as { [name: string]: Json }
  const id = '00000000-0000-4000-8000-00000000000a'
  const entry = { ...before, id, ...(at && { at }) }
  const text = canonical(entry)
  const hash = leafHash(text)
  await client.query(
    `insert into provision_records select (jsonb_populate_record(p, $2)).* from provision_records p where id = $1`,
    [
      found.id,
      JSON.stringify({
        id,
        canonical: text,
        leaf_hash: `\\x${hash.toString('hex')}`,
        ...(at && { at }),
      }),
    ],
  )
  return { id, hash }
}

describe('whole entries', () => {
  test('a second row of an id, in another month', async () => {
    let index = -1
    const report = await after(async (client) => {
      const found = await indexOf(client, 'provisions')
      index = found.index
      await client.query(
        `insert into provision_records select (jsonb_populate_record(p, jsonb_build_object(
           'at', p.at - interval '40 days', 'path', 'api', 'items', array['user_id']))).*
         from provision_records p where id = $1`,
        [found.id],
      )
    })
    expect(first(report)).toEqual([false, index, 'row_twice'])
  })

  /** A row of a table under the id of an entry that stands in another. */
  const under: Record<string, string> = {
    resident_terms: `insert into resident_terms
      select (jsonb_populate_record(t, jsonb_build_object('id', $1::text))).* from resident_terms t limit 1`,
    consents: `insert into consents
      select (jsonb_populate_record(c, jsonb_build_object('id', $1::text, 'version', 99))).* from consents c limit 1`,
    retention_closures: `insert into retention_closures
      values ($1, $1, '2020-01-01', now(), now(), 1, 0, 0, '{}', '', '', now(), '', '', '')`,
  }
  test.each([
    ['consents', 'terms'],
    ['resident_terms', 'consents'],
    ['resident_terms', 'provisions'],
    ['retention_closures', 'provisions'],
  ])('a row of %s under an id of the %s', async (table, source) => {
    let index = -1
    const report = await after(async (client) => {
      const found = await indexOf(client, source)
      index = found.index
      await client.query(under[table] ?? '', [found.id])
    })
    expect(first(report)).toEqual([false, index, 'row_twice'])
  })

  test('a row deleted from the middle', async () => {
    let index = -1
    const report = await after(async (client) => {
      const found = await indexOf(client, 'provisions')
      index = found.index
      await client.query('delete from provision_records where id = $1', [found.id])
    })
    expect(first(report)).toEqual([false, index, 'row_missing'])
  })

  test('its leaf deleted too', async () => {
    let index = -1
    const report = await after(async (client) => {
      const found = await indexOf(client, 'provisions')
      index = found.index
      await client.query('delete from provision_records where id = $1', [found.id])
      await client.query(`delete from ledger_leaves where entry_id = $1`, [found.id])
    })
    expect(first(report)).toEqual([false, index, 'gap'])
  })

  test('the tail cut off', async () => {
    const report = await after((client) =>
      client.query(`delete from ledger_leaves where tree = 'provisions' and index >= 13`),
    )
    expect(provisions(report).faults.map((fault) => fault.why)).toContain('tail_missing')
    expect(first(report).slice(0, 2)).toEqual([false, 13])
  })

  test('two leaves swapped', async () => {
    const report = await after(async (client) => {
      await client.query(
        `update ledger_leaves set index = 100 where tree = 'provisions' and index = 2`,
      )
      await client.query(
        `update ledger_leaves set index = 2 where tree = 'provisions' and index = 5`,
      )
      await client.query(
        `update ledger_leaves set index = 5 where tree = 'provisions' and index = 100`,
      )
    })
    expect([report.ok, provisions(report).faults[0]?.why]).toEqual([false, 'root_differs'])
  })

  test('a row slipped in without a place', async () => {
    const report = await after((client) => copyOf(client))
    expect(first(report)).toEqual([false, total, 'not_placed'])
  })

  test('a row slipped in, placed, and dated back', async () => {
    const report = await after(async (client) => {
      const { id, hash } = await copyOf(client, '2026-01-05T00:00:00.000Z')
      await client.query(
        `insert into ledger_leaves values ('provisions', ${total}, 'provisions', $1, $2)`,
        [id, hash],
      )
    })
    expect(first(report)).toEqual([false, total, 'back_dated'])
  })

  test('a leaf twice', async () => {
    const report = await after(async (client) => {
      await client.query(
        'alter table ledger_leaves drop constraint ledger_leaves_tree_entry_id_key',
      )
      await client.query(
        `insert into ledger_leaves select tree, ${total}, source, entry_id, leaf_hash from ledger_leaves
         where tree = 'provisions' and index = 3`,
      )
    })
    expect(first(report)).toEqual([false, total, 'placed_twice'])
  })

  test('a row edited with its leaf made anew', async () => {
    let index = -1
    const report = await after(async (client) => {
      const found = await indexOf(client, 'provisions')
      index = found.index
      const hash = await rewrite(client, found.id)
      await client.query('update ledger_leaves set leaf_hash = $1 where entry_id = $2', [
        hash,
        found.id,
      ])
    })
    expect([report.ok, provisions(report).faults[0]?.why]).toEqual([false, 'root_differs'])
    expect(provisions(report).faults[0]?.index).toBeLessThanOrEqual(index)
  })

  test('a row edited with its hash alone', async () => {
    let index = -1
    const report = await after(async (client) => {
      const found = await indexOf(client, 'provisions')
      index = found.index
      await rewrite(client, found.id)
    })
    expect(first(report)).toEqual([false, index, 'leaf_differs'])
  })
})

/** Everything made anew and signed again by somebody who has the key. */
async function rebuilt(client: pg.Client): Promise<void> {
  const found = await indexOf(client, 'provisions')
  const hash = await rewrite(client, found.id)
  await client.query('update ledger_leaves set leaf_hash = $1 where entry_id = $2', [
    hash,
    found.id,
  ])
  await resigned(client)
}

async function resigned(client: pg.Client): Promise<void> {
  const { privateKey } = await keyOfSite()
  const { rows } = await client.query<{ size: string }>(
    `select size from ledger_checkpoints where tree = 'provisions'`,
  )
  const tip = frontier()
  const sizes = new Set(rows.map((row) => Number(row.size)))
  for (const leaf of await leaves(client)) {
    tip.add(leaf.leaf_hash)
    if (!sizes.has(tip.size)) continue
    const origin = witnesses[0]?.split('\n')[0] ?? ''
    const note = signNote({ origin, size: tip.size, root: tip.root() }, privateKey, key)
    const at = new Date()
    const stated = { origin, size: tip.size, root: tip.root().toString('base64') }
    const jws = await signJws({ ...stated, at: at.toISOString() }, privateKey, 'kid')
    await client.query(
      `update ledger_checkpoints set root = $1, note = $2, jws = $3, at = $4
       where tree = 'provisions' and size = $5`,
      [tip.root(), note, jws, at, tip.size],
    )
  }
}

async function keyOfSite() {
  const { createPrivateKey } = await import('node:crypto')
  return { privateKey: createPrivateKey({ key: { ...site.env.secrets.ledger }, format: 'jwk' }) }
}

describe('signed states', () => {
  test('everything rebuilt and signed again is found by a witness, and only so', async () => {
    expect((await after(rebuilt)).ok).toBe(true)
    const report = await after(rebuilt, { witnesses })
    expect([report.ok, provisions(report).faults[0]?.why]).toEqual([false, 'witness_differs'])
  })

  test('an old backup restored is smaller than what a witness kept', async () => {
    const old: Change = async (client) => {
      await client.query(`delete from provision_records where id in
        (select entry_id from ledger_leaves where tree = 'provisions' and index >= ${early})`)
      await client.query(`delete from consents where id in
        (select entry_id from ledger_leaves where tree = 'provisions' and index >= ${early})`)
      await client.query(`delete from resident_terms where id in
        (select entry_id from ledger_leaves where tree = 'provisions' and index >= ${early})`)
      await client.query(
        `delete from ledger_leaves where tree = 'provisions' and index >= ${early}`,
      )
      await client.query(
        `delete from ledger_checkpoints where tree = 'provisions' and size > ${early}`,
      )
    }
    expect((await after(old)).ok).toBe(true)
    expect(first(await after(old, { witnesses }))).toEqual([false, early, 'rolled_back'])
  })

  test('a checkpoint of another key, or bent, is none', async () => {
    const other = generateKeyPairSync('ed25519')
    expect((await after(async () => {}, { key: other.publicKey })).ok).toBe(false)
    const report = await after((client) =>
      client.query(
        `update ledger_checkpoints set size = size + 1 where tree = 'provisions' and size = ${early}`,
      ),
    )
    expect(provisions(report).faults.some((fault) => fault.why === 'signature')).toBe(true)
  })

  test('a fork is told', async () => {
    const report = await after(async (client) => {
      const { privateKey } = await keyOfSite()
      const root = createHash('sha256').update('fork').digest()
      const origin = witnesses[0]?.split('\n')[0] ?? ''
      const note = signNote({ origin, size: total, root }, privateKey, key)
      await client.query(
        `insert into ledger_checkpoints values ('provisions', ${total}, $1, now(), $2, '')
         on conflict (tree, size) do update set root = excluded.root, note = excluded.note`,
        [root, note],
      )
    })
    expect(provisions(report).faults.map((fault) => fault.why)).toContain('root_differs')
  })
})

describe('the sequencer', () => {
  test('many at once give each entry one place', async () => {
    const terms = Number((await site.env.db('resident_terms').count({ n: '*' }))[0]?.['n'])
    const residents = await Promise.all(Array.from({ length: 8 }, () => makeResident(site.env)))
    expect(residents).toHaveLength(8)
    const added = Number((await site.env.db('resident_terms').count({ n: '*' }))[0]?.['n']) - terms
    await Promise.all(Array.from({ length: 10 }, () => ledger.sequence(site.env)))
    await placed()
    const report = await after(async () => {}, { witnesses })
    expect([report.ok, provisions(report).size]).toEqual([true, total + added])
  })

  test('does not sign what does not extend the last signed state', async () => {
    const { owner: db } = site
    await db.raw('alter table ledger_leaves disable trigger user')
    const bend = `update ledger_leaves set leaf_hash = set_byte(leaf_hash, 0, get_byte(leaf_hash, 0) # 1)
      where tree = 'provisions' and index = 0`
    await db.raw(bend)
    try {
      await db('ledger_pending').insert({
        tree: 'provisions',
        source: 'consents',
        entry_id: '00000000-0000-4000-8000-000000000001',
        leaf_hash: Buffer.alloc(32),
      })
      // Where the timetable is at it, ours passes and says nothing.
      const why = () =>
        ledger.sequence(site.env).then(
          () => undefined,
          (error: Error) => error.message,
        )
      expect(await until('it refuses', why)).toContain('no longer extends')
    } finally {
      await db('ledger_pending')
        .where({ entry_id: '00000000-0000-4000-8000-000000000001' })
        .delete()
      await db.raw(bend)
      await db.raw('alter table ledger_leaves enable trigger user')
    }
  })

  test('the tables refuse to be changed', async () => {
    for (const table of ['ledger_leaves', 'ledger_nodes', 'ledger_checkpoints']) {
      await expect(site.env.db(table).delete()).rejects.toMatchObject({ code: '42501' })
      await expect(site.owner(table).delete()).rejects.toThrow('append-only')
      await expect(site.owner.raw(`truncate ${table}`)).rejects.toThrow('append-only')
    }
  })
})

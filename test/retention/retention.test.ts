/** Terms of records (E-06, M9): nothing goes before its time, without two persons, or without a signed trace. */
import { spawn } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, sign as signWith, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { canonical, leafHash, type Json } from '../../src/audit/model.ts'
import * as ledger from '../../src/ledger/actions.ts'
import { openNote } from '../../src/ledger/note.ts'
import { isIncluded } from '../../src/ledger/tree.ts'
import { rowsOf } from '../../src/ledger/reading.ts'
import { verify, type Report } from '../../src/ledger/verify.ts'
import * as retention from '../../src/retention/actions.ts'
import { Browser } from '../support/browser.ts'
import { makeService, type MadeService } from '../support/builders.ts'
import { insertAgreement, insertRecord, type Released } from '../support/evidence.ts'
import { KEK } from '../support/env.ts'
import { makeOperator, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'

let site: Site
let key: KeyObject
let service: MadeService
let officer: SignedInPerson
let approver: SignedInPerson
let kept: Released

beforeAll(async () => {
  site = await openSite()
  const { keys } = ledger.publicKeys(site.env)
  key = createPublicKey({ key: { ...keys[0] }, format: 'jwk' })
  service = await makeService(site.env)
  const at = new Date('2022-01-01T00:00:00Z')
  kept = await insertAgreement(site.env, at, service)
  await placed()
  for (const month of ['2022-04-01', '2022-05-01', '2022-06-01'])
    await site.owner.raw('select ensure_provision_partition(?)', [month])
  // Around the turn of a month commits appear late: a record of May stands behind one of June.
  await released('2022-04-10T00:00:00Z', '2022-04-11T00:00:00Z', '2022-04-12T00:00:00Z')
  await released('2022-05-20T00:00:00Z', '2022-05-21T00:00:00Z')
  await released('2022-05-31T23:59:58Z', '2022-06-01T00:00:01Z', '2022-05-31T23:59:59Z')
  await released('2022-06-02T00:00:00Z')
  site.setNow(undefined)
  officer = await makeOperator(site.env, ['privacy_officer'])
  approver = await makeOperator(site.env, ['approver'])
  await released(new Date().toISOString())
})
afterAll(() => site.close())

/** Releases in this order, placed and signed when the last one happened. */
async function released(...moments: string[]): Promise<void> {
  site.setNow(new Date(moments.toSorted().at(-1) ?? ''))
  for (const at of moments) await insertRecord(site.env, new Date(at), kept)
  await placed()
}

async function placed(): Promise<void> {
  do await ledger.sequence(site.env)
  while ((await site.env.db('ledger_pending').first()) !== undefined)
}

type Change = (client: pg.Client) => Promise<unknown>

/** What an auditor finds after a change made past every guard, which is undone. */
async function audited(change: Change = async () => {}, witnesses: string[] = []): Promise<Report> {
  const client = new pg.Client({ connectionString: site.ownerUrl, options: '-c timezone=UTC' })
  await client.connect()
  try {
    // Of one moment: the timetable of the site gives entries their places meanwhile.
    await client.query('begin isolation level repeatable read')
    await client.query('set local session_replication_role = replica')
    await change(client)
    const kept = witnesses.flatMap((note) => openNote(note, key) ?? [])
    return await verify(rowsOf(client), key, kept)
  } finally {
    await client.query('rollback')
    await client.end()
  }
}
const faults = (report: Report) =>
  report.trees.flatMap((tree) => tree.faults.map(({ index, why }) => [index, why]))
const count = async (month: string) => {
  const found = await site.env
    .db('provision_records')
    .whereRaw(`to_char(at, 'YYYY-MM') = ?`, [month])
    .count({ n: '*' })
  return Number(found[0]?.['n'])
}
const acts = (act: string) => site.env.db('audit_events').where({ act }).orderBy('at')

async function approved(month: string) {
  const proposal = await retention.propose(site.env, month, officer.person)
  const seen = { id: proposal.id, hash: proposal.hash }
  return retention.approve(site.env, { ...seen, by: approver.person })
}

/** Tends until an approved month is gone; the timetable of the site may be at it, or be placing entries. */
async function tended(month: string): Promise<void> {
  await until(`${month} is gone`, async () => {
    if (!(await count(month))) return true
    await retention.tend(site.env)
    return false
  })
}

describe('the dry run', () => {
  test('counts what is past its term, and removes nothing', async () => {
    const months = await retention.dueMonths(site.env)
    expect(months.map(({ month, state, entries }) => [month, state, entries])).toEqual([
      ['2022-04', 'due', 3],
      ['2022-05', 'due', 4],
      ['2022-06', 'due', 2],
    ])
    expect(months[1]).toMatchObject({
      oldest: new Date('2022-05-20T00:00:00Z'),
      newest: new Date('2022-05-31T23:59:59Z'),
      freeFrom: new Date('2025-06-01T00:00:00Z'),
    })
    await retention.tend(site.env)
    expect([await count('2022-04'), await count('2022-05'), await count('2022-06')]).toEqual([
      3, 4, 2,
    ])
    expect(await retention.closedUntil(site.env)).toBeUndefined()
  })

  test('the term counts from the end of the month, to the day', async () => {
    site.setNow(new Date('2025-05-31T23:59:59Z'))
    const before = await retention.dueMonths(site.env)
    site.setNow(new Date('2025-06-01T00:00:00Z'))
    const after = await retention.dueMonths(site.env)
    site.setNow(undefined)
    expect(before.map(({ month }) => month)).toEqual(['2022-04'])
    expect(after.map(({ month }) => month)).toEqual(['2022-04', '2022-05'])
  })
})

describe('what keeps a month', () => {
  const states = async () => (await retention.dueMonths(site.env)).map(({ state }) => state)

  test('a hold with a reason, from month to month, until somebody ends it', async () => {
    const form = { from: '2022-05', until: '2022-06', reason: '裁判所の求め' }
    await retention.hold(site.env, form, officer.person)
    expect(await states()).toEqual(['due', 'held', 'held'])
    await expect(retention.propose(site.env, '2022-05', officer.person)).rejects.toMatchObject({
      reason: 'wrong_state',
    })
    const [hold] = await retention.openHolds(site.env)
    await retention.release(site.env, hold?.id ?? '', officer.person)
    expect(await states()).toEqual(['due', 'due', 'due'])
  })

  test('an open leak of the company, or of the consortium', async () => {
    for (const member_id of [service.memberId, null]) {
      const id = site.env.newId()
      const at = site.env.now()
      await site.env.db('duty_cases').insert({
        id,
        kind: 'leak',
        member_id,
        receiver: member_id ? 'member' : 'consortium',
        state: 'open',
        opened_at: at,
        changed_at: at,
      })
      expect(await states()).toEqual(['held', 'held', 'held'])
      await site.env.db('duty_cases').where({ id }).update({ closed_at: at })
      expect(await states()).toEqual(['due', 'due', 'due'])
    }
  })

  test('a month that is held after the approval stays', async () => {
    const proposal = await retention.propose(site.env, '2022-06', officer.person)
    await retention.hold(
      site.env,
      { from: '2022-06', until: '2022-06', reason: 'x' },
      officer.person,
    )
    const seen = { id: proposal.id, hash: proposal.hash, by: approver.person }
    await expect(retention.approve(site.env, seen)).rejects.toMatchObject({ reason: 'wrong_state' })
    const [hold] = await retention.openHolds(site.env)
    await retention.release(site.env, hold?.id ?? '', officer.person)
    await retention.decline(site.env, 'withdraw', { ...seen, by: officer.person, note: '' })
    expect(await states()).toEqual(['due', 'due', 'due'])
  })
})

describe('two persons', () => {
  test('one alone, or a number that changed, moves nothing', async () => {
    const both = await makeOperator(site.env, ['privacy_officer', 'approver'])
    const proposal = await retention.propose(site.env, '2022-04', both.person)
    const seen = { id: proposal.id, hash: proposal.hash }
    await expect(retention.approve(site.env, { ...seen, by: both.person })).rejects.toMatchObject({
      reason: 'second_person_needed',
    })
    const other = { ...seen, hash: '0'.repeat(64), by: approver.person }
    await expect(retention.approve(site.env, other)).rejects.toMatchObject({
      reason: 'changed_meanwhile',
    })
    await retention.tend(site.env)
    expect(await count('2022-04')).toBe(3)
    await retention.decline(site.env, 'refuse', { ...seen, by: approver.person, note: '早い' })
  })

  test('by the pages: counted, asked for, approved by another, each with a factor', async () => {
    const browser = (who: SignedInPerson) => {
      const one = new Browser(site.issuer)
      signIn(one, who)
      return one
    }
    const [first, second] = [browser(officer), browser(approver)]
    const list = await first.open('/admin/retention')
    expect(list.text).toContain('2022年4月')
    expect(list.text).toContain('提供の記録')
    const post = async (who: Browser, deed: string) => {
      const { text } = await who.open('/admin/retention/2022-04')
      const value = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1]
      const hash = value('hash')
      const fields = { csrf: value('csrf') ?? '', ...(hash && deed !== 'propose' && { hash }) }
      return who.follow(await who.post(`/admin/retention/2022-04/${deed}`, Object.entries(fields)))
    }
    expect((await post(second, 'propose')).status).toBe(403)
    expect((await post(first, 'propose')).text).toContain('承認を求めました')
    expect((await post(first, 'approve')).status).toBe(403)
    expect((await post(second, 'approve')).text).toContain('承認しました')
    await tended('2022-04')
    expect((await first.open('/admin/retention')).text).toContain('消した月')
  })
})

describe('a closed month', () => {
  test('goes, its proofs stay, and the ledger verifies with an old witness', async () => {
    const { note } = (await ledger.checkpoint(site.env, 'provisions')) ?? { note: '' }
    const rows = await site.env.db('provision_records').where('at', '<', '2022-06-01')
    expect(rows).toHaveLength(4)
    await approved('2022-05')
    await tended('2022-05')
    await retention.tend(site.env)
    await placed()
    expect(faults(await audited(undefined, [note]))).toEqual([])
    const state = await ledger.checkpoint(site.env, 'provisions')
    for (const row of rows) {
      const proof = await ledger.proofOf(site.env, 'provisions', row.id)
      const path = (proof?.path ?? []).map((hash) => Buffer.from(hash, 'base64'))
      const place = {
        index: proof?.index ?? 0,
        size: proof?.size ?? 0,
        root: state?.root as Buffer,
      }
      expect(isIncluded(row.leaf_hash, place, path)).toBe(true)
    }
    expect(await retention.closedUntil(site.env)).toEqual(new Date('2022-06-01T00:00:00Z'))
    const closed = (await acts('retention.closed')).map(({ details }) => details.entries)
    const dropped = (await acts('retention.dropped')).map(({ details }) => details.entries)
    expect([closed, dropped]).toEqual([
      [3, 4],
      [3, 4],
    ])
    expect(await count('2022-06')).toBe(2)
    const there = await site.env.db.raw(`select to_regclass('provision_records_2022_05') as part`)
    expect(there.rows).toEqual([{ part: null }])
  })

  test('of May lets nothing else be missing', async () => {
    const gone = (sql: string) => (client: pg.Client) => client.query(sql)
    const june = await audited(gone(`delete from provision_records where at < '2022-07-01'`))
    // The one of June that stands between two of May, and the one behind them.
    expect(faults(june)).toEqual([
      [6, 'row_missing'],
      [8, 'row_missing'],
    ])
    const now = await audited(gone(`delete from provision_records where at > '2026-01-01'`))
    expect(faults(now)).toEqual([[9, 'row_missing']])
  })

  test.each([
    ['entries', 'entries - 1', 'column_differs'],
    ['month', `month - interval '40 years'`, 'column_differs'],
    ['last_index', 'last_index + 1', 'column_differs'],
    ['others', `'{}'`, 'column_differs'],
    ['root', `set_byte(root, 0, get_byte(root, 0) # 1)`, 'column_differs'],
    [
      'approval_hash',
      `set_byte(approval_hash, 0, get_byte(approval_hash, 0) # 1)`,
      'column_differs',
    ],
    ['until_at', `until_at + interval '1 month'`, 'column_differs'],
    ['canonical', `replace(canonical, '"entries":4', '"entries":5')`, 'hash_differs'],
    ['signature', `set_byte(signature, 0, get_byte(signature, 0) # 1)`, 'closure_forged'],
  ])('its entry altered: %s', async (column, value, why) => {
    const report = await audited((client) =>
      client.query(`update retention_closures set ${column} = ${value} where month = '2022-05-01'`),
    )
    const found = faults(report)
    expect(found.map(([, reason]) => reason)).toContain(why)
    expect(found.filter(([, reason]) => reason === 'row_missing')).toHaveLength(4)
  })

  test('its entry deleted, or its leaves changed', async () => {
    const deleted = await audited((client) =>
      client.query(`delete from retention_closures where month = '2022-05-01'`),
    )
    expect(faults(deleted).filter(([, why]) => why === 'row_missing')).toHaveLength(5)
    const swapped = await audited((client) =>
      client.query(`update ledger_leaves set leaf_hash = set_byte(leaf_hash, 0, get_byte(leaf_hash, 0) # 1)
        where tree = 'provisions' and index = 4`),
    )
    expect(faults(swapped).map(([, why]) => why)).toEqual(
      expect.arrayContaining(['closure_differs', 'root_differs']),
    )
  })

  /** Another closure, right in itself, over June; signed by `key`, and placed in the tree or not. */
  const forged =
    (signer: KeyObject, isPlaced: boolean): Change =>
    async (client) => {
      const { rows } = await client.query<{ canonical: string; root: Buffer }>(
        `select c.canonical, l.leaf_hash as root from retention_closures c, ledger_leaves l
         where month = '2022-05-01' and l.tree = 'provisions' and l.index = 8`,
      )
      const before = JSON.parse(rows[0]?.canonical ?? '{}') as { [name: string]: Json }
      const id = '00000000-0000-4000-8000-00000000000b'
      const other = await site.env.db('proposals').where({ state: 'refused' }).first('id')
      const over = { id, proposal: other.id, first: 8, last: 8, others: [], entries: 1 }
      const root = ledger.rootOfLeaves([rows[0]?.root as Buffer])
      const [from, until] = ['2022-06-01T00:00:00.000Z', '2022-07-01T00:00:00.000Z']
      const text = canonical({ ...before, ...over, from, until, root: root.toString('hex') })
      const signature = signWith(null, Buffer.from(`machi-id range closed\n${text}`), signer)
      await client.query(
        `insert into retention_closures select $1, $6, '2022-06-01', $7, $8, 1, 8, 8, '{}', $2,
         approval_hash, at, $3, $4, $5 from retention_closures where month = '2022-05-01'`,
        [id, root, text, leafHash(text), signature, other.id, from, until],
      )
      await client.query(
        isPlaced
          ? `insert into ledger_leaves select tree, max(index) + 1, 'closures', $1, $2 from ledger_leaves
             where tree = 'provisions' group by tree`
          : `insert into ledger_pending (tree, source, entry_id, leaf_hash) values ('provisions', 'closures', $1, $2)`,
        [id, leafHash(text)],
      )
      await client.query(`delete from provision_records where at = '2022-06-02T00:00:00Z'`)
    }

  test('forged by somebody without the key, or not yet in the signed tree, excuses nothing', async () => {
    const { createPrivateKey } = await import('node:crypto')
    const ours = createPrivateKey({ key: { ...site.env.secrets.ledger }, format: 'jwk' })
    const theirs = generateKeyPairSync('ed25519').privateKey
    for (const [signer, isPlaced, why] of [
      [theirs, true, 'closure_forged'],
      [ours, true, 'row_missing'],
      [ours, false, 'row_missing'],
    ] as const) {
      const found = faults(await audited(forged(signer, isPlaced)))
      expect(found.map(([, reason]) => reason)).toContain(why)
      expect(found).toContainEqual([8, 'row_missing'])
    }
  })
})

describe('the database', () => {
  const drop = (id: string) => site.env.db.raw('select drop_closed_month(?)', [id])

  test('drops for nobody what is not closed, however it is asked', async () => {
    await expect(drop(site.env.newId())).rejects.toThrow('no such closure')
    await expect(site.env.db.raw('drop table provision_records_2022_06')).rejects.toMatchObject({
      code: '42501',
    })
  })

  type Lacking = {
    month?: string
    state?: string
    placed?: boolean
    held?: boolean
    entries?: number
  }

  /** What a taken-over application could have written for June, with one thing wrong; all of it is undone. */
  async function attempt(lacking: Lacking): Promise<string> {
    const { month = '2022-06', state = 'approved', entries = 2 } = lacking
    const client = new pg.Client({ connectionString: site.ownerUrl, options: '-c timezone=UTC' })
    await client.connect()
    try {
      await client.query('begin')
      const id = site.env.newId()
      const body = { month }
      const text = canonical({ kind: 'retention', subject: null, body })
      await client.query(
        `insert into proposals values ($1, 'retention', null, null, $2, 1, now(), now())`,
        [id, state],
      )
      await client.query(
        `insert into proposal_revisions values ($1, 1, $2, $3, sha256(convert_to($3, 'UTF8')), 'operator', 'a', '{a}', now())`,
        [id, JSON.stringify(body), text],
      )
      for (const [turn, by] of Object.entries({ proposed: 'a', approved: 'b' }))
        await client.query(
          `insert into proposal_turns values
            (gen_random_uuid(), $1, 1, sha256(convert_to($2, 'UTF8')), $3, 'operator', $4, array[$4], null, now())`,
          [id, text, turn, by],
        )
      await client.query(
        `insert into retention_closures select $1, $1, $2::date, $2::date::timestamptz, $2::date + interval '1 month',
           $3, 8, 8, '{}', '', sha256(convert_to($4, 'UTF8')), now(), 'x', sha256('\\x00'::bytea || 'x'), ''`,
        [id, `${month}-01`, entries, text],
      )
      if (lacking.placed !== false) {
        await client.query(
          `insert into ledger_leaves select 'provisions', max(index) + 1, 'closures', $1, sha256('\\x00'::bytea || 'x')
           from ledger_leaves where tree = 'provisions'`,
          [id],
        )
        await client.query(
          `insert into ledger_checkpoints select 'provisions', max(index) + 1, '', now(), '', '' from ledger_leaves
           where tree = 'provisions'`,
        )
      }
      if (lacking.held)
        await client.query(
          `insert into retention_holds select gen_random_uuid(), '2022-06-01', '2022-06-01', 'x', id, now() from operators limit 1`,
        )
      const { rows } = await client.query<{ gone: boolean }>(
        'select drop_closed_month($1) as gone',
        [id],
      )
      return String(rows[0]?.gone)
    } catch (error) {
      return (error as Error).message
    } finally {
      await client.query('rollback')
      await client.end()
    }
  }

  test.each<[string, Lacking]>([
    ['true', {}],
    ['not approved by two persons', { state: 'proposed' }],
    ['the ledger has not signed it', { placed: false }],
    ['the term is not over', { month: '2026-10' }],
    ['the month is held', { held: true }],
    ['the month holds 2 records, not 3', { entries: 3 }],
  ])('looks at everything itself: %s', async (answer, lacking) => {
    expect(await attempt(lacking)).toBe(answer)
    expect(await count('2022-06')).toBe(2)
  })
})

describe('killed at each step (kill -9)', () => {
  const script = `
    import { randomUUID, randomBytes } from 'node:crypto'
    import { readConfig } from './src/config.ts'
    import { openNode } from './src/node.ts'
    import { tend } from './src/retention/actions.ts'
    const { env } = await openNode(readConfig(), () => undefined)
    process.stdout.write('at it\\n')
    for (;;) await tend(env).catch(() => undefined)`

  /** A process that tends on and on, until it waits for what is held (which it does for half a second only); then it is killed. */
  async function killed(): Promise<void> {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: site.url,
        DATA_DIR: '/tmp/machi-id-test',
        ISSUER: site.issuer,
        KEY_ENCRYPTION_KEY: KEK.toString('base64'),
      },
    })
    const ended = once(child, 'exit')
    await until('it waits', async () => child.exitCode !== null || (await isWaiting()))
    expect(child.exitCode).toBeNull()
    child.kill('SIGKILL')
    await ended
  }

  async function isWaiting(): Promise<boolean> {
    const { rows } = await site.owner.raw(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'relation'`,
    )
    return rows.length > 0
  }

  test('the next turn goes on, and each month is closed and dropped once', async () => {
    await approved('2022-06')
    for (const statement of [
      'lock table retention_closures in exclusive mode',
      'lock table retention_drops in exclusive mode',
    ]) {
      const held = await site.owner.transaction()
      await held.raw(statement)
      await killed()
      await held.rollback()
      expect(await count('2022-06')).toBe(2)
      expect(faults(await audited())).toEqual([])
    }
    await Promise.all([1, 2, 3].map(() => retention.tend(site.env)))
    await tended('2022-06')
    await retention.tend(site.env)
    expect(await acts('retention.closed')).toHaveLength(3)
    expect(await acts('retention.dropped')).toHaveLength(3)
    expect(await site.env.db('retention_drops')).toHaveLength(3)
    await placed()
    expect(faults(await audited())).toEqual([])
  })
})

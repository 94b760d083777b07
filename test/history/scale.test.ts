/** A hundred thousand entries: what a page touches does not grow with them (rows, not the clock, are counted). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { knex } from 'knex'
import type { HistoryFilter } from '../../src/history/model.ts'
import { entriesSql, EVERYTHING, type Stretch } from '../../src/history/reading_queries.ts'
import { read, readAll } from '../../src/history/reading.ts'
import { makeResident, makeService, type MadeResident } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { fillProvisions } from './steps.ts'

const MANY = 100_000
let site: Site
let resident: MadeResident
let busy: string
let quiet: string

beforeAll(async () => {
  site = await openSite()
  resident = await makeResident(site.env)
  busy = (await makeService(site.env)).id
  quiet = (await makeService(site.env)).id
  const other = await makeResident(site.env)
  // Without the product's limits: how long it takes to fill a table is not what is measured here.
  const db = knex({ client: 'pg', connection: site.ownerUrl, pool: { min: 0, max: 1 } })
  try {
    // The ledger would place each of them.
    await db.raw('alter table provision_records disable trigger user')
    const from = new Date('2026-04-01T00:00:00Z')
    await fillProvisions(db, resident.id, busy, { from, count: MANY })
    const few = { from: new Date('2026-04-02T00:00:30Z'), count: 3, items: ['user_id', 'sex'] }
    await fillProvisions(db, resident.id, quiet, few)
    // Somebody else keeps the quiet service busy: neither resident nor service alone finds the three records.
    await fillProvisions(db, other.id, quiet, { from, count: 30_000 })
    await db.raw('analyze provision_records')
  } finally {
    await db.destroy()
  }
})
afterAll(() => site.close())

type Plan = {
  'Node Type': string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Relation Name'?: string
  Plans?: Plan[]
}

const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

async function explained(filter: HistoryFilter, stretch: Partial<Stretch>, db = site.env.db) {
  const { sql, bindings } = entriesSql(
    filter,
    { way: 'older', start: undefined, until: undefined, limit: 51, ...stretch },
    site.env.now(),
  )
  const { rows } = await db.raw<{ rows: { 'QUERY PLAN': { Plan: Plan }[] }[] }>(
    `explain (analyze, format json) ${sql}`,
    bindings,
  )
  const all = nodes(rows[0]?.['QUERY PLAN'][0]?.Plan as Plan)
  const onRecords = all.filter((node) => node['Relation Name']?.startsWith('provision_records'))
  const touched = (node: Plan) =>
    (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
  return {
    sequential: onRecords.filter((node) => node['Node Type'] === 'Seq Scan' && touched(node) > 0),
    records: onRecords.reduce((sum, node) => sum + touched(node), 0),
    /** The most rows any sort was given. */
    sorted: Math.max(
      0,
      ...all
        .filter((node) => node['Node Type'].includes('Sort'))
        .map((node) => Math.max(...(node.Plans ?? []).map((child) => child['Actual Rows']))),
    ),
  }
}

const filterOf = (more: Partial<HistoryFilter> = {}): HistoryFilter => ({
  ...EVERYTHING,
  residentId: resident.id,
  ...more,
})
const deep = { at: new Date('2026-05-01T00:00:00Z'), id: 'ffffffff-ffff-4fff-bfff-ffffffffffff' }

describe('a page of a hundred thousand entries', () => {
  test.each<[string, () => Partial<HistoryFilter>, Partial<Stretch>]>([
    ['the newest', () => ({}), {}],
    ['in the midst', () => ({}), { start: deep }],
    ['towards the newer', () => ({}), { start: deep, way: 'newer' }],
    ['within the busy service', () => ({ service: busy }), { start: deep }],
    ['of one kind', () => ({ kind: 'provision' }), { start: deep }],
    ['within a month', () => ({ from: new Date('2026-04-10'), to: new Date('2026-05-10') }), {}],
  ])('%s touches a page of rows', async (_, more, stretch) => {
    const plan = await explained(filterOf(more()), stretch)
    expect(plan.sequential).toEqual([])
    // Each partition's first row is looked at, to merge them.
    expect(plan.records).toBeLessThanOrEqual(51 + 45)
    expect(plan.sorted).toBeLessThan(200)
  })

  test('within the quiet service there is an index that finds its records alone', async () => {
    const plans: Awaited<ReturnType<typeof explained>>[] = []
    const undo = new Error('undo')
    // Which index is the cheapest is the planner's guess, and depends on what else the table holds: here it has this one.
    const alone = site.owner.transaction(async (db) => {
      for (const index of ['by_resident', 'by_service', 'by_member'])
        await db.raw(`drop index if exists provision_records_${index}`)
      plans.push(await explained(filterOf({ service: quiet }), {}, db))
      throw undo
    })
    await expect(alone).rejects.toBe(undo)
    expect(plans[0]?.sequential).toEqual([])
    expect(plans[0]?.records).toBeLessThanOrEqual(3 + 45)
  })

  test('the test would see a page that reads everything', async () => {
    const plan = await explained(filterOf({ item: 'sex' }), {})
    expect(plan.records).toBeGreaterThan(MANY / 2)
  })

  test('what must be looked through is looked through in bounded pieces, and rests', async () => {
    const first = await read(site.env, filterOf({ item: 'sex' }), undefined, 50)
    expect(first.rows).toEqual([])
    expect(first.restedAt).toBeDefined()
    expect(first.older).toBeDefined()
    const found: (string | null)[] = []
    let more = first.older
    for (let turn = 0; more && turn < 3; turn++) {
      const next = await read(site.env, filterOf({ item: 'sex' }), more, 50)
      found.push(...next.rows.map((row) => row.service_id))
      more = next.older
    }
    expect(found).toEqual([quiet, quiet, quiet])
    expect(more).toBeUndefined()
    const plan = await explained(filterOf({ item: 'sex' }), {
      until: { at: new Date('2026-06-05T00:00:00Z'), id: deep.id },
    })
    expect(plan.records).toBeLessThan(7000)
  })

  test('the whole is every entry once, in order', async () => {
    const seen = new Set<string>()
    let [count, outOfOrder, last] = [0, 0, Number.POSITIVE_INFINITY]
    for await (const rows of readAll(site.env, filterOf({ service: busy }), 5000))
      for (const row of rows) {
        if (row.at.getTime() > last) outOfOrder++
        last = row.at.getTime()
        seen.add(row.id)
        count++
      }
    expect([count, seen.size, outOfOrder]).toEqual([MANY, MANY, 0])
  })
})

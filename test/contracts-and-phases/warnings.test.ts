/** Warnings 90, 60 and 30 days before a contract ends with nothing following: each once (S-36, A1). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connect } from '../../src/database/connect.ts'
import * as contracts from '../../src/contracts/actions.ts'
import { warn } from '../../src/contracts/jobs.ts'
import { makeContractVersion, markDemo } from '../support/builders.ts'
import { openWorld, type World } from '../support/env.ts'
import { makeStaff } from '../support/people.ts'
import { makeContract, makeMember } from './steps.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
  await markDemo(world.env)
})
afterAll(() => world.close())

const END = new Date('2028-04-01T00:00:00+09:00')
const before = (days: number) => new Date(END.getTime() - days * 86400_000)
const STARTS = new Date('2026-04-01T00:00:00+09:00')

let count = 0
async function contractOf(status = 'active') {
  const member = await makeMember(world.env, status)
  await makeStaff(world.env, member, 'manager')
  await makeStaff(world.env, member, 'developer')
  return makeContract(world.env, member, `W-${++count}`, { startsAt: STARTS, endsAt: END })
}
const warnings = async (contractId: string) =>
  (await world.env.db('contract_warnings').where({ contract_id: contractId }).orderBy('at')).map(
    ({ days, mailed }: { days: number; mailed: boolean }) => [days, mailed],
  )
const mails = async () => {
  const { rows } = (await world.env.db.raw(
    `select count(*)::int as n from jobs.job where name = 'notices.mail'`,
  )) as { rows: { n: number }[] }
  return rows[0]?.n ?? 0
}
const taskOf = async (id: string) =>
  (await contracts.tasks(world.env)).find((task) => task.href.endsWith(id))

test('comes once per step, to the managers, from whichever node', async () => {
  const id = await contractOf()
  const other = connect(world.url, 2)
  const nodes = [world.env, { ...world.env, db: other }]
  const already = await mails()
  const steps: [Date, number[]][] = [
    [before(91), []],
    [before(90), [90]],
    [before(61), [90]],
    [before(60), [90, 60]],
    [before(30), [90, 60, 30]],
    [before(1), [90, 60, 30]],
    [END, [90, 60, 30]],
  ]
  for (const [at, days] of steps) {
    world.setNow(at)
    await Promise.all([...nodes, ...nodes].map((env) => warn(env)))
    expect(await warnings(id)).toEqual(days.map((n) => [n, true]))
    // One manager; the developer is not written to.
    expect((await mails()) - already).toBe(days.length)
  }
  await other.destroy()
})

test('starts with the nearest step where a contract is met late', async () => {
  const id = await contractOf()
  const already = await mails()
  world.setNow(before(20))
  await warn(world.env)
  expect((await warnings(id)).toSorted(([a], [b]) => Number(a) - Number(b))).toEqual([
    [30, true],
    [60, false],
    [90, false],
  ])
  expect((await mails()) - already).toBe(1)
})

test('stops where a version renews it, and stands on the desk until then', async () => {
  const id = await contractOf()
  world.setNow(before(80))
  expect(await taskOf(id)).toMatchObject({ kind: 'contract_ends', dueAt: END })
  await makeContractVersion(world.env, id, 2, {
    startsAt: END,
    endsAt: new Date('2029-04-01T00:00:00+09:00'),
  })
  await warn(world.env)
  expect(await warnings(id)).toEqual([])
  expect(await taskOf(id)).toBeUndefined()
  const far = await contractOf()
  world.setNow(before(91))
  expect(await taskOf(far)).toBeUndefined()
})

test('does not go to a company that has left', async () => {
  const id = await contractOf('left')
  world.setNow(before(20))
  await warn(world.env)
  expect(await warnings(id)).toEqual([])
  expect(await taskOf(id)).toBeUndefined()
})

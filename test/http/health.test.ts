import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSite, type Site } from '../support/site.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

const ready = async () => {
  const response = await fetch(`${site.issuer}/healthz/ready`)
  return { status: response.status, body: await response.json() }
}

test('readiness is a status and nothing else, and asks the database once a second at most (M13)', async () => {
  let asked = 0
  const began = performance.now()
  // The timetable asks other things at the same time.
  const count = ({ sql }: { sql: string }) =>
    (asked += /clock_timestamp|knex_migrations/.test(sql) ? 1 : 0)
  site.env.db.on('query', count)
  for (let n = 0; n < 50; n++)
    expect(await ready()).toEqual({ status: 200, body: { status: 'ready' } })
  site.env.db.off('query', count)
  const rounds = 1 + Math.floor((performance.now() - began) / 1000)
  // The clock, and the migrations behind a look whether their table is there.
  expect(asked).toBeLessThanOrEqual(3 * rounds)

  const { name } = await site.env
    .db('knex_migrations')
    .orderBy('id', 'desc')
    .first<{ name: string }>('name')
  await site.owner('knex_migrations').where({ name }).update({ name: 'gone' })
  await sleep(1100)
  expect(await ready()).toEqual({ status: 503, body: { status: 'not ready' } })
  await site.owner('knex_migrations').where({ name: 'gone' }).update({ name })
  await sleep(1100)
  expect(await ready()).toEqual({ status: 200, body: { status: 'ready' } })
  const told = site.logLines().flatMap((line) => {
    const { event, fault } = JSON.parse(line) as { event: string; fault?: string }
    return /ready/.test(event) ? [[event, fault]] : []
  })
  expect(told).toEqual([
    ['not_ready', 'schema'],
    ['ready_again', undefined],
  ])
})

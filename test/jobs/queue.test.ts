import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openQueue } from '../../src/jobs/queue.ts'
import { startTimetable } from '../../src/jobs/timetable.ts'
import { openLog } from '../../src/log.ts'
import { openWorld, type World } from '../support/env.ts'
import { freePort } from '../support/node.ts'
import { openProxy } from '../support/proxy.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const until = async (condition: () => boolean) => {
  for (let n = 0; n < 200 && !condition(); n++)
    await new Promise((resolve) => setTimeout(resolve, 50))
  expect(condition()).toBe(true)
}

test('a job exists exactly when its transaction commits, and is done at least once', async () => {
  const { env } = world
  const lost = env.db.transaction(async (db) => {
    await env.queue.send(db, 'notices.mail', { id: 'lost' })
    throw new Error('rolled back')
  })
  await expect(lost).rejects.toThrow('rolled back')
  await env.db.transaction((db) => env.queue.send(db, 'notices.mail', { id: 'kept' }))

  const done: unknown[] = []
  const worker = await openQueue(world.url, env.log)
  await worker.work({
    'notices.mail': (data) => {
      done.push(data)
      return Promise.resolve()
    },
  })
  await until(() => done.length > 0)
  await worker.stop()
  expect(done).toEqual([{ id: 'kept' }])
})

test('a job that fails waits for its next try', async () => {
  const { env } = world
  await env.queue.send(env.db, 'notices.mail', { id: 'fails' })
  const worker = await openQueue(world.url, env.log)
  let tries = 0
  await worker.work({
    'notices.mail': () => {
      tries++
      return Promise.reject(new Error('no mail server'))
    },
  })
  await until(() => tries === 1)
  await worker.stop()
  const { rows } = await env.db.raw<{ rows: { state: string; retry_count: number }[] }>(
    "select state::text, retry_count from jobs.job where data->>'id' = 'fails'",
  )
  expect(rows.map((row) => row.state)).toEqual(['retry'])
})

test('a job that fails does not touch those fetched with it', async () => {
  const { env } = world
  const ids = ['one', 'two', 'bad', 'three', 'four', 'five', 'six']
  const ran: string[] = []
  for (const id of ids) await env.queue.send(env.db, 'notices.mail', { id })
  const worker = await openQueue(world.url, env.log)
  let [running, most] = [0, 0]
  await worker.work({
    'notices.mail': async (data) => {
      const { id } = data as { id: string }
      // The one of the test before may come for its next try.
      if (!ids.includes(id)) return
      ran.push(id)
      if (id === 'bad') throw new Error('a secret of 花子')
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 300))
      running--
    },
  })
  await until(() => ran.length >= ids.length)
  await worker.stop()
  // Not one after the other: five are fetched at once, one of which may be the bad one.
  expect(most).toBeGreaterThanOrEqual(4)
  expect(ran.toSorted()).toEqual(ids.toSorted())
  const { rows } = await env.db.raw<{ rows: { id: string; state: string; output: unknown }[] }>(
    "select data->>'id' as id, state::text, output from jobs.job where data->>'id' = any(?)",
    [ids],
  )
  for (const { id, state } of rows)
    expect({ id, state }).toEqual({ id, state: id === 'bad' ? 'retry' : 'completed' })
  expect(rows).toHaveLength(ids.length)
  expect(JSON.stringify([rows, world.logLines()])).not.toContain('花子')
})

test('an outage of the database is told once, and its end', async () => {
  const proxy = await openProxy(world.url, await freePort())
  const lines: string[] = []
  const worker = await openQueue(
    proxy.url,
    openLog('info', { write: (line: string) => void lines.push(line) }),
  )
  const done: unknown[] = []
  await worker.work({
    'notices.mail': (data) => {
      done.push(data)
      return Promise.resolve()
    },
  })
  await proxy.close()
  await new Promise((resolve) => setTimeout(resolve, 2500))
  const again = await openProxy(world.url, proxy.port)
  await world.env.queue.send(world.env.db, 'notices.mail', { id: 'after the outage' })
  await until(() => done.some((data) => (data as { id: string }).id === 'after the outage'))
  await worker.stop()
  await again.close()
  expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    'queue_database_away',
    'queue_database_back',
  ])
})

test('the timetable goes on past a failing entry and ends when told', async () => {
  let turns = 0
  const stop = startTimetable(world.env, [
    { name: 'fails', everySeconds: 60, run: () => Promise.reject(new TypeError('花子')) },
    {
      name: 'counts',
      everySeconds: 0.05,
      run: () => {
        turns++
        return Promise.resolve()
      },
    },
  ])
  await until(() => turns >= 3)
  await stop()
  const then = turns
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(turns).toBe(then)
  const failed = world.logLines().find((line) => line.includes('timetable_failed')) ?? ''
  expect(JSON.parse(failed)).toMatchObject({ entry: 'fails', name: 'TypeError' })
  expect(failed).not.toContain('花子')
})

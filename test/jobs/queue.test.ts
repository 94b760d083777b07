import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openQueue } from '../../src/jobs/queue.ts'
import { startTimetable } from '../../src/jobs/timetable.ts'
import { openWorld, type World } from '../support/env.ts'

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

test('the timetable goes on past a failing entry and ends when told', async () => {
  let turns = 0
  const stop = startTimetable(world.env, [
    { name: 'fails', everySeconds: 60, run: () => Promise.reject(new Error('x')) },
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
  expect(world.logLines().some((line) => line.includes('timetable_failed'))).toBe(true)
})

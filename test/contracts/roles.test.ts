/** Role × route, made from the routes themselves (J1): every address of console and portal says whom it lets in. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RoleGuard } from '../../src/http/guards.ts'
import { createApp } from '../../src/app.ts'
import { openWorld, type World } from '../support/env.ts'

type Route = { method: string; path: string; guard: RoleGuard<string> | undefined }

/** Addresses that nobody needs to be signed in for. */
const OPEN = [
  /^\/(admin|company)\/login(\/|$)/,
  /^\/(admin|company)\/logout$/,
  /^\/(admin|company)\/invitation(\/|$)/,
  /^\/company\/apply(\/|$)/,
]

let world: World
let routes: Route[]

beforeAll(async () => {
  world = await openWorld()
  const { rooms } = await createApp(world.env)
  routes = rooms.flatMap((room) =>
    room.stack.flatMap((layer) =>
      layer.methods
        .filter((method) => method !== 'HEAD')
        .map((method) => ({
          method,
          path: String(layer.path),
          guard: layer.stack.find((part) => 'allows' in part) as RoleGuard<string> | undefined,
        })),
    ),
  )
})
afterAll(() => world.close())

describe('every route of console and portal', () => {
  test('names whom it lets in', () => {
    const bare = routes.filter(
      ({ path, guard }) =>
        /^\/(admin|company)(\/|$)/.test(path) && !guard && !OPEN.some((open) => open.test(path)),
    )
    expect(bare.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })

  test('an auditor changes nothing', () => {
    const writing = routes.filter(
      ({ method, path, guard }) =>
        method === 'POST' &&
        guard?.area === 'operator' &&
        guard.allows.includes('auditor') &&
        !/^\/admin\/(confirm|account)(\/|$)/.test(path),
    )
    expect(writing.map(({ path }) => path)).toEqual([])
  })
})

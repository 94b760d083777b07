/** The menus of console and portal lead where their readers may go, and show it to nobody else (J1). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createApp } from '../../src/app.ts'
import type { RoleGuard } from '../../src/http/guards.ts'
import { OPERATOR_MENU, STAFF_MENU } from '../../src/http/menus.ts'
import { LANGUAGES, messages } from '../../src/locales/index.ts'
import { openWorld, type World } from '../support/env.ts'

let world: World
let allowed: Map<string, readonly string[]>

beforeAll(async () => {
  world = await openWorld()
  const { rooms } = await createApp(world.env)
  const layers = rooms
    .flatMap((room) => room.stack)
    .filter(({ methods }) => methods.includes('GET'))
  allowed = new Map(
    layers.map((layer) => {
      const guard = layer.stack.find((part) => 'allows' in part) as RoleGuard<string> | undefined
      return [String(layer.path), guard?.allows ?? []]
    }),
  )
})
afterAll(() => world.close())

test.each([...OPERATOR_MENU, ...STAFF_MENU].map((entry) => [entry.href, entry] as const))(
  '%s lets in those who see it',
  (href, { roles }) => {
    expect([...(allowed.get(href) ?? [])].sort()).toEqual([...roles].sort())
  },
)

test.each(LANGUAGES)('every entry has a word (%s)', (language) => {
  const { menu } = messages[language].desk
  expect(OPERATOR_MENU.filter(({ key }) => !menu.operator[key])).toEqual([])
  expect(STAFF_MENU.filter(({ key }) => !menu.staff[key])).toEqual([])
})

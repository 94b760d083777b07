import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as policies from '../../src/policies/actions.ts'
import { openWorld, type World } from '../support/env.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

describe('read', () => {
  test('gives the version in force with the hash that consents hold', () => {
    world.setNow(new Date('2026-11-22T00:00:00Z'))
    const document = policies.read(world.env, 'privacy', 'ja')
    const template = world.env.templates.inForce('privacy', world.env.now())
    expect(document.title).toBe('個人情報の取扱い')
    expect(document.shown).toMatchObject({
      state: 'in_force',
      hash: template.hash.ja.toString('hex'),
    })
    expect(document.parts.map((part) => part.id)).toContain('recipients')
  })

  test('refuses a version that does not exist', () => {
    expect(() => policies.read(world.env, 'accessibility', 'en', 999)).toThrow('not_found')
  })
})

import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { keyFile, openSecrets, seal, unseal } from '../src/vault.ts'
import { openWorld, type World } from './support/env.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

describe('sealing', () => {
  const key = randomBytes(32)
  test('opens with the same key and context only (M1, M2)', () => {
    const sealed = seal(key, '山田 花子', 'resident:1')
    expect(unseal(key, sealed, 'resident:1').toString()).toBe('山田 花子')
    expect(() => unseal(key, sealed, 'resident:2')).toThrow()
    expect(() => unseal(randomBytes(32), sealed, 'resident:1')).toThrow()
    for (const at of [0, 5, 20, sealed.length - 1]) {
      const broken = Buffer.from(sealed)
      broken[at] = (broken[at] ?? 0) ^ 1
      expect(() => unseal(key, broken, 'resident:1')).toThrow()
    }
  })

  test('never makes the same bytes twice', () => {
    expect(seal(key, 'x', 'y').equals(seal(key, 'x', 'y'))).toBe(false)
  })
})

describe('the secrets of an installation', () => {
  test('are made once, also when several nodes start at the same moment', async () => {
    const kek = randomBytes(32)
    await world.env.db('secrets').delete()
    const nodes = await Promise.all(
      Array.from({ length: 5 }, () => openSecrets(world.env.db, kek, new Date())),
    )
    expect(new Set(nodes.map((s) => JSON.stringify(s))).size).toBe(1)
    expect(nodes[0]?.signing.map((jwk) => jwk.alg)).toEqual(['RS256', 'ES256'])
    expect(nodes[0]?.signing.every((jwk) => jwk.kid && jwk.use === 'sig' && jwk.d)).toBe(true)
  })

  test('a wrong key stops the start and changes nothing (M3)', async () => {
    const before = await world.env.db('secrets').orderBy('id')
    await expect(openSecrets(world.env.db, randomBytes(32), new Date())).rejects.toThrow(
      'KEY_ENCRYPTION_KEY',
    )
    expect(await world.env.db('secrets').orderBy('id')).toEqual(before)
  })

  test('lie nowhere in plain: neither private keys nor symmetric ones (M1)', async () => {
    const kek = randomBytes(32)
    await world.env.db('secrets').delete()
    const secrets = await openSecrets(world.env.db, kek, new Date())
    const { rows } = await world.env.db.raw<{ rows: { dump: string }[] }>(
      `select string_agg(s::text || encode(s.sealed, 'base64') || encode(s.sealed, 'escape'), ' ') as dump from secrets s`,
    )
    const dump = rows[0]?.dump ?? ''
    for (const plain of [secrets.pepper, secrets.residents, secrets.csrf[0] as Buffer]) {
      for (const form of ['hex', 'base64', 'base64url'] as const)
        expect(dump).not.toContain(plain.toString(form))
    }
    expect(dump).not.toContain(secrets.signing[0]?.d ?? 'no key')
  })
})

test('the key file is made once, closed to others, by whoever comes first', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'machi-id-key-'))
  const keys = await Promise.all(Array.from({ length: 8 }, () => keyFile(folder)))
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1)
  expect(keys[0]).toHaveLength(32)
  expect(await readdir(folder)).toEqual(['key-encryption-key'])
  expect((await stat(join(folder, 'key-encryption-key'))).mode & 0o077).toBe(0)
})

import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { canonical, commitment, evidence, leafHash } from '../../src/audit/model.ts'

describe('canonical form (RFC 8785)', () => {
  test('sorts keys by code unit, at every depth, without white space', () => {
    expect(canonical({ b: 1, a: [{ z: null, y: true }], A: 'é', あ: '"\n' })).toBe(
      '{"A":"é","a":[{"y":true,"z":null}],"b":1,"あ":"\\"\\n"}',
    )
  })
  test('is the same for the same content in another order', () => {
    expect(canonical({ a: 1, b: { c: 2, d: 3 } })).toBe(canonical({ b: { d: 3, c: 2 }, a: 1 }))
  })
  test('refuses numbers whose text is not certain', () => {
    for (const n of [0.1, Number.NaN, Infinity, 2 ** 53])
      expect(() => canonical(n)).toThrow(TypeError)
  })
})

test('a leaf is SHA-256 of 0x00 and the entry (RFC 9162 §2.1.1)', () => {
  const entry = '{"a":1}'
  const expected = createHash('sha256').update(`\0${entry}`).digest('hex')
  expect(leafHash(entry).toString('hex')).toBe(expected)
  expect(evidence({ a: 1 })).toEqual({ canonical: entry, leafHash: Buffer.from(expected, 'hex') })
})

test('a commitment says nothing without its salt', () => {
  const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  expect(commitment(one, 'x')).toBe(commitment(one, 'x'))
  expect(commitment(one, 'x')).not.toBe(commitment(two, 'x'))
})

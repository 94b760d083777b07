import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { fileSchema } from '../../src/services/schema.ts'

const path = fileURLToPath(new URL('../../docs/onboarding.schema.json', import.meta.url))

test('the published schema is the one that is checked (write it anew with UPDATE_SCHEMA=1)', () => {
  if (process.env['UPDATE_SCHEMA']) writeFileSync(path, `${JSON.stringify(fileSchema, null, 2)}\n`)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(fileSchema)
})

test('no object of it takes a field it does not name (L9)', () => {
  const open: string[] = []
  const walk = (schema: unknown, at: string) => {
    if (typeof schema !== 'object' || schema === null) return
    const { type, additionalProperties } = schema as {
      type?: unknown
      additionalProperties?: unknown
    }
    if (type === 'object' && additionalProperties !== false) open.push(at)
    for (const [key, below] of Object.entries(schema)) walk(below, `${at}/${key}`)
  }
  walk(fileSchema, '')
  expect(open).toEqual([])
})

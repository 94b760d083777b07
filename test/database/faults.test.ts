import { describe, expect, it } from '@jest/globals'
import { isUnavailable } from '../../src/database/faults.ts'

describe('what counts as unavailable', () => {
  it.each([
    { code: '57014' },
    { code: '55P03' },
    { code: '57P01' },
    { code: '57P03' },
    { code: '08006' },
    { code: '53300' },
    { code: '25006' },
    { code: 'ECONNREFUSED', syscall: 'connect' },
    { code: 'ENOENT', syscall: 'connect' },
    { message: 'Query read timeout' },
    { message: 'Client has encountered a connection error and is not queryable' },
    { name: 'KnexTimeoutError' },
    { message: 'select 1 - Connection terminated unexpectedly' },
  ])('%j', (error) => expect(isUnavailable(error)).toBe(true))

  it.each([
    { code: 'ENOENT', syscall: 'open' },
    { code: '23505' },
    { code: '42P01' },
    { code: '22P02', message: 'invalid: " - Query read timeout' },
    { message: 'a Connection terminated in a sentence' },
    undefined,
    null,
    'ECONNREFUSED',
  ])('but not %j', (error) => expect(isUnavailable(error)).toBe(false))
})

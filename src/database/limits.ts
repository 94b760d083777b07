/**
 * Counters with a window, kept in the database so that they hold over nodes, paths and restarts (H3, H5, H6).
 * The keys are keyed hashes: the table tells nothing about who was counted.
 */
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { Env } from '../env.ts'
import { keyed } from '../vault.ts'
import { sweepBefore } from './sweep.ts'

/** At most `points` in `seconds`, from the first one on. */
export type Limit = { name: string; points: number; seconds: number }

/** `within`: this one was still allowed. `count`: how many there were in the window, this one included. */
export type Counted = { within: boolean; count: number }

/** Counts one, atomically, before the deed it limits. Joins the transaction of `env`, if any. */
export async function count(env: Env, limit: Limit, key: string): Promise<Counted> {
  try {
    const counted = await limiter(env, limit).consume(hashed(env, limit, key))
    return { within: true, count: counted.consumedPoints }
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused
    return { within: false, count: refused.consumedPoints }
  }
}

/** Whether a limit is used up; counts nothing. */
export async function isSpent(env: Env, limit: Limit, key: string): Promise<boolean> {
  const now = await limiter(env, limit).get(hashed(env, limit, key))
  return (now?.consumedPoints ?? 0) >= limit.points
}

/** Takes one back: what turned out right does not count. */
export async function uncount(env: Env, limit: Limit, key: string): Promise<void> {
  await limiter(env, limit).reward(hashed(env, limit, key))
}

/** Begins at zero again. */
export async function forget(env: Env, limit: Limit, key: string): Promise<void> {
  await limiter(env, limit).delete(hashed(env, limit, key))
}

/** Deletes windows that are over. */
export async function sweep(env: Env): Promise<void> {
  await sweepBefore(env.db, 'rate_limits', 'expire', Date.now())
}

function limiter(env: Env, { name, points, seconds }: Limit): RateLimiterPostgres {
  return new RateLimiterPostgres({
    storeClient: env.db,
    storeType: 'knex',
    tableName: 'rate_limits',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: name,
    points,
    duration: seconds,
  })
}

const hashed = (env: Env, { name }: Limit, key: string) =>
  keyed(env.secrets.throttle, `${name}:${key}`).toString('base64url')

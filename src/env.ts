import type { Knex } from 'knex'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Secrets } from './vault.ts'
import type { Queue } from './jobs/queue.ts'
import type { Templates } from './templates/model.ts'

/** The outside world. Nothing else reaches database, clock, chance or log. */
export type Env = {
  db: Knex
  now: () => Date
  /** A random UUID (v4). */
  newId: () => string
  /** 32 random bytes, base64url. */
  newSecret: () => string
  log: Logger
  config: Config
  secrets: Secrets
  queue: Queue
  templates: Templates
}

/**
 * Runs `work` in one transaction: the same Env with another `db`. Joins a transaction already open.
 * Name the inner parameter `env` too, so that the outer one cannot be used by mistake.
 */
export function atomically<T>(env: Env, work: (env: Env) => Promise<T>): Promise<T> {
  if (env.db.isTransaction) return work(env)
  return env.db.transaction((db) => work({ ...env, db }))
}

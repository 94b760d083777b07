/**
 * The queue and outbox: pg-boss in the same PostgreSQL. A job is written in the transaction of its fact,
 * delivered at least once (handlers are idempotent), retried with back-off, then laid in `dead`.
 */
import type { Knex } from 'knex'
import { PgBoss, fromKnex } from 'pg-boss'
import type { Logger } from 'pino'

const SCHEMA = 'jobs'
const DEAD = 'dead'

/** Every kind of later deed. A room adds its name here and its handler in its `jobs.ts`. */
const KINDS = ['notices.mail'] as const
type Kind = (typeof KINDS)[number]

export type Queue = {
  /** Writes a job with `db` – pass the transaction of the fact. `data` holds ids or sealed bytes, never plain personal data. */
  send(db: Knex, kind: Kind, data: object): Promise<void>
  /** Begins to work; `handlers` by kind. A handler that throws is tried again later. */
  work(handlers: Record<Kind, (data: unknown) => Promise<void>>): Promise<void>
  stop(): Promise<void>
}

/** Called by the migrator only: schema and queues are there before any node starts. */
export async function prepareQueue(url: string): Promise<void> {
  const boss = new PgBoss({
    connectionString: url,
    schema: SCHEMA,
    max: 1,
    supervise: false,
    schedule: false,
  })
  boss.on('error', () => {})
  await boss.start()
  try {
    await boss.createQueue(DEAD, { retentionSeconds: 90 * 86400 })
    for (const kind of KINDS) {
      await boss.createQueue(kind, {
        deadLetter: DEAD,
        retryLimit: 12,
        retryDelay: 10,
        retryBackoff: true,
        retryDelayMax: 3600,
        expireInSeconds: 60,
      })
    }
  } finally {
    await boss.stop({ graceful: false })
  }
}

/** Opens the queue for sending; `work()` makes this process a worker too. */
export async function openQueue(url: string, log: Logger): Promise<Queue> {
  const boss = new PgBoss({
    connectionString: url,
    schema: SCHEMA,
    max: 3,
    migrate: false,
    createSchema: false,
    schedule: false,
  })
  boss.on('error', (error: Error) => log.error({ event: 'queue_error', message: error.message }))
  await boss.start()
  return {
    async send(db, kind, data) {
      await boss.send(kind, data, { db: fromKnex(db) })
    },
    async work(handlers) {
      for (const kind of KINDS) {
        await boss.work(kind, { pollingIntervalSeconds: 0.5, batchSize: 5 }, async (jobs) => {
          for (const job of jobs) await handlers[kind](job.data)
        })
      }
    },
    stop: () => boss.stop({ graceful: true, timeout: 5000 }),
  }
}

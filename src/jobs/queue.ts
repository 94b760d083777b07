/**
 * The queue and outbox: pg-boss in the same PostgreSQL. A job is written in the transaction of its fact,
 * delivered at least once (handlers are idempotent), retried with back-off, then laid in `dead`.
 */
import type { Knex } from 'knex'
import { PgBoss, fromKnex } from 'pg-boss'
import type { Logger } from 'pino'
import { isUnavailable } from '../database/faults.ts'
import { faultOf } from '../log.ts'
import { openPool } from './pool.ts'

const SCHEMA = 'jobs'
const DEAD = 'dead'

/** Every kind of later deed. A room adds its name here and its handler in its `jobs.ts`. */
const KINDS = [
  'notices.mail',
  'members.renamed',
  'services.end_all',
  'services.tell_of_end',
  'incidents.count',
  'incidents.send',
] as const
type Kind = (typeof KINDS)[number]

/** Letters are tried for three days: a mail server may be away over a weekend (R19). */
const retriesOf = (kind: Kind) => (kind === 'notices.mail' ? { retryLimit: 84 } : {})

/** What is done with each kind. */
export type Handlers = Record<Kind, (data: unknown) => Promise<void>>

export type Queue = {
  /** Writes a job with `db` – pass the transaction of the fact. `data` holds ids or sealed bytes, never plain personal data. */
  send(db: Knex, kind: Kind, data: object): Promise<void>
  /** Many jobs of a kind in one statement; they give way to what is sent one by one. */
  sendMany(db: Knex, kind: Kind, data: readonly object[]): Promise<void>
  /** Begins to work on the kinds that have a handler here. A handler that throws is tried again later. */
  work(handlers: Partial<Handlers>): Promise<void>
  stop(): Promise<void>
}

/**
 * Called by the migrator only: schema and queues are there before any node starts.
 *
 * @param lockMs how long a table may be waited for
 */
export async function prepareQueue(url: string, lockMs: number): Promise<void> {
  const boss = new PgBoss({
    connectionString: url,
    options: `-c lock_timeout=${lockMs}`,
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

/** Letters worked on at the same time by one node. */
const AT_ONCE = 5

/** Opens the queue for sending; `work()` makes this process a worker too. */
export async function openQueue(url: string, log: Logger): Promise<Queue> {
  const pool = openPool(url, 3, log)
  const boss = new PgBoss({
    db: pool,
    schema: SCHEMA,
    migrate: false,
    createSchema: false,
    schedule: false,
  })
  boss.on('error', (error: Error & { code?: string }) => {
    // The pool told of an outage once; pg-boss tells twice a second, with its worker's name behind the words.
    const message = error.message.replace(/ \(Queue: .*\)$/, '')
    if (!isUnavailable({ code: error.code, message }))
      log.error({ event: 'queue_error', ...faultOf(error) })
  })
  await boss.start()
  return {
    async send(db, kind, data) {
      await boss.send(kind, data, { db: fromKnex(db), ...retriesOf(kind) })
    },
    async sendMany(db, kind, data) {
      if (!data.length) return
      const jobs = data.map((one) => ({ data: one, priority: -1, ...retriesOf(kind) }))
      await boss.insert(kind, jobs, { db: fromKnex(db) })
    },
    async work(handlers) {
      for (const kind of KINDS) {
        const handler = handlers[kind]
        if (!handler) continue
        const options = {
          pollingIntervalSeconds: 0.5,
          batchSize: AT_ONCE,
          burstWhenBatchFull: true,
          perJobResults: true,
        } as const
        await boss.work(kind, options, (jobs) =>
          Promise.all(jobs.map((job) => settle(job, handler, log))),
        )
      }
    },
    async stop() {
      await boss.stop({ graceful: true, timeout: 5000 })
      await pool.close()
    },
  }
}

type Outcome = { id: string; status: 'completed' | 'failed'; output?: object }

/** Each job ends on its own: what one throws does not make another run again. */
async function settle(
  job: { id: string; name: string; data: unknown },
  handler: (data: unknown) => Promise<void>,
  log: Logger,
): Promise<Outcome> {
  try {
    await handler(job.data)
    return { id: job.id, status: 'completed' }
  } catch (error) {
    const { name, code, stack } = faultOf(error)
    log.warn({ event: 'job_failed', kind: job.name, job: job.id, name, code, stack })
    return { id: job.id, status: 'failed', output: { name, code } }
  }
}

/** The queue's own connections. They tell of an outage once, and of its end. */
import pg from 'pg'
import type { Logger } from 'pino'
import { isUnavailable } from '../database/faults.ts'

export type Pool = {
  /** What pg-boss asks of a database. */
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  close(): Promise<void>
}

/** A statement of the queue's housekeeping may take longer than one of a page; one without an answer is given up (R6). */
const SILENCE_MS = 10_000

/** Opens the pool; nothing connects before the first statement. */
export function openPool(url: string, size: number, log: Logger): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'machi-id jobs',
    max: size,
    keepAlive: true,
    connectionTimeoutMillis: 2000,
    query_timeout: SILENCE_MS,
    options: '-c timezone=UTC -c lock_timeout=2000',
  })
  let away = false
  pool.on('error', () => undefined)
  return {
    async executeSql(text, values) {
      try {
        const result = await pool.query<Record<string, unknown>>(text, values)
        if (away) log.info({ event: 'queue_database_back' })
        away = false
        return result
      } catch (error) {
        if (isUnavailable(error) && !away) {
          away = true
          log.warn({ event: 'queue_database_away', code: (error as { code?: string }).code })
        }
        throw error
      }
    },
    close: () => pool.end(),
  }
}

import knex, { type Knex } from 'knex'
import type { Client } from 'pg'

/** A statement may take 2.5 s at the server (R5); one whose answer has not come after this lost its connection (R6). */
const SILENCE_MS = 3500

/** knex would print what it also throws. */
const silent = () => undefined
export const quiet = { warn: silent, error: silent, deprecate: silent, debug: silent }

/**
 * Opens a pool. Sessions speak UTC; a statement may take 2.5 s (R5), a lock 2 s, a pooled connection 2 s to come (R7).
 * A connection that fell silent is thrown away, and with it all that are as old: they take the same way (R6).
 *
 * @param url  postgres:// address
 * @param size connections at most
 */
export function connect(url: string, size = 10): Knex {
  const heal = healing()
  return knex({
    client: 'pg',
    version: '15',
    connection: {
      connectionString: url,
      application_name: 'machi-id',
      keepAlive: true,
      connectionTimeoutMillis: 2000,
      query_timeout: SILENCE_MS,
      options:
        '-c timezone=UTC -c statement_timeout=2500 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000',
    },
    pool: { min: 0, max: size, ...heal },
    acquireConnectionTimeout: 2000,
    log: quiet,
  })
}

type Pooled = Client & { connection: { stream: { destroy(): void } } }
type Callback = (error: unknown, ...rest: unknown[]) => void

/** The hooks of one pool: `afterCreate` watches a new connection, `validate` refuses those from before a silence. */
function healing() {
  let silences = 0
  const born = new WeakMap<Pooled, number>()
  const mourn = (connection: Pooled, error: unknown) => {
    if (!(error instanceof Error) || error.message !== 'Query read timeout') return
    if (born.get(connection) === silences) silences++
    connection.connection.stream.destroy()
  }
  return {
    afterCreate(connection: Pooled, done: (error: null, connection: Pooled) => void) {
      born.set(connection, silences)
      watch(connection, (error) => mourn(connection, error))
      done(null, connection)
    },
    validate: (connection: Pooled) => born.get(connection) === silences,
  }
}

/** Tells of every statement that fails, whether its caller waits by callback or by promise. */
function watch(connection: Pooled, failed: (error: unknown) => void): void {
  const query = connection.query.bind(connection) as (...args: unknown[]) => unknown
  connection.query = ((...args: unknown[]) => {
    const last = args.at(-1)
    if (typeof last === 'function') {
      const told = last as Callback
      const first: Callback = (error, ...rest) => {
        if (error) failed(error)
        told(error, ...rest)
      }
      return query(...args.slice(0, -1), first)
    }
    const answer = query(...args)
    if (answer instanceof Promise) answer.catch(failed)
    return answer
  }) as Client['query']
}

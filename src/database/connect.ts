import knex, { type Knex } from 'knex'

/**
 * Opens a pool. Sessions speak UTC; a statement may take 2.5 s (R5), a lock 2 s, a pooled connection 2 s to come (R7).
 *
 * @param url  postgres:// address
 * @param size connections at most
 */
export function connect(url: string, size = 10): Knex {
  return knex({
    client: 'pg',
    connection: {
      connectionString: url,
      application_name: 'machi-id',
      keepAlive: true,
      connectionTimeoutMillis: 2000,
      query_timeout: 5000,
      options:
        '-c timezone=UTC -c statement_timeout=2500 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000',
    },
    pool: { min: 0, max: size },
    acquireConnectionTimeout: 2000,
  })
}

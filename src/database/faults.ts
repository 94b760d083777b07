/** Which errors say that the database cannot be used for the moment: nothing is wrong with what was asked. */

/** SQLSTATE classes and codes (PostgreSQL, appendix A) that pass by themselves. */
const PASSING = new RegExp(
  '^(' +
    [
      '08...', // connection exceptions
      '53...', // out of memory, disk or connections
      '57P0[1-5]', // shutting down, crashed, starting, database dropped, idle too long
      '57014', // statement_timeout (R5)
      '55P03', // lock_timeout
      '25P0[34]', // idle in a transaction, or in one, for too long
      '25006', // read only: a standby, in the middle of a failover
      '40001', // serialization failure
      '40P01', // deadlock
    ].join('|') +
    ')$',
)

/** Faults of the way there; ENOENT only where it names a missing socket. */
const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ENOTFOUND|EAI_AGAIN)$/

/** pg and the pool name these by words alone; knex puts the statement and a dash before them. */
const WORDS =
  /(^| - )(Connection terminated( unexpectedly| due to connection timeout)?|Query read timeout|timeout expired|timeout exceeded when trying to connect|Client (has encountered a connection error|was closed) and is not queryable|Unable to acquire a connection)$/

type Shape = { code?: unknown; syscall?: unknown; name?: unknown; message?: unknown }

/** Whether to answer "not ready, try again" (503) instead of "our mistake" (500). */
export function isUnavailable(error: unknown): boolean {
  const { code, syscall, name, message } = (error as Shape | null | undefined) ?? {}
  if (code === 'ENOENT') return syscall === 'connect'
  if (typeof code === 'string') return PASSING.test(code) || NETWORK.test(code)
  return name === 'KnexTimeoutError' || (typeof message === 'string' && WORDS.test(message))
}

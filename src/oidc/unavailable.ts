/** The library answers every fault of ours with 500; where the database is away for a moment, that is not the truth. */
import type { Provider } from 'oidc-provider'
import { isUnavailable } from '../database/faults.ts'

type ProviderMiddleware = Parameters<Provider['use']>[0]

const met = new WeakMap<object, Error>()

/** Remembers what went wrong in this request. */
export function noteFault(ctx: object, error: Error): void {
  met.set(ctx, error)
}

/**
 * Throws on what the library caught and made an answer of, so that it becomes 503 with Retry-After (R3, R5–R7), and
 * the request's transaction ends. Neither a redirect nor a body of the library's leaves then.
 */
export const unavailable: ProviderMiddleware = async (ctx, next) => {
  await next()
  const fault = met.get(ctx)
  if (isUnavailable(fault)) throw fault
}

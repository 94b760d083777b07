import type { Env } from '../env.ts'
import { pending } from '../database/migrate.ts'
import type { Middleware } from './state.ts'

/** How far this node's clock may stand from PostgreSQL's (R10). */
const CLOCK_MS = 5000

/** How long an answer is remembered: whoever asks, the database is asked once in this time. */
const REMEMBER_MS = 1000

/**
 * GET /healthz/live and /healthz/ready: a status and nothing else (M13); why it is not ready stands in the log.
 *
 * @param draining turns ready off before the server stops (R2)
 */
export function health(env: Env, draining: () => boolean = () => false): Middleware {
  const isReady = watching(env)
  return async (ctx, next) => {
    if (ctx.path === '/healthz/live') {
      ctx.body = { status: 'live' }
    } else if (ctx.path === '/healthz/ready') {
      const ready = !draining() && (await isReady())
      ctx.status = ready ? 200 : 503
      ctx.body = { status: ready ? 'ready' : 'not ready' }
      if (!ready) ctx.set('Retry-After', '1')
    } else {
      await next()
    }
  }
}

/** Asks at most once a second, and logs each change. */
function watching(env: Env): () => Promise<boolean> {
  let asked = -Infinity
  let answer = Promise.resolve(true)
  let before: string | undefined
  const ask = async () => {
    const fault = await faultOf(env)
    if (fault !== before) env.log.warn({ event: fault ? 'not_ready' : 'ready_again', fault })
    before = fault
    return fault === undefined
  }
  return () => {
    if (performance.now() - asked >= REMEMBER_MS) {
      asked = performance.now()
      answer = ask()
    }
    return answer
  }
}

async function faultOf(env: Env): Promise<'clock' | 'schema' | 'database' | undefined> {
  try {
    const { rows } = await env.db.raw<{ rows: { at: Date }[] }>('select clock_timestamp() as at')
    if (Math.abs((rows[0]?.at.getTime() ?? 0) - Date.now()) > CLOCK_MS) return 'clock'
    return (await pending(env.db)).length ? 'schema' : undefined
  } catch {
    return 'database'
  }
}

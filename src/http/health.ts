import type { Env } from '../env.ts'
import { pending } from '../database/migrate.ts'
import type { Middleware } from './state.ts'

/** How far this node's clock may stand from PostgreSQL's (R10). */
const CLOCK_MS = 5000

/** GET /healthz/live and /healthz/ready: status only (M13). `draining` turns ready off before the server stops (R2). */
export function health(env: Env, draining: () => boolean = () => false): Middleware {
  return async (ctx, next) => {
    if (ctx.path === '/healthz/live') {
      ctx.body = { status: 'live' }
    } else if (ctx.path === '/healthz/ready') {
      const fault = draining() ? 'draining' : await faultOf(env)
      ctx.status = fault ? 503 : 200
      ctx.body = { status: fault ?? 'ready' }
    } else {
      await next()
    }
  }
}

async function faultOf(env: Env): Promise<string | undefined> {
  try {
    const { rows } = await env.db.raw<{ rows: { at: Date }[] }>('select clock_timestamp() as at')
    if (Math.abs((rows[0]?.at.getTime() ?? 0) - Date.now()) > CLOCK_MS) return 'clock'
    return (await pending(env.db)).length ? 'schema' : undefined
  } catch {
    return 'database'
  }
}

/** What stands in front of the provider's doors for programs: body, flood guard, transaction. */
import { Readable } from 'node:stream'
import { decodeJwt } from 'jose'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { atomically } from '../env.ts'
import { clientAddress } from '../http/headers.ts'
import type { Ctx, Middleware } from '../http/state.ts'
import { Refusal } from '../refusal.ts'
import { spent } from './request.ts'
import { settleConsumed } from './store.ts'

const TRANSACTIONAL = ['/token', '/userinfo', '/token/revocation', '/session/end/confirm']

class Undo extends Error {}

/**
 * Makes one transaction of a request that issues, releases or revokes: committed for every answer below 500 (a replay's
 * revocations must persist), rolled back otherwise. A failed commit becomes a 500 without data.
 */
export const transaction: Middleware = async (ctx, next) => {
  if (!TRANSACTIONAL.includes(ctx.path) || ctx.method === 'OPTIONS') return next()
  const outer = ctx.state.env
  try {
    await atomically(outer, async (env) => {
      ctx.state.env = env
      await next()
      if (ctx.status >= 500) throw new Undo()
      for (const { kind, idHash } of spent()) await settleConsumed(env.db, kind, idHash, env.now())
    })
  } catch (error) {
    if (error instanceof Undo) return
    ctx.body = null
    throw error
  } finally {
    ctx.state.env = outer
  }
}

const BODY_LIMIT = 56 * 1024
const BODIES = /^\/(token(\/\w+)?|userinfo|request|session\/end\/confirm)$/

/** Reads the body before anything is held open for it, so that a slow sender holds no connection (R22); the library then reads it from memory. */
export const readAhead: Middleware = async (ctx, next) => {
  if (ctx.method === 'POST' && BODIES.test(ctx.path) && (ctx.request.length ?? 0) <= BODY_LIMIT) {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk as Buffer)
      if ((size += (chunk as Buffer).length) > BODY_LIMIT) break
    }
    const whole = Buffer.concat(chunks)
    ;(ctx.state as { form?: string }).form = whole.toString('latin1')
    Object.defineProperties(ctx.req, {
      readable: { value: true },
      iterator: { value: () => Readable.from([whole]).iterator() },
    })
  }
  await next()
}

/** Failed client authentications a minute, by address and client; counted on this node alone (C8). */
const FAILURES = { points: 100, duration: 60 }

/** Refuses an address that keeps failing as one client, before anything is looked up; others are not slowed. */
export function floodGuard(): Middleware {
  const limiter = new RateLimiterMemory(FAILURES)
  return async (ctx, next) => {
    if (!BODIES.test(ctx.path) || ctx.path === '/userinfo' || ctx.method !== 'POST') return next()
    const key = `${clientAddress(ctx)} ${claimedClient(ctx).slice(0, 100)}`
    const failures = await limiter.get(key)
    if (failures && failures.remainingPoints <= 0) throw new Refusal('too_many_attempts')
    await next()
    if (ctx.status === 401) await limiter.consume(key).catch(ignoreSpent)
  }
}

function ignoreSpent(spent: unknown): void {
  if (!(spent instanceof RateLimiterRes)) throw spent
}

/** Who the request says it is; nothing is believed yet. */
function claimedClient(ctx: Ctx): string {
  const [scheme, value = ''] = ctx.get('authorization').split(' ')
  if (scheme?.toLowerCase() === 'basic')
    return Buffer.from(value, 'base64').toString('latin1').split(':')[0] ?? ''
  const form = new URLSearchParams((ctx.state as { form?: string }).form)
  try {
    return form.get('client_id') ?? decodeJwt(form.get('client_assertion') ?? '').iss ?? ''
  } catch {
    return ''
  }
}

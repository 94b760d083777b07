/** JSON that anybody may read and keep: with a tag that changes only with the content, and for pages of other origins. */
import { createHash } from 'node:crypto'
import type { Ctx } from './state.ts'

/**
 * Lets pages of every origin read this answer, never with credentials: it is the same for everybody and holds no
 * personal data. No other address of ours says so (I7).
 */
export function readableByAll(ctx: Ctx): void {
  ctx.set('Access-Control-Allow-Origin', '*')
  ctx.set('Cross-Origin-Resource-Policy', 'cross-origin')
}

/**
 * Answers with `body`, or with 304 where the reader has it already. Readers ask again each time, so that a company that
 * was stopped is not shown as it was (S-18).
 *
 * @param lasting the part of the body whose change makes it another one: without the time of reading
 */
export function publicJson(ctx: Ctx, body: object, lasting: object = body): void {
  readableByAll(ctx)
  ctx.set('Cache-Control', 'public, no-cache')
  const digest = createHash('sha256').update(JSON.stringify(lasting)).digest('base64url')
  const tag = `W/"${digest.slice(0, 27)}"`
  ctx.set('ETag', tag)
  ctx.status = 200
  ctx.body = body
  // Not `ctx.fresh`: programs that send the tag themselves also send `no-cache`, which is about caches on the way.
  const known = ctx.get('if-none-match').split(',')
  if (known.some((one) => one.trim() === tag)) {
    ctx.status = 304
    ctx.body = null
  }
}

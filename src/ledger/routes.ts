import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { isUuid } from '../input/ids.ts'
import { messages } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import * as ledger from './actions.ts'
import { TILE, type Tree } from './model.ts'

const PREFIX: Record<Tree, string> = { provisions: '/transparency', audit: '/transparency/audit' }

/**
 * `/transparency/…`: signed states and hashes of both trees, for anybody (C2SP tlog-tiles; the entries themselves are
 * not published). `/account/proofs/:entryId`: a resident's own entry with its proof.
 */
export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  router.get('/transparency/keys.json', async (ctx) => {
    publicFor(ctx, 300)
    ctx.body = ledger.publicKeys(env)
  })
  for (const tree of ['provisions', 'audit'] as const) {
    const at = PREFIX[tree]
    router.get(`${at}/checkpoint`, async (ctx) => {
      publicFor(ctx, 5)
      ctx.type = 'text/plain; charset=utf-8'
      ctx.body = (await stateOf(env, tree)).note
    })
    router.get(`${at}/checkpoint.jws`, async (ctx) => {
      publicFor(ctx, 5)
      ctx.type = 'application/jose'
      ctx.body = (await stateOf(env, tree)).jws
    })
    router.get(`${at}/growth`, (ctx) => growth(ctx, tree))
    router.get(
      new RegExp(`^${at}/tile/(\\d)/((?!x000)(?:x\\d{3}/)*\\d{3})(?:\\.p/([1-9]\\d{0,2}))?$`),
      (ctx) => tile(ctx, tree, ctx.captures as string[]),
    )
  }
  router.get('/account/proofs/:entryId', guards.resident, proof)
  return router
}

async function stateOf(env: Env, tree: Tree) {
  const state = await ledger.checkpoint(env, tree)
  if (!state) throw new Refusal('not_found')
  return state
}

/** Everybody may read it, also a page of somebody else's: there is nothing personal in it. */
function publicFor(ctx: Ctx, seconds: number): void {
  ctx.set('Cache-Control', `public, max-age=${seconds}`)
  ctx.set('Access-Control-Allow-Origin', '*')
  ctx.set('Cross-Origin-Resource-Policy', 'cross-origin')
}

/**
 * `tile/<level>/<n>[.p/<width>]`, n in groups of three digits as tlog-tiles writes it. A tile has one address: no groups
 * or digits ahead that say nothing, and no width where it is whole.
 */
async function tile(ctx: Ctx, tree: Tree, captures: readonly string[]): Promise<void> {
  const [level = '', path = '', partial] = captures
  const n = Number(path.replaceAll(/[x/]/g, ''))
  const width = partial === undefined ? TILE : Number(partial)
  if ((partial !== undefined && width >= TILE) || !Number.isSafeInteger(n))
    throw new Refusal('not_found')
  const hashes = await ledger.tile(ctx.state.env, tree, { level: Number(level), n, width })
  if (!hashes) throw new Refusal('not_found')
  publicFor(ctx, width === TILE ? 31_536_000 : 60)
  ctx.type = 'application/octet-stream'
  ctx.body = hashes
}

/** `growth?from=…&to=…`: proves that a tree kept elsewhere is the beginning of this one. */
async function growth(ctx: Ctx, tree: Tree): Promise<void> {
  const number = (name: string) => {
    const value = ctx.query[name]
    return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined
  }
  const [from, to] = [number('from'), number('to')]
  if (from === undefined || to === undefined)
    throw new Refusal('invalid_input', {
      fields: { [from === undefined ? 'from' : 'to']: 'not_valid' },
    })
  const path = await ledger.growth(ctx.state.env, tree, from, to)
  if (!path) throw new Refusal('not_found')
  publicFor(ctx, 60)
  ctx.body = { from, to, path }
}

/**
 * The resident's own entry, as it stands in the ledger, with what is needed to check it elsewhere. Of one that went at
 * the end of its term: that it did (410), with the entry that says so.
 */
async function proof(ctx: Ctx): Promise<void> {
  const { env, resident } = ctx.state
  const { entryId } = ctx['params'] as { entryId: string }
  const found =
    resident && isUuid(entryId) && (await ledger.ownEntry(env, resident.residentId, entryId))
  if (found) {
    ctx.body = found
    return
  }
  const gone = resident && isUuid(entryId) && (await ledger.goneEntry(env, entryId))
  if (!gone) throw new Refusal('not_found')
  ctx.status = 410
  ctx.body = { gone: messages[ctx.state.language].records.gone, ...gone }
}

import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { clientAddress } from '../http/headers.ts'
import type { Ctx, SignedIn, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { Refusal } from '../refusal.ts'
import { catalogue } from '../catalogue/actions.ts'
import { itemNames } from '../catalogue/model.ts'
import * as receipts from './actions.ts'
import {
  entrySaid,
  lineOf,
  shownOf,
  type ReceiptPage,
  type ReceiptsPage,
  type VerifyPage,
} from './pages.ts'
import { receiptSchema } from './receipt_schema.ts'
import { entrySchema, verifySchema } from './schema.ts'

const PER_PAGE = 20
const BLANK: VerifyPage['paper'] = { number: '', hash: '', said: undefined }
const views = {
  list: page<ReceiptsPage>('receipts/list'),
  one: page<ReceiptPage>('receipts/one'),
  verify: page<VerifyPage>('receipts/verify'),
}

/** `/account/receipts`, each receipt as page and as JSON, and `/receipts/verify` for everybody (R9). */
export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  router.get('/account/receipts', guards.resident, list)
  router.get('/account/receipts/:id', guards.resident, one)
  router.get('/receipts/schema.json', guards.anyone, schema)
  router.get('/receipts/verify', guards.anyone, (ctx) =>
    views.verify(ctx, { typed: '', fields: {}, result: undefined, paper: BLANK }),
  )
  router.post('/receipts/verify', guards.anyone, (ctx) => verify(ctx, env))
  return router
}

/** What every receipt says, for programs of any origin; the same as docs/receipt.schema.json. */
function schema(ctx: Ctx): void {
  ctx.set('Access-Control-Allow-Origin', '*')
  ctx.set('Cache-Control', 'public, max-age=3600')
  ctx.type = 'application/schema+json'
  ctx.body = JSON.stringify(receiptSchema, null, 2)
}

function whoseOf(ctx: Ctx): SignedIn {
  if (!ctx.state.resident) throw new Refusal('sign_in_required')
  return ctx.state.resident
}

async function list(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const asked = typeof ctx.query['page'] === 'string' ? ctx.query['page'] : ''
  const number = /^[1-9]\d{0,4}$/.test(asked) ? Number(asked) : 1
  const at = { limit: PER_PAGE, offset: (number - 1) * PER_PAGE }
  const found = await receipts.list(env, whoseOf(ctx), at)
  views.list(ctx, {
    receipts: found.receipts.map(({ receipt }) => lineOf(receipt, language)),
    total: found.total,
    page: number,
    pages: Math.max(1, Math.ceil(found.total / PER_PAGE)),
  })
}

/** A browser gets the page; everything else the JSON with the JWS. */
async function one(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const { id = '' } = ctx['params'] as { id?: string }
  const found = await receipts.find(env, whoseOf(ctx), id.replace(/\.json$/, ''))
  if (!found) throw new Refusal('not_found')
  const jws = await receipts.sign(env, found.receipt)
  if (id.endsWith('.json') || ctx.accepts(['json', 'html']) === 'json') {
    if (id.endsWith('.json')) ctx.attachment(`receipt-${found.row.id}.json`)
    ctx.body = { receipt: jws, payload: found.receipt }
    return
  }
  views.one(ctx, { ...shownOf(found.receipt, language, await knownIn(ctx)), jws })
}

async function knownIn(ctx: Ctx): Promise<Parameters<typeof shownOf>[2]> {
  const { env, language } = ctx.state
  const { items } = await catalogue(env)
  return {
    item: (id) => itemNames(items, id, undefined)[language],
    text: (template) =>
      env.templates.all.find((one) => one.template === template)?.title[language] ?? template,
  }
}

/** Where the form itself is wrong, it is shown again with what is wrong at its field. */
async function verify(ctx: Ctx, env: Env): Promise<void> {
  if (ctx.state.body && 'number' in ctx.state.body) return verifyPaper(ctx, env)
  try {
    const { receipt: typed } = readForm(ctx, verifySchema)
    await showChecked(ctx, env, typed)
  } catch (error) {
    const data = { typed: '', fields: fieldsIn(error), result: undefined, paper: BLANK }
    views.verify(ctx, data, { status: 422 })
  }
}

async function showChecked(ctx: Ctx, env: Env, typed: string): Promise<void> {
  const result = await receipts.check(env, typed)
  const { language } = ctx.state
  views.verify(
    ctx,
    {
      typed,
      fields: {},
      paper: BLANK,
      result: result.ok
        ? { ok: true, page: shownOf(result.receipt, language, await knownIn(ctx)) }
        : { ok: false, why: result.why },
    },
    { status: result.ok ? 200 : 422 },
  )
}

/** The two things that stand on paper. Nothing of the consent is shown: whoever finds a paper learns no more by it. */
async function verifyPaper(ctx: Ctx, env: Env): Promise<void> {
  const { number, hash } = readForm(ctx, entrySchema)
  const entry = await receipts.entryOf(env, { number, hash, address: clientAddress(ctx) })
  const said = entry ? entrySaid(entry, ctx.state.language) : null
  views.verify(
    ctx,
    { typed: '', fields: {}, result: undefined, paper: { number, hash, said } },
    { status: entry ? 200 : 422 },
  )
}

/** Refusal → status, page or problem+json; anything else → 500 with a reference number and nothing more (I8). */
import { Refusal, type Reason } from '../refusal.ts'
import { isUnavailable } from '../database/faults.ts'
import { messages } from '../locales/index.ts'
import { faultOf } from '../log.ts'
import type { Ctx, Middleware } from './state.ts'
import { page } from './views.ts'

const status: Record<Reason, number> = {
  invalid_input: 422,
  not_json: 400,
  not_found: 404,
  csrf: 403,
  sign_in_required: 401,
  too_many_attempts: 429,
  link_expired: 410,
  under_age: 403,
  interaction_expired: 410,
  interaction_foreign: 403,
  already_answered: 409,
  service_not_available: 403,
  contract_not_in_force: 403,
  item_over_ceiling: 403,
  consent_not_found: 404,
  return_address_dead: 410,
  body_too_large: 413,
  unsupported_media_type: 415,
  method_not_allowed: 405,
  host_not_allowed: 421,
  not_ready: 503,
  wrong_state: 409,
  role_missing: 403,
  confirmation_needed: 403,
  second_person_needed: 403,
  last_administrator: 409,
  changed_meanwhile: 409,
  other_side: 403,
  token_invalid: 401,
  scope_missing: 403,
}

/** When to try again what was not ready. */
const RETRY_SECONDS = '5'

export type ErrorPage = {
  title: string
  text: string
  code: string
  reference?: string
  /** Where the reader can do what is missing: the step-up page. */
  confirmHref?: string
}
const errorPage = page<ErrorPage>('errors/refusal')

export const errors: Middleware = async (ctx, next) => {
  try {
    await next()
    if (ctx.status === 404 && ctx.body === undefined) throw new Refusal('not_found')
  } catch (error) {
    if (error instanceof Refusal) refuse(ctx, error)
    else if (isClientFault(error)) refuse(ctx, new Refusal('invalid_input'))
    else fail(ctx, error)
  }
}

/** Shows a refusal as a page, or as problem+json (RFC 9457) where the client prefers JSON. */
function refuse(ctx: Ctx, refusal: Refusal): void {
  const code = refusal.details.code ?? refusal.reason
  const words = messages[ctx.state.language ?? 'ja'].refusals[refusal.reason]
  if (refusal.reason === 'too_many_attempts') ctx.set('Retry-After', '60')
  if (refusal.reason === 'not_ready') ctx.set('Retry-After', RETRY_SECONDS)
  if (refusal.reason === 'method_not_allowed')
    ctx.set('Allow', refusal.details.allow ?? 'GET, HEAD, POST, OPTIONS')
  if (isPlain(ctx)) plain(ctx, status[refusal.reason], code, words.title)
  else if (prefersJson(ctx))
    problem(ctx, status[refusal.reason], refusal.reason, words.title, refusal.details.fields)
  else {
    const confirm = refusal.reason === 'confirmation_needed' ? { confirmHref: stepUpHref(ctx) } : {}
    errorPage(ctx, { ...words, code, ...confirm }, { status: status[refusal.reason] })
  }
}

/** The step-up page, and back to the page whose form was refused: what was typed there is still there. */
function stepUpHref(ctx: Ctx): string {
  const base = ctx.path.startsWith('/company') ? '/company' : '/admin'
  const from = ctx.get('referer')
  const page = URL.canParse(from) ? new URL(from) : undefined
  const to = page?.host === ctx.host ? `?to=${encodeURIComponent(page.pathname + page.search)}` : ''
  return `${base}/confirm${to}`
}

/** Anything else: our mistake, or a database that cannot be used for the moment (R3, R5–R7). */
function fail(ctx: Ctx, error: unknown): void {
  const { env, reference } = ctx.state
  const passing = isUnavailable(error)
  const line = { reference, path: ctx.path.split('/')[1], ...faultOf(error) }
  if (passing) env.log.warn({ event: 'database_unavailable', ...line })
  else env.log.error({ event: 'defect', ...line })
  for (const name of ctx.res.getHeaderNames())
    if (name === 'location' || name === 'www-authenticate') ctx.remove(name)
  if (passing) ctx.set('Retry-After', RETRY_SECONDS)
  const words = messages[ctx.state.language ?? 'ja'].refusals[passing ? 'not_ready' : 'defect']
  const code = passing ? 'not_ready' : 'server_error'
  if (isPlain(ctx)) plain(ctx, passing ? 503 : 500, code, words.title)
  else if (prefersJson(ctx)) problem(ctx, passing ? 503 : 500, code, words.title)
  else errorPage(ctx, { ...words, code, reference }, { status: passing ? 503 : 500 })
}

function problem(
  ctx: Ctx,
  code: number,
  type: string,
  title: string,
  fields?: Record<string, string>,
): void {
  ctx.status = code
  ctx.body = {
    type,
    title,
    status: code,
    ...(fields && { errors: Object.entries(fields).map(([field, rule]) => ({ field, rule })) }),
  }
  ctx.type = 'application/problem+json'
}

/** Doors of programs: they always get JSON. */
const MACHINES =
  /^\/(token|userinfo|jwks|request|healthz|api|\.well-known|members\/check-intended-use|services\/[^/]+\/statements)(\/|$)|^\/\w+\.json$/

function prefersJson(ctx: Ctx): boolean {
  return MACHINES.test(ctx.path) || ctx.accepts(['html', 'json']) === 'json'
}

/** The ledger's addresses: read by programs of strangers, which ask for no type at all (C2SP tlog-tiles); browsers do. */
const PLAIN = /^\/transparency(\/|$)/

function isPlain(ctx: Ctx): boolean {
  const asked = ctx.accepts(['text', 'html', 'json'])
  return PLAIN.test(ctx.path) && asked !== 'html' && asked !== 'json'
}

/** One line of text, and no cookie: nobody is asked to fill in anything. */
function plain(ctx: Ctx, code: number, type: string, title: string): void {
  ctx.status = code
  ctx.type = 'text/plain; charset=utf-8'
  ctx.body = `${type}: ${title}\n`
}

/** Koa's own 4xx (a malformed address, a broken body). */
function isClientFault(error: unknown): boolean {
  const given = (error as { status?: unknown; expose?: unknown } | null) ?? {}
  return (
    error instanceof URIError ||
    (given.expose === true && typeof given.status === 'number' && given.status < 500)
  )
}

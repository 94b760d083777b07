/** Refusal → status, page or problem+json; anything else → 500 with a reference number and nothing more (I8). */
import { Refusal, type Reason } from '../refusal.ts'
import { messages } from '../locales/index.ts'
import type { Ctx, Middleware } from './state.ts'
import { page } from './views.ts'

const status: Record<Reason, number> = {
  invalid_input: 422,
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
}

export type ErrorPage = { title: string; text: string; code: string; reference?: string }
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
  if (refusal.reason === 'method_not_allowed') ctx.set('Allow', 'GET, HEAD, POST, OPTIONS')
  if (prefersJson(ctx))
    problem(ctx, status[refusal.reason], refusal.reason, words.title, refusal.details.fields)
  else errorPage(ctx, { ...words, code }, { status: status[refusal.reason] })
}

function fail(ctx: Ctx, error: unknown): void {
  const { env, reference } = ctx.state
  const down = isDatabaseDown(error)
  env.log.error({
    event: 'defect',
    reference,
    path: ctx.path.split('/')[1],
    name: nameOf(error),
    stack: stackOf(error),
  })
  for (const name of ctx.res.getHeaderNames())
    if (name === 'location' || name === 'www-authenticate') ctx.remove(name)
  if (down) ctx.set('Retry-After', '5')
  const words = messages[ctx.state.language ?? 'ja'].refusals[down ? 'not_ready' : 'defect']
  if (prefersJson(ctx))
    problem(ctx, down ? 503 : 500, down ? 'not_ready' : 'server_error', words.title)
  else
    errorPage(
      ctx,
      { ...words, code: down ? 'not_ready' : 'server_error', reference },
      { status: down ? 503 : 500 },
    )
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
const MACHINES = /^\/(token|userinfo|jwks|request|healthz|api|\.well-known)(\/|$)/

function prefersJson(ctx: Ctx): boolean {
  return MACHINES.test(ctx.path) || ctx.accepts(['html', 'json']) === 'json'
}

/** Koa's own 4xx (a malformed address, a broken body). */
function isClientFault(error: unknown): boolean {
  const given = (error as { status?: unknown; expose?: unknown } | null) ?? {}
  return (
    error instanceof URIError ||
    (given.expose === true && typeof given.status === 'number' && given.status < 500)
  )
}

const CONNECTION_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  '57P01',
  '57P02',
  '57P03',
  '08006',
  '08001',
  '53300',
]

function isDatabaseDown(error: unknown): boolean {
  const { code, name, message } =
    (error as { code?: string; name?: string; message?: string } | null) ?? {}
  if (code && CONNECTION_CODES.includes(code)) return true
  return (
    name === 'KnexTimeoutError' ||
    /Connection terminated|Query read timeout|timeout exceeded when trying/.test(message ?? '')
  )
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : typeof error)

/** Where it happened, without the message: an error's text may hold a value. */
function stackOf(error: unknown): string[] {
  if (!(error instanceof Error) || !error.stack) return []
  return error.stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim())
}

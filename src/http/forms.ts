/** Bodies, CSRF and schema check of our own pages (I1, G10). oidc-provider reads its own bodies. */
import { timingSafeEqual } from 'node:crypto'
import { bodyParser } from '@koa/bodyparser'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { FromSchema, JSONSchema } from 'json-schema-to-ts'
import { Refusal, type Fields } from '../refusal.ts'
import { keyed } from '../vault.ts'
import { cookie, putCookie } from './cookies.ts'
import { originOf } from './headers.ts'
import type { Ctx, Middleware } from './state.ts'
import { readUpload, takesUpload } from './upload.ts'

const ajv = new Ajv({ allErrors: true, coerceTypes: false, strict: true })
addFormats.default(ajv)
const compiled = new WeakMap<object, ValidateFunction>()

const parse = bodyParser({
  enableTypes: ['form'],
  encoding: 'utf-8',
  formLimit: '64kb',
  onError: (error) => {
    throw new Refusal(
      (error as { status?: number }).status === 413 ? 'body_too_large' : 'invalid_input',
    )
  },
})

/** Reads the body of every unsafe request to our own pages and refuses what another site sent. */
export const unsafe: Middleware = async (ctx, next) => {
  if (['GET', 'HEAD', 'OPTIONS'].includes(ctx.method)) return next()
  fromOurPages(ctx)
  const body = await bodyIn(ctx)
  refuseBadText(body)
  if (!isToken(ctx, body['csrf'])) throw new Refusal('csrf')
  delete body['csrf']
  ctx.state.body = body
  await next()
}

/** The fields of a form; where files are taken (upload.ts), the file is put beside them, apart from the text. */
async function bodyIn(ctx: Ctx): Promise<Record<string, unknown>> {
  if (ctx.get('content-encoding')) throw new Refusal('unsupported_media_type')
  if (takesUpload(ctx.path) && ctx.is('multipart/form-data')) {
    const { fields, file } = await readUpload(ctx)
    if (file) ctx.state.upload = file
    return fields
  }
  if (!ctx.is('application/x-www-form-urlencoded')) throw new Refusal('unsupported_media_type')
  await parse(ctx, async () => {})
  return (ctx.request.body ?? {}) as Record<string, unknown>
}

/** Origin or Sec-Fetch-Site, where the browser sends them, must be ours. */
function fromOurPages(ctx: Ctx): void {
  const origin = ctx.get('origin')
  if (origin && origin !== originOf(ctx.state.env.config, ctx.path)) throw new Refusal('csrf')
  const site = ctx.get('sec-fetch-site')
  if (site && site !== 'same-origin' && site !== 'none') throw new Refusal('csrf')
}

function refuseBadText(body: Record<string, unknown>): void {
  const fields: Fields = {}
  for (const [name, value] of Object.entries(body)) {
    for (const text of Array.isArray(value) ? value : [value]) {
      if (typeof text !== 'string' || /[\0\u2028\u2029\uFFFD]/.test(text) || !text.isWellFormed())
        fields[name] = 'not_text'
    }
  }
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
}

/**
 * The cookie a form's token is bound to: one for the browser, and one of its own for each interaction, so that services
 * begun in two tabs at the same moment, or a sign-in in a third, do not undo each other's forms.
 */
function placeOf(ctx: Ctx): { name: string; path: string } {
  const interaction = /^\/interaction\/[\w-]+/.exec(ctx.path)?.[0]
  return interaction ? { name: 'form_here', path: interaction } : { name: 'form', path: '/' }
}

function boundTo(ctx: Ctx): string | undefined {
  const { name, path } = placeOf(ctx)
  return cookie(ctx, name, path)
}

/** The CSRF token of this browser; sets its cookie where there is none. */
export function csrfToken(ctx: Ctx): string {
  let bound = boundTo(ctx)
  if (!bound) {
    const { name, path } = placeOf(ctx)
    bound = (ctx.state as { newForm?: string }).newForm ??= ctx.state.env.newSecret()
    putCookie(ctx, name, bound, { path })
  }
  return tokenFor(ctx.state.env.secrets.csrf[0] as Buffer, bound)
}

/** Forgets the browser's form cookie: called at sign-in and sign-out, so that older forms die with the older session. */
export function renewCsrf(ctx: Ctx): void {
  const { name, path } = placeOf(ctx)
  putCookie(ctx, name, null, { path })
}

const tokenFor = (key: Buffer, bound: string) => keyed(key, `form:${bound}`).toString('base64url')

function isToken(ctx: Ctx, given: unknown): boolean {
  const bound = boundTo(ctx)
  if (!bound || typeof given !== 'string') return false
  return ctx.state.env.secrets.csrf.some((key) => {
    const expected = Buffer.from(tokenFor(key, bound))
    const got = Buffer.from(given)
    return expected.length === got.length && timingSafeEqual(expected, got)
  })
}

/** The type of what a schema admits. */
type Admitted<S> = S extends JSONSchema ? FromSchema<S> : never

/**
 * Checks the posted fields against a schema.
 *
 * @throws Refusal invalid_input with a message key per field
 */
export function readForm<const S extends object>(ctx: Ctx, schema: S): Admitted<S> {
  const body = ctx.state.body ?? {}
  let check = compiled.get(schema as object)
  if (!check) compiled.set(schema as object, (check = ajv.compile(schema as object)))
  if (check(body)) return body as never
  throw new Refusal('invalid_input', { fields: fieldsOf(check.errors ?? []) })
}

/** What is wrong with a form, field by field, of the Refusal invalid_input; every other error goes on. */
export function fieldsIn(error: unknown): Fields {
  if (error instanceof Refusal && error.reason === 'invalid_input' && error.details.fields)
    return error.details.fields
  throw error
}

function fieldsOf(errors: ErrorObject[]): Fields {
  const fields: Fields = {}
  for (const error of errors) {
    const params = error.params as { missingProperty?: string; additionalProperty?: string }
    const name =
      params.missingProperty ?? params.additionalProperty ?? error.instancePath.split('/')[1] ?? ''
    fields[name] ??= messageKey(error)
  }
  return fields
}

/** An option that is none is a choice still to be made, of one or of several. */
function messageKey({ keyword, schemaPath }: ErrorObject): string {
  if (keyword === 'enum') return /\/(anyOf|items)\//.test(schemaPath) ? 'choose_some' : 'choose'
  if (keyword === 'required' || keyword === 'minLength') return 'required'
  if (keyword === 'maxLength') return 'too_long'
  if (keyword === 'additionalProperties') return 'unknown'
  return 'not_valid'
}

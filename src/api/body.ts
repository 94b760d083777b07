/** The JSON a program sends: read within limits and without two readings (L9, L10, L14). */
import { Ajv, type ValidateFunction } from 'ajv'
import { formats, shapeFaults } from '../input/faults.ts'
import { JsonFault, parseStrict, type JsonRule } from '../input/json.ts'
import type { Ctx } from '../http/state.ts'
import { Refusal, type Fields } from '../refusal.ts'

const LIMIT = 256 * 1024

const ajv = new Ajv({ allErrors: true, strict: true, formats })
const compiled = new WeakMap<object, ValidateFunction>()

/** What is wrong with a value, not with the text: as JSON it could be read (L9). */
const OF_A_VALUE: readonly JsonRule[] = ['json_forbidden_key', 'json_bad_text']

/**
 * The body of a request, held to a schema. Fields are JSON Pointers (RFC 6901), the empty one for all of it.
 *
 * @throws Refusal unsupported_media_type, body_too_large, not_json, or invalid_input with every fault
 */
export async function readBody(ctx: Ctx, schema: object): Promise<unknown> {
  if (ctx.get('content-encoding') || !ctx.is('application/json'))
    throw new Refusal('unsupported_media_type')
  const given = parsed(await textOf(ctx))
  let check = compiled.get(schema)
  if (!check) compiled.set(schema, (check = ajv.compile(schema)))
  if (check(given)) return given
  const faults = shapeFaults(check.errors ?? [], given)
  const fields: Fields = Object.fromEntries(faults.map(({ path, rule }) => [path, rule]))
  throw new Refusal('invalid_input', { fields })
}

async function textOf(ctx: Ctx): Promise<string> {
  if ((ctx.request.length ?? 0) > LIMIT) throw new Refusal('body_too_large')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.req) {
    if ((size += (chunk as Buffer).length) > LIMIT) throw new Refusal('body_too_large')
    chunks.push(chunk as Buffer)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new Refusal('not_json', { fields: { '': 'json_bad_text' } })
  }
}

function parsed(text: string): unknown {
  try {
    return parseStrict(text)
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    const { rule, path } = error
    const reason = OF_A_VALUE.includes(rule) ? 'invalid_input' : 'not_json'
    throw new Refusal(reason, { fields: { [path]: rule } })
  }
}

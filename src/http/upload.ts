/** One file and the fields beside it, as a browser sends them (RFC 7578); held in memory, never on a disk (L7). */
import { Busboy } from '@fastify/busboy'
import { Refusal } from '../refusal.ts'
import type { Ctx } from './state.ts'

/** The largest file taken, in bytes. */
const LARGEST_UPLOAD = 512 * 1024

/** The largest body read, in bytes, whether it declares its length or not. */
const LARGEST_BODY = 2 * LARGEST_UPLOAD

/** A file as it came: its name is not kept, its type not believed. */
export type Upload = { bytes: Buffer; truncated: boolean }

/** Where forms with a file may be posted; everywhere else they are refused as the wrong kind of body. */
export const takesUpload = (path: string): boolean =>
  /^\/company\/services\/[0-9a-f-]{36}\/logo$/.test(path)

/**
 * Reads a multipart body. A field named twice counts as a list, as in other forms; the one file is `file`.
 *
 * @throws Refusal body_too_large, invalid_input where the body is cut off or no form
 */
export function readUpload(
  ctx: Ctx,
): Promise<{ fields: Record<string, string | string[]>; file: Upload | undefined }> {
  const declared = Number(ctx.get('content-length') || 0)
  if (declared > LARGEST_BODY) return Promise.reject(leaving(ctx, 'body_too_large'))
  return new Promise((resolve, reject) => {
    const fields: Record<string, string | string[]> = Object.create(null) as Record<string, string>
    let file: Upload | undefined
    const fail = () => {
      ctx.req.unpipe()
      ctx.req.resume()
      reject(leaving(ctx, 'invalid_input'))
    }
    const parser = parserOf(ctx, fail)
    if (!parser) return
    parser.on('field', (name, value, nameCut, valueCut) => {
      if (nameCut || valueCut) return fail()
      const before = fields[name]
      fields[name] = before === undefined ? value : [before, value].flat()
    })
    parser.on('file', (name, stream) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('error', fail)
      stream.on('end', () => {
        if (name === 'file') file = { bytes: Buffer.concat(parts), truncated: stream.truncated }
      })
    })
    for (const limit of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) parser.on(limit, fail)
    parser.on('error', fail)
    parser.on('finish', () => resolve({ fields: { ...fields }, file }))
    ctx.req.on('aborted', fail)
    let read = 0
    ctx.req.on('data', (part: Buffer) => {
      read += part.length
      if (read <= LARGEST_BODY) return
      ctx.req.unpipe()
      ctx.req.pause()
      reject(leaving(ctx, 'body_too_large'))
    })
    ctx.req.pipe(parser)
  })
}

/** A refusal after which nobody goes on reading: the connection ends with the answer, however much is still to come. */
function leaving(ctx: Ctx, reason: 'body_too_large' | 'invalid_input'): Refusal {
  if (!ctx.headerSent) ctx.set('Connection', 'close')
  return new Refusal(reason)
}

function parserOf(ctx: Ctx, fail: () => void): InstanceType<typeof Busboy> | undefined {
  const type = ctx.get('content-type')
  const limits = {
    files: 1,
    fileSize: LARGEST_UPLOAD,
    fields: 5,
    fieldSize: 4096,
    fieldNameSize: 60,
    parts: 6,
    headerPairs: 20,
  }
  try {
    return new Busboy({ headers: { 'content-type': type }, limits })
  } catch {
    fail()
    return undefined
  }
}

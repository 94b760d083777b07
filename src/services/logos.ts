/** 会社のロゴ: drawn anew by us, so that nothing of what was handed in is served to anybody (F8, L7). */
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import type { Upload } from '../http/upload.ts'
import type { StaffHere } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import type { PartialDraft } from './draft_schema.ts'
import * as store from './draft_store.ts'
import * as drafts from './drafts.ts'

/** Edge of the picture that is kept, in pixels. */
const EDGE = 256
/** What is decoded at most; a 30,000-pixel picture is refused before a pixel of it is. */
const MAX_EDGE = 4096
/** Of decoding and drawing, in seconds. */
const TIMEOUT = 5

type LogoFault =
  'upload_missing' | 'upload_too_large' | 'image_type' | 'image_pixels' | 'image_not_readable'

/** What a file is by its first bytes; neither its name nor the type the browser said is looked at. */
function kindOf(bytes: Buffer): 'png' | 'jpeg' | 'webp' | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'png'
  if (bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'jpeg'
  const riff = bytes.subarray(0, 4).toString('latin1') === 'RIFF'
  return riff && bytes.subarray(8, 12).toString('latin1') === 'WEBP' ? 'webp' : undefined
}

/** The picture as it is kept: 256 × 256 PNG without metadata, or what is wrong with the file. */
async function drawn(upload: Upload | undefined): Promise<Buffer | LogoFault> {
  if (!upload?.bytes.length) return 'upload_missing'
  if (upload.truncated) return 'upload_too_large'
  const kind = kindOf(upload.bytes)
  if (!kind) return 'image_type'
  const options = { failOn: 'warning', limitInputPixels: MAX_EDGE * MAX_EDGE, pages: 1 } as const
  try {
    const { width, height, format } = await sharp(upload.bytes, {
      ...options,
      limitInputPixels: false,
    }).metadata()
    if (format !== kind) return 'image_type'
    if (width > MAX_EDGE || height > MAX_EDGE) return 'image_pixels'
    return await sharp(upload.bytes, options)
      .timeout({ seconds: TIMEOUT })
      .rotate()
      .resize(EDGE, EDGE, { fit: 'contain', background: '#ffffff' })
      .flatten({ background: '#ffffff' })
      .png({ compressionLevel: 9 })
      .toBuffer()
  } catch {
    return 'image_not_readable'
  }
}

/**
 * Keeps a logo and writes it into the draft.
 *
 * @throws Refusal invalid_input at `logo`; changed_meanwhile, wrong_state, not_found: nothing is kept then
 */
export async function saveLogo(
  env: Env,
  asked: { serviceId: string; hash: string; upload: Upload | undefined },
  by: StaffHere,
): Promise<void> {
  const png = await drawn(asked.upload)
  if (typeof png === 'string') throw new Refusal('invalid_input', { fields: { file: png } })
  const sha256 = createHash('sha256').update(png).digest('hex')
  await atomically(env, async (env) => {
    const { memberId } = by
    const found = await drafts.mine(env, asked.serviceId, memberId)
    const proposal = drafts.writable(found)
    if (!proposal) throw new Refusal('wrong_state')
    await store.keepLogo(env.db, { sha256, memberId, png, at: env.now() })
    const next: PartialDraft = { ...found.asked, logo: sha256 }
    await drafts.writeAsked(env, proposal, next, { hash: asked.hash, by })
    await audit.record(env, {
      actor: { kind: 'staff', id: by.id },
      act: 'services.save_logo',
      object: { kind: 'service', id: asked.serviceId },
      details: { member: memberId, before: found.asked.logo ?? null, after: sha256 },
    })
  })
}

/** The picture of this hash, or undefined; never fetched from anywhere else. */
export function logo(env: Env, sha256: string): Promise<Buffer | undefined> {
  return store.logo(env.db, sha256)
}

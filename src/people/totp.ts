/** One-time codes of an app (RFC 6238): SHA-1, six digits, 30 seconds, as every app knows them. */
import { generateSecret, generateURI, verifySync } from 'otplib'
import { encode } from 'uqr'

/** One step before and after the present one (H15). */
const DRIFT_SECONDS = 30

/** A new seed, base32: 160 random bits. */
export function newSeed(): string {
  return generateSecret({ length: 20 })
}

/**
 * The time step (RFC 6238 §4.2) a code belongs to.
 *
 * @param seed base32
 * @param typed as typed: spaces and full-width digits are forgiven
 * @returns undefined where the code is wrong or too old
 */
export function timeStepOf(seed: string, typed: string, at: Date): number | undefined {
  const token = typed.normalize('NFKC').replace(/[\s-]/g, '')
  if (!/^\d{6}$/.test(token)) return undefined
  const epoch = Math.floor(at.getTime() / 1000)
  const step = Math.floor(epoch / 30)
  const result = verifySync({ secret: seed, token, epoch, epochTolerance: DRIFT_SECONDS })
  return result.valid ? step + result.delta : undefined
}

/** What an app reads from the picture. */
export function seedUri(
  seed: string,
  { issuer, label }: { issuer: string; label: string },
): string {
  return generateURI({ secret: seed, issuer, label })
}

/** The picture of a text, as rows of an SVG path in a square of `size` units. */
export function qrPath(text: string): { size: number; path: string } {
  const { data, size } = encode(text, { ecc: 'M', border: 4 })
  const path = data.flatMap((row, y) =>
    row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])),
  )
  return { size, path: path.join('') }
}

/** Password hashes: argon2id above the OWASP minimum, peppered, a few at a time (H11, H12, R21). */
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { Refusal } from '../refusal.ts'

/** OWASP Password Storage: m = 19 MiB, t = 2, p = 1 at least. Raising them upgrades each hash at its next sign-in. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** Hashing runs on libuv's four threads; some stay free for files and compression. */
const AT_ONCE = Math.max(1, Math.min(3, availableParallelism()))
/** Waiting longer than this many others is refused at once, so that overload is shed and not queued (R20). */
const MAY_WAIT = 200

const waiting: (() => void)[] = []
let running = 0

/** @throws Refusal not_ready where too many wait already */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) {
    if (waiting.length >= MAY_WAIT) throw new Refusal('not_ready')
    await new Promise<void>((go) => waiting.push(go))
  } else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

/** PHC string of a canonical password. */
export function hashPassword(canonical: string, pepper: Buffer): Promise<string> {
  return inTurn(() => hash(canonical, { ...COST, secret: pepper }))
}

/** Verified where there is no account, so that the answer takes as long (H2). Opens to no password. */
let decoy: Promise<string> | undefined

/** Makes the decoy, so that the first unknown address does not take longer than the others. */
export function prepareDecoy(pepper: Buffer): Promise<string> {
  return (decoy ??= hashPassword('nobody', pepper))
}

/** Whether the password is right; costs the same where `stored` is null. */
export async function isPassword(
  canonical: string,
  stored: string | null,
  pepper: Buffer,
): Promise<boolean> {
  const target = stored ?? (await prepareDecoy(pepper))
  const right = await inTurn(() => verify(target, canonical, { secret: pepper }))
  return right && stored !== null
}

/** Whether a stored hash was made with another cost and should be made anew while the password is at hand. */
export function isOutdated(stored: string): boolean {
  const { memoryCost, timeCost, parallelism } = COST
  return !stored.startsWith(`$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`)
}

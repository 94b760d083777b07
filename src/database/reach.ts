import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { isUnavailable } from './faults.ts'

/** How long a database may take to come up after us (R26). */
const PATIENCE_MS = 60_000

/** What a refusal of PostgreSQL means to somebody who sets DATABASE_URL. */
const MEANING: Record<string, string> = {
  '28P01': 'does not accept this user and password',
  '28000': 'does not let this user in',
  '3D000': 'has no database of this name',
  SELF_SIGNED_CERT_IN_CHAIN: 'shows a certificate that is not trusted here',
}

/**
 * Waits until a database answers; says so once where it has to wait.
 *
 * @param options.patience ms
 * @param options.told ends the waiting
 * @throws Error in plain words where it does not come in time, or will not have us
 */
export async function reach(
  url: string,
  say: (sentence: string) => void,
  options: { patience?: number; told?: AbortSignal | undefined } = {},
): Promise<void> {
  const { patience = PATIENCE_MS, told } = options
  const until = Date.now() + patience
  for (let attempt = 1; ; attempt++) {
    const { fault, place } = await knock(url)
    if (fault === undefined) return
    if (!isUnavailable(fault)) throw refused(place, fault)
    if (Date.now() > until)
      throw new Error(
        `The database at ${place} did not answer within ${patience / 1000} seconds.`,
        {
          cause: fault,
        },
      )
    if (attempt === 1) say(`Waiting for the database at ${place} …`)
    await sleep(500, undefined, told && { signal: told })
  }
}

async function knock(url: string): Promise<{ place: string; fault?: unknown }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 })
  client.on('error', () => undefined)
  const place = `${client.host}:${client.port}`
  try {
    await client.connect()
    return { place }
  } catch (fault) {
    return { place, fault }
  } finally {
    await client.end().catch(() => undefined)
  }
}

function refused(place: string, fault: unknown): Error {
  const { code = 'unknown' } = fault as { code?: string }
  return new Error(`The database at ${place} ${MEANING[code] ?? 'refuses us'} (${code}).`, {
    cause: fault,
  })
}

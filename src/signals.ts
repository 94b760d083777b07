/** A process that lasts until it is told to end, at any moment from its first line on. */

/** SIGHUP comes where the terminal is closed. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** A client that will not let go must not hold up the end. */
const END_MS = 9500

export type Life = {
  /** Aborted once the process is told to end. */
  told: AbortSignal
  /** What to do at the end; the last added comes first. */
  leave: (() => Promise<unknown>)[]
}

/**
 * Runs `start`, waits for a signal, and leaves what `start` opened, within ten seconds. A signal during the start ends
 * it at its next step; a second one ends the process at once.
 *
 * @throws Error of `start`, after leaving what it had opened
 */
export async function lasting(start: (life: Life) => Promise<void>): Promise<void> {
  const control = new AbortController()
  const life: Life = { told: control.signal, leave: [] }
  const alive = setInterval(() => undefined, 60_000)
  const ended = new Promise<void>((resolve) => {
    life.told.addEventListener('abort', () => {
      setTimeout(() => process.exit(0), END_MS).unref()
      resolve()
    })
  })
  for (const signal of SIGNALS) process.once(signal, () => control.abort())
  // After a hang-up there is nobody to write to.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  try {
    await start(life)
    await ended
  } catch (error) {
    if (!life.told.aborted) throw error
  } finally {
    clearInterval(alive)
    await leaveAll(life.leave.splice(0).toReversed())
  }
}

/** Every step, also after one that failed. @throws the first one's error */
async function leaveAll(steps: Life['leave']): Promise<void> {
  const faults: unknown[] = []
  for (const step of steps) await step().catch((fault: unknown) => faults.push(fault))
  if (faults.length) throw faults[0]
}

/** Periodic work, as a literal list. Each entry is safe to run on several nodes at once. */
import type { Env } from '../env.ts'
import { faultOf } from '../log.ts'

export type Entry = { name: string; everySeconds: number; run: (env: Env) => Promise<void> }

/**
 * Runs the entries now and at their interval until stopped. A failing entry is logged and tried at its next turn.
 *
 * @returns stops the timetable and waits for what is running
 */
export function startTimetable(env: Env, entries: readonly Entry[]): () => Promise<void> {
  const running = new Set<Promise<void>>()
  const turn = (entry: Entry) => {
    const done: Promise<void> = entry
      .run(env)
      .catch((error: unknown) => {
        env.log.error({ event: 'timetable_failed', entry: entry.name, ...faultOf(error) })
      })
      .finally(() => running.delete(done))
    running.add(done)
  }
  const timers = entries.map((entry) => {
    turn(entry)
    const timer = setInterval(() => turn(entry), entry.everySeconds * 1000)
    timer.unref()
    return timer
  })
  return async () => {
    timers.forEach((timer) => clearInterval(timer))
    await Promise.all(running)
  }
}

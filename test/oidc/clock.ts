/** Moves Date alone, for the library and for `env.now()` alike; timers, sockets and PostgreSQL go on as they are. */
import { jest } from '@jest/globals'

const EVERYTHING_ELSE = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'requestAnimationFrame',
  'cancelAnimationFrame',
  'requestIdleCallback',
  'cancelIdleCallback',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const

/** Lets the clock stand so many seconds from now. */
export function skip(seconds: number): void {
  const now = Date.now() + seconds * 1000
  jest.useFakeTimers({ now, doNotFake: [...EVERYTHING_ELSE] })
}

/** Back to the real time. */
export function resumeTime(): void {
  jest.useRealTimers()
}

import pino, { type DestinationStream, type Logger } from 'pino'

/** JSON lines to standard output; ids and events only, never personal data (M5, L6). */
export function openLog(
  level: 'info' | 'warn' | 'silent',
  destination?: DestinationStream,
): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  return destination ? pino(options, destination) : pino(options)
}

/**
 * What a log line says of an error: its name, code and where it happened. Never its message, which may hold a value:
 * PostgreSQL quotes what it could not read (M5).
 */
export function faultOf(error: unknown): { name: string; code?: string; stack: string[] } {
  const { name, code, stack } = (error as Record<string, unknown> | null | undefined) ?? {}
  return {
    name: typeof name === 'string' ? name : typeof error,
    ...(typeof code === 'string' && { code }),
    stack: typeof stack === 'string' ? framesOf(stack) : [],
  }
}

const framesOf = (stack: string) =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim())

import pino, { type DestinationStream, type Logger } from 'pino'

/** JSON lines to standard output; ids and events only, never personal data (M5, L6). */
export function openLog(
  level: 'info' | 'warn' | 'silent',
  destination?: DestinationStream,
): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  return destination ? pino(options, destination) : pino(options)
}

import { describe } from '@jest/globals'
import { hasChromium } from './chromium.ts'

/** Describes what needs a Chromium. Without one it is left out, and the run says aloud which journey that was. */
export function whenChromium(name: string, tests: () => void): void {
  if (hasChromium) describe(name, tests)
  else process.stderr.write(`\nLEFT OUT, for want of a Chromium (set CHROMIUM): ${name}\n\n`)
}

/** The system's Chromium, for the pages people use. Found by CHROMIUM or at its usual places. */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const chromiumPath = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path))

/** Where there is none the tests in a browser are left out; under CI=true they run, and fail. */
export const hasChromium = chromiumPath !== undefined || process.env['CI'] === 'true'

/** Quiet: nothing is fetched or updated on its own, so that only what a test does is on the wire. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function openChromium(): Promise<Browser> {
  if (!chromiumPath) throw new Error('no Chromium: set CHROMIUM to its path')
  return chromium.launch({ executablePath: chromiumPath, args: FLAGS })
}

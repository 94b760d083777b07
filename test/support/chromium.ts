/** The system's Chromium, for the pages people use. Found by CHROMIUM or at its usual places. */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

export const chromiumPath = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path))

/** Where there is none the tests in a browser are left out; under CI=true they run, and fail. */
export const hasChromium = chromiumPath !== undefined || process.env['CI'] === 'true'

export function openChromium(): Promise<Browser> {
  if (!chromiumPath) throw new Error('no Chromium: set CHROMIUM to its path')
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
}

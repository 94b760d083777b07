/**
 * Draws every view with its fixtures into a folder: HTML, and PNGs at 390 and 1200 px, light and dark.
 *
 *   node test/support/preview.ts <folder> [part of a view's name] [ja|en] [width,width] [light|dark]
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { render, sheet } from '../../src/http/views.ts'
import { LANGUAGES, type Language } from '../../src/locales/index.ts'
import { openChromium } from './chromium.ts'
import { allScenes } from './fixtures/index.ts'
import { frameFor, type Scene } from './fixtures/scene.ts'

const [out = '/tmp/machi-preview', only = '', language, widths = '390,1200', scheme] =
  process.argv.slice(2)
const schemes = (['light', 'dark'] as const).filter((s) => !scheme || s === scheme)

const folder = resolve(out)
await mkdir(folder, { recursive: true })
await writeFile(`${folder}/style.css`, sheet)
const browser = await openChromium()
try {
  for (const scene of allScenes.filter((s) => `${s.view}.${s.state}`.includes(only))) {
    for (const lang of LANGUAGES.filter((l) => !language || l === language))
      await draw(browser, scene, lang)
  }
} finally {
  await browser.close()
}

async function draw(browser: Browser, scene: Scene, lang: Language): Promise<void> {
  const name = `${scene.view.replace('/', '-')}.${scene.state}.${lang}`
  const file = `${folder}/${name}.html`
  await writeFile(file, render(scene.view, scene.data(lang), frameFor(scene, lang)))
  for (const width of widths.split(',').map(Number)) {
    for (const colorScheme of schemes) {
      const page = await browser.newPage({
        viewport: { width, height: 844 },
        colorScheme,
        deviceScaleFactor: 1,
      })
      await page.goto(pathToFileURL(file).href)
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      if (overflow > 0) console.log(`${name} at ${width}: ${overflow}px too wide`)
      await page.screenshot({
        path: `${folder}/${name}.${width}.${colorScheme}.png`,
        fullPage: true,
      })
      await page.close()
    }
  }
}

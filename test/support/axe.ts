/** Pages in a real browser: axe-core without a violation, nothing wider than the screen, targets large enough. */
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { render, sheet } from '../../src/http/views.ts'
import { LANGUAGES, type Language } from '../../src/locales/index.ts'
import { openChromium } from './chromium.ts'
import { allScenes } from './fixtures/index.ts'
import { frameFor, type Scene } from './fixtures/scene.ts'
import { whenChromium } from './when-chromium.ts'

type Axe = {
  run: (
    context: object,
    options: object,
  ) => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Everything once per state; what depends on width and colours again in each other look. */
const ALL = {
  type: 'tag',
  values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
}
const BY_LOOK = {
  type: 'rule',
  values: ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable'],
}

type Look = [width: number, scheme: 'light' | 'dark']

/** Whether operators or staff read it: people at a desk, whose pages share their parts. */
export const isDesk = ({ path }: Scene): boolean => /^\/(admin|company)(\/|$)/.test(path)

/**
 * Residents' pages: each state on a light phone and a dark desktop, the first state of each page in all four looks.
 * Desk pages: each state on a light phone, the first one also on a dark desktop; in English the first alone.
 */
function looksFor(scene: Scene, lang: Language): Look[] {
  const isFirst = allScenes.find((other) => other.view === scene.view) === scene
  const phone: Look = [390, 'light']
  const desktop: Look = [1200, 'dark']
  if (!isDesk(scene))
    return isFirst ? [phone, [1200, 'light'], [390, 'dark'], desktop] : [phone, desktop]
  if (lang === 'en') return isFirst ? [phone] : []
  return isFirst ? [phone, desktop] : [phone]
}

const drawn = (scene: Scene, lang: Language) =>
  render(scene.view, scene.data(lang), frameFor(scene, lang)).replace(
    '<link rel="stylesheet" href="style.css">',
    `<style>${sheet}</style>`,
  )

async function violations(page: Page, runOnly = ALL): Promise<string[]> {
  const found = await page.evaluate(
    (only) => (globalThis as unknown as { axe: Axe }).axe.run(document, { runOnly: only }),
    runOnly,
  )
  return found.violations.map(
    (v) => `${v.id}: ${v.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`,
  )
}

const tooWide = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

/** Links and controls below 24 px, save links within a sentence (WCAG 2.5.8). */
const smallTargets = (page: Page) =>
  page.evaluate(() => {
    const targets = [
      ...document.querySelectorAll<HTMLElement>(
        'a[href], button, input:not([type=hidden]), select, summary',
      ),
    ]
    return targets
      .filter((el) => !el.matches('.unseen, .skip') && el.checkVisibility())
      .filter((el) => getComputedStyle(el).display !== 'inline')
      .filter(
        (el) => el.getBoundingClientRect().height < 23.9 || el.getBoundingClientRect().width < 23.9,
      )
      .map((el) => el.outerHTML.slice(0, 120))
  })

/** Opens every one of these scenes, in both languages, in the looks it is to be seen in. */
export function look(scenes: readonly Scene[]): void {
  const cases = scenes
    .flatMap((scene) => LANGUAGES.map((lang) => ({ scene, lang, looks: looksFor(scene, lang) })))
    .filter(({ looks }) => looks.length > 0)
    .map((one) => [`${one.scene.view} (${one.scene.state}, ${one.lang})`, one] as const)

  whenChromium('the pages in a browser', () => {
    let browser: Browser
    let page: Page
    beforeAll(async () => {
      browser = await openChromium()
      page = await browser.newPage()
      await page.evaluate(axe)
    })
    afterAll(() => browser.close())

    test.each(cases)('%s', async (_, { scene, lang, looks }) => {
      await page.setViewportSize({ width: 320, height: 800 })
      await page.setContent(drawn(scene, lang))
      await page.evaluate(() => {
        for (const fold of document.querySelectorAll('details.fold')) fold.setAttribute('open', '')
      })
      expect(await tooWide(page)).toBeLessThanOrEqual(0)
      for (const [i, [width, colorScheme]] of looks.entries()) {
        await page.setViewportSize({ width, height: 844 })
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        expect(await tooWide(page)).toBeLessThanOrEqual(0)
        expect(await smallTargets(page)).toEqual([])
        expect(await violations(page, i === 0 ? ALL : BY_LOOK)).toEqual([])
      }
    })

    test('a missing label and a pale text would be found', async () => {
      await page.setContent(
        '<!doctype html><html lang="ja"><title>x</title><main><h1>x</h1><input name="q"></main>',
      )
      expect((await violations(page)).join()).toContain('label')
      await page.setContent(
        '<!doctype html><html lang="ja"><body bgcolor="#fff" text="#bbb">薄い</body>',
      )
      expect((await violations(page, BY_LOOK)).join()).toContain('color-contrast')
    })
  })

  test('there are pages to look at', () => expect(cases.length).toBeGreaterThan(50))
}

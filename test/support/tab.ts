/** A tab of a real browser that keeps its eyes open: what the browser complains about, and what axe-core finds. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect } from '@jest/globals'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { PASSWORD } from './builders.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

type Axe = {
  run: (on: object, how: object) => Promise<{ violations: { id: string; nodes: Html[] }[] }>
}
type Html = { html: string }

/** A folder for pictures of every page looked at; none are taken without it. */
const SHOTS = process.env['MACHI_SHOTS']
let shots = 0

export type Tab = Awaited<ReturnType<typeof openTab>>

export async function openTab(
  chromium: Browser,
  width: number,
  options: BrowserContextOptions = {},
) {
  const context = await chromium.newContext({
    locale: 'ja-JP',
    viewport: { width, height: 844 },
    ...options,
  })
  /** Complaints of the browser and answers of 500 and above; a test takes out those it caused on purpose. */
  const faults: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`)
  })
  context.on('weberror', (error) => faults.push(`error: ${error.error().message}`))
  context.on('response', (answer) => {
    if (answer.status() >= 500) faults.push(`${answer.status()} ${answer.url()}`)
  })
  const page = await context.newPage()

  /** A page of ours as a person meets it: one h1, not wider than the screen, nothing for axe-core to say. */
  async function look(name: string, at: Page = page): Promise<void> {
    await at.locator('main h1').first().waitFor()
    if (SHOTS) await picture(at, `${name}-${width}`)
    expect([name, await at.locator('h1').count()]).toEqual([name, 1])
    const [needed, there] = await at.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      return [scrollWidth, clientWidth]
    })
    expect([name, needed]).toEqual([name, there])
    expect([name, await violations(at)]).toEqual([name, []])
  }

  return {
    context,
    page,
    faults,
    look,
    button: (name: string) => page.getByRole('button', { name, exact: true }),
    async signIn({ email }: { email: string }): Promise<void> {
      await page.fill('input[name=email]', email)
      await page.fill('input[name=password]', PASSWORD)
      await page.locator('main form button').first().click()
    },
    /** What the service shows that it received. */
    async claims(): Promise<Record<string, unknown>> {
      await page.waitForSelector('#claims')
      return JSON.parse((await page.locator('#claims').textContent()) ?? '{}')
    },
    async close(): Promise<void> {
      await context.close()
      expect(faults).toEqual([])
    },
  }
}

async function picture(page: Page, name: string): Promise<void> {
  if (!SHOTS) return
  mkdirSync(SHOTS, { recursive: true })
  const n = String(++shots).padStart(3, '0')
  await page.screenshot({ path: `${SHOTS}/${n}-${name}.png`, fullPage: true })
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(
    (tags) =>
      (globalThis as unknown as { axe: Axe }).axe.run(document, {
        runOnly: { type: 'tag', values: tags },
        resultTypes: ['violations'],
      }),
    RULES,
  )
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
  )
}

/**
 * A person at a browser, filling in forms as they stand: once without a screen, once in Chromium. A journey that is
 * written for hands is told the same way in both.
 */
import type { Page as Tab } from 'playwright-core'
import type { Browser, Page } from './browser.ts'

type Filled = Record<string, string | readonly string[]>

export type Hand = {
  /** Opens a page of ours; with a whole address also where a mail leads. */
  open(address: string): Promise<void>
  /** The source of the page that is open. */
  text(): Promise<string>
  /** Its address, without the origin. */
  here(): string
  /**
   * Fills in the form that leads to `action`, and sends it by that button. What is not named stays as it stands.
   *
   * @throws Error where the page has no such form
   */
  send(action: string, filled?: Filled): Promise<void>
}

const decoded = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
const attribute = (tag: string, name: string) => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return found === undefined ? undefined : decoded(found)
}

/** The form of a page that leads to `action`, by itself or by one of its buttons. */
function formTo(page: Page, action: string): string {
  const here = new URL(page.url).pathname
  for (const [form] of page.text.matchAll(/<form[\s\S]*?<\/form>/g)) {
    const own = attribute(/^<form[^>]*>/.exec(form)?.[0] ?? '', 'action') ?? here
    const buttons = [...form.matchAll(/<button[^>]*>/g)].map(([tag]) =>
      attribute(tag, 'formaction'),
    )
    if (own === action || buttons.includes(action)) return form
  }
  throw new Error(`no form to ${action} on ${page.url}:\n${mainOf(page.text)}`)
}

/** The words of a page, for messages. */
const mainOf = (text: string) =>
  (/<main[\s\S]*<\/main>/.exec(text)?.[0] ?? text)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .slice(0, 3000)

/** Every field of a form with the value it stands at. */
function standing(form: string): [string, string][] {
  const fields: [string, string][] = []
  const rest = form.replace(/<select[\s\S]*?<\/select>/g, (select) => {
    const options = [...select.matchAll(/<option[^>]*>/g)].map(([tag]) => tag)
    const chosen = options.find((tag) => /\sselected/.test(tag)) ?? options[0] ?? ''
    fields.push([attribute(select, 'name') ?? '', attribute(chosen, 'value') ?? ''])
    return ''
  })
  for (const [, tag = '', content = ''] of rest.matchAll(
    /(<textarea[^>]*>)([\s\S]*?)<\/textarea>/g,
  ))
    fields.push([attribute(tag, 'name') ?? '', decoded(content)])
  for (const [tag] of rest.matchAll(/<input[^>]*>/g)) {
    const type = attribute(tag, 'type') ?? 'text'
    if ((type === 'checkbox' || type === 'radio') && !/\schecked/.test(tag)) continue
    fields.push([attribute(tag, 'name') ?? '', attribute(tag, 'value') ?? 'on'])
  }
  return fields.filter(([name]) => name !== '')
}

/** Without a screen. */
export function plainHand(browser: Browser): Hand {
  let page: Page | undefined
  const now = () => {
    if (!page) throw new Error('no page is open')
    return page
  }
  return {
    async open(address) {
      page = await browser.open(address)
    },
    text: () => Promise.resolve(now().text),
    here: () => now().url.replace(browser.issuer, ''),
    async send(action, filled = {}) {
      const form = formTo(now(), action)
      const strange = Object.keys(filled).filter((name) => !form.includes(` name="${name}"`))
      if (strange.length) throw new Error(`no field ${strange.join(', ')} in the form to ${action}`)
      const fields = standing(form).filter(([name]) => !(name in filled))
      for (const [name, value] of Object.entries(filled))
        fields.push(...[value].flat().map((one): [string, string] => [name, one]))
      page = await browser.follow(await browser.post(action, fields))
    },
  }
}

/** In Chromium: what is filled in must be there to be seen and touched. */
export function screenHand(tab: Tab, issuer: string): Hand {
  tab.setDefaultTimeout(15_000)
  return {
    async open(address) {
      await tab.goto(address.startsWith('http') ? address : `${issuer}${address}`)
    },
    text: () => tab.content(),
    here: () => tab.url().replace(issuer, ''),
    async send(action, filled = {}) {
      const whole = tab.locator(`form[action="${action}"]`)
      const byButton = tab.locator(`form:has(button[formaction="${action}"])`)
      const bare = tab.locator('main form[method="post"]:not([action])')
      const form = (
        (await whole.count()) ? whole : (await byButton.count()) ? byButton : bare
      ).first()
      if (!(await form.count())) throw new Error(`no form to ${action} on ${tab.url()}`)
      await tab.evaluate(() => {
        for (const fold of document.querySelectorAll('main details')) fold.setAttribute('open', '')
      })
      for (const [name, value] of Object.entries(filled)) await put(form, name, [value].flat())
      const button = form.locator(`button[formaction="${action}"]`)
      const press = (await button.count()) ? button : form.locator('button:not(.unseen)').last()
      await Promise.all([tab.waitForEvent('load'), press.first().click()])
    },
  }
}

async function put(
  form: ReturnType<Tab['locator']>,
  name: string,
  values: string[],
): Promise<void> {
  const fields = form.locator(`[name="${name}"]`)
  const first = fields.first()
  const kind = await first.evaluate((one) =>
    one.tagName === 'INPUT' ? (one as unknown as { type: string }).type : one.tagName,
  )
  if (kind === 'SELECT') await first.selectOption(values)
  else if (kind === 'radio' || kind === 'checkbox')
    for (const value of values) await form.locator(`[name="${name}"][value="${value}"]`).check()
  else if (kind !== 'hidden') await first.fill(values[0] ?? '')
}

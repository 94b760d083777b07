/** The answer on the consent screen in a real browser: keyboard, no script, English, and what the browser lets through. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Browser, BrowserContextOptions, Locator } from 'playwright-core'
import { makeResident, type MadeResident } from '../support/builders.ts'
import { openChromium } from '../support/chromium.ts'
import { whenChromium } from '../support/when-chromium.ts'
import { openMemberService, type MemberService } from '../support/member-service.ts'
import { openSite, type Site } from '../support/site.ts'
import { openTab, type Tab } from '../support/tab.ts'
import { until } from '../support/until.ts'

const SCOPE = 'openid name birth_year sex email address'
const AGREE = '同意してはじめる'

let site: Site
let service: MemberService

beforeAll(async () => {
  site = await openSite()
  service = await openMemberService(site.env, site.issuer, { name: 'まちなか回遊アプリ' })
})
afterAll(async () => {
  await service.close()
  await site.close()
})

test('the service stands at an address of its own', () => {
  expect(service.origin).not.toBe(site.issuer)
})

whenChromium('the answer in Chromium', () => {
  let chromium: Browser
  let tab: Tab
  let resident: MadeResident

  beforeAll(async () => {
    chromium = await openChromium()
  })
  afterAll(() => chromium.close())
  afterEach(() => tab.close())

  async function toScreen(options: BrowserContextOptions = {}, at = service, width = 390) {
    tab = await openTab(chromium, width, options)
    resident = await makeResident(site.env)
    await tab.page.goto(at.start(SCOPE))
    await tab.signIn(resident)
    await tab.page.waitForSelector('[name=decision]')
    return tab
  }

  const mine = () => ({ resident_id: resident.id })
  const consents = () => site.env.db('consents').where(mine())
  const answers = () =>
    site.env
      .db('showing_answers')
      .join('showings', 'showings.id', 'showing_answers.showing_id')
      .where(mine())

  test('is never given by Enter: not on the page, not in a checkbox, where it keeps the ticks', async () => {
    const { page } = await toScreen()
    const before = page.url()
    await page.keyboard.press('Enter')
    await page.locator('[data-item=sex] input').focus()
    await page.keyboard.press('Space')
    const [answered] = await Promise.all([
      page.waitForResponse((one) => one.request().method() === 'POST'),
      page.waitForEvent('load'),
      page.keyboard.press('Enter'),
    ])
    expect(answered.status()).toBe(200)
    await page.waitForSelector('[data-item=sex] input:checked')
    expect(page.url()).toBe(before)
    expect(await page.locator('input[type=checkbox]:checked').count()).toBe(1)
    expect(await answers()).toEqual([])
    expect(await consents()).toEqual([])
  })

  test('can be given by keyboard alone, in the order of the page, with the focus always seen', async () => {
    const { page } = await toScreen()
    const seen: string[] = []
    while (seen.length < 60 && seen.at(-1) !== 'decision=agree') {
      await page.keyboard.press('Tab')
      const focus = await page.evaluate(() => {
        const el = document.activeElement as HTMLButtonElement
        const box = el.getBoundingClientRect()
        const { outlineStyle, boxShadow } = getComputedStyle(el)
        const drawn = outlineStyle !== 'none' || boxShadow !== 'none'
        return {
          what: el.name ? `${el.name}=${el.value}` : (el.textContent ?? ''),
          seen: drawn && box.top >= 0 && box.bottom <= innerHeight + 1,
        }
      })
      seen.push(focus.what)
      expect([focus.what, focus.seen]).toEqual([focus.what, true])
      if (focus.what === 'item=sex') await page.keyboard.press('Space')
    }
    expect(seen[0]).toContain('本文へ')
    expect(seen.filter((what) => what.includes('='))).toEqual([
      'item=birth_year',
      'item=sex',
      'item=address',
      'decision=agree',
    ])
    await page.keyboard.press('Enter')
    expect(await tab.claims()).toHaveProperty('gender')
  })

  test('no: as large and as loud as yes, straight back, and the service learns nothing else', async () => {
    const { page, button } = await toScreen()
    const dress = (answer: Locator) =>
      answer.evaluate((el) => {
        const { width, height } = el.getBoundingClientRect()
        const { color, backgroundColor, borderColor, fontWeight, fontSize } = getComputedStyle(el)
        return { width, height, color, backgroundColor, borderColor, fontWeight, fontSize }
      })
    expect(await dress(button('同意しない'))).toEqual(await dress(button(AGREE)))
    await button('同意しない').click()
    await page.waitForSelector('#error')
    expect(await page.textContent('#error')).toBe('access_denied')
    expect(await consents()).toEqual([])
  })

  test('the back button afterwards leads to a page that says it was answered', async () => {
    const { page, button } = await toScreen()
    const screen = page.url()
    await button(AGREE).click()
    await tab.claims()
    await page.goto(screen)
    expect(await page.textContent('h1')).toBe('この画面の回答は受け付け済みです')
    expect(await consents()).toHaveLength(1)
    expect(tab.faults.splice(0).every((fault) => fault.includes('409'))).toBe(true)
  })

  test('works with JavaScript switched off', async () => {
    const { page, button } = await toScreen({ javaScriptEnabled: false })
    await page.locator('[data-item=address] label').click()
    await page.locator('details.fold > summary').first().click()
    expect(await page.locator('details.fold').first().getAttribute('open')).not.toBeNull()
    await button(AGREE).click()
    const got = await tab.claims()
    expect(got).toHaveProperty('address')
    expect(got).not.toHaveProperty('gender')
  })

  test('in English, every word of ours', async () => {
    const { page, look } = await toScreen({ locale: 'en-US' })
    await look('consent-en')
    expect(await page.getAttribute('html', 'lang')).toBe('en')
    await isEnglish()
    await page.getByRole('button', { name: 'Agree and start', exact: true }).click()
    expect(await tab.claims()).toMatchObject({ name: '山田 花子' })
    const at = `/account/services/${service.made.id}`
    for (const [name, path] of [
      ['services-en', '/account/services'],
      ['service-en', at],
      ['change-en', `${at}/change`],
      ['withdraw-en', `${at}/withdraw`],
      ['history-en', '/account/history'],
    ] as const) {
      await page.goto(`${site.issuer}${path}`)
      await look(name)
      await isEnglish()
    }
  })

  /** Japanese may stand only in values of the resident's own and in names. */
  async function isEnglish(): Promise<void> {
    const own = ['山田', '札幌市中央区', 'まちなか回遊アプリ', '日本語']
    const text = await tab.page.locator('body').innerText()
    const left = text
      .split('\n')
      .filter((line) => /[\u3040-\u30ff\u4e00-\u9fff]/.test(line))
      .filter((line) => line !== 'ま' && !own.some((words) => line.includes(words)))
    expect(left).toEqual([])
  }

  test('the language can be switched on the screen itself, and the answer is in that language', async () => {
    const { page } = await toScreen()
    await page.locator('header details.drop summary').first().click()
    await page.getByRole('link', { name: 'English' }).click()
    await page.waitForSelector('html[lang=en]')
    await page.getByRole('button', { name: 'Agree and start', exact: true }).click()
    await tab.claims()
    expect(await consents()).toEqual([expect.objectContaining({ language: 'en' })])
  })

  test('where a callback forwards to an origin nobody declared, the browser stops', async () => {
    const sly = await openMemberService(site.env, site.issuer, { forwards: true, declares: false })
    try {
      const { page, button } = await toScreen({}, sly)
      await button(AGREE).click({ noWaitAfter: true })
      await until('the browser complains', () => tab.faults.length > 0)
      expect(tab.faults.splice(0).join()).toContain('form-action')
      expect(await page.locator('#claims').count()).toBe(0)
    } finally {
      await sly.close()
    }
  })

  test('nothing of the page comes from elsewhere, and no page holds a script', async () => {
    const hosts = new Set<string>()
    const { page } = await toScreen({}, service, 1200)
    page.on('request', (request) => hosts.add(new URL(request.url()).origin))
    await page.reload()
    await page.locator('details.fold > summary').first().click()
    expect([...hosts]).toEqual([site.issuer])
    const foreign = 'script, iframe, img[src^="http"], [style], [onclick], link[href^="http"]'
    expect(await page.locator(foreign).count()).toBe(0)
  })
})

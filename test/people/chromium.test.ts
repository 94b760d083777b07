/** Passkeys in a real browser with the virtual authenticator of the DevTools protocol: enrol, sign in, step-up. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import * as people from '../../src/people/actions.ts'
import { openChromium } from '../support/chromium.ts'
import { makeOperator } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { openTab, type Tab } from '../support/tab.ts'
import { whenChromium } from '../support/when-chromium.ts'

whenChromium('passkeys in Chromium', () => {
  let site: Site
  let chromium: Browser
  beforeAll(async () => {
    site = await openSite()
    chromium = await openChromium()
  })
  afterAll(async () => {
    await chromium.close()
    await site.close()
  })

  /** A device with a screen lock, whose owner is there. */
  async function addAuthenticator({ context, page }: Tab) {
    const session = await context.newCDPSession(page)
    await session.send('WebAuthn.enable')
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    const unlocked = (isUserVerified: boolean) =>
      session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    return { unlocked }
  }

  test.each([390, 1200])(
    'at %d pixels: enrol, sign out, sign in, step-up',
    async (width) => {
      const tab = await openTab(chromium, width)
      const { page, look, button } = tab
      const key = await addAuthenticator(tab)
      const { person } = await makeOperator(site.env, ['administrator'])
      const whose = { area: 'operator' as const, holderId: person.id, seconds: 600 }
      const { href } = await people.issue(site.env, whose)

      await page.goto(href)
      expect(page.url()).toBe(`${site.issuer}/admin/invitation`)
      await look('invitation')
      await button('パスキーをつくる').click()
      await page.waitForURL(`${site.issuer}/admin`)
      await page.goto(`${site.issuer}/admin/account`)
      await look('account')
      expect(await page.locator('main h3').first().textContent()).toContain('Chrome')

      await page.goto(`${site.issuer}/admin/logout`)
      await look('sign-out')
      await button('サインアウト').click()
      await page.waitForURL(/\/admin\/login/)
      await look('login')
      await page.goto(`${site.issuer}/admin/operators`)
      await key.unlocked(false)
      await button('パスキーでサインイン').click()
      await page.getByText('パスキーでサインインできませんでした').waitFor()
      await look('login-failed')
      await key.unlocked(true)
      await button('パスキーでサインイン').click()
      await page.waitForURL(`${site.issuer}/admin/operators`)

      const old = new Date(site.env.now().getTime() - 301_000)
      await site.env.db('operator_sessions').update({ confirmed_at: old })
      await page.getByRole('link', { name: '担当者を登録する' }).click()
      await page.waitForURL(/\/admin\/confirm\?to=/)
      await look('confirm')
      await button('パスキーで確かめる').click()
      await page.waitForURL(`${site.issuer}/admin/operators/new`)
      await look('new-operator')
      tab.faults.splice(
        0,
        tab.faults.length,
        ...tab.faults.filter((fault) => !/40[14]/.test(fault)),
      )
      await tab.close()
    },
    60_000,
  )
})

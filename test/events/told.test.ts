/** What the resident reads of the notices to companies: told, on its way, not delivered; never a reason to wait (R7, F15). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { tell } from '../../src/events/telling.ts'
import { tokensFor, withdraw } from '../oidc/steps.ts'
import { Browser, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  markDemo,
  type MadeService,
  type ServiceAsked,
} from '../support/builders.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'

let site: Site
let receiver: Receiver
beforeAll(async () => {
  site = await openSite()
  await markDemo(site.env)
  receiver = await openReceiver()
})
afterAll(async () => {
  await site.close()
  await receiver.close()
})

async function agreed(asked: ServiceAsked = {}) {
  const service = await makeService(site.env, asked)
  const resident = await makeResident(site.env)
  const browser = new Browser(site.issuer)
  await tokensFor(site, browser, service, resident)
  return { service, resident, browser }
}

async function withdrawn(browser: Browser, { id }: MadeService): Promise<Page> {
  const page = await browser.open(`/account/services/${id}/withdraw`)
  return browser.submit(page, { decision: 'withdraw' })
}

const shown = async (browser: Browser, { id }: MadeService) =>
  (await browser.open(`/account/services/${id}`)).text

const notices = async (browser: Browser) => {
  const { text } = await browser.request('/account/services', {
    headers: { accept: 'application/json' },
  })
  const [card] = JSON.parse(text) as {
    notices: { taken: boolean; newest: { state: string } | null }
  }[]
  return card?.notices
}

test('a company that takes notices is told; the resident sees it arrive', async () => {
  const { service, browser } = await agreed({ eventsUri: receiver.events })
  // No message is made until the page was seen: else the workers may be quicker than the page.
  const held = await site.owner.transaction()
  await held.raw('lock table event_messages in share mode')
  const page = await withdrawn(browser, service)
  await held.commit()
  expect(page.text).toContain('撤回しました')
  expect(page.text).toContain('送信中です')
  await until('it arrived', async () => (await notices(browser))?.newest?.state === 'delivered')
  expect(await shown(browser, service)).toContain('届きました')
  expect(receiver.tokens()).toHaveLength(1)
})

test('before its message is made the notice counts as on its way', async () => {
  const { service, browser, resident } = await agreed()
  await site.env
    .db('event_streams')
    .insert({ service_id: service.id, delivery: 'poll', changed_at: site.env.now() })
  const page = await withdrawn(browser, service)
  expect(page.text).toContain('会社が取りに来るのを待っています')
  expect(await shown(browser, service)).toContain('会社が取りに来ると届きます')
  await tell(site.env)
  await until('it is laid', async () =>
    site.env.db('event_messages').where({ resident_id: resident.id }).first(),
  )
  const text = await shown(browser, service)
  expect(text.match(/取りに来るのを待っています/g)).toHaveLength(1)
})

test('what did not arrive is said, and that it is done all the same', async () => {
  const { service, browser, resident } = await agreed({ eventsUri: receiver.events })
  await withdrawn(browser, service)
  await until('it arrived', async () => (await notices(browser))?.newest?.state === 'delivered')
  await site.env
    .db('event_messages')
    .where({ resident_id: resident.id })
    .update({ state: 'dead', delivered_at: null, last_error: 'http_500' })
  const text = await shown(browser, service)
  expect(text).toContain('届きませんでした。まちIDでの手続きは済んでいます。')
  expect(text).not.toContain('http_500')
  expect((await notices(browser))?.newest?.state).toBe('dead')
})

test('a company that takes none is named as such', async () => {
  const { service, browser } = await agreed()
  expect(await shown(browser, service)).not.toContain('通知を受け取る設定')
  expect((await withdrawn(browser, service)).text).toContain('通知を受け取る設定をしていません')
  expect(await shown(browser, service)).toContain('通知を受け取る設定をしていません')
  expect(await notices(browser)).toEqual({ taken: false, newest: null })
})

test('nobody sees what another was told', async () => {
  const one = await agreed({ eventsUri: receiver.events })
  const other = await makeResident(site.env)
  const browser = new Browser(site.issuer)
  await tokensFor(site, browser, one.service, other)
  await withdraw(one.browser, one.service)
  await until('it arrived', async () => (await notices(one.browser))?.newest?.state === 'delivered')
  expect(await notices(browser)).toEqual({ taken: true, newest: null })
})

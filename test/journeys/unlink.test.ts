/** One unlink in two places: in the app it withdraws at Machi ID, at Machi ID it signs the app's visitor out (ADR 18). */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startMemberService, type MemberService } from '../../examples/member-service/service.ts'
import * as demo from '../../src/demo/actions.ts'
import { memberServiceOf } from '../../src/demo/table.ts'
import * as residents from '../../src/residents/actions.ts'
import * as services from '../../src/services/actions.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makeResident, PASSWORD, type MadeResident } from '../support/builders.ts'
import { mailsTo } from '../support/mailbox.ts'
import { agree } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'

let site: Site
let service: MemberService
let serviceId: string
let resident: MadeResident
/** At Machi ID. */
let browser: Browser
/** At the app. */
let visitor: Browser

beforeAll(async () => {
  site = await openSite()
  await demo.prepare(site.env)
  const [played] = (await demo.describe(site.env)).services
  if (!played?.clientSecret) throw new Error('no demo')
  serviceId = played.serviceId
  const settings = memberServiceOf(site.env, 'machinaka-kaiyu', played.clientSecret)
  // The port after the issuer's may be another test's: the service is played on a free one.
  const probe = await startMemberService({ ...settings, port: 0 })
  const { url } = probe
  await probe.close()
  const now = await services.byId(site.env, serviceId)
  if (!now) throw new Error('no service')
  await services.readdress(site.env, now, {
    redirectUris: [`${url}/callback`],
    postLogoutRedirectUris: [`${url}/`],
    eventsUri: `${url}/events`,
    backchannelLogoutUri: `${url}/backchannel-logout`,
  })
  const client = {
    ...settings.client,
    redirectUri: `${url}/callback`,
    postLogoutRedirectUri: `${url}/`,
  }
  service = await startMemberService({ ...settings, client, port: Number(new URL(url).port) })
})
afterAll(async () => {
  await service.close()
  await site.close()
})

const location = (page: Page) => page.headers.get('location') ?? ''

async function signIn(): Promise<void> {
  const left = await visitor.request('/sign-in?ask=few')
  let page = await browser.open(location(left))
  if (page.text.includes('name="password"'))
    page = await browser.signIn(page, { email: resident.email, password: PASSWORD })
  if (page.text.includes('data-item=')) page = await agree(browser, page, [])
  await visitor.open(location(page))
}

beforeEach(async () => {
  resident = await makeResident(site.env)
  browser = new Browser(site.issuer)
  visitor = new Browser(service.url)
  await signIn()
  expect((await visitor.open('/')).text).toContain('山田 花子')
})

const said = (words: string) =>
  until(`the app says ${words}`, async () => {
    const page = await visitor.open('/')
    return page.text.includes(words) ? page : undefined
  })

test('unlinked in the app: withdrawn here, told to the resident, and begun anew by asking', async () => {
  const answer = await visitor.request('/unlink', {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin' },
  })
  expect([answer.status, location(answer)]).toEqual([303, '/'])
  expect((await visitor.open('/')).text).toContain('連携を解除しました')
  const page = await browser.open(`/account/services/${serviceId}`)
  expect(page.text).toContain('撤回済み')
  expect((await browser.open('/account/notices')).text).toContain('サービスのアプリから')
  const receipts = await browser.open('/account/receipts')
  expect(receipts.text).toContain('サービスのアプリから、同意を撤回しました')
  const history = await browser.open('/account/history')
  expect(history.text).toContain('の画面から、利用が撤回されました')
  const [mail] = await mailsTo(site.env, resident.email, 1, 'アプリから')
  expect(mail?.text).toContain('まちなか回遊アプリ')
  const begun = await visitor.request('/sign-in?ask=few')
  expect((await browser.open(location(begun))).text).toContain('data-item=')
})

test('a form of another site unlinks nobody', async () => {
  await visitor.request('/unlink', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })
  expect((await visitor.open('/again')).text).toContain('山田 花子')
})

test('withdrawn here: the app forgets and signs out', async () => {
  const page = await browser.open(`/account/services/${serviceId}/withdraw`)
  await browser.submit(page, { decision: 'withdraw' })
  const home = await said('利用者が撤回しました')
  expect(home.text).not.toContain('山田')
  expect(home.text).toContain('まちIDではじめる')
  await until('the resident sees that it arrived', async () =>
    (await browser.open(`/account/services/${serviceId}`)).text.includes('届きました'),
  )
})

test('signed out here: signed out there', async () => {
  const page = await browser.open('/logout')
  await browser.submit(page, {})
  const home = await said('このアプリからもサインアウトしました')
  expect(home.text).not.toContain('山田')
})

test('a value corrected here: the app knows that there is a new one, and fetches it', async () => {
  const typed = { ...residents.typedOf(resident.profile), family_name: '川田' }
  await residents.updateProfile(site.env, resident.id, typed)
  const home = await said('登録情報が訂正されました')
  expect(home.text).toContain('山田 花子')
  expect((await visitor.open('/again')).text).toContain('川田 花子')
})

test.each([
  ['/events', 'application/secevent+jwt', 'a.b.c'],
  ['/backchannel-logout', 'application/x-www-form-urlencoded', 'logout_token=a.b.c'],
])('the app takes nothing unsigned at %s', async (path, type, body) => {
  const answer = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })
  expect(answer.status).toBe(400)
  expect((await visitor.open('/')).text).toContain('山田 花子')
})

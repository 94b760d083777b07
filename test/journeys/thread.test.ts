import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Browser, itemsOn } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { agree, relyingParty, type RelyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let service: MadeService
let resident: MadeResident
let rp: RelyingParty

beforeAll(async () => {
  site = await openSite()
  service = await makeService(site.env, { name: 'まちなか回遊アプリ' })
  resident = await makeResident(site.env)
  rp = await relyingParty(site.issuer, service)
})

afterAll(() => site.close())

const SCOPE = 'openid name birth_year sex email address'

test('a resident signs in, agrees, is provided for, and withdraws', async () => {
  const browser = new Browser(site.issuer)
  const attempt = await rp.begin(SCOPE)
  let page = await browser.open(attempt.url.toString())
  expect(page.text).toContain('name="password"')
  page = await browser.signIn(page, { email: resident.email, password: PASSWORD })
  expect(itemsOn(page)).toEqual(['user_id', 'name', 'email', 'birth_year', 'sex', 'address'])
  expect(page.text).toContain(resident.email)
  page = await agree(browser, page, ['address'])
  const tokens = await rp.redeem(attempt, page)
  expect(tokens.scope?.split(' ').sort()).toEqual(['address', 'email', 'name', 'openid'])

  const claims = await rp.userinfo(tokens.access_token, resident.userId)
  expect(claims).toEqual({
    sub: resident.userId,
    name: '山田 花子',
    family_name: '山田',
    given_name: '花子',
    'name#ja-Kana-JP': 'ヤマダ ハナコ',
    'family_name#ja-Kana-JP': 'ヤマダ',
    'given_name#ja-Kana-JP': 'ハナコ',
    email: resident.email,
    email_verified: true,
    address: { postal_code: '060-0001', region: '北海道', locality: '札幌市中央区' },
  })
  const records = await site.env.db('provision_records').select('path', 'items').orderBy('at')
  expect(records).toEqual([
    { path: 'id_token', items: ['user_id'] },
    { path: 'userinfo', items: ['user_id', 'name', 'email', 'address'] },
  ])

  page = await browser.open(`/account/services/${service.id}/withdraw`)
  page = await browser.submit(page, { decision: 'withdraw' })
  expect(page.status).toBe(200)
  expect(page.text).toContain('撤回しました')
  await expect(rp.userinfo(tokens.access_token, resident.userId)).rejects.toMatchObject({
    status: 401,
  })
})

/** Notices on the resident's pages: laid down once, read by their reader alone, must-read ones in sight until opened. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as notices from '../../src/notices/actions.ts'
import { wordsOf } from '../../src/notices/model.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, PASSWORD, type MadeResident } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'

const locked = (at: string, mustRead = true) => ({
  kind: 'sign_in_locked' as const,
  mustRead,
  values: { at, addressRestored: false, closingCalledOff: false },
  link: '/account/history',
})
let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

async function signedIn({ email }: MadeResident): Promise<Browser> {
  const browser = new Browser(site.issuer)
  await browser.signIn(await browser.open('/login'), { email, password: PASSWORD })
  return browser
}
const BANNER = 'class="notice-bar"'
const pathOf = (text: string) => /href="(\/account\/notices\/[0-9a-f-]{36})"/.exec(text)?.[1] ?? ''

describe('a notice', () => {
  test('that must be read stands on every page of the account until it is opened', async () => {
    const resident = await makeResident(site.env)
    await notices.post(site.env, resident.id, locked('A'))
    const browser = await signedIn(resident)
    for (const path of ['/account', '/account/profile', '/account/security', '/account/notices']) {
      const page = await browser.open(path)
      expect([path, page.text.includes(BANNER), page.text.includes('未読1件')]).toEqual([
        path,
        true,
        true,
      ])
    }
    const wrong = await browser.submit(
      await browser.open('/account/security'),
      {},
      '/account/security/password',
    )
    expect([wrong.status, wrong.text.includes(BANNER)]).toEqual([422, true])
    const page = await browser.open(pathOf((await browser.open('/account')).text))
    expect(page.text).toContain('href="/account/history"')
    expect(page.text).not.toContain(BANNER)
    expect((await browser.open('/account')).text).not.toContain(BANNER)
    const row = () => site.env.db('resident_notices').where({ resident_id: resident.id }).first()
    const first = await row()
    await browser.open(pathOf((await browser.open('/account/notices')).text))
    expect((await row()).read_at).toEqual(first.read_at)
  })

  test('of somebody else is not found, as if there were none, and stays unread', async () => {
    const [mine, theirs] = [await makeResident(site.env), await makeResident(site.env)]
    await notices.post(site.env, theirs.id, locked('B'))
    const { id } = await site.env.db('resident_notices').where({ resident_id: theirs.id }).first()
    const browser = await signedIn(mine)
    const unknown = await browser.open(`/account/notices/${site.env.newId()}`)
    const foreign = await browser.open(`/account/notices/${id}`)
    const plain = (text: string) => text.replaceAll(/[0-9a-f-]{36}|not_found \/ \w+/g, '')
    expect([foreign.status, plain(foreign.text)]).toEqual([404, plain(unknown.text)])
    expect((await browser.open('/account/notices/nonsense')).status).toBe(404)
    expect((await notices.unread(site.env, theirs.id, 'ja')).count).toBe(1)
    expect((await new Browser(site.issuer).open(`/account/notices/${id}`)).url).toContain('/login')
  })

  test('is in the language of whoever reads, when they read', async () => {
    const resident = await makeResident(site.env)
    await notices.post(site.env, resident.id, locked('C', false))
    const browser = await signedIn(resident)
    expect((await browser.open('/account/notices?lang=en')).text).toContain('Sign-in was stopped')
    expect((await browser.open('/account/notices?lang=ja')).text).toContain(
      'サインインを止めました',
    )
    expect(wordsOf({ kind: 'of_another_time', values: {} }, 'en').title).toBe('An earlier notice')
  })

  test('is laid down once, however often a batch runs, and for thousands at once', async () => {
    const [one, two] = [await makeResident(site.env), await makeResident(site.env)]
    const batch = (n: number) =>
      Array.from({ length: n }, (_, i) => ({
        ...locked('D', false),
        residentId: one.id,
        once: `leak ${i}`,
      }))
    expect(await notices.postMany(site.env, batch(1200))).toBe(1200)
    expect(
      await notices.postMany(site.env, [
        ...batch(2),
        { ...batch(1)[0], ...locked('D'), residentId: two.id },
      ]),
    ).toBe(1)
    expect((await notices.unread(site.env, one.id, 'ja')).count).toBe(1200)
    const page = await (await signedIn(one)).open('/account/notices?page=60')
    expect(page.text).toContain('/account/notices?page=59')
    expect(page.text).not.toContain('/account/notices?page=61')
  })

  test('leads to a page of ours or nowhere', async () => {
    const { id } = await makeResident(site.env)
    for (const link of ['https://evil.example/', '//evil.example', '/\\evil.example'])
      await expect(notices.post(site.env, id, { ...locked('E'), link })).rejects.toThrow()
    expect((await notices.unread(site.env, id, 'ja')).count).toBe(0)
  })
})

test('a resident switches off the letters that have a switch, and those alone', async () => {
  const resident = await makeResident(site.env)
  const browser = await signedIn(resident)
  const page = await browser.open('/account/notices')
  expect(page.text.match(/type="checkbox"[^>]* checked/g)).toHaveLength(2)
  const saved = await browser.submit(page, { digest: 'on' }, '/account/notices/settings')
  expect(saved.text).toContain('保存しました')
  expect(await notices.wanted(site.env, resident.id)).toEqual({ digest: true, reminder: false })
  const more = await browser.submit(
    saved,
    { digest: 'on', security: 'on' },
    '/account/notices/settings',
  )
  expect(more.status).toBe(422)
})

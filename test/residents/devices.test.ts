/** A sign-in from a browser the account does not know is told by mail, whose link stops everything (field 22; G6, G7, H18, H19, H22). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Browser, type Page } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD } from '../support/builders.ts'
import { linkIn, mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { openSite, type Site } from '../support/site.ts'
import { authorizePath, tokensFor, userinfo } from '../oidc/steps.ts'

const NEW = 'a quite different sentence'
const NEWS = '新しい端末'
const AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'
let site: Site
let count = 0

beforeAll(async () => {
  site = await openSite({ TRUSTED_PROXIES: '127.0.0.1' })
})
afterAll(() => site.close())

/** A browser nobody has seen, in a network of its own. */
const fresh = () =>
  new Browser(site.issuer, { 'x-forwarded-for': `10.9.${++count}.7`, 'user-agent': AGENT })

async function login(email: string, browser = fresh(), password = PASSWORD): Promise<Browser> {
  for (const name of [...browser.jar.keys()])
    if (name.startsWith('session')) browser.jar.delete(name)
  await browser.signIn(await browser.open('/login'), { email, password })
  return browser
}
const isIn = async (browser: Browser) =>
  (await browser.open('/account')).url === `${site.issuer}/account`
const newsTo = async (email: string, least = 0) => {
  await queueIsEmpty(site.env)
  return mailsTo(site.env, email, least, NEWS)
}
const csrfOf = (page: Page) => /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''

/** Whoever is in this browser moves the account to another address. */
async function moveAway(browser: Browser): Promise<string> {
  const email = `moved${++count}.dev@example.jp`
  const csrf = csrfOf(await browser.open('/account/security'))
  const fields = { csrf, new_email: email, password: PASSWORD }
  await browser.follow(await browser.post('/account/security/email', fields))
  const [mail] = await mailsTo(site.env, email, 1, '新しいメールアドレスの確認')
  await browser.submit(await browser.open(linkIn(mail)), {})
  return email
}

describe('a new device', () => {
  test('is told, with when and what and nothing finer; a known one and the first one are not', async () => {
    const { email } = await makeResident(site.env)
    const own = await login(email)
    await login(email, own)
    expect(await newsTo(email)).toEqual([])
    await login(email)
    const [mail] = await newsTo(email, 1)
    expect(mail?.text).toMatch(/日時：\d{4}年\d+月\d+日 \d+:\d\d（日本時間）/)
    expect(mail?.text).toContain('ブラウザー：Chrome / Windows')
    expect(mail?.text).not.toMatch(/10\.9\.|Mozilla|山田|花子/)
    expect(linkIn(mail)).toContain('/link/not_me/')
    await login(email, own)
    expect(await newsTo(email)).toHaveLength(1)
  })

  test('is told on the way to a service too, and in the language of the account', async () => {
    const { email, id } = await makeResident(site.env)
    await site.env.db('residents').where({ id }).update({ language: 'en' })
    await login(email)
    const service = await makeService(site.env)
    const browser = fresh()
    await browser.signIn(await browser.open(authorizePath(service)), { email, password: PASSWORD })
    const [mail] = await mailsTo(site.env, email, 1, 'new device')
    expect(mail?.text).toContain('Japan time')
  })

  test('a wrong password tells nobody', async () => {
    const { email } = await makeResident(site.env)
    await login(email)
    await login(email, fresh(), 'x'.repeat(20))
    expect(await newsTo(email)).toEqual([])
  })

  test('the browser holds a random token, the database its hash; what somebody planted is replaced', async () => {
    const [first, second] = [await makeResident(site.env), await makeResident(site.env)]
    const browser = await login(first.email)
    const cookie = () => browser.jar.get('browser|/')
    const token = cookie()?.value ?? ''
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(cookie()).toMatchObject({ httpOnly: true, sameSite: 'lax' })
    const set = browser.setCookies.find((line) => line.startsWith('browser=')) ?? ''
    const lasts = (Date.parse(/expires=([^;]+)/i.exec(set)?.[1] ?? '') - Date.now()) / 86_400_000
    expect(Math.round(lasts)).toBe(395)
    const row = () => site.env.db('known_devices').where({ resident_id: first.id }).first()
    const hash = (text: string) => createHash('sha256').update(text).digest()
    expect(((await row()) as { token_hash: Buffer }).token_hash).toEqual(hash(token))
    // Another resident at the same browser: the token changes for both, and both stay known.
    await login(second.email, browser)
    const next = cookie()?.value ?? ''
    expect(next).not.toBe(token)
    expect(((await row()) as { token_hash: Buffer }).token_hash).toEqual(hash(next))
    await login(first.email, browser)
    expect(await newsTo(first.email)).toEqual([])
  })

  test('ten letters an hour are enough (H23)', async () => {
    const { email } = await makeResident(site.env)
    for (let n = 0; n < 13; n++) await login(email)
    expect(await newsTo(email, 10)).toHaveLength(10)
  })

  test('after 13 months it is new again', async () => {
    const { email, id } = await makeResident(site.env)
    const browser = await login(email)
    const long = new Date(Date.now() - 396 * 86_400_000)
    await site.env.db('known_devices').where({ resident_id: id }).update({ seen_at: long })
    await login(email, browser)
    expect(await newsTo(email, 1)).toHaveLength(1)
  })

  test('a new password makes all but this browser new', async () => {
    const { email } = await makeResident(site.env)
    const other = await login(email)
    const browser = await login(email)
    await newsTo(email, 1)
    const fields = { current_password: PASSWORD, new_password: NEW }
    const page = await browser.open('/account/security')
    await browser.submit(page, fields, '/account/security/password')
    await login(email, browser, NEW)
    expect(await newsTo(email)).toHaveLength(1)
    await login(email, other, NEW)
    expect(await newsTo(email, 2)).toHaveLength(2)
  })
})

describe('“this was not me”', () => {
  /** An owner, a thief who is in, and the link of the mail that told of the thief. */
  async function stolen() {
    const resident = await makeResident(site.env)
    const owner = await login(resident.email)
    const thief = await login(resident.email)
    const [mail] = await newsTo(resident.email, 1)
    return { ...resident, owner, thief, link: linkIn(mail) }
  }

  test('opening changes nothing; the button ends everything, and only a mail leads back', async () => {
    const it = await stolen()
    const service = await makeService(site.env)
    const { access } = await tokensFor(site, it.thief, service, it)
    expect((await userinfo(site, access)).status).toBe(200)
    const reader = fresh()
    for (let n = 0; n < 3; n++) await fresh().request(it.link)
    const page = await reader.open(it.link)
    expect(page.url).toBe(`${site.issuer}/link/not_me`)
    expect(page.text).not.toContain(it.email)
    expect(await isIn(it.thief)).toBe(true)

    const done = await reader.submit(page, {})
    expect(done.url).toBe(`${site.issuer}/link/not_me/done`)
    expect(done.text).toContain('次にしていただくこと')
    expect(done.text).not.toMatch(/山田|@example/)
    for (const browser of [it.thief, it.owner, reader]) expect(await isIn(browser)).toBe(false)
    expect((await userinfo(site, access)).status).toBe(401)
    for (const browser of [it.thief, it.owner])
      expect(await isIn(await login(it.email, browser))).toBe(false)

    const [mail] = await mailsTo(site.env, it.email, 1, 'サインインを止めました')
    const form = await reader.open(linkIn(mail))
    await reader.submit(form, { new_password: NEW })
    expect(await isIn(await login(it.email, reader, NEW))).toBe(true)
    expect((await reader.open('/account/profile')).text).toContain('必ずお読みください')
    expect(await site.env.db('known_devices').where({ resident_id: it.id })).toHaveLength(1)
  })

  test('twice, or too late, it is a calm page that changes nothing', async () => {
    const it = await stolen()
    const reader = fresh()
    await reader.submit(await reader.open(it.link), {})
    const again = await reader.open(it.link)
    expect([again.status, again.text.includes('このリンクは使えません')]).toEqual([410, true])
    const late = await stolen()
    const links = site.env.db('mail_links').where({ resident_id: late.id, kind: 'not_me' })
    await links.update({ expires_at: new Date(Date.now() - 1) })
    const page = await reader.open(late.link)
    expect(page.status).toBe(410)
    expect((await reader.post('/link/not_me', { csrf: csrfOf(again) })).status).not.toBe(303)
    expect(await isIn(late.thief)).toBe(true)
  })

  test('of twenty presses at once one counts', async () => {
    const it = await stolen()
    const reader = fresh()
    const csrf = csrfOf(await reader.open(it.link))
    const all = await Promise.all(
      Array.from({ length: 20 }, () => reader.post('/link/not_me', { csrf })),
    )
    expect(all.filter(({ status }) => status === 303)).toHaveLength(1)
    const acts = await site.env
      .db('audit_events')
      .where({ object_id: it.id, act: 'residents.locked_by_owner' })
    expect(acts).toHaveLength(1)
    expect(JSON.stringify(acts)).not.toMatch(/@|山田/)
  })

  test('a thief who changed the address loses it, whatever links they gathered meanwhile', async () => {
    const it = await stolen()
    const theirs = await moveAway(it.thief)
    await moveAway(it.thief)
    const undo = linkIn((await mailsTo(site.env, theirs, 1, 'メールアドレスが変わりました'))[0])
    const reader = fresh()
    await reader.submit(await reader.open(it.link), {})
    expect((await fresh().open(undo)).status).toBe(410)
    const [mail] = await mailsTo(site.env, it.email, 1, 'サインインを止めました')
    expect(mail?.text).toContain('変わる前のものに戻しました')
    await reader.submit(await reader.open(linkIn(mail)), { new_password: NEW })
    expect(await isIn(await login(it.email, reader, NEW))).toBe(true)
  })

  test('once the address is changed, the old one is told of new devices too, with a link of its own', async () => {
    const it = await stolen()
    const theirs = await moveAway(it.thief)
    await login(theirs)
    const links = (await newsTo(it.email, 2)).map(linkIn)
    const their = linkIn((await newsTo(theirs, 1))[0])
    expect(links).not.toContain(their)
    // The thief presses first: the owner's older link still brings the account back.
    const thief = fresh()
    await thief.submit(await thief.open(their), {})
    const reader = fresh()
    const done = await reader.submit(await reader.open(it.link), {})
    expect(done.url).toContain('/link/not_me/done')
    const [mail] = await mailsTo(site.env, it.email, 1, 'サインインを止めました')
    await reader.submit(await reader.open(linkIn(mail)), { new_password: NEW })
    expect(await isIn(await login(it.email, reader, NEW))).toBe(true)
    expect(await isIn(await login(theirs, fresh(), NEW))).toBe(false)
  })
})

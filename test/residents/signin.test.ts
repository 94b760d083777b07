/** Sign-in, throttling, recovery and the security page (G4–G7, H1–H7, H16, H18, H22). */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as residents from '../../src/residents/actions.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD, type MadeResident } from '../support/builders.ts'
import { linkIn, mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { relyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'

const NEW = 'a quite different sentence'
let site: Site
let count = 0

beforeAll(async () => {
  site = await openSite({ TRUSTED_PROXIES: '127.0.0.1' })
})
afterAll(() => site.close())

/** An address in a network of its own, so that no test counts in another's. */
const newAddress = () => `10.${++count >> 8}.${count & 255}.7`
const from = (address = newAddress()) => new Browser(site.issuer, { 'x-forwarded-for': address })

async function login(
  email: string,
  password = PASSWORD,
  browser = from(),
): Promise<{ browser: Browser; page: Page }> {
  const page = await browser.signIn(await browser.open('/login'), { email, password })
  return { browser, page }
}

const isIn = (page: Page) => page.url === `${site.issuer}/account`
const stillIn = async (browser: Browser) => isIn(await browser.open('/account'))

/** The hidden token of a page, for posting many at once. */
const csrfOf = (page: Page) => /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''

const attempt = (email: string, password: string, address: string | undefined, device?: string) =>
  residents
    .authenticate(site.env, { email, password, address, device })
    .then((found) => (found ? 'in' : 'wrong'))
    .catch((error: { reason?: string }) => error.reason ?? 'defect')

describe('sign-in', () => {
  test('leads to the account, or to a path of ours and nowhere else', async () => {
    const { email } = await makeResident(site.env)
    const targets: [string, string][] = [
      ['/account/security', '/account/security'],
      ['/account?done=profile', '/account?done=profile'],
      ['//evil.example', '/account'],
      ['/\\evil.example', '/account'],
      ['https://evil.example/', '/account'],
      ['/\t/evil.example', '/account'],
      ['/.//evil.example/x', '/account'],
      ['/a/..//evil.example', '/account'],
      ['/%2e//evil.example', '/account'],
      ['/./\\evil.example', '/account'],
      ['javascript:alert(1)', '/account'],
      ['', '/account'],
    ]
    for (const [asked, led] of targets) {
      const browser = from()
      const page = await browser.open(`/login?to=${encodeURIComponent(asked)}`)
      const answer = await browser.post(page.url, { csrf: csrfOf(page), email, password: PASSWORD })
      expect([asked, answer.status, answer.headers.get('location')]).toEqual([asked, 303, led])
    }
  })

  test('a page behind it leads through it and back', async () => {
    const { email } = await makeResident(site.env)
    const browser = from()
    const page = await browser.open('/account/security')
    expect((await browser.signIn(page, { email, password: PASSWORD })).url).toBe(
      `${site.issuer}/account/security`,
    )
  })

  test.each([
    ['an empty password', ''],
    ['a password of 2 KB', 'a'.repeat(2048)],
  ])('%s is answered like a wrong one', async (_, password) => {
    const { email } = await makeResident(site.env)
    const { page } = await login(email, password)
    expect(page.status).toBe(401)
    expect(page.text).toContain('メールアドレスかパスワードが違います')
    expect(page.text).toContain('/signup/resend')
  })

  test('1 MB is turned away at once, before it is sent (H11)', async () => {
    const browser = from()
    const page = await browser.open('/login')
    const fields = { csrf: csrfOf(page), email: 'a@example.jp', password: 'a'.repeat(1_000_000) }
    expect((await browser.post('/login', fields)).status).toBe(413)
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': 1_000_000,
      cookie: browser.cookieHeader('/login'),
      origin: site.issuer,
    }
    // The head alone: an answer that waited for the body would never come.
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request(`${site.issuer}/login`, { method: 'POST', headers }, (answer) => {
        resolve(answer.statusCode)
        asked.destroy()
      })
      asked.on('error', reject)
      asked.flushHeaders()
    })
    expect(status).toBe(413)
  })

  test('a form of another site is refused (G10)', async () => {
    const { email } = await makeResident(site.env)
    const browser = from()
    await browser.open('/login')
    expect((await browser.post('/login', { email, password: PASSWORD })).status).toBe(403)
  })

  test('a hash of an older cost is made anew while the password is at hand (H12)', async () => {
    const { hash } = await import('@node-rs/argon2')
    const { email, id } = await makeResident(site.env)
    const old = await hash(PASSWORD, {
      memoryCost: 8192,
      timeCost: 2,
      secret: site.env.secrets.pepper,
    })
    await site.env.db('residents').where({ id }).update({ password_hash: old })
    expect(isIn((await login(email)).page)).toBe(true)
    const { password_hash } = (await site.env.db('residents').where({ id }).first()) as {
      password_hash: string
    }
    expect(password_hash).toContain('m=19456')
    expect(isIn((await login(email)).page)).toBe(true)
  })
})

describe('sign-in on the way to a service', () => {
  const begin = async (browser: Browser, asked: Record<string, string> = {}) => {
    const rp = await relyingParty(site.issuer, await makeService(site.env))
    const { url } = await rp.begin('openid name')
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
    return browser.open(url.toString())
  }

  test.each([
    ['an empty password', { password: '' }],
    ['an empty address', { email: '' }],
    ['a password of 2 KB', { password: 'a'.repeat(2048) }],
    ['a field of no such form', { password: PASSWORD, remember: '1' }],
  ])('%s is answered like a wrong one', async (_, fields) => {
    const { email } = await makeResident(site.env)
    const browser = from()
    const page = await browser.submit(await begin(browser), {
      email,
      ...(fields as Record<string, string>),
    })
    expect(page.status).toBe(401)
    expect(page.text).toContain('メールアドレスかパスワードが違います')
    expect((await browser.signIn(page, { email, password: PASSWORD })).status).toBe(200)
  })

  test('goes on in the language of the account, where the browser chose none', async () => {
    const { email, id } = await makeResident(site.env)
    await residents.setLanguage(site.env, id, 'en')
    const browser = from()
    const consent = await browser.signIn(await begin(browser), { email, password: PASSWORD })
    expect(consent.text).toContain('<html lang="en"')
    browser.jar.delete('lang|/')
    expect((await begin(browser)).text).toContain('<html lang="en"')
    expect((await begin(browser, { ui_locales: 'ja' })).text).toContain('<html lang="ja"')
  })
})

describe('the language of signed-in pages', () => {
  test("is the account's, unless this browser chose another", async () => {
    const { email, id } = await makeResident(site.env)
    const { browser } = await login(email)
    browser.jar.delete('lang|/')
    await residents.setLanguage(site.env, id, 'en')
    expect((await browser.open('/account')).text).toContain('<html lang="en"')
    expect((await browser.open('/members')).text).toContain('<html lang="en"')
    expect((await browser.open('/account?lang=ja')).text).toContain('<html lang="ja"')
    expect((await browser.open('/account')).text).toContain('<html lang="ja"')
  })
})

describe('throttling', () => {
  test('the sixth wrong try of a minute is told to wait, the right password too', async () => {
    const { email } = await makeResident(site.env)
    const browser = from()
    const statuses = []
    for (let n = 0; n < 6; n++) statuses.push((await login(email, NEW, browser)).page.status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
    const { page } = await login(email, PASSWORD, browser)
    expect(page.status).toBe(429)
    expect(page.headers.get('retry-after')).toBe('60')
  })

  test('an address without an account is counted the same', async () => {
    const address = newAddress()
    const answers = []
    for (let n = 0; n < 6; n++) answers.push(await attempt('nobody-here@example.jp', NEW, address))
    expect(answers).toEqual([...Array<string>(5).fill('wrong'), 'too_many_attempts'])
  })

  test('a hundred wrong posts at once: no more reach the hash than one after the other (H6)', async () => {
    const { email } = await makeResident(site.env)
    const address = newAddress()
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => attempt(email, NEW, address)),
    )
    expect(answers.filter((a) => a === 'wrong').length).toBeLessThanOrEqual(5)
    expect(answers.filter((a) => a === 'too_many_attempts').length).toBeGreaterThanOrEqual(95)
  })

  test('many accounts from one address are slowed at about twenty (H7), from one network later', async () => {
    const address = newAddress()
    const answers = []
    for (let n = 0; n < 25; n++) answers.push(await attempt(`a${n}@example.jp`, NEW, address))
    expect(answers.filter((a) => a === 'wrong')).toHaveLength(20)
    const network = newAddress().replace(/\.7$/, '')
    const spread = []
    for (let n = 0; n < 110; n++)
      spread.push(await attempt(`b${n}@example.jp`, 'x'.repeat(1100), `${network}.${n % 30}`))
    expect(spread.filter((a) => a === 'wrong')).toHaveLength(100)
  })

  test('success begins anew, and successes never count (H7)', async () => {
    const { email } = await makeResident(site.env)
    const address = newAddress()
    for (let n = 0; n < 30; n++) expect(await attempt(email, PASSWORD, address)).toBe('in')
    for (let n = 0; n < 4; n++) await attempt(email, NEW, address)
    expect(await attempt(email, PASSWORD, address)).toBe('in')
    for (let n = 0; n < 5; n++) expect(await attempt(email, NEW, address)).toBe('wrong')
  })

  test('strangers do not lock the owner out: not on a known device, not by mail (H3, H4)', async () => {
    const { email } = await makeResident(site.env)
    const { browser: known } = await login(email)
    await known.submit(await known.open('/logout'), {})
    for (let n = 0; n < 120; n++) await attempt(email, 'x'.repeat(1100), `192.0.${n % 50}.1`)
    expect(await attempt(email, PASSWORD, newAddress())).toBe('too_many_attempts')
    expect(isIn((await login(email, PASSWORD, known)).page)).toBe(true)

    for (let n = 0; n < 20; n++) await attempt(email, 'x'.repeat(1100), `192.0.${n % 50}.2`)
    const other = from()
    await other.submit(await other.open('/recover'), { email })
    const [mail] = await mailsTo(site.env, email, 1, '決め直し')
    await other.submit(await other.open(linkIn(mail)), { new_password: NEW })
    expect(isIn((await login(email, NEW, other)).page)).toBe(true)
  })

  test('right passwords at the same moment are let in, however many share an address (H7)', async () => {
    const people = await Promise.all(Array.from({ length: 7 }, () => makeResident(site.env)))
    const address = newAddress()
    const emails = Array.from({ length: 32 }, (_, n) => people[n % 7]?.email ?? '')
    const all = await Promise.all(emails.map((email) => attempt(email, PASSWORD, address)))
    expect(all).toEqual(Array<string>(32).fill('in'))
    const wrong = []
    for (let n = 0; n < 22; n++) wrong.push(await attempt(`c${n}@example.jp`, NEW, address))
    expect(wrong.filter((answer) => answer === 'wrong')).toHaveLength(20)
    expect(await attempt(people[0]?.email ?? '', PASSWORD, address)).toBe('too_many_attempts')
  })

  test('what one limit refuses takes nothing from the room of an address', async () => {
    const { email } = await makeResident(site.env)
    const address = newAddress()
    const other = await makeResident(site.env)
    for (let n = 0; n < 150; n++) await attempt(email, 'x'.repeat(1100), address)
    expect(await attempt(other.email, PASSWORD, address)).toBe('in')
  })

  test('wrong ones at the same moment are bounded too (H6)', async () => {
    const address = newAddress()
    const burst = Array.from({ length: 180 }, (_, n) =>
      attempt(`d${n}@example.jp`, 'x'.repeat(1100), address),
    )
    const answers = await Promise.all(burst)
    expect(answers.filter((answer) => answer === 'wrong').length).toBeLessThanOrEqual(100)
    expect(await attempt('d999@example.jp', NEW, address)).toBe('too_many_attempts')
  })

  test('on a known device, too, a hundred failures a day are the end (H3)', async () => {
    const { email, id } = await makeResident(site.env)
    const device = await residents.deviceOf(site.env, id)
    const address = newAddress()
    const answers = []
    for (let n = 0; n < 110; n++) {
      answers.push(await attempt(email, 'x'.repeat(1100), address, device))
      if (n % 5 === 4)
        await site.env.db('rate_limits').whereRaw("key ~ '^login_(known|address|net):'").delete()
    }
    expect(answers.filter((answer) => answer === 'wrong')).toHaveLength(100)
    expect(await attempt(email, PASSWORD, address, device)).toBe('too_many_attempts')
    const other = from()
    await other.submit(await other.open('/recover'), { email })
    const link = linkIn((await mailsTo(site.env, email))[0])
    await other.submit(await other.open(link), { new_password: NEW })
    expect(isIn((await login(email, NEW, other)).page)).toBe(true)
  })

  test('a new password makes devices known before into strangers (H3)', async () => {
    const { email, id } = await makeResident(site.env)
    const old = await residents.deviceOf(site.env, id)
    const { browser } = await login(email)
    await browser.submit(
      await browser.open('/account/security'),
      { current_password: PASSWORD, new_password: NEW },
      '/account/security/password',
    )
    const device = await residents.deviceOf(site.env, id)
    expect(browser.jar.get('device|/')?.value).toBe(device)
    for (let n = 0; n < 10; n++) await attempt(email, 'x'.repeat(1100), newAddress())
    expect(await attempt(email, NEW, newAddress(), old)).toBe('too_many_attempts')
    expect(await attempt(email, NEW, newAddress(), device)).toBe('in')
  })

  test('after many failures and then a success the owner is written to (H7)', async () => {
    const { email } = await makeResident(site.env)
    for (let n = 0; n < 10; n++) await attempt(email, 'x'.repeat(1100), newAddress())
    await site.env.db('rate_limits').where('key', 'like', 'login_account:%').delete()
    expect(await attempt(email, PASSWORD, newAddress())).toBe('in')
    const [mail] = await mailsTo(site.env, email)
    expect(mail?.text).toContain('10回')
  })

  test('the table of counters names nobody', async () => {
    await attempt('canary-counter@example.jp', NEW, '10.77.66.55')
    const keys = await site.env.db('rate_limits').pluck<string[]>('key')
    expect(keys.length).toBeGreaterThan(0)
    expect(keys.join(' ')).not.toMatch(/canary|10\.77\.66/)
  })
})

describe('sign-out', () => {
  test('asks first, then really ends the session (G4, G5, I2)', async () => {
    const { email } = await makeResident(site.env)
    const { browser } = await login(email)
    const cookies = new Map(browser.jar)
    const page = await browser.open('/logout')
    expect(page.text).toContain('<button')
    expect(await stillIn(browser)).toBe(true)
    expect((await browser.post('/logout', {})).status).toBe(403)
    const answer = await browser.post('/logout', { csrf: csrfOf(page) })
    expect(answer.headers.get('clear-site-data')).toContain('"cache"')
    expect(await stillIn(browser)).toBe(false)
    const thief = from()
    for (const [name, value] of cookies) thief.jar.set(name, value)
    expect(await stillIn(thief)).toBe(false)
    expect((await browser.open('/logout')).text).toContain('サインインしていません')
  })
})

describe('recovery by mail (H18)', () => {
  const ask = async (email: string) => {
    const browser = from()
    await browser.submit(await browser.open('/recover'), { email })
    return browser
  }
  const links = async (email: string, n: number) =>
    (await mailsTo(site.env, email, n, '決め直し')).map(linkIn)

  test('sets a new password, ends every session, signs nobody in', async () => {
    const { email } = await makeResident(site.env)
    const { browser: elsewhere } = await login(email)
    const browser = await ask(email)
    const [link = ''] = await links(email, 1)
    const form = await browser.open(link)
    expect(form.url).toBe(`${site.issuer}/link/recover`)
    expect(form.text).not.toContain(link.split('/').at(-1))
    const weak = await browser.submit(form, { new_password: 'Password123456789' })
    expect(weak.status).toBe(422)
    const done = await browser.submit(weak, { new_password: NEW })
    expect(done.text).toContain('パスワードを変更しました')
    expect(await stillIn(browser)).toBe(false)
    expect(await stillIn(elsewhere)).toBe(false)
    expect((await login(email)).page.status).toBe(401)
    expect(isIn((await login(email, NEW)).page)).toBe(true)
    expect((await browser.open(link)).status).toBe(410)
    expect(await mailsTo(site.env, email, 1, 'パスワードが変わりました')).toHaveLength(1)
  })

  test('an older link dies with a newer one, a link dies with a change of password', async () => {
    const { email } = await makeResident(site.env)
    await ask(email)
    await links(email, 1)
    const browser = await ask(email)
    const [old = '', young = ''] = await links(email, 2)
    expect((await browser.open(old)).status).toBe(410)
    const { browser: self } = await login(email)
    await self.submit(
      await self.open('/account/security'),
      { current_password: PASSWORD, new_password: NEW },
      '/account/security/password',
    )
    expect((await browser.open(young)).status).toBe(410)
  })

  test('a link lasts 30 minutes', async () => {
    const { email } = await makeResident(site.env)
    const browser = await ask(email)
    const [link = ''] = await links(email, 1)
    site.setNow(new Date(Date.now() + 31 * 60_000))
    const page = await browser.open(link)
    site.setNow(undefined)
    expect(page.status).toBe(410)
  })

  test('of twenty who press at once one sets the password', async () => {
    const { email } = await makeResident(site.env)
    const browser = await ask(email)
    const page = await browser.open((await links(email, 1))[0] ?? '')
    const fields = { csrf: csrfOf(page), new_password: NEW }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => browser.post('/link/recover', fields)),
    )
    expect(answers.filter((a) => a.status === 303)).toHaveLength(1)
    expect(answers.filter((a) => a.status === 410)).toHaveLength(19)
  })

  test('twenty requests write five mails at most, on the same page (H23)', async () => {
    const { email } = await makeResident(site.env)
    const pages = new Set<string>()
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const browser = from()
        const page = await browser.submit(await browser.open('/recover'), { email })
        pages.add(`${page.status} ${page.text}`)
      }),
    )
    await queueIsEmpty(site.env)
    expect(pages.size).toBe(1)
    expect(await mailsTo(site.env, email, 5, '決め直し')).toHaveLength(5)
  })

  test('links come from the configuration, never from the request (H20)', async () => {
    const { email } = await makeResident(site.env)
    const browser = new Browser(site.issuer, {
      'x-forwarded-for': newAddress(),
      forwarded: 'host=evil.example',
    })
    await browser.submit(await browser.open('/recover'), { email })
    expect((await links(email, 1))[0]).toMatch(new RegExp(`^${site.issuer}/link/recover/`))
  })
})

describe('the security page', () => {
  let person: MadeResident
  let here: Browser
  let there: Browser

  const post = async (browser: Browser, path: string, fields: Record<string, string>) => {
    const page = await browser.open('/account/security')
    return browser.follow(
      await browser.post(`/account/security/${path}`, { csrf: csrfOf(page), ...fields }),
    )
  }

  beforeAll(async () => {
    person = await makeResident(site.env)
    here = (await login(person.email)).browser
    there = (
      await login(
        person.email,
        PASSWORD,
        new Browser(site.issuer, {
          'x-forwarded-for': newAddress(),
          'user-agent':
            'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0',
        }),
      )
    ).browser
  })

  test('lists the signed-in devices, this one marked, and ends one of them (G6)', async () => {
    const page = await here.open('/account/security')
    expect(page.text).toContain('Firefox / Windows')
    expect(page.text.match(/この端末<\/span>/g)).toHaveLength(1)
    const sessions = [...page.text.matchAll(/name="session" value="([^"]+)"/g)].map(
      (m) => m[1] ?? '',
    )
    expect(sessions).toHaveLength(2)
    const stranger = (await login((await makeResident(site.env)).email)).browser
    expect((await post(stranger, 'end', { session: sessions[0] ?? '' })).status).toBe(404)
    expect(await stillIn(there)).toBe(true)
    const uid = (await site.env
      .db('sign_ins')
      .where({ resident_id: person.id, device: 'Firefox / Windows' })
      .first()) as { session_uid: string }
    expect((await post(here, 'end', { session: uid.session_uid })).text).toContain(
      'サインインを終えました',
    )
    expect(await stillIn(there)).toBe(false)
    expect(await stillIn(here)).toBe(true)
  })

  test('a new password needs the one in use, and ends the others (G7, H16)', async () => {
    const other = (await login(person.email)).browser
    const wrong = await post(here, 'password', { current_password: NEW, new_password: NEW })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('いまのパスワードが違います')
    const weak = await post(here, 'password', {
      current_password: PASSWORD,
      new_password: person.email,
    })
    expect(weak.status).toBe(422)
    const done = await post(here, 'password', { current_password: PASSWORD, new_password: NEW })
    expect(done.text).toContain('パスワードを変えました')
    expect(await stillIn(here)).toBe(true)
    expect(await stillIn(other)).toBe(false)
    expect(isIn((await login(person.email, NEW)).page)).toBe(true)
    const back = await post(here, 'password', { current_password: NEW, new_password: PASSWORD })
    expect(back.status).toBe(200)
  })

  test('guesses of the password here count with those at sign-in (H5)', async () => {
    const victim = await makeResident(site.env)
    const address = newAddress()
    const { browser } = await login(victim.email, PASSWORD, from(address))
    browser.jar.delete('device|/')
    for (let n = 0; n < 3; n++)
      await post(browser, 'password', { current_password: NEW, new_password: NEW })
    expect(await attempt(victim.email, NEW, address)).toBe('wrong')
    expect(await attempt(victim.email, NEW, address)).toBe('wrong')
    expect(await attempt(victim.email, PASSWORD, address)).toBe('too_many_attempts')
    const blocked = await post(browser, 'password', {
      current_password: PASSWORD,
      new_password: NEW,
    })
    expect(blocked.status).toBe(429)
  })
})

describe('another sign-in address (H22)', () => {
  const change = async (browser: Browser, email: string) => {
    const csrf = csrfOf(await browser.open('/account/security'))
    const fields = { csrf, new_email: email, password: PASSWORD }
    return browser.follow(await browser.post('/account/security/email', fields))
  }
  const newEmail = () => `moved${++count}@example.jp`

  test('counts only when its mail was opened; the old one is told and may undo it', async () => {
    const { email: old, id } = await makeResident(site.env)
    const { browser } = await login(old)
    const elsewhere = (await login(old)).browser
    const email = newEmail()
    expect((await change(browser, email)).text).toContain('新しいアドレスにメールを送りました')
    expect((await login(email)).page.status).toBe(401)
    const link = linkIn((await mailsTo(site.env, email))[0])
    expect((await browser.submit(await browser.open(link), {})).text).toContain(
      'メールアドレスを変えました',
    )
    expect(await stillIn(browser)).toBe(true)
    expect(await stillIn(elsewhere)).toBe(false)
    expect((await login(old)).page.status).toBe(401)
    expect(isIn((await login(email)).page)).toBe(true)

    const told = (await mailsTo(site.env, old, 1, 'メールアドレスが変わりました'))[0]
    expect(told?.text).not.toContain(email)
    const owner = from()
    const undo = await owner.open(linkIn(told))
    const form = await owner.submit(undo, {})
    expect(form.url).toBe(`${site.issuer}/link/recover?restored=1`)
    expect(await stillIn(browser)).toBe(false)
    expect((await login(old)).page.status).toBe(401)
    const setNew = await owner.submit(form, { new_password: NEW }, '/link/recover')
    expect(setNew.text).toContain('パスワードを変更しました')
    expect(isIn((await login(old, NEW)).page)).toBe(true)
    expect((await login(email, NEW)).page.status).toBe(401)
    const changes = await site.env
      .db('resident_changes')
      .where({ resident_id: id })
      .pluck<string[]>('what')
    expect(changes.toSorted()).toEqual(['email_address', 'email_address', 'password'])
  })

  test('moving on does not take the first owner their way back', async () => {
    const { email: old } = await makeResident(site.env)
    const thief = (await login(old)).browser
    for (const email of [newEmail(), newEmail()]) {
      await change(thief, email)
      await thief.submit(await thief.open(linkIn((await mailsTo(site.env, email))[0])), {})
    }
    const owner = from()
    const form = await owner.submit(
      await owner.open(
        linkIn((await mailsTo(site.env, old, 1, 'メールアドレスが変わりました'))[0]),
      ),
      {},
    )
    const setNew = await owner.submit(form, { new_password: NEW }, '/link/recover')
    expect(setNew.text).toContain('パスワードを変更しました')
    expect(isIn((await login(old, NEW)).page)).toBe(true)
    expect(await stillIn(thief)).toBe(false)
  })

  test('one that has an account is told by mail, not on the page (H1)', async () => {
    const { email: taken } = await makeResident(site.env)
    const { browser } = await login((await makeResident(site.env)).email)
    const mask = (page: Page) => page.text.replaceAll(/value="[^"]*"/g, '')
    const answers = [await change(browser, taken), await change(browser, newEmail())]
    expect(new Set(answers.map(mask)).size).toBe(1)
    expect((await mailsTo(site.env, taken))[0]?.subject).toContain('すでに登録')
    expect((await change(browser, 'no address')).status).toBe(422)
  })

  test('two who want the same address: the second finds it gone', async () => {
    const email = newEmail()
    const browsers = []
    for (const _ of [1, 2]) {
      const { browser } = await login((await makeResident(site.env)).email)
      await change(browser, email)
      browsers.push(browser)
    }
    const [first, second] = (await mailsTo(site.env, email, 2)).map(linkIn)
    await browsers[0]?.submit(await browsers[0].open(first ?? ''), {})
    const page = await browsers[1]?.open(second ?? '')
    expect(page && (await browsers[1]?.submit(page, {}))?.status).toBe(409)
  })
})

/** Sign-up as a browser sees it (R1; H1, H19, H22, H24; S-03, S-07, S-26, S-56). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Browser, itemsOn, type Page } from '../support/browser.ts'
import { makeService, markDemo } from '../support/builders.ts'
import { linkIn, mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { relyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { dayOf } from '../../src/input/days.ts'
import { unseal } from '../../src/vault.ts'

const PASSWORD = 'tanpopo no wata ga tobu'
let site: Site
let count = 0

beforeAll(async () => {
  site = await openSite({ TRUSTED_PROXIES: '127.0.0.1' })
  await markDemo(site.env)
})
afterAll(() => site.close())

const anybody = () =>
  new Browser(site.issuer, { 'x-forwarded-for': `10.0.${++count >> 8}.${count & 255}` })
const newEmail = () => `person${++count}@example.jp`

async function signUp(browser: Browser, fields: Record<string, string>): Promise<Page> {
  const page = await browser.open('/signup')
  return browser.submit(page, { password: PASSWORD, ...fields }, '/signup')
}

async function verified(fields: Record<string, string> = {}): Promise<string> {
  const email = fields['email'] ?? newEmail()
  const browser = anybody()
  await signUp(browser, { agree_provision: '1', ...fields, email })
  const page = await browser.open(linkIn((await mailsTo(site.env, email)).at(-1)))
  await browser.submit(page, {})
  return email
}

const login = async (email: string, password = PASSWORD) => {
  const browser = anybody()
  const page = await browser.signIn(await browser.open('/login'), { email, password })
  return { browser, page }
}

const row = async (email: string) => {
  const { emailIndex } = await import('../../src/residents/accounts.ts')
  const index = emailIndex(site.env, email)
  return site.env
    .db('residents')
    .where({ email_index: index })
    .orWhere({ pending_index: index })
    .first() as Promise<
    { id: string; user_id: string; data_key: Buffer; email_verified_at: Date | null } | undefined
  >
}

/** A page without what differs from request to request. */
const masked = (page: Page) =>
  `${page.status} ${page.url} ${page.text.replaceAll(/name="csrf" value="[^"]*"/g, '')}`

test('the purpose stands before the first field, the reasons beside each, the terms before the button', async () => {
  const { text } = await anybody().open('/signup')
  const order = [
    '入力した情報の使いみち',
    'name="email"',
    'name="postal_code"',
    'name="agree_provision"',
    '<button',
  ]
  const places = order.map((piece) => text.indexOf(piece))
  expect(places.every((place) => place > 0)).toBe(true)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(text).toContain('16歳以上の方')
  expect(text).not.toContain('agree_collection')
  expect(text).not.toMatch(/<input type="checkbox"[^>]*checked/)
  expect(text.match(/<button[^>]*>/g)?.map((b) => b.includes('name="lookup"'))).toEqual([
    false,
    true,
  ])
})

test('with an address and a password alone a person gets an account, and no session', async () => {
  const email = newEmail()
  const browser = anybody()
  const page = await signUp(browser, { email })
  expect(page.status).toBe(200)
  expect(page.text).toContain('メールを確かめてください')
  expect([...browser.jar.keys()].filter((name) => name.startsWith('session'))).toEqual([])
  const stored = await row(email)
  expect(stored?.user_id).toMatch(/^MC(-[0-9A-HJKMNP-TV-Z]{4}){5}$/)
  expect(stored?.email_verified_at).toBeNull()
  expect((await browser.open('/account')).url).toContain('/login')
})

describe('the mail with its link', () => {
  test('has one link under the issuer, which leads to a page with a button', async () => {
    const email = newEmail()
    const browser = anybody()
    await signUp(browser, { email })
    const link = linkIn((await mailsTo(site.env, email))[0])
    expect(link.startsWith(`${site.issuer}/link/verify/`)).toBe(true)
    const moved = await browser.request(link)
    expect(moved.status).toBe(303)
    expect(moved.headers.get('location')).toBe('/link/verify')
    expect(browser.setCookies.at(-2)).toMatch(/^link_verify=.*path=\/link\/verify;.*httponly/i)
    for (const _ of [1, 2, 3]) {
      await browser.request(link, { method: 'HEAD' })
      expect((await browser.open(link)).text).toContain('<button')
    }
    expect((await login(email)).page.status).toBe(401)
    const done = await browser.submit(await browser.open(link), {})
    expect(done.text).toContain('確認が終わりました')
    expect(done.text).toContain('href="/login"')
    expect([...browser.jar.keys()].filter((name) => name.startsWith('session'))).toEqual([])
    expect((await login(email)).page.url).toBe(`${site.issuer}/account`)
  })

  test('works once, also when pressed twenty times at once', async () => {
    const email = newEmail()
    const browser = anybody()
    await signUp(browser, { email })
    const page = await browser.open(linkIn((await mailsTo(site.env, email))[0]))
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => browser.post('/link/verify', { csrf })),
    )
    expect(answers.map((a) => a.status).toSorted((a, b) => a - b)).toEqual([
      303,
      ...Array<number>(19).fill(410),
    ])
  })

  test('is dead after 24 hours, and leads on to a new one', async () => {
    const email = newEmail()
    const browser = anybody()
    await signUp(browser, { email })
    const link = linkIn((await mailsTo(site.env, email))[0])
    site.setNow(new Date(Date.now() + 24 * 3600_000 + 60_000))
    const page = await browser.open(link)
    site.setNow(undefined)
    expect(page.status).toBe(410)
    expect(page.text).toContain('/signup/resend')
    expect((await browser.submit(await browser.open('/signup/resend'), { email })).text).toContain(
      'メールを確かめて',
    )
    const again = linkIn((await mailsTo(site.env, email, 2))[1])
    await browser.submit(await browser.open(again), {})
    expect((await row(email))?.email_verified_at).not.toBeNull()
  })

  test('counts its time from when the mail left', async () => {
    const email = newEmail()
    await signUp(anybody(), { email })
    await mailsTo(site.env, email)
    await queueIsEmpty(site.env)
    const person = await row(email)
    const [link] = (await site.env.db('mail_links').where({ resident_id: person?.id })) as {
      id: string
      expires_at: Date
    }[]
    const { mailSent } = await import('../../src/residents/jobs.ts')
    const late = new Date(Date.now() + 9 * 3600_000)
    await mailSent(site.env, link?.id ?? '', late)
    const after = (await site.env.db('mail_links').where({ id: link?.id }).first()) as {
      expires_at: Date
    }
    expect(after.expires_at.getTime()).toBe(late.getTime() + 24 * 3600_000)
  })

  test('leads on to the service, in the browser that came from one and in no other', async () => {
    const rp = await relyingParty(site.issuer, await makeService(site.env))
    const browser = anybody()
    const attempt = await rp.begin('openid name')
    const { pathname } = new URL((await browser.open(attempt.url.toString())).url)
    const email = newEmail()
    const form = await browser.open(`${pathname}/signup`)
    expect(form.url).toBe(`${site.issuer}/signup`)
    await browser.submit(form, { email, password: PASSWORD, agree_provision: '1' }, '/signup')
    const link = linkIn((await mailsTo(site.env, email))[0])
    expect((await anybody().open(link)).text).toContain('<button')
    const done = await browser.submit(await browser.open(link), {})
    expect(done.text).toContain(`href="${pathname}"`)
    expect([...browser.jar.keys()].filter((name) => name.startsWith('return'))).toEqual([])
    expect((await browser.open('/link/verify/done')).text).toContain('href="/login"')
    const login = await browser.open(pathname)
    expect(login.text).toContain('name="password"')
    const consent = await browser.signIn(login, { email, password: PASSWORD })
    expect(itemsOn(consent)).toContain('name')
  })

  test('leads to the sign-in page once the interaction is over', async () => {
    const rp = await relyingParty(site.issuer, await makeService(site.env))
    const browser = anybody()
    const { pathname } = new URL(
      (await browser.open((await rp.begin('openid name')).url.toString())).url,
    )
    const email = newEmail()
    const form = await browser.open(`${pathname}/signup`)
    await browser.submit(form, { email, password: PASSWORD }, '/signup')
    const link = linkIn((await mailsTo(site.env, email))[0])
    site.setNow(new Date(Date.now() + 31 * 60_000))
    const done = await browser.submit(await browser.open(link), {})
    site.setNow(undefined)
    expect(done.text).toContain('href="/login"')
    expect(done.text).not.toContain('/interaction/')
  })
})

describe('known and unknown addresses answer alike (H1)', () => {
  test('sign-up', async () => {
    const known = await verified()
    const waiting = newEmail()
    await signUp(anybody(), { email: waiting })
    const pages = []
    for (const email of [known, waiting, newEmail()]) pages.push(await signUp(anybody(), { email }))
    expect(new Set(pages.map(masked)).size).toBe(1)
    expect((await mailsTo(site.env, known, 2)).at(-1)?.subject).toContain('すでに登録')
  })

  test('asking for the mail again, and for a new password', async () => {
    const known = await verified()
    const waiting = newEmail()
    await signUp(anybody(), { email: waiting })
    for (const path of ['/signup/resend', '/recover']) {
      const pages = []
      for (const email of [known, waiting, newEmail()]) {
        const browser = anybody()
        pages.push(await browser.submit(await browser.open(path), { email }))
      }
      expect(new Set(pages.map(masked)).size).toBe(1)
      expect(pages[0]?.status).toBe(200)
    }
    expect(await site.env.db('dev_mails').where('recipient', 'like', 'nobody%')).toEqual([])
  })

  test('sign-in: unknown, wrong password, not confirmed', async () => {
    const known = await verified()
    const waiting = newEmail()
    await signUp(anybody(), { email: waiting })
    const pages = [
      await login(known, 'another password, wrong'),
      await login(waiting),
      await login('nobody@example.jp'),
    ].map(({ page }) => page)
    const withoutAddress = pages.map((p, n) =>
      masked(p).replaceAll([known, waiting, 'nobody@example.jp'][n] ?? '', ''),
    )
    expect(new Set(withoutAddress).size).toBe(1)
    expect(pages[0]?.status).toBe(401)
  })

  test('in time, too: the answer waits for the slowest', async () => {
    const known = await verified()
    const timeOf = async (email: string) => {
      const browser = anybody()
      const page = await browser.open('/signup/resend')
      const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
      const started = performance.now()
      await browser.post('/signup/resend', { csrf, email })
      return performance.now() - started
    }
    const [ofKnown, ofUnknown]: [number[], number[]] = [[], []]
    for (let n = 0; n < 3; n++) {
      ofKnown.push(await timeOf(known))
      ofUnknown.push(await timeOf(newEmail()))
    }
    // The quickest of each: what the machine does meanwhile only makes an answer later.
    const [quickest, other] = [Math.min(...ofKnown), Math.min(...ofUnknown)]
    expect(Math.min(quickest, other)).toBeGreaterThan(395)
    expect(Math.abs(quickest - other)).toBeLessThan(200)
  })
})

test('one canonical address is one account (H24)', async () => {
  const email = await verified()
  const name = email.split('@')[0] ?? ''
  for (const same of [email.toUpperCase(), `${email}.`, `${name}＠ｅｘａｍｐｌｅ.jp`])
    expect((await login(same)).page.url).toBe(`${site.issuer}/account`)
})

describe('several sign-ups of one address wait side by side (H22)', () => {
  const VICTIM = 'victims very own sentence'
  const ATTACKER = 'attacker waits for victim'
  const both = async (first: string, second: string) => {
    const email = newEmail()
    for (const [n, password] of [first, second].entries()) {
      const family_name = password === ATTACKER ? '悪' : '良'
      await signUp(anybody(), { email, password, family_name })
      await mailsTo(site.env, email, n + 1)
    }
    const links = (await mailsTo(site.env, email, 2)).map(linkIn)
    const [one = '', two = ''] = links
    return { email, own: first === VICTIM ? one : two, strange: first === VICTIM ? two : one }
  }
  const confirm = async (link: string, password: string) => {
    const browser = anybody()
    const page = await browser.open(link)
    return browser.submit(page, page.text.includes('name="password"') ? { password } : {})
  }

  test.each([
    ['before', ATTACKER, VICTIM],
    ['after', VICTIM, ATTACKER],
  ])(
    'a stranger who registers %s the owner keeps nothing and blocks nothing',
    async (_, ...both_) => {
      const { email, own, strange } = await both(...(both_ as [string, string]))
      expect((await confirm(own, VICTIM)).text).toContain('確認が終わりました')
      expect((await login(email, ATTACKER)).page.status).toBe(401)
      expect((await anybody().open(strange)).status).toBe(410)
      const { browser, page } = await login(email, VICTIM)
      expect(page.url).toBe(`${site.issuer}/account`)
      expect((await browser.open('/account/profile')).text).not.toContain('悪')
      const { emailIndex } = await import('../../src/residents/accounts.ts')
      const at = { pending_index: emailIndex(site.env, email) }
      expect(await site.env.db('residents').where(at)).toEqual([])
    },
  )

  test("the owner who presses the stranger's link does not let the stranger in", async () => {
    const { email, own, strange } = await both(VICTIM, ATTACKER)
    const page = await confirm(strange, VICTIM)
    expect(page.status).toBe(422)
    expect(page.text).toContain('この登録のパスワードと違います')
    const browser = anybody()
    const shown = await browser.open(strange)
    for (const fields of [{}, { password: '' }, { password: 'x'.repeat(1100) }])
      expect((await browser.submit(shown, fields as Record<string, string>)).status).toBe(422)
    expect((await login(email, ATTACKER)).page.status).toBe(401)
    expect((await confirm(own, VICTIM)).status).toBe(200)
    expect((await login(email, VICTIM)).page.url).toBe(`${site.issuer}/account`)
  })

  test('pressed at once, one wins', async () => {
    const { email, own, strange } = await both(VICTIM, ATTACKER)
    const press = async (link: string, password: string) => {
      const browser = anybody()
      const page = await browser.open(link)
      const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
      return () => browser.post('/link/verify', { csrf, password })
    }
    const presses = [await press(own, VICTIM), await press(strange, ATTACKER)]
    const answers = await Promise.all([...presses, ...presses].map((go) => go()))
    expect(answers.filter((a) => a.status === 303)).toHaveLength(1)
    expect(answers.filter((a) => a.status === 410)).toHaveLength(3)
    const ways = [await login(email, VICTIM), await login(email, ATTACKER)]
    expect(ways.filter(({ page }) => page.status === 200)).toHaveLength(1)
  })

  test('passwords behind one link are counted', async () => {
    const { strange } = await both(VICTIM, ATTACKER)
    const browser = anybody()
    const page = await browser.open(strange)
    const statuses = []
    for (let n = 0; n < 11; n++)
      statuses.push((await browser.submit(page, { password: 'x'.repeat(1000) })).status)
    expect(statuses).toEqual([...Array<number>(10).fill(422), 429])
  })

  test('asked for again, the mail comes for each of the newest', async () => {
    const { email } = await both(ATTACKER, VICTIM)
    const browser = anybody()
    await browser.submit(await browser.open('/signup/resend'), { email })
    const [, , ...again] = (await mailsTo(site.env, email, 4)).map(linkIn)
    const answers = []
    for (const link of again) answers.push((await confirm(link, VICTIM)).status)
    expect(answers.filter((status) => status === 200)).toHaveLength(1)
    expect((await login(email, VICTIM)).page.url).toBe(`${site.issuer}/account`)
  })

  test('twenty at once are one account in the end', async () => {
    const email = newEmail()
    const browser = anybody()
    const page = await browser.open('/signup')
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const fields = { csrf, email, password: PASSWORD }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => browser.post('/signup', fields)),
    )
    expect(answers.map((a) => a.status)).toEqual(Array(20).fill(303))
    await queueIsEmpty(site.env)
    const mails = await mailsTo(site.env, email)
    expect(mails.length).toBeLessThanOrEqual(5)
    expect((await confirm(linkIn(mails[0]), PASSWORD)).status).toBe(200)
    const { emailIndex } = await import('../../src/residents/accounts.ts')
    const index = emailIndex(site.env, email)
    expect(
      await site.env
        .db('residents')
        .where({ email_index: index })
        .orWhere({ pending_index: index }),
    ).toHaveLength(1)
    expect((await login(email)).page.url).toBe(`${site.issuer}/account`)
  })
})

describe('what is refused is said at its field, and nothing is stored', () => {
  const unchanged = async (work: () => Promise<unknown>) => {
    const before = await site.env.db('residents').count({ n: '*' })
    await work()
    expect(await site.env.db('residents').count({ n: '*' })).toEqual(before)
  }

  test('every fault at once, the typing kept, the password not', async () =>
    unchanged(async () => {
      const page = await signUp(anybody(), {
        email: 'hanako',
        password: 'zu kurz!',
        family_name_kana: '山田',
        postal_code: '000-001',
        given_name: '花<子>',
      })
      expect(page.status).toBe(422)
      for (const field of ['email', 'password', 'family_name_kana', 'postal_code'])
        expect(page.text).toContain(`href="#${field}"`)
      expect(page.text).toContain('value="花&lt;子&gt;"')
      expect(page.text).not.toContain('zu kurz!')
      expect(page.text).toContain('4か所を直してください')
    }))

  test('under the age: a clear page', async () =>
    unchanged(async () => {
      const year = String(Number(dayOf(new Date()).slice(0, 4)) - 16)
      const page = await signUp(anybody(), { email: newEmail(), birth_year: year })
      expect(page.status).toBe(403)
      expect(page.text).toContain('年齢の条件')
    }))

  test.each(['family_name', 'locality', 'email'])(
    'an individual number in %s (I-39)',
    async (field) =>
      unchanged(async () => {
        const value = field === 'email' ? '123456789018@example.jp' : '123456789018'
        const page = await signUp(anybody(), { email: newEmail(), [field]: value })
        expect(page.status).toBe(422)
        expect(page.text).toContain('個人番号は、ここでは受け取りません')
      }),
  )

  test('a field that does not exist (L9, J3)', async () =>
    unchanged(async () => {
      const page = await signUp(anybody(), { email: newEmail(), user_id: 'MC-0000' })
      expect(page.status).toBe(422)
    }))

  test('a form of another site (I1)', async () =>
    unchanged(async () => {
      const browser = anybody()
      await browser.open('/signup')
      expect(
        (await browser.post('/signup', { email: newEmail(), password: PASSWORD })).status,
      ).toBe(403)
    }))

  test('an answer to a page that was never shown is asked for again', async () =>
    unchanged(async () => {
      const browser = anybody()
      const page = await browser.open('/login')
      const answer = await browser.submit(
        page,
        { email: newEmail(), password: PASSWORD },
        '/signup',
      )
      expect(answer.text).toContain('name="agree_provision"')
    }))
})

test('the postcode button shows the form again, filled', async () => {
  const page = await signUp(anybody(), {
    email: 'hanako@example.jp',
    postal_code: '〒060-0001',
    lookup: 'address',
  })
  expect(page.status).toBe(200)
  expect(page.text).toContain('value="札幌市中央区"')
  expect(page.text).toContain('<option value="北海道" selected>')
  expect(page.text).toContain('value="hanako@example.jp"')
})

describe('the answers to the terms are evidence (S-07, S-26, S-56)', () => {
  test.each([
    [{ agree_provision: '1' }, true],
    [{}, false],
  ])('%p is recorded as %p', async (fields, given) => {
    const email = newEmail()
    const browser = anybody()
    await signUp(browser, { email, ...fields } as Record<string, string>)
    const person = await row(email)
    const terms = (await site.env.db('resident_terms').where({ resident_id: person?.id })) as {
      id: string
      kind: string
      given: boolean
      shown_at: Date
      at: Date
      template_hash: Buffer
      template_version: number
      salt: Buffer
      canonical: string
      leaf_hash: Buffer
    }[]
    expect(terms).toHaveLength(1)
    const [only] = terms
    if (!only || !person) throw new Error('no terms')
    expect(only).toMatchObject({ kind: 'provision', given, language: 'ja', template: 'id-terms' })
    expect(only.shown_at.getTime()).toBeLessThan(only.at.getTime())
    const template = site.env.templates.version('id-terms', only.template_version)
    expect(only.template_hash.equals(template.hash.ja)).toBe(true)
    const leaf = createHash('sha256')
      .update(Buffer.from([0]))
      .update(only.canonical)
      .digest()
    expect(only.leaf_hash.equals(leaf)).toBe(true)
    const entry = JSON.parse(only.canonical) as Record<string, unknown>
    const dataKey = unseal(site.env.secrets.residents, person.data_key, `resident:${person.id}`)
    const salt = unseal(dataKey, only.salt, `terms:${only.id}`)
    expect(entry['subject']).toBe(createHash('sha256').update(salt).update(person.id).digest('hex'))
    expect(entry).toMatchObject({
      given,
      kind: 'provision',
      template_hash: template.hash.ja.toString('hex'),
    })
    expect(only.canonical).not.toContain(person.id)
    await expect(
      site.env.db('resident_terms').where({ id: only.id }).update({ given: !given }),
    ).rejects.toMatchObject({ code: '42501' })
  })

  test('in the language that was shown', async () => {
    const email = newEmail()
    const browser = new Browser(site.issuer, {
      'accept-language': 'en',
      'x-forwarded-for': '10.9.9.9',
    })
    await signUp(browser, { email })
    const person = await row(email)
    expect(
      await site.env.db('resident_terms').where({ resident_id: person?.id }).first(),
    ).toMatchObject({ language: 'en' })
    expect((await mailsTo(site.env, email))[0]?.subject).toContain('confirm your email')
  })
})

test('nothing a resident typed stands in the database as it was typed (M1)', async () => {
  const email = await verified({
    family_name: '検索不能苗字',
    given_name: '検索不能名前',
    family_name_kana: 'ケンサクフノウ',
    birth_year: '1957',
    postal_code: '0640804',
  })
  const { rows } = (await site.owner.raw(
    `select table_schema as schema, table_name as name from information_schema.tables
      where table_schema in ('public', 'jobs') and table_type = 'BASE TABLE' and table_name <> 'dev_mails'`,
  )) as { rows: { schema: string; name: string }[] }
  expect(rows.length).toBeGreaterThan(25)
  const canaries = [
    email,
    '検索不能',
    'ケンサクフノウ',
    '札幌市中央区',
    '064-0804',
    '0640804',
    PASSWORD,
  ]
  // Digits are looked for apart: a hash, an id or a moment may hold the same ones.
  const holds = (text: string, form: string) =>
    /^[\d-]{7,8}$/.test(form)
      ? new RegExp(`(?<![0-9a-f-])${form}(?![0-9a-f-])`).test(text)
      : text.includes(form)
  expect(holds('{"postal_code": "0640804"}', '0640804')).toBe(true)
  for (const { schema, name } of rows) {
    const found = (await site.owner.raw('select t::text as line from ??.?? t', [schema, name])) as {
      rows: { line: string }[]
    }
    const dump = found.rows.map((r) => r.line).join('\n')
    for (const canary of canaries) {
      const bytes = Buffer.from(canary)
      for (const form of [canary, bytes.toString('hex'), bytes.toString('base64')])
        expect([name, form, holds(dump, form)]).toEqual([name, form, false])
    }
  }
  const log = site.logLines().join('\n')
  for (const canary of canaries) expect([canary, holds(log, canary)]).toEqual([canary, false])
})

test('sign-ups nobody confirmed are erased after seven days, by key; others are not', async () => {
  const { timetable } = await import('../../src/residents/jobs.ts')
  const waiting = newEmail()
  await signUp(anybody(), { email: waiting })
  const known = await verified()
  const person = await row(waiting)
  const sweep = async () => {
    for (const entry of timetable) await entry.run(site.env)
  }
  site.setNow(new Date(Date.now() + 6.9 * 86_400_000))
  await sweep()
  expect(await row(waiting)).toBeDefined()
  site.setNow(new Date(Date.now() + 7.1 * 86_400_000))
  await sweep()
  site.setNow(undefined)
  expect(await row(waiting)).toBeUndefined()
  expect(await row(known)).toBeDefined()
  expect(await site.env.db('residents').where({ id: person?.id }).first()).toMatchObject({
    data_key: null,
    profile: null,
    password_hash: null,
    email_index: null,
  })
  expect(await site.env.db('mail_links').where({ resident_id: person?.id })).toEqual([])
})

test('housekeeping keeps up: one run clears whatever has piled up (M9)', async () => {
  const { timetable } = await import('../../src/residents/jobs.ts')
  const { db } = site.env
  const known = await verified()
  const owner = (await row(known))?.id ?? ''
  const long = "now() - interval '60 days'"
  await db.raw(
    `insert into mail_links (id, kind, resident_id, secret_hash, created_at, expires_at)
      select gen_random_uuid(), 'recover', ?, sha256(n::text::bytea), ${long}, ${long}
        from generate_series(1, 11000) n`,
    [owner],
  )
  await db.raw(
    `insert into sign_ins (session_uid, resident_id, device, signed_in_at, last_seen_at)
      select 'old' || n, ?, 'x', ${long}, ${long} from generate_series(1, 11000) n`,
    [owner],
  )
  await db.raw(
    `insert into residents (id, user_id, pending_index, language, created_at)
      select gen_random_uuid(), 'old' || n, sha256(n::text::bytea), 'ja', ${long}
        from generate_series(1, 1100) n`,
  )
  await db.raw(
    `insert into rate_limits (key, points, expire) select 'old' || n, 1, 1 from generate_series(1, 11000) n`,
  )
  for (const entry of timetable) await entry.run(site.env)
  expect(await db('mail_links').where({ kind: 'recover', resident_id: owner })).toEqual([])
  expect(await db('sign_ins').where('session_uid', 'like', 'old%')).toEqual([])
  expect(await db('rate_limits').where('key', 'like', 'old%')).toEqual([])
  expect(await db('residents').where('user_id', 'like', 'old%').whereNull('closed_at')).toEqual([])
  expect(await row(known)).toBeDefined()
})

test('each sweep of this room has its index', async () => {
  const { rows } = (await site.env.db.raw(
    `select indexdef from pg_indexes where tablename in ('mail_links', 'sign_ins', 'residents')`,
  )) as { rows: { indexdef: string }[] }
  const defs = rows.map(({ indexdef }) => indexdef.replace(/^.* ON public\./, ''))
  for (const wanted of [/^mail_links .*\(expires_at\)/, /^sign_ins .*\(last_seen_at\)/])
    expect(defs.some((def) => wanted.test(def))).toBe(true)
  expect(defs.some((def) => /^residents .*\(created_at\) WHERE/.test(def))).toBe(true)
})

test('consent to collection is asked only where a live dataset exists, and is recorded apart (S-08)', async () => {
  const collecting = await makeService(site.env)
  const version = (await site.env
    .db('contract_versions')
    .where({ contract_id: collecting.contractId })
    .first()) as { id: string; starts_at: Date; ends_at: Date }
  await site.env.db('contract_flows').insert({
    id: site.env.newId(),
    contract_version_id: version.id,
    position: 2,
    giver: 'member',
    receiver: 'consortium',
    items: [],
    dataset: 'footfall',
    purposes: ['city_platform'],
    delivery: 'API',
    starts_at: version.starts_at,
    ends_at: version.ends_at,
  })
  expect((await anybody().open('/signup')).text).toContain('name="agree_collection"')
  const email = newEmail()
  await signUp(anybody(), { email, agree_collection: '1' })
  const person = await row(email)
  const terms = await site.env
    .db('resident_terms')
    .where({ resident_id: person?.id })
    .orderBy('kind')
    .select('kind', 'given')
  expect(terms).toEqual([
    { kind: 'collection', given: true },
    { kind: 'provision', given: false },
  ])
})

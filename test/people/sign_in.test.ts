/** Password, then code, at both doors (H1, H3, H6, H13, H15, H17, G2, V3.7.2). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Browser } from '../support/browser.ts'
import { makeService } from '../support/builders.ts'
import { makeOperator, makeStaff, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { codeAt, csrfOf, equip, PASSWORD, typePassword } from './steps.ts'

let site: Site
let operator: SignedInPerson
let staff: SignedInPerson
let memberId: string

beforeAll(async () => {
  site = await openSite()
  ;({ memberId } = await makeService(site.env))
})
afterAll(() => site.close())
beforeEach(async () => {
  operator = await makeOperator(site.env, ['registrar'])
  await equip(site.env, 'operator', operator.person.id)
  staff = await makeStaff(site.env, memberId)
  await equip(site.env, 'staff', staff.person.id)
  await site.env.db('rate_limits').delete()
})

afterEach(() => site.setNow(undefined))

const browser = () => new Browser(site.issuer)
const isIn = async (one: Browser, base: string) =>
  (await one.request(`${base}/logout`)).status === 200 &&
  [...one.jar.keys()].some((key) => key === `${base === '/admin' ? 'operator' : 'staff'}|${base}`)

describe.each(['operator', 'staff'] as const)('at the door of %s', (area) => {
  const base = area === 'operator' ? '/admin' : '/company'
  const who = () => (area === 'operator' ? operator : staff)

  test('password and code open a session, and lead back to where one wanted to go', async () => {
    const one = browser()
    const second = await typePassword(one, area, who().email, PASSWORD, `${base}/logout`)
    expect(new URL(second.url).pathname).toBe(`${base}/login/code`)
    expect(await isIn(one, base)).toBe(false)
    await one.submit(second, { code: codeAt(site.env) })
    expect(await isIn(one, base)).toBe(true)
    const bearer = one.jar.get(`${area}|${base}`)?.value
    const ids = await site.env.db(`${area}_sessions`).pluck<Buffer[]>('id_hash')
    expect(ids.map((id) => id.toString('hex'))).not.toContain(bearer)
  })

  test('the second step is not there without the first', async () => {
    const one = browser()
    const page = await one.open(`${base}/login/code`)
    expect(new URL(page.url).pathname).toBe(`${base}/login`)
    const posted = await one.submit(page, { code: codeAt(site.env) }, `${base}/login/code`)
    expect(new URL(posted.url).pathname).toBe(`${base}/login`)
    expect(await isIn(one, base)).toBe(false)
  })

  test('unknown, wrong, without codes and out of office answer alike', async () => {
    const answers: string[] = []
    const other =
      area === 'operator'
        ? await makeOperator(site.env, ['auditor'])
        : await makeStaff(site.env, memberId)
    // A password alone: as good as none (H13).
    await equip(site.env, area, other.person.id)
    const table = area === 'operator' ? 'operators' : 'staff'
    await site.env.db(table).where({ id: other.person.id }).update({ totp_sealed: null })
    const gone =
      area === 'operator'
        ? await makeOperator(site.env, ['auditor'], { endsOn: '2020-03-31' })
        : undefined
    if (gone) await equip(site.env, 'operator', gone.person.id)
    const tries: [string, string][] = [
      ['nobody@consortium.example', PASSWORD],
      [who().email, 'Not the right one 77'],
      [other.email, PASSWORD],
      ...(gone ? [[gone.email, PASSWORD] as [string, string]] : []),
    ]
    for (const [email, password] of tries) {
      const page = await typePassword(browser(), area, email, password)
      expect(page.status).toBe(401)
      const own = /name="csrf" value="[^"]*"|data-options="[^"]*"/g
      answers.push(page.text.replaceAll(email, 'E').replace(own, ''))
    }
    expect(new Set(answers).size).toBe(1)
  })

  test('a code counts once, also in parallel, and at most one step away', async () => {
    // The clock stands: a code of two steps ahead is one of the next step as soon as this one is over.
    site.setNow(new Date())
    for (const steps of [-2, 2]) {
      const one = browser()
      const page = await typePassword(one, area, who().email)
      expect((await one.submit(page, { code: codeAt(site.env, steps) })).status).toBe(401)
    }
    const many = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const one = browser()
        return { one, page: await typePassword(one, area, who().email) }
      }),
    )
    const code = codeAt(site.env)
    await Promise.all(many.map(({ one, page }) => one.post(page.url, { csrf: csrfOf(page), code })))
    const inside = await Promise.all(many.map(({ one }) => isIn(one, base)))
    expect(inside.filter(Boolean)).toHaveLength(1)
  })

  test('wrong codes end: five to a step, ten to an account', async () => {
    let last = 0
    for (let round = 0; round < 3; round++) {
      const one = browser()
      const page = await typePassword(one, area, who().email)
      for (let n = 0; n < 5 && last !== 429; n++)
        last = (await one.post(page.url, { csrf: csrfOf(page), code: '000000' })).status
      if (round === 0)
        expect(
          (await one.post(page.url, { csrf: csrfOf(page), code: codeAt(site.env) })).status,
        ).toBe(303)
      if (round === 0) expect(await isIn(one, base)).toBe(false)
    }
    expect(last).toBe(429)
  })

  test('parallel guesses at the password are bounded before anything is compared', async () => {
    const one = browser()
    const page = await one.open(`${base}/login`)
    const fields = {
      csrf: csrfOf(page),
      email: who().email,
      password: 'Wrong one entirely 12',
    }
    const answers = await Promise.all(Array.from({ length: 20 }, () => one.post(page.url, fields)))
    expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5)
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(15)
  })

  test.each([
    'https://evil.example/',
    '//evil.example/admin',
    '/\\evil.example',
    `${base}/../account`,
    `${base}/logout`,
    `${base}x`,
    '/account',
  ])('never leads to %s', async (to) => {
    const one = browser()
    const second = await typePassword(one, area, who().email, PASSWORD, to)
    const done = await one.post(second.url, { csrf: csrfOf(second), code: codeAt(site.env) })
    expect(done.status).toBe(303)
    expect(done.headers.get('location')).toBe(base)
  })

  test('signing out ends the session itself', async () => {
    const one = browser()
    const second = await typePassword(one, area, who().email)
    await one.submit(second, { code: codeAt(site.env) })
    const page = await one.open(`${base}/logout`)
    await one.submit(page, {})
    const rows = await site.env
      .db(`${area}_sessions`)
      .where({ holder_id: who().person.id, device: '—' })
      .whereNull('ended_at')
    expect(rows).toEqual([])
  })
})

test('one door knows nothing of the other', async () => {
  const page = await typePassword(browser(), 'staff', operator.email)
  expect(page.status).toBe(401)
})

/** Invitations, passkeys, step-up and one's own factors (H13, H14, H15, H16, H19, I3, I5, J6, J11). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import * as people from '../../src/people/actions.ts'
import { Authenticator, optionsOn } from '../support/authenticator.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makeOperator, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { codeAt, csrfOf as csrf, equip, PASSWORD, SEED, typePassword } from './steps.ts'

let site: Site
let person: SignedInPerson

beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())
beforeEach(async () => {
  person = await makeOperator(site.env, ['registrar'])
  await site.env.db('rate_limits').delete()
})

const browser = () => new Browser(site.issuer)
const isIn = async (one: Browser) => (await one.request('/admin/account')).status === 200

async function link(holder = person): Promise<string> {
  const { href } = await people.issue(site.env, {
    area: 'operator',
    holderId: holder.person.id,
    seconds: 600,
  })
  return new URL(href).pathname
}

/** Somebody with a passkey, signed in by their invitation. */
async function withPasskey(holder = person): Promise<{ one: Browser; key: Authenticator }> {
  const one = browser()
  const page = await one.open(await link(holder))
  const key = new Authenticator(site.issuer)
  const credential = key.create(optionsOn(page.text, 'create'))
  const done = await one.post('/admin/invitation/passkey', { csrf: csrf(page), credential })
  expect(done.status).toBe(303)
  return { one, key }
}

describe('an invitation', () => {
  test('gives its secret to a cookie, changes nothing by being read, and works once', async () => {
    const one = browser()
    const path = await link()
    for (let n = 0; n < 3; n++) expect((await browser().request(path)).status).toBe(303)
    const first = await one.request(path)
    expect(first.headers.get('location')).toBe('/admin/invitation')
    expect(one.setCookies.find((line) => line.startsWith('operator_invitation='))).toMatch(
      /path=\/admin\/invitation; .*httponly/i,
    )
    const page = await one.open('/admin/invitation')
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
    const key = new Authenticator(site.issuer)
    const fields = {
      csrf: csrf(page),
      credential: key.create(optionsOn(page.text, 'create')),
    }
    expect((await one.post('/admin/invitation/passkey', fields)).headers.get('location')).toBe(
      '/admin',
    )
    expect(await isIn(one)).toBe(true)
    expect((await browser().open(path)).status).toBe(410)
  })

  test('of twenty at once, one is accepted', async () => {
    const path = await link()
    const all = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const one = browser()
        const page = await one.open(path)
        const key = new Authenticator(site.issuer)
        return {
          one,
          fields: { csrf: csrf(page), credential: key.create(optionsOn(page.text, 'create')) },
        }
      }),
    )
    const answers = await Promise.all(
      all.map(({ one, fields }) => one.post('/admin/invitation/passkey', fields)),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(await site.env.db('passkeys').where({ holder_id: person.person.id })).toHaveLength(1)
  })

  test('a new one ends the one before, every factor and every session', async () => {
    const { one } = await withPasskey()
    const old = await link()
    const fresh = await link()
    expect(await isIn(one)).toBe(false)
    expect((await browser().open(old)).status).toBe(410)
    expect((await browser().open(fresh)).status).toBe(200)
    const left = await site.env
      .db('passkeys')
      .where({ holder_id: person.person.id })
      .whereNull('ended_at')
    expect(left).toEqual([])
  })

  test('runs out, and opens nothing to who has no rights any more', async () => {
    const path = await link()
    await site.env.db('operators').where({ id: person.person.id }).update({ ends_on: '2020-01-01' })
    expect((await browser().open(path)).status).toBe(410)
    await site.env.db('operators').where({ id: person.person.id }).update({ ends_on: '2030-01-01' })
    expect((await browser().open(path)).status).toBe(200)
    await site.env.db('invitations').update({ expires_at: new Date(Date.now() - 1000) })
    expect((await browser().open(path)).status).toBe(410)
  })

  test('password and app: active only after a first right code, which is then used up', async () => {
    const one = browser()
    const page = await one.open(await link())
    const sealed = /name="seed" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const seed = (/<span class="num">([A-Z2-7 ]+)<\/span>/.exec(page.text)?.[1] ?? '').replaceAll(
      ' ',
      '',
    )
    expect(seed).toHaveLength(32)
    const typed = { csrf: csrf(page), password: PASSWORD, seed: sealed }
    const post = (more: object) =>
      one.post('/admin/invitation/password', { ...typed, ...more } as Record<string, string>)
    const wrong = await post({ code: '000000' })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain(`value="${sealed}"`)
    expect((await post({ code: codeAt(site.env, 0, seed), password: 'short' })).status).toBe(422)
    expect((await post({ code: codeAt(site.env, 0, SEED) })).status).toBe(422)
    const row = await site.env.db('operators').where({ id: person.person.id }).first('totp_sealed')
    expect(row.totp_sealed).toBeNull()
    const code = codeAt(site.env, 0, seed)
    expect((await post({ code })).status).toBe(303)
    expect(await isIn(one)).toBe(true)
    const again = browser()
    const second = await typePassword(again, 'operator', person.email)
    expect((await again.submit(second, { code })).status).toBe(401)
  })

  test('the seed of another browser is no seed', async () => {
    const [one, other] = [browser(), browser()]
    const path = await link()
    const [page, foreign] = [await one.open(path), await other.open(path)]
    const sealed = /name="seed" value="([^"]*)"/.exec(foreign.text)?.[1] ?? ''
    const seed = (
      /<span class="num">([A-Z2-7 ]+)<\/span>/.exec(foreign.text)?.[1] ?? ''
    ).replaceAll(' ', '')
    const fields = {
      csrf: csrf(page),
      password: PASSWORD,
      seed: sealed,
      code: codeAt(site.env, 0, seed),
    }
    expect((await one.post('/admin/invitation/password', fields)).status).toBe(422)
  })
})

describe('a passkey', () => {
  const login = async (one: Browser) => one.open('/admin/login')
  const show = (one: Browser, page: Page, credential: string) =>
    one.post('/admin/login/passkey', { csrf: csrf(page), credential })

  test('signs in alone, with the user verified', async () => {
    const { key } = await withPasskey()
    const one = browser()
    const page = await login(one)
    expect((await show(one, page, key.get(optionsOn(page.text, 'get')))).status).toBe(303)
    expect(await isIn(one)).toBe(true)
  })

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another party', { rpId: 'evil.example' }],
    ['no user verification', { unverified: true }],
    ['a challenge of its own', { challenge: Buffer.alloc(52, 7).toString('base64url') }],
    ['the type of a registration', { type: 'webauthn.create' }],
    ['a counter that stands still', { counter: 1 }],
    ['another user handle', { userHandle: Buffer.from('somebody else').toString('base64url') }],
  ])('with %s is refused', async (_, twist) => {
    const { key } = await withPasskey()
    await site.env.db('passkeys').where({ holder_id: person.person.id }).update({ counter: 5 })
    const one = browser()
    const page = await login(one)
    key.counter = 9
    expect((await show(one, page, key.get(optionsOn(page.text, 'get'), twist))).status).toBe(401)
    expect(await isIn(one)).toBe(false)
  })

  test('a challenge counts once, also in parallel', async () => {
    const { key } = await withPasskey()
    const one = browser()
    const page = await login(one)
    const options = optionsOn(page.text, 'get')
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => show(one, page, key.get(options))),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
  })

  test('a challenge of another browser, page or time does not count', async () => {
    const { one: inside, key } = await withPasskey()
    const [one, other] = [browser(), browser()]
    const [page, foreign] = [await login(one), await login(other)]
    const confirm = await inside.open('/admin/confirm')
    for (const options of [optionsOn(foreign.text, 'get'), optionsOn(confirm.text, 'get')])
      expect((await show(one, page, key.get(options))).status).toBe(401)
    const late = optionsOn((await login(one)).text, 'get')
    site.setNow(new Date(Date.now() + 700_000))
    try {
      expect((await show(one, page, key.get(late))).status).toBe(401)
    } finally {
      site.setNow(undefined)
    }
  })

  test('a credential belongs to one person, and junk is nobody’s', async () => {
    const { key } = await withPasskey()
    const other = await makeOperator(site.env, ['auditor'])
    const one = browser()
    const page = await one.open(await link(other))
    const credential = key.create(optionsOn(page.text, 'create'))
    expect(
      (await one.post('/admin/invitation/passkey', { csrf: csrf(page), credential })).status,
    ).toBe(422)
    const guest = browser()
    const at = await login(guest)
    for (const junk of [
      '',
      '{',
      'null',
      '[]',
      '{"id":1}',
      '{"id":"x","response":{"clientDataJSON":"e30"}}',
    ])
      expect((await show(guest, at, junk)).status).toBe(401)
  })

  test('of somebody out of office opens nothing', async () => {
    const { key } = await withPasskey()
    await site.env.db('operators').where({ id: person.person.id }).update({ ends_on: '2020-01-01' })
    const one = browser()
    const page = await login(one)
    expect((await show(one, page, key.get(optionsOn(page.text, 'get')))).status).toBe(401)
  })
})

describe('step-up', () => {
  const age = () =>
    site.env.db('operator_sessions').update({ confirmed_at: new Date(Date.now() - 400_000) })
  const confirmedAt = async () => {
    const [row] = await site.env
      .db('operator_sessions')
      .where({ holder_id: person.person.id })
      .whereNull('ended_at')
      .pluck<Date[]>('confirmed_at')
    return row ?? new Date(0)
  }

  test('by passkey: back to the page, under a new bearer value', async () => {
    const { one, key } = await withPasskey()
    await age()
    const before = one.jar.get('operator|/admin')?.value
    const page = await one.open('/admin/confirm?to=%2Fadmin%2Faccount%3Fdone%3Dended')
    const credential = key.get(optionsOn(page.text, 'get'))
    const done = await one.post('/admin/confirm/passkey?to=%2Fadmin%2Faccount%3Fdone%3Dended', {
      csrf: csrf(page),
      credential,
    })
    expect(done.headers.get('location')).toBe('/admin/account?done=ended')
    expect(one.jar.get('operator|/admin')?.value).not.toBe(before)
    expect(Date.now() - (await confirmedAt()).getTime()).toBeLessThan(60_000)
    expect(await isIn(one)).toBe(true)
  })

  test('by a code, once', async () => {
    await equip(site.env, 'operator', person.person.id)
    const one = browser()
    signIn(one, person)
    await age()
    const page = await one.open('/admin/confirm')
    const code = codeAt(site.env)
    expect((await one.post('/admin/confirm', { csrf: csrf(page), code: '123456' })).status).toBe(
      401,
    )
    expect((await one.post('/admin/confirm', { csrf: csrf(page), code })).status).toBe(303)
    expect((await one.post('/admin/confirm', { csrf: csrf(page), code })).status).toBe(401)
  })

  test('by the passkey of somebody else: not at all', async () => {
    const other = await makeOperator(site.env, ['auditor'])
    const { key } = await withPasskey(other)
    const { one } = await withPasskey()
    await age()
    const page = await one.open('/admin/confirm')
    const credential = key.get(optionsOn(page.text, 'get'))
    expect(
      (await one.post('/admin/confirm/passkey', { csrf: csrf(page), credential })).status,
    ).toBe(401)
    expect(Date.now() - (await confirmedAt()).getTime()).toBeGreaterThan(300_000)
  })
})

describe('one’s own factors', () => {
  test('change only after a fresh confirmation, tell the owner, and end other sessions', async () => {
    const { one, key } = await withPasskey()
    const elsewhere = browser()
    const login = await elsewhere.open('/admin/login')
    await elsewhere.post('/admin/login/passkey', {
      csrf: csrf(login),
      credential: key.get(optionsOn(login.text, 'get')),
    })
    expect(await isIn(elsewhere)).toBe(true)
    const page = await one.open('/admin/account')
    const credential = new Authenticator(site.issuer).create(optionsOn(page.text, 'create'))
    await site.env.db('operator_sessions').update({ confirmed_at: new Date(Date.now() - 400_000) })
    expect(
      (await one.post('/admin/account/passkey', { csrf: csrf(page), credential })).status,
    ).toBe(403)
    expect(await one.open('/admin/account').then(({ text }) => text)).not.toContain('data-passkey')
    await site.env.db('operator_sessions').update({ confirmed_at: new Date() })
    expect(
      (await one.post('/admin/account/passkey', { csrf: csrf(page), credential })).headers.get(
        'location',
      ),
    ).toBe('/admin/account?done=added')
    expect(await isIn(elsewhere)).toBe(false)
    expect(await isIn(one)).toBe(true)
    const events = await site.env.db('audit_events').where({ act: 'people.passkey_added' })
    expect(events.length).toBeGreaterThan(0)
  })

  test('the last one cannot be removed, also not by two at once', async () => {
    const { one } = await withPasskey()
    const page = await one.open('/admin/account')
    const credential = new Authenticator(site.issuer).create(optionsOn(page.text, 'create'))
    await one.post('/admin/account/passkey', { csrf: csrf(page), credential })
    const ids = await site.env
      .db('passkeys')
      .where({ holder_id: person.person.id })
      .pluck<string[]>('id')
    expect(ids).toHaveLength(2)
    const answers = await Promise.all(
      ids.map((id) => one.post('/admin/account/passkey/remove', { csrf: csrf(page), id })),
    )
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([303, 422])
    const foreign = await makeOperator(site.env, ['auditor'])
    await withPasskey(foreign)
    const [theirs] = await site.env
      .db('passkeys')
      .where({ holder_id: foreign.person.id })
      .pluck<string[]>('id')
    expect(
      (await one.post('/admin/account/passkey/remove', { csrf: csrf(page), id: theirs ?? '' }))
        .status,
    ).toBe(404)
  })
})

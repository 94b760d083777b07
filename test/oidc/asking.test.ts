/** What a service may ask for, and when the resident is asked (docs/security.md, A11–A14; domain.md, scopes). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { Browser, hidden, itemsOn, type Page } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { agree, refuse, relyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import {
  arrived,
  asksConsent,
  asksPassword,
  authorizePath,
  codeFor,
  errorOn,
  goOn,
  newVerifier,
  postAs,
  redeem,
  tokensFor,
  tokensIn,
  userinfo,
  authorizeParams,
  type Changes,
} from './steps.ts'

let site: Site
let resident: MadeResident
let all: MadeService
let few: MadeService

beforeAll(async () => {
  site = await openSite()
  resident = await makeResident(site.env)
  all = await makeService(site.env)
  few = await makeService(site.env, { required: ['name'], optional: ['sex'] })
})
afterAll(() => site.close())

const newBrowser = (headers: Record<string, string> = {}) => new Browser(site.issuer, headers)
const sorted = (scope: string) => scope.split(' ').sort().join(' ')

async function signedIn(service = all): Promise<Browser> {
  const browser = newBrowser()
  await goOn(browser, await browser.open(authorizePath(service)), resident)
  return browser
}

/** The consent screen of somebody new. */
async function screen(service: MadeService, changes: Changes): Promise<Page> {
  const browser = newBrowser()
  const start = await browser.open(authorizePath(service, changes))
  const person = await makeResident(site.env)
  return browser.signIn(start, { email: person.email, password: PASSWORD })
}

describe('A11 scopes', () => {
  test.each(['email', 'address', 'birth_year', 'sex email'])(
    '%s: an item outside the contract is invalid_scope',
    async (scope) => {
      const page = await newBrowser().request(authorizePath(few, { scope: `openid name ${scope}` }))
      const params = arrived(page)
      expect(params?.get('error')).toBe('invalid_scope')
      expect(params?.get('iss')).toBe(site.issuer)
      expect(params?.get('state')).toBe('state-of-the-test')
    },
  )

  test('an item that left the contract is invalid_scope from the next request on', async () => {
    const service = await makeService(site.env)
    const ask = () => newBrowser().request(authorizePath(service, { scope: 'openid email' }))
    expect(arrived(await ask())).toBeUndefined()
    await makeContractVersion(site.env, service.contractId, 2, { flowItems: ['user_id', 'name'] })
    expect(arrived(await ask())?.get('error')).toBe('invalid_scope')
  })

  test('unknown scopes are ignored: not on the page, not in the token', async () => {
    const changes = { scope: 'openid name my_number phone Name' }
    const page = await screen(all, changes)
    expect(itemsOn(page)).toEqual(['user_id', 'name'])
    expect(page.text).not.toMatch(/my_number|phone/)
    const tokens = await tokensFor(site, newBrowser(), all, await makeResident(site.env), changes)
    expect(sorted(tokens.scope)).toBe('name openid')
  })

  test.each<[string, string[], string[], string]>([
    ['openid', [], ['user_id'], 'openid'],
    ['openid email', [], ['user_id', 'email'], 'email openid'],
    [
      'openid profile',
      ['birth_year', 'sex'],
      ['user_id', 'name', 'birth_year', 'sex'],
      'openid profile',
    ],
    ['openid profile', ['sex'], ['user_id', 'name', 'birth_year', 'sex'], 'name openid sex'],
    ['openid profile', [], ['user_id', 'name', 'birth_year', 'sex'], 'name openid'],
    ['openid profile sex', ['sex'], ['user_id', 'name', 'birth_year', 'sex'], 'name openid sex'],
    [
      'openid profile email address',
      ['birth_year', 'sex', 'address'],
      ['user_id', 'name', 'email', 'birth_year', 'sex', 'address'],
      'address email openid profile',
    ],
    [
      'openid profile email address',
      ['address'],
      ['user_id', 'name', 'email', 'birth_year', 'sex', 'address'],
      'address email name openid',
    ],
  ])(
    '%s with %j ticked: the token says what was granted',
    async (scope, picked, shown, granted) => {
      expect(itemsOn(await screen(all, { scope }))).toEqual(shown)
      const person = await makeResident(site.env)
      const rp = await relyingParty(site.issuer, all)
      const browser = newBrowser()
      const tokens = await rp.signIn(
        browser,
        { email: person.email, password: PASSWORD },
        scope,
        picked,
      )
      expect(sorted(tokens.scope ?? '')).toBe(granted)
      const claims = await rp.userinfo(tokens.access_token, person.userId)
      const expected = [
        [
          'name',
          [
            'name',
            'family_name',
            'given_name',
            'name#ja-Kana-JP',
            'family_name#ja-Kana-JP',
            'given_name#ja-Kana-JP',
          ],
        ],
        ['email', ['email', 'email_verified']],
        ['birth_year', ['birthdate']],
        ['sex', ['gender']],
        ['address', ['address']],
      ] as const
      const released = expected.flatMap(([item, names]) =>
        shown.includes(item) && (item === 'name' || item === 'email' || picked.includes(item))
          ? [...names]
          : [],
      )
      expect(Object.keys(claims).sort()).toEqual(['sub', ...released].sort())
      // The same again, in silence: the answer is as true.
      const again = await rp.signIn(browser, { email: person.email, password: PASSWORD }, scope)
      expect(sorted(again.scope ?? '')).toBe(granted)
    },
  )

  test('profile stands for the approved part of it, and the token names the parts', async () => {
    expect(itemsOn(await screen(few, { scope: 'openid profile' }))).toEqual([
      'user_id',
      'name',
      'sex',
    ])
    for (const [picked, granted] of [
      [['sex'], 'name openid sex'],
      [[], 'name openid'],
    ] as const) {
      const person = await makeResident(site.env)
      const tokens = await tokensFor(site, newBrowser(), few, person, { scope: 'openid profile' }, [
        ...picked,
      ])
      expect(sorted(tokens.scope)).toBe(granted)
      const { body } = await userinfo(site, tokens.access)
      expect('gender' in body).toBe(picked.length === 1)
      expect('birthdate' in body).toBe(false)
    }
  })

  test('a request for fewer items yields only those, never the sum of earlier ones', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    await tokensFor(site, browser, all, person, { scope: 'openid name email' })
    const fewer = await tokensFor(site, browser, all, person, { scope: 'openid email' })
    expect(sorted(fewer.scope)).toBe('email openid')
    expect(Object.keys((await userinfo(site, fewer.access)).body).sort()).toEqual([
      'email',
      'email_verified',
      'sub',
    ])
  })

  test('without openid there is no ID token and no userinfo', async () => {
    const person = await makeResident(site.env)
    const changes = { scope: 'name', nonce: undefined }
    const tokens = await tokensFor(site, newBrowser(), all, person, changes)
    expect(tokens.id).toBe('')
    expect((await userinfo(site, tokens.access)).status).toBe(403)
  })
})

describe('A12 the claims parameter', () => {
  const asking = (claims: unknown) => ({ scope: 'openid', claims: JSON.stringify(claims) })

  test('names an item as its scope would, and only what was agreed comes', async () => {
    const changes = asking({ userinfo: { email: { essential: true }, birthdate: null } })
    expect(itemsOn(await screen(all, changes))).toEqual(['user_id', 'email', 'birth_year'])
    const person = await makeResident(site.env)
    const tokens = await tokensFor(site, newBrowser(), all, person, changes)
    expect(Object.keys((await userinfo(site, tokens.access)).body).sort()).toEqual([
      'email',
      'email_verified',
      'sub',
    ])
    const other = await tokensFor(site, newBrowser(), all, await makeResident(site.env), changes, [
      'birth_year',
    ])
    expect((await userinfo(site, other.access)).body).toMatchObject({ birthdate: '1988' })
  })

  test('one name of an item brings the item whole: what is shown is what is released', async () => {
    const changes = asking({ userinfo: { family_name: null } })
    expect(itemsOn(await screen(all, changes))).toEqual(['user_id', 'name'])
    const person = await makeResident(site.env)
    const { access } = await tokensFor(site, newBrowser(), all, person, changes)
    const { body } = await userinfo(site, access)
    expect(body['family_name']).toBe('山田')
  })

  test('an item asked for the ID token comes there, with its record', async () => {
    const person = await makeResident(site.env)
    const changes = asking({ id_token: { email: null } })
    const tokens = await tokensFor(site, newBrowser(), all, person, changes)
    expect(decodeJwt(tokens.id)).toMatchObject({ email: person.email, email_verified: true })
    const records = await site.env
      .db('provision_records')
      .where({ resident_id: person.id })
      .select('path', 'items')
    expect(records).toEqual([{ path: 'id_token', items: ['user_id', 'email'] }])
    expect(Object.keys((await userinfo(site, tokens.access)).body)).toEqual(['sub'])
  })

  test('unknown and unapproved names are nowhere: page, grant, token, record', async () => {
    const names = ['my_number', 'phone_number', 'email', 'address', 'birthdate']
    const request = Object.fromEntries(names.map((name) => [name, { essential: true, value: 'x' }]))
    const changes = {
      scope: 'openid name',
      claims: JSON.stringify({ userinfo: request, id_token: request }),
    }
    const page = await screen(few, changes)
    expect(itemsOn(page)).toEqual(['user_id', 'name'])
    expect(page.text).not.toMatch(/my_number|phone_number/)
    const person = await makeResident(site.env)
    const tokens = await tokensFor(site, newBrowser(), few, person, changes)
    expect(Object.keys(decodeJwt(tokens.id))).not.toEqual(expect.arrayContaining(['email']))
    const { body } = await userinfo(site, tokens.access)
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['email']))
    expect(Object.keys(body).filter((name) => names.includes(name))).toEqual([])
    expect(Object.keys(decodeJwt(tokens.id)).filter((name) => names.includes(name))).toEqual([])
    const stored = JSON.stringify([
      await site.env.db('oidc_tokens').select('payload'),
      await site.env.db('consents').where({ resident_id: person.id }).select('items', 'canonical'),
      await site.env.db('provision_records').where({ resident_id: person.id }).select('items'),
    ])
    expect(stored).not.toMatch(/my_number|phone_number/)
    const records = await site.env.db('provision_records').where({ resident_id: person.id })
    expect(
      records.flatMap((row) => row.items as string[]).filter((item) => names.includes(item)),
    ).toEqual([])
  })

  test.each<[string, string]>([
    ['no JSON', '{'],
    ['a word', '"email"'],
    ['a list', '[]'],
    ['null', 'null'],
    ['neither place', '{"x":{}}'],
    ['a list in a place', '{"userinfo":[]}'],
    ['a word in a place', '{"id_token":"email"}'],
    ['too long', JSON.stringify({ userinfo: { email: { value: 'x'.repeat(8200) } } })],
  ])('%s: invalid_request', async (_name, claims) => {
    const page = await newBrowser().request(authorizePath(all, { claims }))
    expect(arrived(page)?.get('error')).toBe('invalid_request')
  })

  test('50 KB, pushed: refused', async () => {
    const claims = JSON.stringify({ userinfo: { email: { value: 'x'.repeat(50_000) } } })
    const fields = Object.fromEntries(authorizeParams(all, { claims }))
    const answer = await postAs(site, all, '/request', fields)
    expect(answer.status).toBe(400)
    expect(answer.body['error']).toBe('invalid_request')
  })

  test.each<[string, string]>([
    ['__proto__ as a name', '{"userinfo":{"__proto__":{"polluted":true},"email":null}}'],
    ['__proto__ as a place', '{"__proto__":{"polluted":true},"userinfo":{"email":null}}'],
    ['the constructor', '{"userinfo":{"constructor":{"prototype":{"polluted":1}},"email":null}}'],
    ['a deep nest', `{"userinfo":{"email":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}}`],
    ['values of odd kinds', '{"userinfo":{"email":{"value":{"$gt":""}},"name":7,"gender":[1]}}'],
  ])('%s does nothing', async (_name, claims) => {
    const changes = { scope: 'openid', claims }
    const page = await screen(all, changes)
    expect(itemsOn(page)).toContain('email')
    const person = await makeResident(site.env)
    const tokens = await tokensFor(site, newBrowser(), all, person, changes)
    expect((await userinfo(site, tokens.access)).body['email']).toBe(person.email)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('a certain subject is asked for: another one has to sign in', async () => {
    const browser = await signedIn()
    const claims = (value: string) => JSON.stringify({ id_token: { sub: { value } } })
    const right = await browser.open(authorizePath(all, { claims: claims(resident.userId) }))
    expect(arrived(right)?.get('code')).toBeTruthy()
    const wrong = await browser.open(authorizePath(all, { claims: claims('MC-other') }))
    expect(asksPassword(wrong)).toBe(true)
    const silent = await browser.open(
      authorizePath(all, { claims: claims('MC-other'), prompt: 'none' }),
    )
    expect(arrived(silent)?.get('error')).toBe('login_required')
  })

  test('a way of signing in that must be, and is not kept here, is said at once', async () => {
    const claims = JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:x' } } })
    const page = await newBrowser().request(authorizePath(all, { claims }))
    expect(arrived(page)?.get('error')).toBe('unmet_authentication_requirements')
    const wish = JSON.stringify({ id_token: { acr: { value: 'urn:x' } } })
    expect(asksPassword(await newBrowser().open(authorizePath(all, { claims: wish })))).toBe(true)
  })
})

describe('A13 prompt × session', () => {
  type State = 'nobody' | 'signed in' | 'agreed'
  const states: Record<State, () => Promise<Browser>> = {
    nobody: async () => newBrowser(),
    'signed in': async () => {
      const browser = newBrowser()
      await goOn(browser, await browser.open(authorizePath(few, { scope: 'openid name' })), person)
      return browser
    },
    agreed: async () => {
      const browser = newBrowser()
      await goOn(browser, await browser.open(authorizePath(all)), agreedPerson)
      return browser
    },
  }
  let person: MadeResident
  let agreedPerson: MadeResident
  beforeAll(async () => {
    person = await makeResident(site.env)
    agreedPerson = await makeResident(site.env)
  })

  test.each<[string | undefined, State, string]>([
    [undefined, 'nobody', 'password'],
    [undefined, 'signed in', 'consent'],
    [undefined, 'agreed', 'code'],
    ['none', 'nobody', 'login_required'],
    ['none', 'signed in', 'consent_required'],
    ['none', 'agreed', 'code'],
    ['login', 'nobody', 'password'],
    ['login', 'signed in', 'password'],
    ['login', 'agreed', 'password'],
    ['consent', 'nobody', 'password'],
    ['consent', 'signed in', 'consent'],
    ['consent', 'agreed', 'consent'],
    ['login consent', 'agreed', 'password'],
    ['none login', 'nobody', 'invalid_request'],
    ['none login', 'agreed', 'invalid_request'],
    ['none consent', 'agreed', 'invalid_request'],
    ['create', 'agreed', 'invalid_request'],
    ['select_account', 'agreed', 'invalid_request'],
    ['LOGIN', 'agreed', 'invalid_request'],
  ])('%s, %s: %s', async (prompt, state, outcome) => {
    const browser = await states[state]()
    const page = await browser.open(authorizePath(all, { prompt, scope: 'openid name email' }))
    const params = arrived(page)
    const got = asksPassword(page)
      ? 'password'
      : asksConsent(page)
        ? 'consent'
        : params?.get('code')
          ? 'code'
          : (params?.get('error') ?? `${page.status}`)
    expect(got).toBe(outcome)
    if (params) {
      expect(params.get('iss')).toBe(site.issuer)
      expect(params.get('state')).toBe('state-of-the-test')
    }
  })

  test('prompt=login and max_age make a fresh sign-in, and auth_time says so', async () => {
    const browser = await states.agreed()
    for (const changes of [{ prompt: 'login' }, { max_age: '0' }] as Changes[]) {
      const begun = Math.floor(Date.now() / 1000)
      const page = await browser.open(authorizePath(all, changes))
      expect(asksPassword(page)).toBe(true)
      const verifier = newVerifier()
      const start = await browser.open(authorizePath(all, changes, verifier))
      const left = await browser.signIn(start, { email: agreedPerson.email, password: PASSWORD })
      const code = arrived(left)?.get('code') ?? ''
      const { id } = tokensIn(
        await redeem(site, all, { code, verifier, redirectUri: all.redirectUri }),
      )
      expect(decodeJwt(id)['auth_time']).toBeGreaterThanOrEqual(begun)
    }
    const young = await browser.open(authorizePath(all, { max_age: '600' }))
    expect(arrived(young)?.get('code')).toBeTruthy()
    for (const max_age of ['-1', 'x', '1.5'])
      expect(arrived(await browser.open(authorizePath(all, { max_age })))?.get('error')).toBe(
        'invalid_request',
      )
  })

  test('a hint for another subject asks to sign in, a right one does not', async () => {
    const { id: hint } = await tokensFor(site, await states.agreed(), all, agreedPerson)
    const theirs = await states.agreed()
    expect(
      arrived(await theirs.open(authorizePath(all, { id_token_hint: hint })))?.get('code'),
    ).toBeTruthy()
    const other = await signedIn()
    expect(asksPassword(await other.open(authorizePath(all, { id_token_hint: hint })))).toBe(true)
    const silent = await other.open(authorizePath(all, { id_token_hint: hint, prompt: 'none' }))
    expect(arrived(silent)?.get('error')).toBe('login_required')
    for (const wrong of ['x', `${hint.slice(0, -4)}AAAA`, 'eyJhbGciOiJub25lIn0.e30.'])
      expect(
        arrived(await other.open(authorizePath(all, { id_token_hint: wrong })))?.get('error'),
      ).toBe('invalid_request')
    const foreign = await other.open(authorizePath(few, { id_token_hint: hint, scope: 'openid' }))
    expect(arrived(foreign)?.get('error')).toBe('invalid_request')
  })
})

describe('A7, A14 answers', () => {
  test('forms are answered by 303 only, and the answer names the issuer', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const login = await browser.open(authorizePath(all))
    const csrf = /name="csrf" value="([^"]+)"/
    const posted = await browser.post(login.url, {
      csrf: csrf.exec(login.text)?.[1] ?? '',
      email: person.email,
      password: PASSWORD,
    })
    expect(posted.status).toBe(303)
    const page = await browser.follow(posted)
    const fields = {
      csrf: csrf.exec(page.text)?.[1] ?? '',
      shown: /name="shown" value="([^"]+)"/.exec(page.text)?.[1] ?? '',
      decision: 'agree',
    }
    const answered = await browser.post(page.url, fields)
    expect(answered.status).toBe(303)
    const left = await browser.follow(answered)
    expect(left.status).toBe(303)
    expect(arrived(left)?.get('iss')).toBe(site.issuer)
    expect(arrived(left)?.get('code')).toMatch(/^[\w-]{43}$/)
  })

  test('refusing is access_denied, with state and issuer, and no consent is there', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const start = await browser.open(authorizePath(all))
    const page = await browser.signIn(start, { email: person.email, password: PASSWORD })
    const params = arrived(await refuse(browser, page))
    expect(Object.fromEntries(params ?? [])).toMatchObject({
      error: 'access_denied',
      state: 'state-of-the-test',
      iss: site.issuer,
    })
    expect(await site.env.db('consents').where({ resident_id: person.id })).toEqual([])
  })

  test('the page is spoken in the language the service asks for', async () => {
    for (const [ui_locales, lang] of [
      ['en', 'en'],
      ['en-GB ja', 'en'],
      ['fr ja', 'ja'],
      ['fr', 'ja'],
    ] as const) {
      const page = await newBrowser().open(authorizePath(all, { ui_locales }))
      expect(page.text).toContain(`<html lang="${lang}">`)
    }
    const error = await newBrowser().open(
      authorizePath(all, { ui_locales: 'en', redirect_uri: 'x' }),
    )
    expect(error.text).toContain('<html lang="en">')
  })
})

describe('services that may not sign anybody in', () => {
  const past = new Date('2026-05-01T00:00:00Z')
  test.each([
    ['suspended', { status: 'suspended' }, 'invalid_client', '停止または終了'],
    ['ended', { status: 'ended' }, 'invalid_client', '停止または終了'],
    ['not yet approved', { status: 'submitted' }, 'invalid_client', '停止または終了'],
    ['of a suspended company', { memberStatus: 'suspended' }, 'invalid_client', '停止または終了'],
    ['of an ended contract', { endsAt: past }, 'invalid_client', '契約の期間外'],
    [
      'of a contract to come',
      { startsAt: new Date('2031-01-01'), endsAt: new Date('2032-01-01') },
      'invalid_client',
      '契約の期間外',
    ],
  ])('%s: a calm page, and nothing goes back', async (_name, asked, code, words) => {
    const service = await makeService(site.env, asked)
    const page = await newBrowser().open(authorizePath(service))
    expect(page.status).toBe(400)
    expect(errorOn(page)).toBe(code)
    expect(page.text).toContain(words)
    expect(page.text).toContain('お客様の操作が原因ではありません')
    expect(page.headers.get('location')).toBeNull()
    const token = await postAs(site, service, '/token', {
      grant_type: 'authorization_code',
      code: 'x',
    })
    expect(token.status).toBe(401)
    expect(token.body['error']).toBe('invalid_client')
  })

  test('suspended or over while the page is open: the answer gets the calm page, nothing stored', async () => {
    for (const stop of [
      (s: MadeService) =>
        site.env.db('services').where({ id: s.id }).update({ status: 'suspended' }),
      (s: MadeService) =>
        site.env.db('members').where({ id: s.memberId }).update({ status: 'excluded' }),
      (s: MadeService) =>
        makeContractVersion(site.env, s.contractId, 2, {
          endsAt: past,
          startsAt: new Date('2026-04-02'),
        }),
    ]) {
      const service = await makeService(site.env)
      const person = await makeResident(site.env)
      const browser = newBrowser()
      const start = await browser.open(authorizePath(service))
      const page = await browser.signIn(start, { email: person.email, password: PASSWORD })
      expect(asksConsent(page)).toBe(true)
      await stop(service)
      const after = await agree(browser, page, [])
      expect(after.status).toBe(403)
      expect(after.text).toContain('いま情報を渡せません')
      expect(await site.env.db('consents').where({ resident_id: person.id })).toEqual([])
    }
  })
})

describe('the screen is evidence', () => {
  const screenOf = async (service: MadeService) => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const start = await browser.open(authorizePath(service, { scope: 'openid name sex' }))
    const page = await browser.signIn(start, { email: person.email, password: PASSWORD })
    return { person, browser, page }
  }
  const consentsOf = (person: MadeResident) =>
    site.env.db('consents').where({ resident_id: person.id })

  test('its hash is that of the page as it was served, and the consent carries it', async () => {
    const { person, browser, page } = await screenOf(all)
    const main = /<main[\s>][\s\S]*<\/main>/.exec(page.text)?.[0] ?? ''
    const bare = main.replace(/<input type="hidden" name="(csrf|shown)"[^>]*>/g, '')
    expect(bare).toContain('山田')
    const hash = createHash('sha256').update(bare).digest('hex')
    const showing = await site.env.db('showings').where({ resident_id: person.id }).first()
    expect(showing.page_hash.toString('hex')).toBe(hash)
    await agree(browser, page, ['sex'])
    const [consent] = await consentsOf(person)
    expect(consent.page_hash.toString('hex')).toBe(hash)
    expect(consent.showing_id).toBe(showing.id)
    expect(consent.shown_at.getTime()).toBeLessThan(consent.agreed_at.getTime())
  })

  test.each<[string, (service: MadeService) => Promise<unknown>]>([
    ['another version of the service', (s) => makeServiceVersion(site.env, s, 2)],
    ['another version of the contract', (s) => makeContractVersion(site.env, s.contractId, 2)],
    [
      'an item more that is required',
      (s) =>
        makeServiceVersion(site.env, s, 2, { required: ['name', 'email', 'sex'], optional: [] }),
    ],
    ['another purpose', (s) => makeServiceVersion(site.env, s, 2, { purposes: ['contact'] })],
  ])('%s while it is open: it is shown anew, and nothing was agreed to', async (_name, change) => {
    const service = await makeService(site.env)
    const { person, browser, page } = await screenOf(service)
    await change(service)
    const again = await agree(browser, page, [])
    expect(again.status).toBe(409)
    expect(asksConsent(again)).toBe(true)
    expect(await consentsOf(person)).toEqual([])
    const left = await agree(browser, again, [])
    expect(arrived(left)?.get('code')).toBeTruthy()
    expect(await consentsOf(person)).toHaveLength(1)
  })

  test.each<[string, [string, string][]]>([
    ['an item that was not offered', [['item', 'address']]],
    ['a required item as if it were a choice', [['item', 'name']]],
    [
      'an item twice',
      [
        ['item', 'sex'],
        ['item', 'sex'],
      ],
    ],
    ['an item nobody knows', [['item', 'my_number']]],
    ['another client', [['client_id', 'x']]],
    ['another showing', [['shown', '00000000-0000-4000-8000-000000000000']]],
  ])('F3 %s: refused, nothing stored, and a trace', async (_name, more) => {
    const { person, browser, page } = await screenOf(all)
    const fields = Object.entries(hidden(page)).filter(([name]) => !more.some(([n]) => n === name))
    const answer = await browser.post(page.url, [...fields, ...more, ['decision', 'agree']])
    expect([403, 422]).toContain(answer.status)
    expect(await consentsOf(person)).toEqual([])
    const traces = await site.env.db('audit_events').where({ act: 'consents.answer_declined' })
    if (!more.some(([name]) => name === 'client_id'))
      expect(traces.filter((row) => row.actor_id === person.id)).toHaveLength(1)
  })
})

describe('native apps', () => {
  let native: MadeService
  const scheme = 'example.town.app:/callback'
  beforeAll(async () => {
    native = await makeService(site.env, {
      applicationType: 'native',
      authMethod: 'none',
      redirectUris: ['http://127.0.0.1/callback', scheme],
    })
  })

  test('a loopback address may have any port; nothing else about it may differ', async () => {
    for (const redirect_uri of [
      'http://127.0.0.1/callback',
      'http://127.0.0.1:51004/callback',
      scheme,
    ])
      expect(asksPassword(await newBrowser().open(authorizePath(native, { redirect_uri })))).toBe(
        true,
      )
    for (const redirect_uri of [
      'http://127.0.0.1:51004/other',
      'http://localhost:51004/callback',
      'http://127.0.0.2:51004/callback',
      'https://127.0.0.1:51004/callback',
      'example.town.app:/other',
      'example.town.app://callback',
      'evil.app:/callback',
    ])
      expect((await newBrowser().open(authorizePath(native, { redirect_uri }))).status).toBe(400)
  })

  test('signs in without a secret, by PKCE, and is asked anew each time', async () => {
    const person = await makeResident(site.env)
    const rp = await relyingParty(site.issuer, native, { publicClient: true })
    const browser = newBrowser()
    const redirect_uri = 'http://127.0.0.1:51004/callback'
    const tokens = await rp.signIn(
      browser,
      { email: person.email, password: PASSWORD },
      'openid name',
      [],
      { redirect_uri },
    )
    expect((await rp.userinfo(tokens.access_token, person.userId)).name).toBe('山田 花子')
    const again = await browser.open(authorizePath(native, { redirect_uri }))
    expect(asksConsent(again)).toBe(true)
    expect(again.text).toContain('127.0.0.1')
  })

  test('its own scheme: the code comes there, and the form may lead there', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const start = await browser.open(authorizePath(native, { redirect_uri: scheme }))
    const page = await browser.signIn(start, { email: person.email, password: PASSWORD })
    expect(page.headers.get('content-security-policy')).toContain('example.town.app:')
    const left = await agree(browser, page, [])
    expect(left.headers.get('location')).toMatch(/^example\.town\.app:\/callback\?code=/)
  })
})

describe('D6 the kind of ID', () => {
  test('pairwise: one per company, the same each time, and it does not lead back', async () => {
    const person = await makeResident(site.env)
    const services = await Promise.all(
      [1, 2].map(() => makeService(site.env, { subjectType: 'pairwise' })),
    )
    const subs: string[] = []
    for (const service of services)
      for (const browser of [newBrowser(), newBrowser()]) {
        const tokens = await tokensFor(site, browser, service, person)
        const sub = String((await userinfo(site, tokens.access)).body['sub'])
        expect(decodeJwt(tokens.id).sub).toBe(sub)
        subs.push(sub)
      }
    expect(subs[0]).toBe(subs[1])
    expect(subs[2]).toBe(subs[3])
    expect(subs[0]).not.toBe(subs[2])
    const plain = createHash('sha256').update(person.userId).digest('base64url')
    for (const sub of subs) {
      expect(sub).not.toContain(person.userId)
      expect(sub).not.toBe(plain)
    }
  })

  test('public: the shared ID, at every company, and the screen shows it', async () => {
    const person = await makeResident(site.env)
    for (const service of [all, few]) {
      const browser = newBrowser()
      const start = await browser.open(authorizePath(service, { scope: 'openid' }))
      const page = await browser.signIn(start, { email: person.email, password: PASSWORD })
      expect(page.text).toContain(person.userId)
      const { code } = await codeFor(browser, service, person, { scope: 'openid' })
      expect(code).toBeTruthy()
    }
  })
})

/** What leaves and when it stops: userinfo, refresh, introspection, revocation (docs/security.md, E1–E6, B9, F16, K1–K4). */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import * as residents from '../../src/residents/actions.ts'
import { ID_TERMS } from '../../src/residents/model.ts'
import { Browser } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  type MadeResident,
  type MadeService,
  type ServiceAsked,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { resumeTime, skip } from './clock.ts'
import {
  ALL,
  answerOf,
  authorizePath,
  asksConsent,
  arrived,
  codeFor,
  introspect,
  narrow,
  OFFLINE,
  pause,
  post,
  redeem,
  refresh,
  revoke,
  tally,
  tokensFor,
  tokensIn,
  userinfo,
  withdraw,
  type Tokens,
} from './steps.ts'

let site: Site
let service: MadeService
let other: MadeService
let resident: MadeResident

beforeAll(async () => {
  site = await openSite()
  service = await makeService(site.env)
  other = await makeService(site.env)
  resident = await makeResident(site.env)
})
afterAll(() => site.close())
afterEach(resumeTime)

const newBrowser = () => new Browser(site.issuer)
const NAMES = ['name', 'family_name', 'given_name'].flatMap((name) => [name, `${name}#ja-Kana-JP`])
const sorted = (names: string[]) => [...names].sort()
const recordsOf = (person: MadeResident) =>
  site.env.db('provision_records').where({ resident_id: person.id }).orderBy('at')

/** What each door still says to the holder of these tokens. */
async function doors(tokens: Tokens, of: MadeService) {
  const seen = await userinfo(site, tokens.access)
  const again = await refresh(site, of, tokens.refresh)
  const told = await introspect(site, of, tokens.access)
  const toldRefresh = await introspect(site, of, tokens.refresh)
  return {
    userinfo: seen.status,
    refresh: again.status,
    introspection: told.body['active'] ?? told.status,
    introspectionOfRefresh: toldRefresh.body['active'] ?? toldRefresh.status,
    leaks: [seen, again, told, toldRefresh].some((a) => /山田|example\.jp|1988/.test(a.text)),
  }
}
const OPEN = {
  userinfo: 200,
  refresh: 200,
  introspection: true,
  introspectionOfRefresh: true,
  leaks: true,
}
const SHUT = {
  userinfo: 401,
  refresh: 400,
  introspection: false,
  introspectionOfRefresh: false,
  leaks: false,
}
/** Nobody speaks with a service that may not sign anybody in. */
const STRANGER = { ...SHUT, refresh: 401, introspection: 401, introspectionOfRefresh: 401 }

type Scene = {
  person: MadeResident
  of: MadeService
  browser: Browser
  tokens: Tokens
  /** A code not redeemed yet. */
  pending: Awaited<ReturnType<typeof codeFor>>
}

async function scene(asked: ServiceAsked = {}): Promise<Scene> {
  const person = await makeResident(site.env)
  const of = await makeService(site.env, asked)
  const browser = newBrowser()
  const tokens = await tokensFor(site, browser, of, person, OFFLINE, ['address', 'sex'])
  const pending = await codeFor(browser, of, person, { scope: ALL }, ['address', 'sex'])
  return { person, of, browser, tokens, pending }
}

const past = new Date('2026-05-01T00:00:00Z')
const switchTo = (person: MadeResident, given: boolean) =>
  residents.answerTerms(site.env, person.id, {
    kind: 'provision',
    given,
    shown: given
      ? {
          at: new Date(Date.now() - 1000),
          language: 'ja',
          version: site.env.templates.inForce(ID_TERMS, new Date()).version,
        }
      : undefined,
  })

describe('B9, F16 what ends a release', () => {
  const endings: [string, (s: Scene) => Promise<unknown>, object][] = [
    ['withdrawing', ({ browser, of }) => withdraw(browser, of), SHUT],
    [
      'withdrawing from everything',
      async ({ browser }) => {
        const page = await browser.open('/account/services/withdraw-all')
        const done = await browser.submit(page, { decision: 'withdraw' })
        expect(done.status).toBe(200)
      },
      SHUT,
    ],
    ['pausing', ({ browser, of }) => pause(browser, of), SHUT],
    ['the master switch', ({ person }) => switchTo(person, false), SHUT],
    [
      'the master switch off and on again',
      async ({ person }) => {
        await switchTo(person, false)
        await switchTo(person, true)
      },
      SHUT,
    ],
    [
      'suspending the service',
      ({ of: { id } }) => site.env.db('services').where({ id }).update({ status: 'suspended' }),
      STRANGER,
    ],
    [
      'ending the service',
      ({ of: { id } }) => site.env.db('services').where({ id }).update({ status: 'ended' }),
      STRANGER,
    ],
    [
      'excluding the company',
      ({ of: { memberId: id } }) =>
        site.env.db('members').where({ id }).update({ status: 'excluded' }),
      STRANGER,
    ],
    [
      'the end of the contract',
      ({ of }) =>
        makeContractVersion(site.env, of.contractId, 2, {
          startsAt: new Date('2026-04-02'),
          endsAt: past,
        }),
      STRANGER,
    ],
    [
      'another kind of ID in the contract',
      ({ of }) => makeContractVersion(site.env, of.contractId, 2, { subjectType: 'pairwise' }),
      SHUT,
    ],
    [
      'the ID itself leaving the contract',
      ({ of }) => makeContractVersion(site.env, of.contractId, 2, { flowItems: ['name'] }),
      SHUT,
    ],
    [
      'closing the account',
      ({ person: { id } }) =>
        site.env.db('residents').where({ id }).update({ closed_at: new Date() }),
      SHUT,
    ],
    [
      'ending the device',
      ({ person: { id } }) =>
        site.env.db('sign_ins').where({ resident_id: id }).update({ ended_at: new Date() }),
      SHUT,
    ],
  ]

  test.each(endings)('%s', async (_name, end, expected) => {
    const s = await scene()
    expect(await doors(s.tokens, s.of)).toEqual(OPEN)
    const before = (await recordsOf(s.person)).length
    await end(s)
    expect(await doors(s.tokens, s.of)).toEqual(expected)
    const code = await redeem(site, s.of, s.pending)
    expect(code.status).toBe(expected === STRANGER ? 401 : 400)
    expect(await recordsOf(s.person)).toHaveLength(before)
  })

  test('the contract running out by itself, with nobody acting', async () => {
    const s = await scene({ endsAt: new Date(Date.now() + 300_000) })
    skip(240)
    expect(await doors(s.tokens, s.of)).toEqual(OPEN)
    skip(61)
    expect(await doors(s.tokens, s.of)).toEqual(STRANGER)
  })

  test('a consent running out by itself', async () => {
    const s = await scene()
    await site.owner.transaction(async (trx) => {
      await trx.raw('alter table consents disable trigger user')
      await trx('consents')
        .where({ resident_id: s.person.id })
        .update({ ends_at: new Date(Date.now() + 60_000) })
      await trx.raw('alter table consents enable trigger user')
    })
    expect(await doors(s.tokens, s.of)).toEqual(OPEN)
    skip(61)
    expect(await doors(s.tokens, s.of)).toEqual(SHUT)
  })

  test.each<[string, (s: Scene) => Promise<unknown>]>([
    ['withdrawing', ({ browser, of }) => withdraw(browser, of)],
    ['pausing', ({ browser, of }) => pause(browser, of)],
    [
      'the master switch off and on',
      async ({ person }) => {
        await switchTo(person, false)
        await switchTo(person, true)
      },
    ],
  ])('%s and agreeing anew: what was issued before stays dead', async (_name, end) => {
    const s = await scene()
    await end(s)
    const page = await s.browser.open(authorizePath(s.of, { scope: ALL }))
    expect(asksConsent(page)).toBe(true)
    const again = await tokensFor(site, s.browser, s.of, s.person, OFFLINE, ['address', 'sex'])
    expect(await doors(s.tokens, s.of)).toEqual(SHUT)
    expect((await redeem(site, s.of, s.pending)).status).toBe(400)
    expect(await doors(again, s.of)).toEqual(OPEN)
    const agreements = await site.env.db('agreements').where({ resident_id: s.person.id })
    expect(agreements.filter((row) => row.ended_at === null)).toHaveLength(1)
  })

  test('withdrawing acts on every device, and prompt=none says so', async () => {
    const s = await scene()
    const elsewhere = newBrowser()
    const theirs = await tokensFor(site, elsewhere, s.of, s.person, OFFLINE)
    await withdraw(s.browser, s.of)
    expect(await doors(theirs, s.of)).toEqual(SHUT)
    for (const browser of [s.browser, elsewhere]) {
      const page = await browser.open(authorizePath(s.of, { prompt: 'none' }))
      expect(arrived(page)?.get('error')).toBe('consent_required')
    }
  })

  test('withdrawing from one service leaves the others alone', async () => {
    const s = await scene()
    const second = await makeService(site.env)
    const tokens = await tokensFor(site, s.browser, second, s.person, OFFLINE)
    await withdraw(s.browser, s.of)
    expect(await doors(tokens, second)).toEqual(OPEN)
  })

  test('a device ended leaves the others alone', async () => {
    const s = await scene()
    const elsewhere = await tokensFor(site, newBrowser(), s.of, s.person, OFFLINE)
    const [first] = await site.env
      .db('sign_ins')
      .where({ resident_id: s.person.id })
      .orderBy('signed_in_at')
    await site.env
      .db('sign_ins')
      .where({ session_uid: first.session_uid })
      .update({ ended_at: new Date() })
    expect(await doors(s.tokens, s.of)).toEqual(SHUT)
    expect(await doors(elsewhere, s.of)).toEqual(OPEN)
  })
})

describe('E5 what is left of a release', () => {
  const reduced = (missing: string) => ({
    address: missing !== 'address',
    email: missing !== 'email',
    gender: missing !== 'gender',
    name: missing !== 'name',
  })
  const seen = async (tokens: Tokens) => {
    const { status, body } = await userinfo(site, tokens.access)
    expect(status).toBe(200)
    const has = (name: string) => name in body
    return {
      address: has('address'),
      email: has('email'),
      gender: has('gender'),
      name: has('name'),
    }
  }

  test.each<[string, (s: Scene) => Promise<unknown>, string]>([
    [
      'an item left out by the resident',
      ({ browser, of }) => narrow(browser, of, 'address'),
      'address',
    ],
    [
      'an item that left the contract',
      ({ of }) =>
        makeContractVersion(site.env, of.contractId, 2, {
          flowItems: ['user_id', 'name', 'sex', 'address'],
        }),
      'email',
    ],
    [
      'an item that left the service',
      ({ of }) => makeServiceVersion(site.env, of, 2, { optional: ['address'] }),
      'gender',
    ],
    [
      'a purpose that left the contract',
      ({ of }) => makeContractVersion(site.env, of.contractId, 2, { purposes: ['contact'] }),
      'all',
    ],
    [
      'a purpose nobody agreed to',
      ({ of }) => makeServiceVersion(site.env, of, 2, { purposes: ['contact'] }),
      'all',
    ],
    [
      'a value taken back',
      ({ person }) =>
        residents.updateProfile(site.env, person.id, {
          postal_code: '',
          region: '',
          locality: '',
        }),
      'address',
    ],
  ])('%s: gone from live tokens at once', async (_name, reduce, missing) => {
    const s = await scene()
    expect(await seen(s.tokens)).toEqual(reduced('nothing'))
    await reduce(s)
    if (missing === 'all') {
      expect((await userinfo(site, s.tokens.access)).status).toBe(401)
      expect((await refresh(site, s.of, s.tokens.refresh)).status).toBe(400)
      return
    }
    expect(await seen(s.tokens)).toEqual(reduced(missing))
    const after = tokensIn(await refresh(site, s.of, s.tokens.refresh))
    expect(await seen(after)).toEqual(reduced(missing))
    const last = (await recordsOf(s.person)).at(-1)
    const item = missing === 'gender' ? 'sex' : missing
    expect(last.items).not.toContain(item)
  })

  test('a value changed is the new one, and asked about at the next visit', async () => {
    const s = await scene()
    await residents.updateProfile(site.env, s.person.id, { given_name: '桜子' })
    expect((await userinfo(site, s.tokens.access)).body['given_name']).toBe('桜子')
    const page = await s.browser.open(authorizePath(s.of, { scope: ALL }))
    expect(asksConsent(page)).toBe(true)
    const silent = await s.browser.open(authorizePath(s.of, { scope: ALL, prompt: 'none' }))
    expect(arrived(silent)?.get('code')).toBeTruthy()
  })

  test('what is widened comes only to tokens that asked for it', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const few = await tokensFor(site, browser, service, person, { scope: 'openid name' })
    await tokensFor(site, browser, service, person, { scope: 'openid name email' })
    const { body } = await userinfo(site, few.access)
    expect(sorted(Object.keys(body))).toEqual(sorted(['sub', ...NAMES]))
  })
})

describe('E1, E6 the endpoint', () => {
  let tokens: Tokens
  beforeAll(async () => {
    tokens = await tokensFor(site, newBrowser(), service, resident, { scope: ALL }, ['sex'])
  })
  const ask = (query: string, init: RequestInit = {}) =>
    fetch(`${site.issuer}/userinfo${query}`, { redirect: 'manual', ...init }).then(answerOf)
  const bearer = () => ({ authorization: `Bearer ${tokens.access}` })

  test('E1 a token in the address is refused', async () => {
    const query = `?access_token=${tokens.access}`
    expect((await ask(query)).status).toBe(400)
    expect((await ask(query, { headers: bearer() })).status).toBe(400)
  })

  test('it may come in a form, but not twice', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = `access_token=${tokens.access}`
    expect((await ask('', { method: 'POST', headers: form, body })).status).toBe(200)
    const twice = await ask('', { method: 'POST', headers: { ...form, ...bearer() }, body })
    expect(twice.status).toBe(400)
    expect((await ask('', { method: 'POST', headers: form, body: `${body}&${body}` })).status).toBe(
      400,
    )
  })

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic eDp5',
    'bearer x y',
    'Bearer \u00e9',
    `Bearer ${'x'.repeat(10_000)}`,
    'DPoP x',
  ])('a broken header is refused: %#', async (authorization) => {
    const answer = await ask('', { headers: { authorization } })
    expect([400, 401]).toContain(answer.status)
    expect(answer.body['error']).toMatch(/^invalid_(request|token)$/)
  })

  test.each(['PUT', 'DELETE', 'PATCH'])('%s is refused', async (method) => {
    expect([404, 405]).toContain((await ask('', { method, headers: bearer() })).status)
  })

  test('E6 JSON that is not kept or guessed at', async () => {
    const { headers, body } = await ask('', { headers: bearer() })
    expect(body['sub']).toBe(resident.userId)
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(headers.get('cache-control')).toContain('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('etag')).toBeNull()
  })

  test('E6 a page of another origin gets nothing, and nothing is recorded', async () => {
    const before = await recordsOf(resident)
    const answer = await ask('', { headers: { ...bearer(), origin: 'https://evil.example' } })
    expect(answer.status).toBe(400)
    expect(answer.text).not.toMatch(/山田|example\.jp|MC-/)
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(await recordsOf(resident)).toHaveLength(before.length)
  })

  test.each(['/UserInfo', '/userinfo/', '/userinfo//', '/%75serinfo', '//userinfo', '/userinfo/.'])(
    'K3 %s, another spelling, is no door: nothing leaves without its record',
    async (path) => {
      const before = await recordsOf(resident)
      const response = await fetch(`${site.issuer}${path}`, { headers: bearer() })
      expect(response.status).toBe(404)
      expect(await response.text()).not.toMatch(/山田|example\.jp|MC-/)
      expect(await recordsOf(resident)).toHaveLength(before.length)
    },
  )

  test('fewer scopes may be named, more may not', async () => {
    const { body } = await ask('?scope=openid', { headers: bearer() })
    expect(Object.keys(body)).toEqual(['sub'])
    expect((await ask('?scope=openid+address', { headers: bearer() })).status).toBe(403)
  })
})

describe('E3, E4 introspection and revocation', () => {
  let tokens: Tokens
  beforeAll(async () => {
    tokens = await tokensFor(site, newBrowser(), service, resident, OFFLINE)
  })

  test('E3 says about one’s own tokens just this', async () => {
    const { body } = await introspect(site, service, tokens.access)
    expect(body).toEqual({
      active: true,
      sub: resident.userId,
      client_id: service.clientId,
      iss: site.issuer,
      iat: expect.any(Number),
      exp: expect.any(Number),
      scope: expect.stringContaining('openid'),
      token_type: 'Bearer',
    })
  })

  test('E3 says nothing about another’s, and nothing to strangers', async () => {
    for (const token of [tokens.access, tokens.refresh, 'x'.repeat(43), 'a.b.c'])
      expect((await introspect(site, other, token)).body).toEqual({ active: false })
    expect((await post(site, '/token/introspection', { token: tokens.access })).status).toBe(400)
    const native = await makeService(site.env, {
      applicationType: 'native',
      authMethod: 'none',
      redirectUris: ['example.town:/callback'],
    })
    const fields = { token: tokens.access, client_id: native.clientId }
    expect((await post(site, '/token/introspection', fields)).body).toEqual({ active: false })
  })

  test('introspection is no provision: nothing is recorded', async () => {
    const before = await site.env.db('provision_records').count({ n: '*' })
    await introspect(site, service, tokens.access)
    expect(await site.env.db('provision_records').count({ n: '*' })).toEqual(before)
  })

  test('E4 revoking another’s token, none, or nonsense is answered alike and does nothing', async () => {
    const tried = ['x'.repeat(43), tokens.access, tokens.refresh, 'é', 'x'.repeat(5000)]
    const answers = await Promise.all(tried.map((token) => revoke(site, other, token)))
    const shape = ({ status, text, headers }: (typeof answers)[number]) =>
      JSON.stringify([status, text, [...headers].filter(([name]) => name !== 'date')])
    expect(new Set(answers.map(shape)).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 200, text: '' })
    expect(await doors(tokens, service)).toEqual(OPEN)
  })

  test.each(['access', 'refresh'] as const)(
    'revoking the %s token ends what came of the same sign-in, here alone',
    async (which) => {
      const mine = await tokensFor(site, newBrowser(), service, resident, OFFLINE)
      const elsewhere = await tokensFor(site, newBrowser(), service, resident, OFFLINE)
      expect((await revoke(site, service, mine[which])).status).toBe(200)
      expect(await doors(mine, service)).toEqual(SHUT)
      expect(await doors(elsewhere, service)).toEqual(OPEN)
      expect((await revoke(site, service, mine[which])).status).toBe(200)
    },
  )

  test('it ends no consent: the next sign-in is silent', async () => {
    const browser = newBrowser()
    const mine = await tokensFor(site, browser, service, resident, { scope: ALL })
    await revoke(site, service, mine.access)
    const page = await browser.open(authorizePath(service, { scope: ALL }))
    expect(arrived(page)?.get('code')).toBeTruthy()
  })
})

describe('K2, K3 no record, no provision', () => {
  test('as many records as answers, under load', async () => {
    const person = await makeResident(site.env)
    const tokens = await tokensFor(site, newBrowser(), service, person, { scope: ALL }, ['sex'])
    const answers = (
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const mine = []
          for (let n = 0; n < 8; n++) mine.push(await userinfo(site, tokens.access))
          return mine
        }),
      )
    ).flat()
    expect(tally(answers)).toEqual({ 200: 160 })
    const records = await recordsOf(person).where({ path: 'userinfo' })
    expect(records).toHaveLength(160)
    expect(new Set(records.map((row) => row.id)).size).toBe(160)
    for (const row of records) expect(row.items).toEqual(['user_id', 'name', 'sex', 'email'])
  })

  test.each<[string, string[], string[]]>([
    [
      'the table is gone',
      ['alter table provision_records rename to hidden_records'],
      ['alter table hidden_records rename to provision_records'],
    ],
    [
      'the row is refused',
      [
        `create function refuse_record() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$`,
        'create trigger refuse_record before insert on provision_records for each row execute function refuse_record()',
      ],
      ['drop trigger refuse_record on provision_records', 'drop function refuse_record'],
    ],
  ])('%s: an error without data', async (_name, spoil, mend) => {
    const person = await makeResident(site.env)
    const tokens = await tokensFor(site, newBrowser(), service, person, { scope: ALL }, ['sex'])
    for (const sql of spoil) await site.owner.raw(sql)
    const answer = await userinfo(site, tokens.access)
    for (const sql of mend) await site.owner.raw(sql)
    expect(answer.status).toBe(500)
    expect(answer.text).not.toMatch(/山田|example\.jp|(?<![\w-])1988(?![\w-])|sub|MC-/)
    expect((await userinfo(site, tokens.access)).status).toBe(200)
    expect(await recordsOf(person).where({ path: 'userinfo' })).toHaveLength(1)
  })

  test('the table is held by somebody: an error without data, and soon', async () => {
    const person = await makeResident(site.env)
    const tokens = await tokensFor(site, newBrowser(), service, person, { scope: ALL })
    const holding = await site.owner.transaction()
    await holding.raw('lock table provision_records in exclusive mode')
    const begun = performance.now()
    const answers = await Promise.all([1, 2, 3].map(() => userinfo(site, tokens.access)))
    await holding.rollback()
    for (const answer of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(500)
      expect(answer.text).not.toMatch(/山田|example\.jp|MC-/)
    }
    expect(performance.now() - begun).toBeLessThan(5000)
    expect(await recordsOf(person).where({ path: 'userinfo' })).toHaveLength(0)
    expect((await userinfo(site, tokens.access)).status).toBe(200)
  })

  test('K4 a record names what went, by which consent and way, and holds no value', async () => {
    const person = await makeResident(site.env)
    const tokens = await tokensFor(site, newBrowser(), service, person, { scope: ALL }, ['sex'])
    await userinfo(site, tokens.access)
    const rows = await recordsOf(person)
    const consent = await site.env.db('consents').where({ resident_id: person.id }).first()
    expect(rows.map((row) => [row.path, row.items])).toEqual([
      ['id_token', ['user_id']],
      ['userinfo', ['user_id', 'name', 'sex', 'email']],
    ])
    for (const row of rows) {
      expect(row).toMatchObject({
        service_id: service.id,
        member_id: service.memberId,
        consent_id: consent.id,
        agreement_id: consent.agreement_id,
        purposes: ['service_delivery'],
      })
      expect(JSON.stringify(row)).not.toMatch(
        /山田|花子|ヤマダ|(?<![\w-])1988(?![\w-])|female|example\.jp/,
      )
      expect(row.canonical).not.toContain(person.id)
    }
  })
})

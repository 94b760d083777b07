/** Many at once on real PostgreSQL (docs/security.md, T1–T3, B2, B7, F4, K8, R8): exactly one wins, nobody gets a 5xx. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as residents from '../../src/residents/actions.ts'
import { Browser, hidden, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'
import {
  arrived,
  asksConsent,
  authorizePath,
  codeFor,
  goOn,
  introspect,
  newVerifier,
  OFFLINE,
  post,
  redeem,
  refresh,
  revoke,
  tally,
  tokensFor,
  tokensIn,
  userinfo,
  type Answer,
} from './steps.ts'

const times = <T>(n: number, work: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, i) => work(i)))
const refusals = (answers: readonly Answer[]) => [
  ...new Set(answers.filter((a) => a.status !== 200).map((a) => a.body['error'])),
]

describe.each([1, 2])('%i node(s)', (nodes) => {
  let site: Site
  let service: MadeService
  let native: MadeService
  let resident: MadeResident

  beforeAll(async () => {
    site = await openSite({}, nodes)
    service = await makeService(site.env)
    native = await makeService(site.env, {
      applicationType: 'native',
      authMethod: 'none',
      redirectUris: ['example.town:/callback'],
    })
    resident = await makeResident(site.env)
  })
  afterAll(() => site.close())

  const newBrowser = () => new Browser(site.issuer)

  /** Signed in and before the consent screen of a service. */
  async function atScreen(person: MadeResident): Promise<[Browser, Page]> {
    const browser = newBrowser()
    const start = await browser.open(authorizePath(service, { scope: 'openid name sex' }))
    const page = await browser.signIn(start, { email: person.email, password: PASSWORD })
    if (!asksConsent(page)) throw new Error(page.text)
    return [browser, page]
  }

  test('B2 of 50 redemptions of one code, one succeeds', async () => {
    for (let round = 0; round < 3; round++) {
      const code = await codeFor(newBrowser(), service, resident)
      const answers = await times(50, () => redeem(site, service, code))
      expect(tally(answers)).toEqual({ 200: 1, 400: 49 })
      expect(refusals(answers)).toEqual(['invalid_grant'])
      expect((await redeem(site, service, code)).status).toBe(400)
      const { access } = tokensIn(answers.find((answer) => answer.status === 200) as Answer)
      expect((await userinfo(site, access)).status).toBe(401)
    }
  })

  test('B7 of 50 uses of a public client’s refresh token, one succeeds; a later use ends the family', async () => {
    for (let round = 0; round < 3; round++) {
      const verifier = newVerifier()
      const browser = newBrowser()
      const left = await goOn(
        browser,
        await browser.open(authorizePath(native, OFFLINE, verifier)),
        resident,
      )
      const ask = (fields: Record<string, string>) =>
        post(site, '/token', { client_id: native.clientId, ...fields })
      const first = tokensIn(
        await ask({
          grant_type: 'authorization_code',
          code: arrived(left)?.get('code') ?? '',
          code_verifier: verifier,
          redirect_uri: native.redirectUri,
        }),
      )
      const use = (token: string) => ask({ grant_type: 'refresh_token', refresh_token: token })
      const answers = await times(50, () => use(first.refresh))
      expect(tally(answers)).toEqual({ 200: 1, 400: 49 })
      expect(refusals(answers)).toEqual(['invalid_grant'])
      const won = answers.find((answer) => answer.status === 200)
      const { refresh: newest, access } = tokensIn(won as Answer)
      expect(newest).not.toBe(first.refresh)
      expect((await use(first.refresh)).status).toBe(400)
      expect((await use(newest)).status).toBe(400)
      expect((await userinfo(site, access)).status).toBe(401)
    }
  })

  test('50 refreshes of a confidential client all succeed', async () => {
    const tokens = await tokensFor(site, newBrowser(), service, resident, OFFLINE)
    const answers = await times(50, () => refresh(site, service, tokens.refresh))
    expect(tally(answers)).toEqual({ 200: 50 })
    expect(new Set(answers.map((answer) => tokensIn(answer).access)).size).toBe(50)
    const uses = await times(20, (n) => userinfo(site, tokensIn(answers[n] as Answer).access))
    expect(tally(uses)).toEqual({ 200: 20 })
  })

  test('20 revocations of one token are all answered alike, and it is dead', async () => {
    const tokens = await tokensFor(site, newBrowser(), service, resident, OFFLINE)
    const answers = await times(20, (n) =>
      revoke(site, service, n % 2 ? tokens.access : tokens.refresh),
    )
    expect(tally(answers)).toEqual({ 200: 20 })
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    expect((await refresh(site, service, tokens.refresh)).status).toBe(400)
  })

  test('redeeming, refreshing and revoking at once never gives a 5xx', async () => {
    const browser = newBrowser()
    const tokens = await tokensFor(site, browser, service, resident, OFFLINE)
    const code = await codeFor(browser, service, resident)
    const answers = await times(60, (n) => {
      if (n % 4 === 0) return redeem(site, service, code)
      if (n % 4 === 1) return refresh(site, service, tokens.refresh)
      if (n % 4 === 2) return userinfo(site, tokens.access)
      return n > 30
        ? revoke(site, service, tokens.refresh)
        : introspect(site, service, tokens.access)
    })
    expect(answers.filter((answer) => answer.status >= 500)).toEqual([])
    expect((await refresh(site, service, tokens.refresh)).status).toBe(400)
    for (const answer of answers)
      if (answer.body['access_token'])
        expect((await userinfo(site, tokensIn(answer).access)).status).toBe(401)
  })

  test('T3 of 50 resumes of one interaction, one gets a code', async () => {
    const [browser, page] = await atScreen(await makeResident(site.env))
    const answered = await browser.post(page.url, { ...hidden(page), decision: 'agree' })
    const resume = String(answered.headers.get('location'))
    expect(resume).toContain('/authorize/')
    const pages = await times(50, () => browser.request(resume))
    const codes = pages.map((p) => arrived(p)?.get('code')).filter(Boolean)
    expect(codes).toHaveLength(1)
    expect(tally(pages)).toEqual({ 303: 1, 400: 49 })
    const told = new Set(pages.flatMap((p) => /data-error="(\w+)"/.exec(p.text)?.[1] ?? []))
    expect([...told]).toEqual(['session_not_found'])
  })

  test('T3 of 50 resumes after signing in, one goes on', async () => {
    const browser = newBrowser()
    const start = await browser.open(authorizePath(service))
    const fields = { ...hidden(start), email: resident.email, password: PASSWORD }
    const answered = await browser.post(start.url, fields)
    const resume = String(answered.headers.get('location'))
    const pages = await times(50, () => browser.request(resume))
    expect(tally(pages)).toEqual({ 303: 1, 400: 49 })
  })

  test('F4 of 20 posts of one screen, one makes a consent; the others lead to the same outcome', async () => {
    const person = await makeResident(site.env)
    const [browser, page] = await atScreen(person)
    const fields: [string, string][] = [
      ...Object.entries(hidden(page)),
      ['item', 'sex'],
      ['decision', 'agree'],
    ]
    const pages = await times(20, () => browser.post(page.url, fields))
    expect(tally(pages)).toEqual({ 303: 20 })
    expect(new Set(pages.map((p) => p.headers.get('location'))).size).toBe(1)
    const where = { resident_id: person.id }
    expect(await site.env.db('consents').where(where)).toHaveLength(1)
    expect(await site.env.db('agreements').where(where)).toHaveLength(1)
    const left = await browser.follow(pages[0] as Page)
    expect(arrived(left)?.get('code')).toBeTruthy()
  })

  test('F4 agreeing and refusing at once: the first stands, and the protocol says the same', async () => {
    for (let round = 0; round < 5; round++) {
      const person = await makeResident(site.env)
      const [browser, page] = await atScreen(person)
      const answer = (decision: string) => browser.post(page.url, { ...hidden(page), decision })
      const pages = await times(8, (n) => answer(n % 2 ? 'agree' : 'refuse'))
      expect(tally(pages)).toEqual({ 303: 8 })
      const params = arrived(await browser.follow(pages[0] as Page))
      const consents = await site.env.db('consents').where({ resident_id: person.id })
      expect(consents).toHaveLength(params?.get('code') ? 1 : 0)
      if (!consents.length) expect(params?.get('error')).toBe('access_denied')
    }
  })

  test('F4 the same service in two tabs, answered at once: one agreement, both go on', async () => {
    const person = await makeResident(site.env)
    const [browser, first] = await atScreen(person)
    const second = await browser.open(authorizePath(service, { scope: 'openid name sex' }))
    const answers = await Promise.all(
      [first, second].map((page) => browser.submit(page, { decision: 'agree' })),
    )
    for (const answer of answers) expect(arrived(answer)?.get('code')).toBeTruthy()
    const agreements = await site.env.db('agreements').where({ resident_id: person.id })
    expect(agreements).toHaveLength(1)
  })

  test('two services in parallel tabs of one browser both work through to userinfo', async () => {
    for (let round = 0; round < 3; round++) {
      const other = await makeService(site.env)
      const person = await makeResident(site.env)
      const browser = newBrowser()
      await codeFor(browser, service, person)
      await codeFor(browser, other, person)
      const tokens = await Promise.all(
        [service, other, service, other].map((one) => tokensFor(site, browser, one, person)),
      )
      const answers = await Promise.all(tokens.map(({ access }) => userinfo(site, access)))
      expect(tally(answers)).toEqual({ 200: 4 })
    }
  })

  test('two services begun in parallel tabs before signing in both work', async () => {
    const other = await makeService(site.env)
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const verifiers = [newVerifier(), newVerifier()]
    const both = [service, other]
    const starts = await Promise.all(
      both.map((one, n) => browser.open(authorizePath(one, {}, verifiers[n]))),
    )
    for (const [n, one] of both.entries()) {
      const left = await goOn(browser, starts[n] as Page, person)
      const code = arrived(left)?.get('code') ?? ''
      const verifier = verifiers[n] ?? ''
      const tokens = tokensIn(
        await redeem(site, one, { code, verifier, redirectUri: one.redirectUri }),
      )
      expect((await userinfo(site, tokens.access)).status).toBe(200)
    }
  })

  /** The withdrawal by the resident's own page; the moment its answer came. */
  async function withdraw(browser: Browser, from = service): Promise<number> {
    const page = await browser.open(`/account/services/${from.id}/withdraw`)
    const done = await browser.submit(page, { decision: 'withdraw' })
    expect(done.status).toBe(200)
    expect(done.text).toContain('撤回しました')
    return performance.now()
  }

  const recorded = async (person: MadeResident, path: string) =>
    (await site.env.db('provision_records').where({ resident_id: person.id, path })).length

  test('K8 withdrawal in the midst of userinfo, refresh and introspection: all recorded, nothing after', async () => {
    const person = await makeResident(site.env)
    const browser = newBrowser()
    const tokens = await tokensFor(site, browser, service, person, OFFLINE, ['address'])
    const answers: {
      kind: string
      begun: number
      status: number
      body: Record<string, unknown>
    }[] = []
    let stop = false
    const hammer = async (kind: string, ask: () => Promise<Answer>) => {
      while (!stop) {
        const begun = performance.now()
        const { status, body } = await ask()
        answers.push({ kind, begun, status, body })
      }
    }
    const hammers = [
      ...Array.from({ length: 6 }, () => hammer('userinfo', () => userinfo(site, tokens.access))),
      ...Array.from({ length: 3 }, () =>
        hammer('token', () => refresh(site, service, tokens.refresh)),
      ),
      hammer('introspection', () => introspect(site, service, tokens.access)),
    ]
    const of = (kind: string) => answers.filter((a) => a.kind === kind)
    await until('data flow', () => of('userinfo').filter((a) => a.status === 200).length > 10)
    const begun = performance.now()
    const answered = await withdraw(browser)
    // Somebody who was kept waiting would be told 503 after two seconds at a lock.
    expect(answered - begun).toBeLessThan(5000)
    const after = (kind: string) => of(kind).filter((a) => a.begun > answered)
    const kinds = ['userinfo', 'token', 'introspection']
    await until('each was asked again', () => kinds.every((kind) => after(kind).length > 0))
    stop = true
    await Promise.all(hammers)
    expect(answers.filter((a) => a.status >= 500)).toEqual([])
    for (const kind of kinds) {
      for (const { status, body } of after(kind))
        expect([kind, status === 200 && body['active'] !== false]).toEqual([kind, false])
    }
    const given = of('userinfo').filter((a) => a.status === 200)
    expect(given.length).toBeGreaterThan(5)
    expect(await recorded(person, 'userinfo')).toBe(given.length)
    const issued = of('token').filter((a) => a.status === 200)
    // The first token response of all carried an ID token too.
    expect(await recorded(person, 'id_token')).toBe(issued.length + 1)
    const where = { resident_id: person.id }
    const last = await site.env.db('provision_records').where(where).max({ at: 'at' }).first()
    const ended = await site.env.db('agreements').where(where).first<{ ended_at: Date }>('ended_at')
    expect(Number(last?.['at'])).toBeLessThanOrEqual(Number(ended?.ended_at))
  })

  /** What ends a release, and the moment it was written down. */
  type Stop = [
    name: string,
    act: (browser: Browser, person: MadeResident) => Promise<unknown>,
    table: string,
    column: string,
  ]
  const stops: Stop[] = [
    ['withdraw', (browser) => withdraw(browser), 'agreements', 'ended_at'],
    [
      'sign out',
      async (browser) => {
        const page = await browser.submit(await browser.open('/logout'), {})
        expect(page.text).toContain('サインアウトしました')
      },
      'sign_ins',
      'ended_at',
    ],
    [
      'stop provision as a whole',
      (_browser, { id }) => {
        const answer = { kind: 'provision', given: false, shown: undefined } as const
        return residents.answerTerms(site.env, id, answer)
      },
      'resident_terms',
      'at',
    ],
  ]

  test.each(stops)(
    'K8 %s: a service that never stops asking keeps nobody waiting, and has nothing later',
    async (_name, stop, table, column) => {
      for (let round = 0; round < 3; round++) {
        const person = await makeResident(site.env)
        const browser = newBrowser()
        const { access } = await tokensFor(site, browser, service, person)
        let stopped = false
        const seen: number[] = []
        const askOn = async () => {
          while (!stopped) seen.push((await userinfo(site, access)).status)
        }
        const asking = Array.from({ length: 24 }, askOn)
        await new Promise((resolve) => setTimeout(resolve, 150))
        await stop(browser, person)
        expect((await userinfo(site, access)).status).toBe(401)
        stopped = true
        await Promise.all(asking)
        expect(seen.filter((status) => status >= 500)).toEqual([])
        const where = { resident_id: person.id }
        const given = await site.env.db('provision_records').where(where).max({ at: 'at' }).first()
        const ended = await site.env.db(table).where(where).max({ at: column }).first()
        expect(Number(given?.['at'])).toBeLessThanOrEqual(Number(ended?.['at']))
      }
    },
  )

  test('K8 withdrawal against the redemption of a code: tokens are dead, or were never made', async () => {
    for (let round = 0; round < 6; round++) {
      const person = await makeResident(site.env)
      const browser = newBrowser()
      const code = await codeFor(browser, service, person)
      const page = await browser.open(`/account/services/${service.id}/withdraw`)
      const [answer] = await Promise.all([
        redeem(site, service, code),
        browser.submit(page, { decision: 'withdraw' }),
      ])
      expect([200, 400]).toContain(answer.status)
      expect(await recorded(person, 'id_token')).toBe(answer.status === 200 ? 1 : 0)
      if (answer.status === 200) {
        expect((await userinfo(site, tokensIn(answer).access)).status).toBe(401)
        expect(await recorded(person, 'userinfo')).toBe(0)
      }
    }
  })
})

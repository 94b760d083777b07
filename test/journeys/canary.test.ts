/**
 * What leaves is what was ticked: every subset of the optional items, with a value in every item that would be known
 * anywhere (rule 1, F11, K4, K6, M5). Expected claims are written out here, not computed by the product.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ItemId } from '../../src/catalogue/model.ts'
import { devMails } from '../../src/notices/actions.ts'
import { Browser, itemsOn } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
  type ServiceAsked,
} from '../support/builders.ts'
import { mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { agree, relyingParty, type RelyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'

type Item = Exclude<ItemId, 'user_id'>
const ITEMS: Item[] = ['name', 'birth_year', 'sex', 'email', 'address']

const EMAIL = 'kanaria.mail@canary.example'
const PROFILE = {
  email: EMAIL,
  family_name: '金糸雀',
  given_name: '鳴子',
  family_name_kana: 'カナリヤ',
  given_name_kana: 'ナルコ',
  birth_year: '1957',
  sex: 'female',
  postal_code: '5300001',
  region: '大阪府',
  locality: '大阪市北区',
}

const CLAIMS: Record<Item, Record<string, unknown>> = {
  name: {
    name: '金糸雀 鳴子',
    family_name: '金糸雀',
    given_name: '鳴子',
    'name#ja-Kana-JP': 'カナリヤ ナルコ',
    'family_name#ja-Kana-JP': 'カナリヤ',
    'given_name#ja-Kana-JP': 'ナルコ',
  },
  birth_year: { birthdate: '1957' },
  sex: { gender: 'female' },
  email: { email: EMAIL, email_verified: true },
  address: { address: { postal_code: '530-0001', region: '大阪府', locality: '大阪市北区' } },
}

/** Where a value of an item shows in a text. */
const TRACE: Record<Item, RegExp> = {
  name: /金糸雀|鳴子|カナリヤ|ナルコ/,
  // Not the digits of an id, a hash or a moment.
  birth_year: /(?<![\w.:/+=-])1957(?![\w.:/+=-])/,
  sex: /\bfemale\b/,
  email: /kanaria\.mail|kanaria%2Email/i,
  address: /(?<![\w-])530-?0001(?!\w)|大阪/,
}

let site: Site
let resident: MadeResident
let browser: Browser

beforeAll(async () => {
  site = await openSite()
  resident = await makeResident(site.env, PROFILE)
  browser = new Browser(site.issuer)
})
afterAll(() => site.close())

const subsets = <T>(of: readonly T[]): T[][] =>
  of.reduce<T[][]>((all, one) => [...all, ...all.map((set) => [...set, one])], [[]])

const claimsOf = (items: readonly Item[]) => Object.assign({}, ...items.map((id) => CLAIMS[id]))
const inOrder = (items: readonly string[]) => ITEMS.filter((id) => items.includes(id))
const nulls = (items: readonly Item[]) =>
  Object.fromEntries(Object.keys(claimsOf(items)).map((name) => [name, null]))

/** Every trace of an item in a text that none should be in. */
const traces = (text: string, items: readonly Item[] = ITEMS) =>
  items.filter((id) => TRACE[id].test(text))

type Request = { scope: string; claims?: { userinfo?: object; id_token?: object }; ask?: boolean }

/** One whole exchange: the service asks, the resident ticks, and everything that came out of it. */
async function exchange(rp: RelyingParty, asked: Request, ticked: readonly Item[] | 'unasked') {
  const attempt = await rp.begin(asked.scope, {
    ...(asked.ask && { prompt: 'consent' }),
    ...(asked.claims && { claims: JSON.stringify(asked.claims) }),
  })
  let page = await browser.open(attempt.url.toString())
  if (page.text.includes('name="password"'))
    page = await browser.signIn(page, { email: EMAIL, password: PASSWORD })
  const screen = page.text.includes('value="agree"') ? page : undefined
  expect(screen === undefined).toBe(ticked === 'unasked')
  if (screen) page = await agree(browser, screen, ticked === 'unasked' ? [] : ticked)
  const tokens = await rp.redeem(attempt, page)
  const idToken = tokens.claims()
  if (!idToken) throw new Error('no ID token')
  return {
    offered: screen ? itemsOn(screen) : undefined,
    redirect: page.headers.get('location') ?? '',
    tokens,
    idToken,
    userinfo: await rp.userinfo(tokens.access_token, idToken.sub),
    introspection: await rp.introspect(tokens.access_token),
  }
}

type Out = Awaited<ReturnType<typeof exchange>>
type Expected = { userinfo: Item[]; idToken: Item[]; scope: string[] }

const PROTOCOL = ['iss', 'sub', 'aud', 'exp', 'iat', 'nonce', 'auth_time', 'at_hash', 'amr', 'sid']

async function check(out: Out, made: MadeService, expected: Expected): Promise<void> {
  const { sub } = out.idToken
  expect(out.userinfo).toEqual({ sub, ...claimsOf(expected.userinfo) })
  // Also proves that the traces would be seen where they are.
  expect(traces(JSON.stringify(out.userinfo))).toEqual(expected.userinfo)
  const carried = Object.entries(out.idToken).filter(([name]) => !PROTOCOL.includes(name))
  expect(Object.fromEntries(carried)).toEqual(claimsOf(expected.idToken))

  const { id_token: _, ...rest } = out.tokens
  expect(Object.keys(rest).sort()).toEqual([
    'access_token',
    'expires_in',
    'grant_id',
    'scope',
    'token_type',
  ])
  expect(traces(JSON.stringify(rest))).toEqual([])
  expect(out.tokens.scope?.split(' ').sort()).toEqual(['openid', ...expected.scope].sort())

  expect(out.introspection).toMatchObject({ active: true, client_id: made.clientId, sub })
  expect(String(out.introspection.scope).split(' ').sort()).toEqual(
    ['openid', ...expected.scope].sort(),
  )
  expect(traces(JSON.stringify(out.introspection))).toEqual([])

  const address = new URL(out.redirect)
  expect([...address.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state'])
  expect(traces(decodeURIComponent(out.redirect))).toEqual([])

  const records = await site.env
    .db('provision_records')
    .where({ service_id: made.id })
    .orderBy('at', 'desc')
    .limit(2)
    .select('path', 'items', 'resident_id', 'canonical')
  expect(records.map(({ path, items }) => ({ path, items: items.toSorted() }))).toEqual([
    { path: 'userinfo', items: ['user_id', ...expected.userinfo].toSorted() },
    { path: 'id_token', items: ['user_id', ...expected.idToken].toSorted() },
  ])
  for (const record of records) {
    expect(record.resident_id).toBe(resident.id)
    expect(JSON.parse(record.canonical)).toMatchObject({ path: record.path, items: record.items })
  }
}

type Shape = ServiceAsked & { title: string; required: Item[]; optional: Item[] }

const SHAPES: Shape[] = [
  {
    title: 'two required, three optional',
    required: ['name', 'email'],
    optional: ['birth_year', 'sex', 'address'],
  },
  { title: 'nothing but the user ID required', required: [], optional: ITEMS },
  {
    title: 'an ID of its own, RS256',
    required: ['birth_year'],
    optional: ['email', 'address'],
    subjectType: 'pairwise',
    idTokenAlg: 'RS256',
  },
  { title: 'only some of profile approved', required: ['name'], optional: ['sex', 'email'] },
]

const scopeOf = (items: readonly Item[]) => ['openid', ...items].join(' ')

describe.each(SHAPES)('$title', (shape) => {
  const approved = inOrder([...shape.required, ...shape.optional])

  test.each(subsets(shape.optional).map((ticked) => [ticked.join(' ') || 'nothing', ticked]))(
    'ticked: %s',
    async (_, chosen) => {
      const ticked = chosen as Item[]
      const made = await makeService(site.env, shape)
      const rp = await relyingParty(site.issuer, made)
      const agreed = inOrder([...shape.required, ...ticked])

      const byScope = await exchange(rp, { scope: scopeOf(approved) }, ticked)
      expect(byScope.offered?.toSorted()).toEqual(['user_id', ...approved].toSorted())
      await check(byScope, made, { userinfo: agreed, idToken: [], scope: agreed })

      const byClaims: Request = {
        scope: 'openid',
        claims: { userinfo: nulls(approved), id_token: nulls(['email', 'sex', 'address']) },
      }
      await check(await exchange(rp, byClaims, 'unasked'), made, {
        userinfo: agreed,
        idToken: agreed.filter((id) => ['email', 'sex', 'address'].includes(id)),
        scope: [],
      })
    },
  )
})

test('the standard scopes release no more than what was ticked', async () => {
  for (const ticked of subsets<Item>(['birth_year', 'sex', 'address'])) {
    const made = await makeService(site.env)
    const rp = await relyingParty(site.issuer, made)
    const agreed = inOrder(['name', 'email', ...ticked])
    const whole = ticked.includes('birth_year') && ticked.includes('sex')
    const scope = agreed.filter((id) => !whole || !['name', 'birth_year', 'sex'].includes(id))
    const out = await exchange(rp, { scope: 'openid profile email address' }, ticked)
    await check(out, made, {
      userinfo: agreed,
      idToken: [],
      scope: whole ? ['profile', ...scope] : scope,
    })
  }
})

test('claims that nobody approved are neither shown nor released', async () => {
  const made = await makeService(site.env, { required: ['name'], optional: ['sex'] })
  const rp = await relyingParty(site.issuer, made)
  const all = nulls(ITEMS)
  const unknown = { my_number: { essential: true }, phone_number: null, groups: null }
  const claims = { userinfo: { ...all, ...unknown }, id_token: { ...all, ...unknown } }
  const out = await exchange(rp, { scope: 'openid', claims }, ['sex'])
  expect(out.offered).toEqual(['user_id', 'name', 'sex'])
  const both: Item[] = ['name', 'sex']
  await check(out, made, { userinfo: both, idToken: both, scope: [] })
})

/** Any service, and any row of requests and answers: a model of the rule beside the product itself. */
test('any service, any requests, any answers: asked ∩ agreed, and nothing else', async () => {
  const role = fc.constantFrom('required', 'optional', 'absent')
  const step = fc.record({
    asked: fc.subarray(ITEMS),
    ticked: fc.subarray(ITEMS),
    ask: fc.boolean(),
  })
  const story = fc.record({
    roles: fc.tuple(role, role, role, role, role),
    steps: fc.array(step, { minLength: 2, maxLength: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(story, async ({ roles, steps }) => {
      const having = (wanted: string) => ITEMS.filter((_, n) => roles[n] === wanted)
      const [required, optional] = [having('required'), having('optional')]
      const made = await makeService(site.env, { required, optional })
      const rp = await relyingParty(site.issuer, made)
      let agreed: Item[] | undefined
      let declined: Item[] = []
      for (const { asked: wish, ticked: wished, ask } of steps) {
        const asked = wish.filter((id) => required.includes(id) || optional.includes(id))
        const open = (id: Item) =>
          !agreed?.includes(id) && (required.includes(id) || !declined.includes(id))
        const shown = ask || agreed === undefined || asked.some(open)
        const offered = inOrder([...asked, ...(agreed ?? [])])
        const ticked = wished.filter((id) => offered.includes(id) && optional.includes(id))
        const out = await exchange(rp, { scope: scopeOf(asked), ask }, shown ? ticked : 'unasked')
        if (shown) {
          expect(out.offered?.toSorted()).toEqual(['user_id', ...offered].toSorted())
          agreed = offered.filter((id) => required.includes(id) || ticked.includes(id))
          const unticked = offered.filter((id) => !agreed?.includes(id))
          declined = [...unticked, ...declined.filter((id) => !offered.includes(id))]
        }
        const released = asked.filter((id) => agreed?.includes(id))
        // `profile` is never asked for here, so each item has its own scope.
        await check(out, made, { userinfo: released, idToken: [], scope: released })
      }
    }),
    { numRuns: 25 },
  )
}, 180_000)

test('what cannot be recorded does not leave, and the failure says nothing', async () => {
  const made = await makeService(site.env)
  const rp = await relyingParty(site.issuer, made)
  const out = await exchange(rp, { scope: scopeOf(ITEMS) }, ['birth_year', 'sex', 'address'])
  const ask = () =>
    fetch(`${site.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${out.tokens.access_token}` },
    })
  await site.owner.raw('alter table provision_records rename to provision_records_away')
  try {
    const answer = await ask()
    expect(answer.status).toBe(500)
    expect(traces(await answer.text())).toEqual([])
  } finally {
    await site.owner.raw('alter table provision_records_away rename to provision_records')
  }
  expect((await ask()).status).toBe(200)
  expect(site.logLines().some((line) => line.includes('defect'))).toBe(true)
})

test('withdrawing writes to the resident and to the company without a value in it', async () => {
  const made = await makeService(site.env)
  const rp = await relyingParty(site.issuer, made)
  await exchange(rp, { scope: scopeOf(ITEMS) }, ['birth_year', 'sex', 'address'])
  const page = await browser.open(`/account/services/${made.id}/withdraw`)
  const done = await browser.submit(page, { decision: 'withdraw', request_deletion: 'on' })
  expect(done.text).toContain('撤回しました')
  await queueIsEmpty(site.env)
  expect(await mailsTo(site.env, 'desk@company.example')).toHaveLength(1)
  expect(await mailsTo(site.env, EMAIL, 1, '利用を撤回')).toHaveLength(1)
  // These and every letter of a consent so far, with what its receipt says.
  const sent = await devMails(site.env)
  expect(sent.filter(({ attachments }) => attachments.length).length).toBeGreaterThan(1)
  for (const { to: _, attachments, ...mail } of sent) {
    expect(traces(JSON.stringify(mail))).toEqual([])
    for (const { text } of attachments) {
      const payload = Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()
      expect([payload.includes('"pii_information"'), traces(payload)]).toEqual([true, []])
    }
  }
})

test('nothing was logged, audited or recorded with a value in it', async () => {
  expect(site.logLines().length).toBeGreaterThan(0)
  expect(traces(site.logLines().join(''))).toEqual([])
  for (const table of [
    'audit_events',
    'provision_records',
    'consents',
    'showings',
    'oidc_tokens',
    'oidc_sessions',
    'oidc_ephemerals',
    'sign_ins',
    'resident_changes',
    'resident_terms',
  ]) {
    const { rows } = await site.env.db.raw(`select row_to_json(t)::text as text from ${table} t`)
    const text = rows.map((row: { text: string }) => row.text).join('\n')
    expect([table, traces(text)]).toEqual([table, []])
  }
})

/** What a program does in its company's name: the portal's rules, its own company alone, answers as described (J2, J3). */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { ENDPOINTS } from '../../src/api/endpoints.ts'
import { openapi } from '../../src/api/openapi.ts'
import * as duties from '../../src/duties/actions.ts'
import { formats } from '../../src/input/faults.ts'
import * as reviews from '../../src/reviews/actions.ts'
import * as drafts from '../../src/services/drafts.ts'
import { makePair, type Pair } from '../support/duties.ts'
import { makeStaff } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { keyPair, makeProgram, type Answer, type Program } from './steps.ts'

let site: Site
let own: Pair
let other: Pair
let program: Program
let stranger: Program
let number: string

const ajv = new Ajv2020({ allErrors: true, strict: false, formats })
addFormats.default(ajv)
const { paths } = openapi('https://id.example.jp', ENDPOINTS)

beforeAll(async () => {
  site = await openSite()
  own = await makePair(site.env)
  other = await makePair(site.env)
  program = await makeProgram(site, own.memberId, own.staff.person)
  stranger = await makeProgram(site, other.memberId, other.staff.person)
  const { contractId } = own.service
  number = (await site.env.db('contracts').where({ id: contractId }).first<{ number: string }>())
    ?.number as string
})
afterAll(() => site.close())

/** Opens a door by its name and holds its answer to its description. */
async function ask(
  operation: string,
  params: Record<string, string> = {},
  body?: unknown,
  by = program,
): Promise<Answer> {
  const door = ENDPOINTS.find((one) => one.operation === operation)
  if (!door) throw new Error(`no door ${operation}`)
  const path = door.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')
  const sent =
    typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body)
  const answer = await by.call(path, {
    method: door.method.toUpperCase(),
    ...(sent !== undefined && { body: sent }),
  })
  const described = paths[`/api/v1${door.path}`]?.[door.method] as { responses: object }
  expect([operation, Object.keys(described.responses)]).toEqual([
    operation,
    expect.arrayContaining([String(answer.status)]),
  ])
  if (answer.status < 300) {
    expect(answer.status).toBe(door.creates ? 201 : 200)
    const check = ajv.compile(door.answer)
    expect({ operation, valid: check(answer.body), errors: check.errors }).toEqual({
      operation,
      valid: true,
      errors: null,
    })
  }
  return answer
}

const items = (answer: Answer) => answer.body['items'] as Record<string, unknown>[]

let count = 0
async function draft() {
  const n = ++count
  const { jwks } = await keyPair()
  const both = (ja: string, en = ja) => ({ ja, en })
  const clauses = [
    'acquired',
    'purposes',
    'given_to_consortium',
    'recipients',
    'member_list',
    'precedence',
  ]
  return {
    key: `stroll-${n}`,
    contract: number,
    names: {
      ...both(`川べりの散歩帳${n}号`, `River stroll ${n}`),
      kana: 'カワベリノサンポチョウ',
    },
    descriptions: both('歩いた道を残せます。', 'Keeps your walks.'),
    contact: {
      desk: both('お客様窓口', 'Help desk'),
      phone: '03-0000-0000',
      email: 'desk@company.example',
    },
    retention: both('利用を終えてから1年', 'One year after you stop'),
    termsUrl: 'https://company.example/terms',
    termsVersion: '3',
    termsSha256: 'a'.repeat(64),
    policyUrl: 'https://company.example/privacy',
    policyVersion: '2',
    policySha256: 'b'.repeat(64),
    clauses: Object.fromEntries(clauses.map((clause) => [clause, '第5条第2項'])),
    client: {
      applicationType: 'web',
      authMethod: 'private_key_jwt',
      jwks: JSON.parse(jwks) as object,
      redirectUris: ['https://app.company.example/callback'],
      postLogoutRedirectUris: [],
      landingOrigins: [],
      idTokenAlg: 'ES256',
    },
    items: ['user_id', 'name', 'email'].map((item) => ({
      item,
      purposes: ['service_delivery'],
      required: item === 'user_id',
      reasons: both(`${item}を使います`, `uses ${item}`),
      effects: both('この機能を使えません', 'This part does not work'),
    })),
  }
}

/** A draft with a name and nothing else. */
async function kept(): Promise<{ serviceId: string; hash: string }> {
  const { key, contract, names } = await draft()
  const begun = (await ask('beginService', {}, { key, contract, names })).body as Shown
  return { serviceId: begun.id, hash: begun.draft.hash }
}

type Shown = { id: string; draft: { hash: string; state: string; revision: number } }

describe('the company', () => {
  test('reads itself, its people and its contracts', async () => {
    expect((await ask('getCompany')).body['status']).toBe('active')
    const leaver = await makeStaff(site.env, own.memberId)
    await site.env.db('staff').where({ id: leaver.person.id }).update({ ended_at: site.env.now() })
    const lapsed = await makeStaff(site.env, own.memberId, 'developer')
    await site.env.db('staff').where({ id: lapsed.person.id }).update({ ends_on: '2026-01-01' })
    const staff = items(await ask('listStaff'))
    expect(new Set(staff.map(({ id }) => id))).toEqual(
      new Set([own.staff.person.id, own.developer.person.id]),
    )
    const [contract] = items(await ask('listContracts'))
    expect(contract).toMatchObject({ number, version: 2, state: 'in_force' })
    const again = await ask('getContract', { contractId: own.service.contractId })
    expect(again.body).toEqual(contract)
  })
})

describe('a service', () => {
  test('is drafted, changed, handed in and taken back', async () => {
    const { key, contract, names } = await draft()
    const begun = (await ask('beginService', {}, { key, contract, names })).body as Shown
    expect(begun).toMatchObject({ clientId: null, draft: { state: 'draft', revision: 1 } })
    const params = { serviceId: begun.id }
    const early = await ask('submitDraft', params, { hash: begun.draft.hash })
    expect(early.status).toBe(422)
    expect((early.body['errors'] as object[]).length).toBeGreaterThan(3)
    const { key: _key, ...whole } = { ...(await draft()), names }
    const written = await ask('replaceDraft', params, { hash: begun.draft.hash, draft: whole })
    const { hash } = (written.body as Shown).draft
    expect((written.body as Shown).draft.revision).toBe(2)
    const stale = await ask('replaceDraft', params, { hash: begun.draft.hash, draft: whole })
    expect([stale.status, stale.body['type']]).toEqual([409, 'changed_meanwhile'])
    expect((await ask('submitDraft', params, { hash })).body['state']).toBe('submitted')
    const closed = await ask('replaceDraft', params, { hash, draft: whole })
    expect([closed.status, closed.body['type']]).toEqual([409, 'wrong_state'])
    expect((await ask('recallDraft', params, { hash })).body['state']).toBe('draft')
    const turns = items(await ask('getServiceHistory', params)).map(({ turn }) => turn)
    expect(turns).toEqual(['edited', 'submitted', 'edited', 'drafted'])
    expect(items(await ask('listServices')).map(({ id }) => id)).toContain(begun.id)
  })

  test('the person who answers for the program cannot approve it', async () => {
    const { key, contract, names } = await draft()
    const begun = (await ask('beginService', {}, { key, contract, names })).body as Shown
    const [proposal] = await reviews.list(site.env, { subjectId: begun.id })
    if (!proposal) throw new Error('no proposal')
    const { hash } = proposal
    await reviews.propose(site.env, { id: proposal.id, hash, by: own.registrar.person })
    const same = { ...own.approver.person, marks: own.staff.person.marks }
    await expect(
      reviews.approve(site.env, { id: proposal.id, hash, by: same }, async () => {}),
    ).rejects.toMatchObject({ reason: 'second_person_needed' })
  })

  test.each([
    ['a field nobody knows', { status: 'live' }, '/status'],
    ['a kind of its own (J3)', { kind: 'own' }, '/kind'],
    ['a state of its own', { approvedBy: 'me' }, '/approvedBy'],
    ['no name', { names: undefined }, '/names'],
    ['a javascript: address', { termsUrl: 'javascript:alert(1)' }, '/termsUrl'],
    ['a prototype', { clauses: { constructor: 'x' } }, undefined],
  ])('%s is refused at its place, and nothing is kept', async (_, change, place) => {
    const before = items(await ask('listServices')).length
    const answer = await ask('beginService', {}, { ...(await draft()), ...change })
    expect(answer.status).toBe(422)
    const fields = (answer.body['errors'] as { field: string }[]).map(({ field }) => field)
    if (place) expect(fields).toContain(place)
    expect(items(await ask('listServices'))).toHaveLength(before)
  })

  const client = (more: object) => ({
    client: {
      authMethod: 'none',
      applicationType: 'native',
      redirectUris: ['https://a.example.com/'],
      ...more,
    },
  })
  const redirect = (uri: string) => client({ redirectUris: ['https://a.example.com/', uri] })
  const texts = { reasons: { ja: 'あ', en: 'a' }, effects: { ja: 'あ', en: 'a' } }
  const item = (id: string, purpose: string) => [
    { item: 'user_id', purposes: ['service_delivery'], required: true, ...texts },
    { item: id, purposes: [purpose], required: false, ...texts },
  ]
  const REFUSED: [string, string, object][] = [
    ...[
      'javascript:alert(1)',
      'data:text/html,x',
      'https://user@a.example.com/',
      'https://10.0.0.1/',
      'http://a.example.com/',
      'https://*.example.com/',
      'https://a.example.com/#x',
      'https://a.example.com/?code=1',
    ].map((uri): [string, string, object] => [
      `a way back to ${uri} (A3)`,
      '/client/redirectUris/1',
      redirect(uri),
    ]),
    ['a receiver inside (L8)', '/client/eventsUri', client({ eventsUri: 'https://[::1]/x' })],
    ['a purpose over the ceiling (S-36)', '/items/1', { items: item('name', 'usage_analysis') }],
    ['an unknown item', '/items/1/item', { items: item('shoe_size', 'service_delivery') }],
    [
      'the city’s name (F7)',
      '/names/ja',
      { names: { ja: 'あおば市公式', kana: 'アオバ', en: 'X' } },
    ],
    ['a logo of nobody', '/logo', { logo: 'c'.repeat(64) }],
    ['terms at a private host', '/termsUrl', { termsUrl: 'https://localhost/' }],
  ]

  test.each(REFUSED)('%s is not kept, begun or written', async (_, place, change) => {
    const { key, contract, names } = await draft()
    const fieldsOf = ({ body }: Answer) =>
      (body['errors'] as { field: string }[]).map(({ field }) => field)
    const before = items(await ask('listServices')).length
    const begun = await ask('beginService', {}, { key, contract, names, ...change })
    expect([begun.status, fieldsOf(begun)]).toEqual([422, expect.arrayContaining([place])])
    expect(items(await ask('listServices'))).toHaveLength(before)
    const { serviceId, hash } = await kept()
    const body = { hash, draft: { contract, names, ...change } }
    const written = await ask('replaceDraft', { serviceId }, body)
    expect([written.status, fieldsOf(written)]).toEqual([
      422,
      expect.arrayContaining([`/draft${place}`]),
    ])
    expect((await ask('getService', { serviceId })).body).toMatchObject({ draft: { hash } })
  })

  test('neither another company’s contract nor its service’s name is taken, whatever is missing', async () => {
    const row = await site.env.db('contracts').where({ id: other.service.contractId }).first()
    const [version] = await site.env
      .db('service_versions')
      .where({ service_id: other.service.id })
      .orderBy('version', 'desc')
      .select('body')
    const { ja, en } = (version.body as { names: { ja: string; en: string } }).names
    const { serviceId, hash } = await kept()
    const { contract, names } = await draft()
    const write = async (change: object) =>
      ask('replaceDraft', { serviceId }, { hash, draft: { contract, names, ...change } })
    expect((await write({ contract: row.number })).body['errors']).toEqual([
      { field: '/draft/contract', rule: 'contract_unknown' },
    ])
    expect((await write({ names: { ja, kana: 'カナ', en: 'Other' } })).body['errors']).toEqual([
      { field: '/draft/names/ja', rule: 'name_looks_alike' },
    ])
    const by = { ...own.staff.person, memberId: own.memberId }
    // As a form may leave the reading blank.
    const bare = { contract, names: { ja, en } } as unknown as Parameters<
      typeof drafts.replace
    >[1]['draft']
    await expect(
      drafts.replace(site.env, { serviceId, hash, draft: bare }, by),
    ).rejects.toMatchObject({ details: { fields: { '/names/ja': 'name_looks_alike' } } })
    expect((await write({ kind: 'own' })).body['errors']).toEqual([
      { field: '/draft/kind', rule: 'unknown_field' },
    ])
  })

  test('the next version begins from the one in force', async () => {
    const serviceId = own.service.id
    const begun = (await ask('beginNextVersion', { serviceId })).body as Shown
    expect(begun.draft.state).toBe('draft')
    expect((await ask('beginNextVersion', { serviceId })).status).toBe(409)
    await ask('discardDraft', { serviceId }, { hash: begun.draft.hash })
  })

  test.each([
    ['a key twice', '{"a":[{},{"key":"a","key":"b"}]}', 400, '/a/1/key', 'json_key_twice'],
    ['a byte order mark', '\uFEFF{}', 400, '', 'json_byte_order_mark'],
    ['a deep nest', '['.repeat(10_000), 400, `${'/0'.repeat(20)}`, 'json_too_deep'],
    ['no JSON', 'key=a', 400, '', 'json_syntax'],
    ['a list', '[]', 422, '', 'wrong_type'],
    ['a prototype', '{"names":{"__proto__":1}}', 422, '/names/__proto__', 'json_forbidden_key'],
    ['half a letter', '{"key":"\\ud800"}', 422, '/key', 'json_bad_text'],
  ])('%s is refused where it stands', async (_, body, status, field, rule) => {
    const answer = await ask('beginService', {}, body)
    expect([answer.status, answer.body['errors']]).toEqual([status, [{ field, rule }]])
  })

  test('bytes that are no text, and too many of them', async () => {
    const body = new Uint8Array([0x7b, 0xff, 0x7d])
    const odd = await program.call('/services', { method: 'POST', body })
    expect([odd.status, odd.body['errors']]).toEqual([400, [{ field: '', rule: 'json_bad_text' }]])
    expect((await ask('beginService', {}, `{"key":"${'a'.repeat(300_000)}"}`)).status).toBe(413)
  })

  test('another kind of body is refused', async () => {
    const headers = { 'content-type': 'text/plain' }
    const answer = await program.call('/services', { method: 'POST', headers, body: '{}' })
    expect(answer.status).toBe(415)
  })
})

describe('duties', () => {
  const REQUEST = { period_from: '2026-04-01', period_to: '2026-09-30', due: '2030-11-29' }
  const report = (pair: Pair) =>
    duties.open(site.env, {
      kind: 'report',
      subject: { flow: pair.given },
      values: REQUEST,
      actor: pair.consortium,
    })

  test('a report is found, handed in, and only once', async () => {
    const asked = await report(own)
    expect(items(await ask('listDuties')).map(({ id }) => id)).toContain(asked.id)
    const params = { dutyId: asked.id }
    expect((await ask('getDuty', params)).body['acts']).toMatchObject([{ act: 'submit' }])
    const act = {
      act: 'submit',
      values: {
        usage: '予約の受付に使った',
        persons_range: '予約係の3名',
        onward: 'none',
        safety: '権限を分けた',
        deletion: '1年で消した',
      },
    }
    const odd = await ask('takeAct', params, {
      ...act,
      values: { ...act.values, state: 'sufficient' },
    })
    expect(odd.body['errors']).toEqual([{ field: '/values/state', rule: 'unknown_field' }])
    const bad = await ask('takeAct', params, { ...act, values: { ...act.values, onward: 'some' } })
    expect((bad.body['errors'] as { field: string }[]).map(({ field }) => field)).toEqual([
      '/values/onward',
    ])
    expect((await ask('takeAct', params, { act: 'judge', values: {} })).status).toBeGreaterThan(400)
    expect((await ask('takeAct', params, act)).body['state']).toBe('submitted')
    expect((await ask('takeAct', params, act)).status).toBe(409)
  })

  test('a leak is told at once with what is known', async () => {
    const told = await ask(
      'notifyLeak',
      {},
      { discovered_at: '2026-11-20T23:10:00+09:00', persons: 12 },
    )
    expect(told.body).toMatchObject({ kind: 'leak', state: 'notified' })
    expect((await ask('notifyLeak', {}, {})).body['errors']).toEqual([
      { field: '/discovered_at', rule: 'required' },
    ])
    const old = await ask('notifyLeak', {}, { discovered_at: '1969-07-20T20:17:40Z' })
    expect(old.body['errors']).toEqual([{ field: '/discovered_at', rule: 'moment' }])
  })

  test.each([
    'yesterday',
    '2026-02-30T00:00:00Z',
    '2025-02-29T10:00:00+09:00',
    '2026-11-31T10:00:00+09:00',
    '2026-13-01T10:00:00+09:00',
    '2026-11-00T10:00:00+09:00',
    '2026-11-19T24:00:00Z',
    '2026-11-19T10:60:00Z',
    '2026-11-19T10:00:60Z',
    '2026-11-19T10:00:00+24:00',
    '2026-11-19T10:00:00+09:60',
    '2026-11-19T10:00:00',
    '2026-11-19',
  ])('no clock starts at %s, which is no moment', async (discovered_at) => {
    const before = items(await ask('listDuties')).length
    const answer = await ask('notifyLeak', {}, { discovered_at })
    expect([answer.status, answer.body['errors']]).toEqual([
      422,
      [{ field: '/discovered_at', rule: 'not_a_moment' }],
    ])
    expect(items(await ask('listDuties'))).toHaveLength(before)
  })
})

describe('J2 another company', () => {
  test('finds nothing of this one: every id answers as one that is not there', async () => {
    const { key, contract, names } = await draft()
    const begun = (await ask('beginService', {}, { key, contract, names })).body as Shown
    const duty = await duties.open(site.env, {
      kind: 'report',
      subject: { flow: own.given },
      values: { period_from: '2026-04-01', period_to: '2026-06-30', due: '2030-12-02' },
      actor: own.consortium,
    })
    const ids: Record<string, string[]> = {
      serviceId: [begun.id, own.service.id],
      contractId: [own.service.contractId],
      dutyId: [duty.id],
    }
    const { key: _key, ...whole } = await draft()
    const hash = begun.draft.hash
    const bodies: Record<string, unknown> = {
      replaceDraft: { hash, draft: whole },
      submitDraft: { hash },
      recallDraft: { hash },
      discardDraft: { hash },
      takeAct: { act: 'submit', values: {} },
    }
    let walked = 0
    for (const door of ENDPOINTS) {
      const name = /\{(\w+)\}/.exec(door.path)?.[1]
      if (!name) continue
      const missing = await ask(
        door.operation,
        { [name]: randomUUID() },
        bodies[door.operation],
        stranger,
      )
      for (const id of ids[name] ?? []) {
        const answer = await ask(door.operation, { [name]: id }, bodies[door.operation], stranger)
        expect([door.operation, answer.status, answer.body]).toEqual([
          door.operation,
          404,
          missing.body,
        ])
        walked++
      }
    }
    expect(walked).toBeGreaterThan(10)
    const [proposal] = await reviews.list(site.env, { subjectId: begun.id })
    expect(proposal?.revision).toBe(1)
  })

  test('has lists of its own', async () => {
    for (const operation of ['listServices', 'listContracts', 'listDuties', 'listStaff']) {
      const mine = items(await ask(operation)).map(({ id }) => id)
      const theirs = items(await ask(operation, {}, undefined, stranger)).map(({ id }) => id)
      expect(mine.filter((id) => theirs.includes(id))).toEqual([])
    }
  })
})

test('what a program changes is in the audit record, with the program', async () => {
  const events = await site.env.db('audit_events').where({ act: 'api.call', actor_id: program.id })
  expect(events.length).toBeGreaterThan(3)
})

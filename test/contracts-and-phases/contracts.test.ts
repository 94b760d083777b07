/** Contracts by two persons: the form, the rules, the second person, and what nobody may do (S-10, S-36, J1–J4). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as proposing from '../../src/contracts/proposing.ts'
import type { Person } from '../../src/persons.ts'
import type { Browser } from '../support/browser.ts'
import { makeOperator, makeStaff } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import {
  BASE,
  browserOf,
  decide,
  draft,
  draftOf,
  errorsOn,
  hashOn,
  idIn,
  makeContract,
  makeMember,
  proposed,
  send,
} from './steps.ts'

let site: Site
let registrar: Browser
let approver: Browser

beforeAll(async () => {
  site = await openSite()
  registrar = browserOf(site.issuer, await makeOperator(site.env, ['registrar']))
  approver = browserOf(site.issuer, await makeOperator(site.env, ['approver']))
})
afterAll(() => site.close())

const count = async (table: string) => Number((await site.env.db(table).count())[0]?.['count'])
const kept = () => Promise.all(['proposals', 'contracts', 'contract_versions'].map(count))
const statusOf = async (id: string) =>
  ((await site.env.db('members').where({ id }).first()) as { status: string }).status

describe('a first contract', () => {
  test('is drafted, proposed and approved by a second person, and makes the company active', async () => {
    const member = await makeMember(site.env)
    const before = await count('contracts')
    const asked = draftOf({
      foreign_kind: 'country',
      foreign_country: 'A国',
      foreign_ground: 'equal_measures',
      foreign_system: '個人情報を守る法律がある',
      foreign_measures: '委託先との契約で同じ水準を守らせる',
      foreign_link: 'https://report.example/a',
      document_0_number: 'D-1',
      document_0_date: '2026-03-31',
      document_0_title: 'データ利用契約書',
      document_0_sender: '民間推進体制',
      document_0_sha256: 'ab'.repeat(32),
      approval_0_kind: 'onward',
      approval_0_number: 'S-1',
      approval_0_date: '2026-03-31',
      approval_0_text: '委託先の1社に渡す',
      flow_1_giver: 'member',
      flow_1_dataset: 'walk.steps',
      flow_1_purposes: 'city_platform',
      flow_1_delivery: '月に1回のファイル',
      flow_1_from: '2026-05-01',
      flow_1_to: '2026-12-31',
      flow_1_consideration: 'なし',
    })
    const id = idIn(await draft(registrar, member, asked))
    expect(await count('contracts')).toBe(before)
    expect((await decide(registrar, id, 'propose')).status).toBe(303)
    expect(await count('contracts')).toBe(before)
    expect((await decide(approver, id, 'approve')).status).toBe(303)
    expect(await statusOf(member)).toBe('active')
    const version = (await site.env.db('contract_versions').where({ contract_id: id }).first()) as {
      id: string
      starts_at: Date
      ends_at: Date
      body: object
    }
    expect(version.starts_at).toEqual(new Date('2026-04-01T00:00:00+09:00'))
    expect(version.ends_at).toEqual(new Date('2029-04-01T00:00:00+09:00'))
    expect(version.body).toMatchObject({
      retention: '利用を終えてから1年',
      auditNoticeDays: 10,
      foreign: { kind: 'country', country: 'A国' },
      bearers: { receiver_system: 'giver', receiver_use: 'receiver', confirmed: false },
      documents: [{ number: 'D-1' }],
      approvals: [{ kind: 'onward', number: 'S-1' }],
    })
    const flows = await site.env
      .db('contract_flows')
      .where({ contract_version_id: version.id })
      .orderBy('position')
    expect(flows).toMatchObject([
      { giver: 'consortium', receiver: 'member', items: ['user_id', 'name', 'email'] },
      { giver: 'member', receiver: 'consortium', dataset: 'walk.steps' },
    ])
    const page = await approver.open(`${BASE}/${id}`)
    expect(page.text).toContain('要確認')
    expect((await approver.open(`${BASE}/${id}/print`)).text).toContain('ab'.repeat(32))
    const [line] = (await site.env
      .db('audit_events')
      .where({ act: 'contracts.approve' })
      .orderBy('at', 'desc')) as { details: { before: null; after: string } }[]
    expect(line?.details).toMatchObject({
      before: null,
      after: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('waits for a second person: not its author, not under another account, not without the role', async () => {
    const member = await makeMember(site.env)
    const both = await makeOperator(site.env, ['registrar', 'approver'], { name: '二役 太郎' })
    const twin = await makeOperator(site.env, ['approver'], { name: '二役　太郎' })
    const author = browserOf(site.issuer, both)
    const id = await proposed(author, member, draftOf())
    const hash = await hashOn(approver, id)
    for (const who of [author, browserOf(site.issuer, twin), registrar]) {
      const page = await decide(who, id, 'approve', { hash })
      expect(page.status).toBe(403)
    }
    expect(await statusOf(member)).toBe('approved')
    expect((await decide(approver, id, 'approve', { hash })).status).toBe(303)
  })

  test('is not approved by an auditor or a privacy officer, nor drafted by an approver', async () => {
    const member = await makeMember(site.env)
    const before = await kept()
    for (const role of ['auditor', 'privacy_officer', 'approver'] as const) {
      const who = browserOf(site.issuer, await makeOperator(site.env, [role]))
      expect((await send(who, BASE, `${BASE}/new`, { member, ...draftOf() })).status).toBe(403)
      expect((await who.open(`${BASE}/new`)).status).toBe(403)
      expect((await who.open(BASE)).status).toBe(200)
    }
    expect(await kept()).toEqual(before)
  })

  test('asks for a fresh second factor before it is approved', async () => {
    const member = await makeMember(site.env)
    const id = await proposed(registrar, member, draftOf())
    const late = await makeOperator(site.env, ['approver'])
    await site.env
      .db('operator_sessions')
      .where({ holder_id: late.person.id })
      .update({ confirmed_at: new Date(Date.now() - 6 * 60_000) })
    expect((await decide(browserOf(site.issuer, late), id, 'approve')).status).toBe(403)
    expect(await statusOf(member)).toBe('approved')
  })
})

describe('an edit', () => {
  test('voids what was proposed: the old content cannot be approved any more', async () => {
    const member = await makeMember(site.env)
    const asked = draftOf()
    const id = await proposed(registrar, member, asked)
    const old = await hashOn(approver, id)
    const hash = await hashOn(registrar, id)
    const rewritten = { ...asked, hash, offlineAccess: 'no' }
    expect(
      (await send(registrar, `${BASE}/${id}/edit`, `${BASE}/${id}/edit`, rewritten)).status,
    ).toBe(303)
    expect((await decide(approver, id, 'approve', { hash: old })).status).toBe(409)
    expect((await decide(registrar, id, 'propose')).status).toBe(303)
    expect((await decide(approver, id, 'approve', { hash: old })).status).toBe(409)
    expect((await decide(approver, id, 'approve')).status).toBe(303)
  })

  test('of a hash that is not there any more is refused', async () => {
    const member = await makeMember(site.env)
    const asked = draftOf()
    const id = idIn(await draft(registrar, member, asked))
    const stale = { ...asked, hash: '0'.repeat(64) }
    expect((await send(registrar, `${BASE}/${id}/edit`, `${BASE}/${id}/edit`, stale)).status).toBe(
      409,
    )
  })

  test('by a button of the rows loses nothing that was typed', async () => {
    const member = await makeMember(site.env)
    const before = await kept()
    const asked = { ...draftOf({ rights: '書きかけ', flow_0_items: ['name'] }), step: 'add_flow' }
    const page = await draft(registrar, member, asked)
    expect(page.status).toBe(200)
    expect(page.text).toContain('書きかけ')
    expect(page.text).toMatch(/name="flow_0_items" value="name" checked/)
    expect(page.text).toContain('name="flow_1_giver"')
    const removed = await draft(registrar, member, {
      ...draftOf({ flow_0_delivery: 'はじめ', flow_1_delivery: 'つぎ', flow_1_giver: 'member' }),
      step: 'remove_flow_0',
    })
    expect(removed.text).toMatch(/name="flow_0_delivery"[^>]*value="つぎ"/)
    expect(removed.text).not.toContain('flow_1_giver')
    expect(await kept()).toEqual(before)
  })
})

describe('bad input', () => {
  const cases: [string, Record<string, string | string[] | undefined>, string[]][] = [
    ['an end before the beginning', { to: '2026-03-31' }, ['to']],
    ['a day that does not exist', { to: '2027-02-29' }, ['to']],
    ['an unknown item', { flow_0_items: ['user_id', 'income'] }, ['flow_0_items']],
    ['an unknown purpose', { flow_0_purposes: ['everything'] }, ['flow_0_purposes']],
    ['a flow outside the term', { flow_0_to: '2029-04-01' }, ['flow_0_from']],
    ['a flow with nothing in it', { flow_0_items: undefined }, ['flow_0_items']],
    [
      'a flow from the company without a dataset',
      { flow_0_giver: 'member', flow_0_items: undefined },
      ['flow_0_dataset'],
    ],
    [
      'registered items given by the company',
      { flow_0_giver: 'member', flow_0_dataset: 'a.b' },
      ['flow_0_items'],
    ],
    ['no purpose', { flow_0_purposes: undefined }, ['flow_0_purposes']],
    ['a giver that is none', { flow_0_giver: 'city' }, ['flow_0_giver']],
    [
      'no flow',
      Object.fromEntries(
        Object.keys(draftOf())
          .filter((name) => name.startsWith('flow_'))
          .map((name) => [name, undefined]),
      ),
      ['flows'],
    ],
    ['a field of S-10 left out', { rights: '　' }, ['rights']],
    ['zero business days', { auditNoticeDays: '0' }, ['auditNoticeDays']],
    ['business days in words', { auditNoticeDays: 'ten' }, ['auditNoticeDays']],
    [
      'a country without what must be told',
      { foreign_kind: 'country', foreign_country: 'A国' },
      ['foreign_ground', 'foreign_system', 'foreign_measures', 'foreign_link'],
    ],
    ['an unknown country without a reason', { foreign_kind: 'unknown' }, ['foreign_reason']],
    ['a text that is not for consent', { template: 'privacy' }, ['template']],
    ['a text that does not exist', { template: 'nowhere' }, ['template']],
    ['a number with a path in it', { number: '../x' }, ['number']],
    [
      'a document twice',
      {
        document_0_number: 'D',
        document_0_date: '2026-04-01',
        document_0_title: 'a',
        document_0_sender: 'b',
        document_1_number: 'D',
        document_1_date: '2026-04-01',
        document_1_title: 'a',
        document_1_sender: 'b',
      },
      ['document_1_number'],
    ],
    [
      'a hash that is none',
      {
        document_0_number: 'D',
        document_0_date: '2026-04-01',
        document_0_title: 'a',
        document_0_sender: 'b',
        document_0_sha256: 'zz',
      },
      ['document_0_sha256'],
    ],
    ['hidden characters', { rights: 'a\u202Eb' }, ['rights']],
    [
      'an empty field and an end before the beginning',
      { rights: '', to: '2026-03-31' },
      ['rights', 'to'],
    ],
    [
      'an empty field and a term that is over',
      { rights: '', from: '2020-04-01', to: '2021-03-31' },
      ['rights', 'to'],
    ],
    [
      'an empty field, a flow outside the term and one with nothing in it',
      {
        flow_0_delivery: '',
        flow_0_to: '2029-04-01',
        flow_1_giver: 'member',
        flow_1_purposes: ['contact'],
        flow_1_delivery: 'CSV',
      },
      ['flow_0_delivery', 'flow_0_from', 'flow_1_dataset'],
    ],
    [
      'a giver that is none and an unknown item, nothing else being guessed',
      { flow_0_giver: 'city', flow_0_items: ['income'], foreign_kind: 'unknown' },
      ['flow_0_giver', 'flow_0_items', 'foreign_reason'],
    ],
  ]
  test.each(cases)('%s', async (_name, changes, fields) => {
    const member = await makeMember(site.env)
    const before = await kept()
    const page = await draft(registrar, member, draftOf(changes))
    expect(page.status).toBe(422)
    expect(errorsOn(page)).toEqual(fields)
    for (const field of fields) expect(page.text).toContain(`id="${field}"`)
    expect(await kept()).toEqual(before)
  })

  test('a contract that is over on the day it is drafted, proposed or approved', async () => {
    const member = await makeMember(site.env)
    const before = await kept()
    const past = await draft(registrar, member, draftOf({ from: '2020-04-01', to: '2021-03-31' }))
    expect([past.status, errorsOn(past)]).toEqual([422, ['to']])
    expect(past.text).toContain('終わりの日が過ぎています')
    expect(await kept()).toEqual(before)
    const contracts = await count('contracts')
    const asked = draftOf()
    const [drafted, waiting] = [
      idIn(await draft(registrar, member, asked)),
      await proposed(registrar, await makeMember(site.env), draftOf()),
    ]
    // The last moment of the last day, and the first one after it.
    const over = new Date('2029-04-01T00:00:00+09:00')
    const env = { ...site.env, now: () => over }
    const soon = { ...site.env, now: () => new Date(over.getTime() - 1) }
    const by = (await makeOperator(site.env, ['registrar'])).person
    const second = (await makeOperator(site.env, ['approver'])).person
    const seen = async (id: string, by: Person) => {
      const found = await proposing.lastOf(site.env, id)
      return { id: found?.id ?? '', hash: found?.hash ?? '', by }
    }
    const late = { reason: 'invalid_input', details: { fields: { '/to': 'term_over' } } }
    await expect(proposing.propose(env, await seen(drafted, by))).rejects.toMatchObject(late)
    const stale = { ...(await seen(drafted, by)), hash: '0'.repeat(64) }
    const changed = { reason: 'changed_meanwhile' }
    await expect(proposing.propose(env, stale)).rejects.toMatchObject(changed)
    await expect(proposing.approve(env, await seen(waiting, second))).rejects.toMatchObject(late)
    expect(await count('contracts')).toBe(contracts)
    expect((await proposing.approve(soon, await seen(waiting, second))).state).toBe('approved')
    // Ended at once while it runs; what has ended is not written anew for another day of the past.
    const { memberId, body } = (await proposing.lastOf(site.env, waiting)) ?? {}
    const anew = (to: string, env: typeof site.env) => {
      const asked = { contractId: waiting, memberId: memberId ?? '', given: { ...body, to }, by }
      return proposing.draft(env, asked)
    }
    await expect(anew('2029-03-30', env)).rejects.toMatchObject(late)
    expect((await anew('2029-03-30', soon)).state).toBe('draft')
  })

  test.each([
    [{ status: 'active' }],
    [{ memberId: 'x' }],
    [{ contractId: 'x' }],
    [{ flow_0_receiver: 'member' }],
    [{ 'flow_0_items[]': 'name' }],
    [{ __proto__x: '1' }],
    [{ endsAt: '2099-01-01' }],
  ])('a field nobody asked for: %j', async (extra) => {
    const member = await makeMember(site.env)
    const before = await kept()
    const page = await draft(registrar, member, {
      ...draftOf(),
      ...(extra as Record<string, string>),
    })
    expect(page.status).toBe(422)
    expect(await kept()).toEqual(before)
  })

  test('a company that is unknown, not approved yet or gone', async () => {
    const before = await kept()
    const gone = await makeMember(site.env, 'excluded')
    const early = await makeMember(site.env, 'applied')
    for (const member of [gone, early, 'x', '00000000-0000-4000-8000-000000000000'])
      expect((await send(registrar, BASE, `${BASE}/new`, { member, ...draftOf() })).status).toBe(
        404,
      )
    expect(await kept()).toEqual(before)
  })

  test('a number that another contract or draft has', async () => {
    const [one, other] = [await makeMember(site.env), await makeMember(site.env)]
    const asked = draftOf()
    idIn(await draft(registrar, one, asked))
    expect(errorsOn(await draft(registrar, other, asked))).toEqual(['number'])
  })

  test('forged ids', async () => {
    for (const id of ['x', '00000000-0000-4000-8000-000000000000', "1'--"]) {
      for (const path of [`${BASE}/${id}`, `${BASE}/${id}/edit`, `${BASE}/${id}/print`])
        expect((await registrar.open(encodeURI(path))).status).toBe(404)
    }
  })
})

describe('terms of one company', () => {
  test('must not overlap', async () => {
    const member = await makeMember(site.env)
    const id = await proposed(registrar, member, draftOf())
    await decide(approver, id, 'approve')
    const page = await draft(registrar, member, draftOf({ from: '2029-03-31', to: '2030-03-31' }))
    expect([page.status, errorsOn(page)]).toEqual([422, ['from']])
    expect(
      idIn(await draft(registrar, member, draftOf({ from: '2029-04-01', to: '2030-03-31' }))),
    ).toBeDefined()
  })

  test('do not overlap either where two approvals race', async () => {
    for (let round = 0; round < 4; round++) {
      const member = await makeMember(site.env)
      const one = await proposed(registrar, member, draftOf())
      const other = await proposed(registrar, member, draftOf({ from: '2027-04-01' }))
      const second = browserOf(site.issuer, await makeOperator(site.env, ['approver']))
      const answers = await Promise.all([
        decide(approver, one, 'approve'),
        decide(second, other, 'approve'),
      ])
      expect(answers.map((page) => page.status).sort((a, b) => a - b)).toEqual([303, 422])
      const rows = await site.env.db('contracts').where({ member_id: member })
      expect(rows).toHaveLength(1)
      const versions = await site.env.db('contract_versions').whereIn('contract_id', [one, other])
      expect(versions).toHaveLength(1)
    }
  })

  test('one proposal is approved once, however many press the button', async () => {
    const member = await makeMember(site.env)
    const id = await proposed(registrar, member, draftOf())
    const others = await Promise.all(
      [1, 2, 3].map(async () => browserOf(site.issuer, await makeOperator(site.env, ['approver']))),
    )
    const hash = await hashOn(approver, id)
    const answers = await Promise.all(
      [approver, ...others].map((browser) => decide(browser, id, 'approve', { hash })),
    )
    const statuses = answers.map((page) => page.status).sort((a, b) => a - b)
    expect(statuses).toEqual([303, 409, 409, 409])
    expect(await site.env.db('contract_versions').where({ contract_id: id })).toHaveLength(1)
  })

  test('two registrars who begin the next version at once: one goes on', async () => {
    const member = await makeMember(site.env)
    const asked = draftOf()
    const id = await proposed(registrar, member, asked)
    await decide(approver, id, 'approve')
    const second = browserOf(site.issuer, await makeOperator(site.env, ['registrar']))
    const path = `${BASE}/${id}/edit`
    const next = { ...asked, offlineAccess: 'no', member }
    const answers = await Promise.all(
      [registrar, second].map((browser) => send(browser, path, path, next)),
    )
    expect(answers.map((page) => page.status).sort((a, b) => a - b)).toEqual([303, 409])
  })
})

describe('giving back, declining, taking back', () => {
  test('needs a reason, and leads back to the author', async () => {
    const member = await makeMember(site.env)
    const asked = draftOf()
    const id = await proposed(registrar, member, asked)
    const bare = await decide(approver, id, 'return')
    expect([bare.status, errorsOn(bare)]).toEqual([422, ['note']])
    expect((await decide(approver, id, 'return', { note: '期間を確かめてください' })).status).toBe(
      303,
    )
    expect((await registrar.open(`${BASE}/${id}`)).text).toContain('期間を確かめてください')
    const hash = /name="hash" value="([0-9a-f]{64})"/.exec(
      (await registrar.open(`${BASE}/${id}/edit`)).text,
    )?.[1]
    const page = await send(registrar, `${BASE}/${id}/edit`, `${BASE}/${id}/edit`, {
      ...asked,
      hash: hash ?? '',
    })
    expect(page.status).toBe(303)
    expect((await decide(registrar, id, 'withdraw')).status).toBe(303)
    expect(await site.env.db('contracts').where({ id })).toEqual([])
  })
})

describe('the list', () => {
  test('searches, sorts, filters and pages on the server', async () => {
    const member = await makeMember(site.env, 'approved', '検索ひまわり商店')
    const drafted = draftOf()
    idIn(await draft(registrar, member, drafted))
    const open = (query: string) => registrar.open(`${BASE}?${query}`)
    expect((await open(`q=${encodeURIComponent('ひまわり')}`)).text).toContain(
      String(drafted['number']),
    )
    expect((await open(`q=${encodeURIComponent('ひまわり')}&filter=in_force`)).text).not.toContain(
      String(drafted['number']),
    )
    expect((await open(`q=${encodeURIComponent('ひまわり')}&filter=open`)).text).toContain(
      String(drafted['number']),
    )
    for (let n = 0; n < 26; n++) await makeContract(site.env, member, `P-${n}`)
    const rowsOf = (text: string) => [...text.matchAll(/<tr><th scope="row">/g)].length
    expect(rowsOf((await open('sort=-number')).text)).toBe(25)
    expect(rowsOf((await open('sort=-number&page=2')).text)).toBeGreaterThan(0)
    expect((await open('sort=;drop&page=-1&filter=%00')).status).toBe(200)
  })
})

describe('the portal', () => {
  test('says what comes next where there is no contract yet', async () => {
    const member = await makeMember(site.env)
    const form = await registrar.open(`${BASE}/new?member=${member}`)
    const heading = /<h1>.*<\/h1>/.exec(form.text)?.[0]
    expect(heading?.replace(/<[^>]*>/g, '')).toMatch(/^契約の下書き：契約\d+社$/)
    const staff = browserOf(site.issuer, await makeStaff(site.env, member))
    expect((await staff.open('/company')).text).toContain('運営者が契約の下書きを用意します')
    expect((await staff.open('/company/contracts')).text).toContain(
      '運営者が下書きを用意し、2人で承認すると',
    )
  })

  test('shows staff their own contracts and nothing of others', async () => {
    const [own, other] = [await makeMember(site.env), await makeMember(site.env)]
    const asked = draftOf()
    const id = await proposed(registrar, own, asked)
    await decide(approver, id, 'approve')
    const theirs = await proposed(registrar, other, draftOf())
    await decide(approver, theirs, 'approve')
    const staff = browserOf(site.issuer, await makeStaff(site.env, own, 'developer'))
    const list = await staff.open('/company/contracts')
    expect(list.text).toContain(String(asked['number']))
    expect([...list.text.matchAll(/href="\/company\/contracts\/[0-9a-f]/g)]).toHaveLength(1)
    const page = await staff.open(`/company/contracts/${id}`)
    expect(page.text).toContain('メールアドレスと確認の状態')
    expect((await staff.open(`/company/contracts/${id}/print`)).status).toBe(200)
    const without = (text: string) =>
      text.replace(/lang=|to=%2F[^"]*|\/company\/contracts[^"]*/g, '')
    for (const path of ['', '/print']) {
      const foreign = await staff.open(`/company/contracts/${theirs}${path}`)
      const nothing = await staff.open(
        `/company/contracts/00000000-0000-4000-8000-000000000000${path}`,
      )
      expect([foreign.status, nothing.status]).toEqual([404, 404])
      expect(without(foreign.text)).toBe(without(nothing.text))
    }
  })
})

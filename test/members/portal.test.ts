/** A company's own pages: its people, what is registered, leaving; and what a change means to residents (J2, J5, J9, S-59). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { handlers } from '../../src/members/jobs.ts'
import * as members from '../../src/members/actions.ts'
import * as reviews from '../../src/reviews/actions.ts'
import { Browser, hidden, type Page } from '../support/browser.ts'
import { makeResident, makeService, markDemo, type MadeService } from '../support/builders.ts'
import { linkIn, mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { makeOperator, makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { tokensFor, userinfo } from '../oidc/steps.ts'
import { equip } from '../people/steps.ts'
import { filled } from './company.ts'

/** A last day that is still to come. */
const AHEAD = `${new Date().getFullYear() + 1}-03-31`

let site: Site
let made: MadeService
let manager: SignedInPerson
let registrar: SignedInPerson
let approver: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  await markDemo(site.env)
  registrar = await makeOperator(site.env, ['registrar'])
  approver = await makeOperator(site.env, ['approver'])
})
beforeEach(async () => {
  made = await makeService(site.env)
  manager = await makeStaff(site.env, made.memberId, 'manager')
})
afterAll(() => site.close())

function at(person: SignedInPerson): Browser {
  const browser = new Browser(site.issuer)
  signIn(browser, person)
  return browser
}

/** Posts below /company or /admin with the browser's own form token. */
async function post(browser: Browser, path: string, fields: Record<string, string>): Promise<Page> {
  const csrf = hidden(await browser.open('/company/apply'))['csrf'] ?? ''
  return browser.follow(await browser.post(path, { csrf, ...fields }))
}

const staffRows = (memberId: string) =>
  site.env.db('staff').where({ member_id: memberId }).orderBy('created_at')

describe('the people of a company', () => {
  test('a manager invites, and the invitation comes by mail', async () => {
    const email = `dev.${Date.now()}@company.example`
    const browser = at(manager)
    const page = await post(browser, '/company/staff', {
      name: '開発 一',
      email,
      role: 'developer',
      ends_on: AHEAD,
    })
    expect(page.status).toBe(200)
    expect(page.text).toContain('招待を送りました')
    expect(await staffRows(made.memberId)).toMatchObject([
      {},
      { email, role: 'developer', password_hash: null, created_by: manager.person.id },
    ])
    const invitation = (await mailsTo(site.env, email)).at(-1)
    expect(linkIn(invitation)).toContain('/company/invitation')
    expect(invitation?.text).not.toContain('これまでのサインインの方法')
    const [, invited] = (await staffRows(made.memberId)) as { id: string }[]
    await equip(site.env, 'staff', manager.person.id)
    const states = async () =>
      [...(await browser.open('/company/staff')).text.matchAll(/>(有効|招待中)</g)].map(
        ([, state]) => state,
      )
    expect(await states()).toEqual(['有効', '招待中'])
    const desk = await at(registrar).open(`/admin/members/${made.memberId}`)
    expect(desk.text.match(/招待中/g)).toHaveLength(1)
    expect(desk.text).toContain(`/staff/${invited?.id ?? ''}/invite`)
    await equip(site.env, 'staff', invited?.id ?? '')
    expect(await states()).toEqual(['有効', '有効'])
    const twice = await post(browser, '/company/staff', {
      name: '開発 二',
      email: email.toUpperCase(),
      role: 'developer',
      ends_on: '',
    })
    expect(twice.status).toBe(422)
    expect(await staffRows(made.memberId)).toHaveLength(2)
  })

  test.each([
    [{ email: 'not an address' }, '#email'],
    [{ name: '\u202Eevil' }, '#name'],
    [{ role: 'administrator' }, '#role'],
    [{ ends_on: '2020-01-01' }, '#ends_on'],
    [{ ends_on: '2027-02-30' }, '#ends_on'],
    [{ memberId: '7c1b6f1e-0d38-4a51-9a6d-2f3a5f0c1d77' }, '#memberId'],
  ])('%j is told at its field, with nothing stored', async (wrong, place) => {
    const page = await post(at(manager), '/company/staff', {
      name: '開発',
      email: 'x@company.example',
      role: 'developer',
      ends_on: '',
      ...wrong,
    })
    expect(page.status).toBe(422)
    expect(page.text).toContain(`href="${place}"`)
    expect(await staffRows(made.memberId)).toHaveLength(1)
  })

  test('a developer manages nobody', async () => {
    const developer = await makeStaff(site.env, made.memberId, 'developer')
    const browser = at(developer)
    expect((await browser.open('/company/staff')).status).toBe(403)
    const fields = { name: 'x', email: 'x@company.example', role: 'manager', ends_on: '' }
    expect((await post(browser, '/company/staff', fields)).status).toBe(403)
    expect(
      (await post(browser, `/company/staff/${developer.person.id}`, { role: 'manager' })).status,
    ).toBe(403)
    expect((await browser.open('/company/profile')).status).toBe(200)
    expect((await browser.open('/company/profile/contact')).status).toBe(403)
  })

  test('an old second factor changes nobody (J6)', async () => {
    await site.env
      .db('staff_sessions')
      .where({ holder_id: manager.person.id })
      .update({ confirmed_at: new Date(Date.now() - 301_000) })
    const fields = { name: 'x', email: 'x@company.example', role: 'manager', ends_on: '' }
    expect((await post(at(manager), '/company/staff', fields)).status).toBe(403)
    expect(await staffRows(made.memberId)).toHaveLength(1)
  })

  test("another company's people are not there, whatever is asked (J2)", async () => {
    const elsewhere = await makeService(site.env)
    const theirs = await makeStaff(site.env, elsewhere.memberId, 'developer')
    const browser = at(manager)
    const path = (id: string, act = '') => `/company/staff/${id}${act}`
    const missing = '7c1b6f1e-0d38-4a51-9a6d-2f3a5f0c1d77'
    const answers = async (id: string) => [
      await browser.open(path(id)),
      await post(browser, path(id), { role: 'manager', ends_on: '' }),
      await post(browser, path(id, '/end'), {}),
      await post(browser, path(id, '/invite'), {}),
    ]
    const [foreign, nobody] = [await answers(theirs.person.id), await answers(missing)]
    const bare = (page: Page) => [
      page.status,
      page.text.replaceAll(/7c1b[\w-]+|[\da-f]{8}-[\da-f-]{27}|value="[^"]*"/g, ''),
    ]
    expect(foreign.map(bare)).toEqual(nobody.map(bare))
    expect(foreign.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    expect((await browser.open('/company/staff')).text).not.toContain(theirs.email)
    expect(await staffRows(elsewhere.memberId)).toMatchObject([
      { role: 'developer', ended_at: null },
    ])
  })

  test('another role ends their sessions (G2); a new last day alone does not', async () => {
    const second = await makeStaff(site.env, made.memberId, 'manager')
    const theirs = at(second)
    const path = `/company/staff/${second.person.id}`
    expect((await theirs.open('/company/staff')).status).toBe(200)
    expect((await post(at(manager), path, { role: 'manager', ends_on: AHEAD })).status).toBe(200)
    expect((await theirs.open('/company/staff')).url).toMatch(/\/company\/staff$/)
    expect((await post(at(manager), path, { role: 'developer', ends_on: '' })).status).toBe(200)
    const page = await theirs.open('/company/profile')
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/company/login'])
  })

  test('ending somebody ends their session at once; a new invitation brings them back', async () => {
    const developer = await makeStaff(site.env, made.memberId, 'developer')
    const theirs = at(developer)
    expect((await theirs.open('/company/profile')).url).toContain('/company/profile')
    await post(at(manager), `/company/staff/${developer.person.id}/end`, {})
    expect((await theirs.open('/company/profile')).url).toContain('/company/login')
    expect(await members.staffInOffice(site.env, developer.person.id)).toBeUndefined()
    const again = { name: developer.name, email: developer.email, role: 'developer', ends_on: '' }
    await equip(site.env, 'staff', developer.person.id)
    expect((await post(at(manager), '/company/staff', again)).status).toBe(200)
    const [invitation] = await mailsTo(site.env, developer.email)
    expect(invitation?.text).toContain('これまでのサインインの方法は、もう使えません。')
    expect(await members.staffInOffice(site.env, developer.person.id)).toMatchObject({
      endedAt: null,
    })
  })

  test('the last manager cannot vanish: not by role, last day or end', async () => {
    const path = `/company/staff/${manager.person.id}`
    for (const [where, fields] of [
      [path, { role: 'developer', ends_on: '' }],
      [path, { role: 'manager', ends_on: AHEAD }],
      [`${path}/end`, {}],
    ] as [string, Record<string, string>][]) {
      const page = await post(at(manager), where, fields)
      expect(page.status).toBe(422)
      expect(page.text).toContain('管理者がいなくなります')
    }
    expect(await staffRows(made.memberId)).toMatchObject([
      { role: 'manager', ends_on: null, ended_at: null },
    ])
  })

  test('of two managers who end each other twenty times at once, one stays', async () => {
    const second = await makeStaff(site.env, made.memberId, 'manager')
    const [one, other] = [at(manager), at(second)]
    const csrf = async (browser: Browser) =>
      hidden(await browser.open('/company/apply'))['csrf'] ?? ''
    const [a, b] = [await csrf(one), await csrf(other)]
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2
          ? one.post(`/company/staff/${second.person.id}/end`, { csrf: a })
          : other.post(`/company/staff/${manager.person.id}/end`, { csrf: b }),
      ),
    )
    const rows = await staffRows(made.memberId)
    expect(rows.filter(({ ended_at }) => ended_at === null)).toHaveLength(1)
  })
})

/** The whole form of a change, as the company's page fills it. */
async function changeForm(browser: Browser, changes: Record<string, string>) {
  const fields = filled()
  const profile = Object.fromEntries(
    Object.entries(fields).filter(
      ([name]) => !/^(q_|n_|manager_|corporate|desk_|phone$|email$|url$)/.test(name),
    ),
  )
  const now = await site.env
    .db('member_versions')
    .where({ member_id: made.memberId })
    .orderBy('version', 'desc')
    .first()
  const kept = { name_ja: now.body.names.ja, name_en: now.body.names.en }
  return post(browser, '/company/profile/change', {
    ...profile,
    ...kept,
    change: 'correction',
    note: '移転のため',
    ...changes,
  })
}

const open = async () =>
  (await reviews.list(site.env, { kinds: ['member'], memberId: made.memberId })).at(0)

async function decide(
  person: SignedInPerson,
  act: string,
  fields: Record<string, string> = {},
): Promise<Page> {
  const proposal = await open()
  return post(at(person), `/admin/applications/${proposal?.id}/${act}`, {
    hash: proposal?.hash ?? '',
    ...fields,
  })
}

const versionsOf = () =>
  site.env.db('member_versions').where({ member_id: made.memberId }).orderBy('version')

describe('what is registered about a company', () => {
  test('a change waits for two operators and is a version then', async () => {
    const page = await changeForm(at(manager), { address_ja: 'あおば市西区7-7' })
    expect(page.text).toContain('審査中の届け出')
    expect(await versionsOf()).toHaveLength(1)
    expect((await changeForm(at(manager), { address_ja: 'もう一つ' })).status).toBe(409)
    expect((await decide(registrar, 'return', { note: '番地を書いてください。' })).status).toBe(200)
    expect((await at(manager).open('/company/profile')).text).toContain('番地を書いてください。')
    const returned = await open()
    expect(
      (
        await changeForm(at(manager), {
          address_ja: 'あおば市西区7-7-7',
          hash: returned?.hash ?? '',
        })
      ).status,
    ).toBe(200)
    expect((await decide(registrar, 'propose')).status).toBe(200)
    expect((await decide(approver, 'approve')).status).toBe(200)
    const versions = await versionsOf()
    expect(versions.at(-1)).toMatchObject({
      version: 2,
      body: { address: { ja: 'あおば市西区7-7-7' } },
    })
    expect((await at(registrar).open(`/admin/members/${made.memberId}`)).text).toContain(
      'あおば市西区7-7-7',
    )
  })

  test('a registrar proposes for the company, and what was given back is proposed anew', async () => {
    const path = `/admin/members/${made.memberId}/change`
    const form = await at(registrar).open(path)
    expect(form.status).toBe(200)
    const now = (await versionsOf()).at(-1)
    const fields = Object.fromEntries(
      Object.entries(filled()).filter(
        ([name]) => !/^(q_|n_|manager_|corporate|desk_|phone$|email$|url$)/.test(name),
      ),
    )
    const kept = { name_ja: now.body.names.ja, name_en: now.body.names.en }
    const asked = { ...fields, ...kept, change: 'correction', note: '届け出による' }
    expect((await post(at(approver), path, asked)).status).toBe(403)
    expect((await post(at(registrar), path, asked)).status).toBe(200)
    expect((await open())?.state).toBe('proposed')
    await decide(approver, 'return', { note: '書面の日付を書いてください。' })
    const returned = await open()
    const anew = { ...asked, note: '届け出（11月1日）による', hash: returned?.hash ?? '' }
    expect((await post(at(registrar), path, anew)).status).toBe(200)
    expect((await decide(approver, 'approve')).status).toBe(200)
    expect(await versionsOf()).toHaveLength(2)
    const leave = `/admin/members/${made.memberId}/leave`
    expect((await post(at(registrar), leave, { note: '' })).status).toBe(422)
    expect((await post(at(registrar), leave, { note: '合併のため' })).status).toBe(200)
    expect((await decide(registrar, 'approve')).status).toBe(403)
  })

  test('a company takes back what it began itself, not what the consortium began', async () => {
    const withdraw = async () =>
      post(at(manager), '/company/profile/withdraw', { hash: (await open())?.hash ?? '' })
    const profile = async () => (await at(manager).open('/company/profile')).text
    const leave = `/admin/members/${made.memberId}/leave`
    expect((await post(at(registrar), leave, { note: '合併のため' })).status).toBe(200)
    expect(await profile()).not.toContain('action="/company/profile/withdraw"')
    expect((await withdraw()).status).toBe(409)
    expect((await open())?.state).toBe('proposed')
    await decide(approver, 'refuse', { note: '書面がありません。' })
    await changeForm(at(manager), { address_ja: 'あおば市西区8-8' })
    expect(await profile()).toContain('action="/company/profile/withdraw"')
    expect((await withdraw()).status).toBe(200)
    expect((await open())?.state).toBe('withdrawn')
  })

  test('mass assignment, bad fields and nothing changed are refused', async () => {
    for (const wrong of [
      { status: 'active' },
      { email: 'x' },
      { name_ja: 'a\u200Bb' },
      { change: 'merged' },
      { note: '' },
    ]) {
      const given = 'email' in wrong ? { privacy_email: 'x' } : wrong
      expect((await changeForm(at(manager), given)).status).toBe(422)
    }
    expect(await open()).toBeUndefined()
  })

  test('the contact desk changes by the manager alone, at once, and everybody is told', async () => {
    const fields = {
      desk_ja: '新しい窓口',
      desk_en: 'New desk',
      phone: '011-222-3333',
      email: 'new@company.example',
      url: 'https://company.example/',
    }
    expect(
      (await post(at(manager), '/company/profile/contact', { ...fields, phone: 'x' })).status,
    ).toBe(422)
    expect(await versionsOf()).toHaveLength(1)
    const page = await post(at(manager), '/company/profile/contact', fields)
    expect(page.text).toContain('011-222-3333')
    expect(await versionsOf()).toHaveLength(2)
    const desk = site.env.config.installation.contact.email
    for (const to of [manager.email, desk])
      expect((await mailsTo(site.env, to)).at(-1)?.subject).toContain('問い合わせ先が変わりました')
    const [line] = await site.env
      .db('audit_events')
      .where({ object_id: made.memberId, act: 'members.contact' })
    expect(line).toMatchObject({ actor_kind: 'staff', actor_id: manager.person.id })
    const before = line.details.before.hash
    expect(line.details.after.hash).not.toBe(before)
    await post(at(manager), '/company/profile/contact', fields)
    expect(await versionsOf()).toHaveLength(2)
  })

  test('another name is told to residents once, in their language, whatever runs twice', async () => {
    const residents = [
      await makeResident(site.env),
      await makeResident(site.env),
      await makeResident(site.env),
    ]
    const [one, other, stranger] = residents
    if (!one || !other || !stranger) throw new Error('no residents')
    await site.env.db('residents').where({ id: other.id }).update({ language: 'en' })
    for (const person of [one, other]) await tokensFor(site, new Browser(site.issuer), made, person)
    await queueIsEmpty(site.env)
    await changeForm(at(manager), {
      change: 'renamed',
      name_ja: 'あさやけ改め堂',
      name_en: 'Asayake Aratame',
    })
    await decide(registrar, 'propose')
    expect((await decide(approver, 'approve')).status).toBe(200)
    await queueIsEmpty(site.env)
    await handlers(site.env)['members.renamed']({ memberId: made.memberId, version: 2 })
    // The same job on three nodes at once, for one name more.
    const now = (await versionsOf()).at(-1)
    const names = { ja: 'ゆうなぎ改め堂', en: 'Yunagi Aratame' }
    await site.env.db('member_versions').insert({
      id: site.env.newId(),
      member_id: made.memberId,
      version: 3,
      body: JSON.stringify({ ...now.body, names }),
      body_hash: Buffer.alloc(32),
      created_at: site.env.now(),
    })
    const again = { memberId: made.memberId, version: 3 }
    await Promise.all([1, 2, 3].map(() => handlers(site.env)['members.renamed'](again)))
    await queueIsEmpty(site.env)
    const told = async (to: string) =>
      (await mailsTo(site.env, to)).filter(({ subject }) => /名前が|is now called/.test(subject))
    expect((await told(one.email)).map(({ subject }) => subject)).toEqual([
      expect.stringContaining('あさやけ改め堂に変わりました'),
      expect.stringContaining('ゆうなぎ改め堂に変わりました'),
    ])
    expect((await told(other.email)).map(({ subject }) => subject)).toEqual([
      expect.stringContaining('is now called Asayake Aratame'),
      expect.stringContaining('is now called Yunagi Aratame'),
    ])
    expect(await site.env.db('member_notices').where({ resident_id: stranger.id })).toEqual([])
  })

  test('a company leaves: two persons, then everything of it stops and its services end', async () => {
    const resident = await makeResident(site.env)
    const { access } = await tokensFor(site, new Browser(site.issuer), made, resident)
    expect((await userinfo(site, access)).status).toBe(200)
    await post(at(manager), '/company/profile/leave', { note: '事業の終了' })
    expect((await userinfo(site, access)).status).toBe(200)
    await decide(registrar, 'propose')
    const session = at(manager)
    expect((await session.open('/company/profile')).url).toContain('/company/profile')
    expect((await decide(approver, 'approve')).status).toBe(200)
    expect((await userinfo(site, access)).status).toBe(401)
    expect((await session.open('/company/profile')).url).toContain('/company/login')
    await queueIsEmpty(site.env)
    expect(await site.env.db('services').where({ id: made.id }).first()).toMatchObject({
      status: 'ended',
    })
    expect(await site.env.db('provision_records').where({ service_id: made.id })).not.toEqual([])
    expect((await new Browser(site.issuer).open('/members')).text).toContain('退会')
  })
})

/** Letters after a leak: whom it concerns, two persons, once each, nobody's data in a mail (I-06, E-13). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as incidents from '../../src/incidents/actions.ts'
import { count } from '../../src/incidents/counting.ts'
import { PARTS, type Figures, type Letter } from '../../src/incidents/model.ts'
import { enqueue, sendBatch } from '../../src/incidents/sending.ts'
import { write as writeMail } from '../../src/notices/jobs.ts'
import type { Mail } from '../../src/notices/model.ts'
import * as residents from '../../src/residents/actions.ts'
import { tokensFor, userinfo } from '../oidc/steps.ts'
import { Browser, hidden } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD, type MadeResident } from '../support/builders.ts'
import { makeCrowd } from '../support/crowd.ts'
import { makePair, type Pair } from '../support/duties.ts'
import { makeOperator, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { leak, reaches } from './steps.ts'
import { unseal } from '../../src/vault.ts'

const PERSONS = 1010
const TIMES = 5

let site: Site
let pair: Pair
let hanako: MadeResident
let caseId: string
/** One of the crowd, whose account was erased meanwhile. */
let erased: string

beforeAll(async () => {
  site = await openSite()
  pair = await makePair(site.env)
  const { residents: ids } = await makeCrowd(site.env, pair.service, {
    persons: PERSONS,
    times: TIMES,
  })
  erased = ids[7] ?? ''
  await site.env
    .db('residents')
    .where({ id: erased })
    .update({ data_key: null, profile: null, email_index: null, closed_at: new Date() })
  // A test person, somebody of another company's, and somebody who gave no name.
  await site.env.db('residents').where({ id: ids[8] }).update({ test_member_id: pair.memberId })
  const other = await makeService(site.env)
  await makeCrowd(site.env, other, { persons: 5, times: 1 })
  await makeCrowd(site.env, pair.service, { persons: 3, times: 1, items: ['user_id', 'sex'] })
  hanako = await makeResident(site.env)
  const browser = new Browser(site.issuer)
  const { access } = await tokensFor(site, browser, pair.service, hanako, {
    scope: 'openid name email',
  })
  expect((await userinfo(site, access)).status).toBe(200)
  caseId = await leak(site.env, pair.member)
})
afterAll(() => site.close())

const scope = (items = ['name', 'email']) => ({
  services: [pair.service.id],
  items,
  since: null,
  until: site.env.now(),
})

const words = (mark: string): Letter => {
  const of = (language: string) =>
    Object.fromEntries(PARTS.map((part) => [part, `${mark} ${part} ${language}`])) as Letter['ja']
  return { ja: of('ja'), en: of('en') }
}

/** The order of the form, not the one in which a database keeps keys. */
const sections = (mark: string) =>
  ['overview', 'items', 'cause', 'secondary', 'other', 'contact'].map((part) => `${mark} ${part}`)
const sectionsOf = (html: string) =>
  [...html.matchAll(/<dd>(\w+ \w+) ja<br>/g)].map(([, section = '']) => section)

async function at(person: SignedInPerson): Promise<Browser> {
  const browser = new Browser(site.issuer)
  signIn(browser, person)
  return browser
}

const audited = (act: string, object: string) =>
  site.env.db('audit_events').where({ act, object_id: object }).select('details')
const numberOf = async (table: string, where: object) =>
  Number((await site.env.db(table).where(where).count().first())?.['count'])

describe('a round of letters', () => {
  let id: string
  let figures: Figures

  test('begins from the case at the desk, and counts whom it concerns', async () => {
    const browser = await at(pair.officer)
    const casePage = await browser.open(`/admin/duties/${caseId}`)
    expect(casePage.text).toContain(`/admin/incidents/new?case=${caseId}`)
    const form = await browser.open(`/admin/incidents/new?case=${caseId}`)
    expect(form.status).toBe(200)
    const until = /name="until" type="date" value="([^"]+)"/.exec(form.text)?.[1] ?? ''
    const fields = { csrf: hidden(form)['csrf'] ?? '', case: caseId, until }
    const bare = await browser.post('/admin/incidents/new', fields)
    expect(bare.status).toBe(422)
    const turned = await browser.post('/admin/incidents/new', {
      ...fields,
      ...{ since: '2026-03-02', until: '2026-03-01', services: site.env.newId(), items: 'name' },
    })
    expect([
      turned.status,
      turned.text.includes('終わりの日は、始まりの日か、それより後に'),
    ]).toEqual([422, true])
    const foreign = await browser.post('/admin/incidents/new', {
      ...fields,
      services: site.env.newId(),
      items: 'name',
    })
    expect(foreign.status).toBe(422)
    id = await incidents.open(site.env, { caseId, scope: scope(), by: pair.officer.person })
    await expect(
      incidents.open(site.env, { caseId, scope: scope(), by: pair.officer.person }),
    ).rejects.toMatchObject({ reason: 'wrong_state' })
    // A second worker on the same round, and one that comes when all is counted.
    await Promise.all([count(site.env, id), count(site.env, id)])
    const counted = await reaches(site.env, id, 'counted')
    await count(site.env, id)
    figures = counted.figures as Figures
    const persons = PERSONS - 1 + 1
    expect(figures).toMatchObject({ persons, reachable: persons - 1, unreachable: 1 })
    expect(figures.byItem.map((one) => [one.id, one.persons])).toEqual([
      ['email', persons],
      ['name', persons],
    ])
    expect(figures.releases).toBe((PERSONS - 1) * TIMES * 2 + 2)
  })

  test('the figures are the ledger’s', async () => {
    const { rows } = await site.env.db.raw<{ rows: { persons: number; releases: number }[] }>(
      `select count(distinct p.resident_id)::int as persons, count(*)::int as releases
       from provision_records p join residents r on r.id = p.resident_id and r.test_member_id is null,
         unnest(p.items) item
       where p.service_id = :service and item in ('name', 'email')`,
      { service: pair.service.id },
    )
    expect(figures).toMatchObject(rows[0] ?? {})
    const auditor = await makeOperator(site.env, ['auditor'])
    const file = await (await at(auditor)).open(`/admin/incidents/${id}/figures.csv`)
    expect(file.text).toContain(`該当する人,${figures.persons}\r\n`)
    expect(file.text).toContain('退会などで、お知らせできない人,1\r\n')
    // A file that is taken along asks for a factor shown just now (J6).
    const { id: holder_id } = auditor.person
    const earlier = new Date(Date.now() - 301_000)
    await site.env.db('operator_sessions').where({ holder_id }).update({ confirmed_at: earlier })
    const late = await (await at(auditor)).request(`/admin/incidents/${id}/figures.csv`)
    expect([late.status, late.headers.get('location')]).toEqual([
      303,
      expect.stringMatching(/^\/admin\/confirm\?to=/),
    ])
  })

  test('takes words in both languages, a second person, and exactly what was seen', async () => {
    const browser = await at(pair.officer)
    const form = await browser.open(`/admin/incidents/${id}/letter`)
    expect(form.text).toContain('サーバーへの不正なアクセス')
    const page = await browser.post(`/admin/incidents/${id}/letter`, {
      csrf: hidden(form)['csrf'] ?? '',
      hash: '',
    })
    expect(page.status).toBe(422)
    const first = await incidents.write(site.env, {
      ...{ id, hash: '', letter: words('first'), by: pair.officer.person },
    })
    await incidents.propose(site.env, { id, hash: first.hash, by: pair.officer.person })
    const letter = words('second')
    const second = await incidents.write(site.env, {
      ...{ id, hash: first.hash, letter, by: pair.officer.person },
    })
    // The edit voided it: neither the old hash nor the new draft can be approved.
    const approver = await at(pair.approver)
    const one = await approver.open(`/admin/incidents/${id}`)
    expect(one.text).toContain('second overview ja')
    const csrf = hidden(one)['csrf'] ?? hidden(await approver.open('/admin/account'))['csrf'] ?? ''
    const approve = (hash: string) =>
      approver.post(`/admin/incidents/${id}/approve`, { csrf, hash })
    expect((await approve(first.hash)).status).toBe(409)
    expect((await approve(second.hash)).status).toBe(409)
    await incidents.propose(site.env, { id, hash: second.hash, by: pair.officer.person })
    // Who gave words back had no hand in them, and decides on them later.
    const back = { id, hash: second.hash, note: '概要を', by: pair.approver.person }
    await incidents.decline(site.env, 'giveBack', back)
    await incidents.write(site.env, { id, hash: second.hash, letter, by: pair.officer.person })
    await incidents.propose(site.env, { id, hash: second.hash, by: pair.officer.person })
    expect((await approver.open(`/admin/incidents/${id}`)).text).toContain(`${id}/approve"`)
    const both = await makeOperator(site.env, ['privacy_officer', 'approver'], {
      name: pair.officer.name,
    })
    await expect(
      incidents.approve(site.env, { id, hash: second.hash, by: both.person }),
    ).rejects.toMatchObject({ reason: 'second_person_needed' })
    const preview = await approver.open(`/admin/incidents/${id}/preview`)
    expect(preview.text).toContain('見本 花子 様')
    expect(sectionsOf(preview.text)).toEqual(sections('second'))
    await stale(pair.approver)
    const old = await approve(second.hash)
    expect([old.status, old.text.includes('confirmation_needed')]).toEqual([403, true])
    expect((await incidents.find(site.env, id)).state).toBe('counted')
    await fresh(pair.approver)
    expect((await approve(second.hash)).status).toBe(303)
  })

  test('reaches each person exactly once, also with two workers and a rerun', async () => {
    const before = await incidents.find(site.env, id)
    expect(['sending', 'sent']).toContain(before.state)
    await enqueue(site.env, id)
    await Promise.all([1, 2, 3, 1, 2, 3].map((number) => sendBatch(site.env, { id, number })))
    await reaches(site.env, id, 'sent')
    const rerun = await incidents.find(site.env, id)
    await sendBatch(site.env, { id, number: 1 })
    expect(rerun.finishedAt).not.toBeNull()
    expect(await numberOf('incident_letters', { incident_id: id })).toBe(figures.persons)
    expect(await numberOf('incident_letters', { incident_id: id, outcome: 'unreachable' })).toBe(1)
    const posts = await site.env
      .db('resident_notices')
      .where({ kind: 'leak', must_read: true })
      .select<{ resident_id: string }[]>('resident_id')
    expect(posts).toHaveLength(figures.reachable)
    expect(new Set(posts.map((one) => one.resident_id)).size).toBe(figures.reachable)
    const { rows } = await site.env.db.raw<{ rows: { n: number }[] }>(
      `select count(*)::int as n from jobs.job where name = 'notices.mail' and priority = -1`,
    )
    expect(rows[0]?.n).toBe(figures.reachable)
    expect(await audited('incidents.approved', id)).toHaveLength(1)
  })

  test('is read by its reader alone, with what they gave and when; the mail has none of it', async () => {
    const own = await site.env
      .db('incident_letters')
      .where({ incident_id: id, resident_id: hanako.id })
      .first<{ id: string }>()
    const browser = new Browser(site.issuer)
    const page = await browser.signIn(await browser.open('/login'), {
      email: hanako.email,
      password: PASSWORD,
    })
    expect(page.status).toBe(200)
    expect(page.text).toContain('での、お客様の情報の漏えい等について（')
    const letter = await browser.open(`/account/letters/${own.id}`)
    expect(letter.status).toBe(200)
    for (const text of [
      '山田 花子 様',
      '北海道札幌市中央区',
      '〒060-0001',
      'second secondary ja',
      hanako.userId,
    ])
      expect(letter.text).toContain(text)
    expect(sectionsOf(letter.text)).toEqual(sections('second'))
    expect(letter.text.match(/<li class="item">/g)).toHaveLength(2)
    expect(letter.text).not.toContain(hanako.email)
    const foreign = await site.env
      .db('incident_letters')
      .where({ incident_id: id })
      .whereNot({ resident_id: hanako.id })
      .first<{ id: string }>()
    expect((await browser.open(`/account/letters/${foreign.id}`)).status).toBe(404)
    const mail = await mailTo(hanako.email)
    expect(mail.text).toContain('second overview ja')
    expect(mail.text).toContain(`/account/letters/${own.id}`)
    for (const body of [mail.text, mail.html])
      for (const value of ['山田', '花子', '札幌', '0600001', hanako.userId])
        expect(body).not.toContain(value)
  })

  test('what no mail reached is printed at the desk, on the record, person by person', async () => {
    const ids = await site.env
      .db('incident_letters')
      .where({ incident_id: id, outcome: 'posted' })
      .limit(2)
      .select<{ id: string; resident_id: string }[]>('id', 'resident_id')
    await everyMail(id)
    await site.env
      .db('incident_letters')
      .whereIn(
        'id',
        ids.map((one) => one.id),
      )
      .update({ mailed_at: null, at: new Date(Date.now() - 25 * 3600_000) })
    const browser = await at(pair.officer)
    const page = await browser.open(`/admin/incidents/${id}/print`)
    expect(page.text.match(/class="sheet part page"/g)).toHaveLength(2)
    expect(page.text).toContain('田中 一 様')
    expect(sectionsOf(page.text)).toEqual([...sections('second'), ...sections('second')])
    for (const one of ids)
      expect(await audited('incidents.letter_seen', one.resident_id)).toHaveLength(1)
    const after = await browser.post(`/admin/incidents/${id}/printed`, [
      ['csrf', hidden(page)['csrf'] ?? ''],
      ...ids.map((one): [string, string] => ['letters', one.id]),
    ])
    expect(after.status).toBe(303)
    expect((await browser.open(`/admin/incidents/${id}/print`)).text).toContain(
      '印刷が必要な手紙はありません',
    )
    const approver = await at(pair.approver)
    expect((await approver.open(`/admin/incidents/${id}/print`)).status).toBe(403)
  })
})

async function stale({ person }: SignedInPerson): Promise<void> {
  const confirmed_at = new Date(Date.now() - 6 * 60_000)
  await site.env.db('operator_sessions').where({ holder_id: person.id }).update({ confirmed_at })
}
async function fresh({ person }: SignedInPerson): Promise<void> {
  const confirmed_at = new Date()
  await site.env.db('operator_sessions').where({ holder_id: person.id }).update({ confirmed_at })
}

/** The mail as it was laid into the queue, sealed. */
async function mailTo(address: string) {
  const { rows } = await site.env.db.raw<{ rows: { data: { id: string; sealed: string } }[] }>(
    `select data from jobs.job where name = 'notices.mail' and priority = -1`,
  )
  const key = site.env.secrets.mail
  const mails = rows.map(
    ({ data: { id, sealed } }) =>
      JSON.parse(unseal(key, Buffer.from(sealed, 'base64'), `mail:${id}`).toString()) as Mail,
  )
  const own = mails.filter((mail) => mail.to === address)
  expect(own).toHaveLength(1)
  return writeMail(site.env, own[0] as Mail)
}

async function mailed(letterId: string): Promise<void> {
  const end = Date.now() + 20_000
  for (;;) {
    const row = await site.env
      .db('incident_letters')
      .where({ id: letterId })
      .first<{ mailed_at: Date | null }>()
    if (row.mailed_at) return
    if (Date.now() > end) throw new Error('the mail was not handed over')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function everyMail(id: string): Promise<void> {
  const rows = await site.env
    .db('incident_letters')
    .where({ incident_id: id, outcome: 'posted' })
    .pluck<string[]>('id')
  for (const one of rows) await mailed(one)
}

test('a batch that breaks off leaves nothing behind, and is done whole the next time', async () => {
  const service = await makeService(site.env)
  const { residents: ids } = await makeCrowd(site.env, service, { persons: 20, times: 1 })
  const opened = await leak(site.env, { ...pair.member, memberId: service.memberId })
  const by = pair.officer.person
  const asked = { ...scope(), services: [service.id] }
  const id = await incidents.open(site.env, { caseId: opened, scope: asked, by })
  await reaches(site.env, id, 'counted')
  await site.env.db('incidents').where({ id }).update({ state: 'sending' })
  const drafted = await site.env
    .db('incidents')
    .where({ case_id: caseId })
    .first<{ proposal_id: string }>()
  await site.env.db('incidents').where({ id }).update({ proposal_id: drafted.proposal_id })
  const broken = {
    ...site.env,
    queue: {
      ...site.env.queue,
      sendMany: async () => {
        throw new Error('the node died')
      },
    },
  }
  await expect(sendBatch(broken, { id, number: 1 })).rejects.toThrow('the node died')
  expect(await numberOf('incident_letters', { incident_id: id })).toBe(0)
  const posted = () =>
    site.env.db('resident_notices').whereIn('resident_id', ids).where({ kind: 'leak' }).pluck('id')
  expect(await posted()).toHaveLength(0)
  await incidents.resume(site.env, { id, by })
  await reaches(site.env, id, 'sent')
  expect(await numberOf('incident_letters', { incident_id: id })).toBe(20)
  expect(await posted()).toHaveLength(20)
})

test('a round can be called off before anything went out, and begun with another scope', async () => {
  const by = pair.officer.person
  const id = await incidents.open(site.env, { caseId, scope: scope(['sex']), by })
  const { figures } = await reaches(site.env, id, 'counted')
  expect(figures?.persons).toBe(3)
  const waiting = await incidents.tasks(site.env)
  expect(waiting).toContainEqual(expect.objectContaining({ href: `/admin/incidents/${id}` }))
  await incidents.withdraw(site.env, { id, by })
  await expect(
    incidents.write(site.env, { id, hash: '', letter: words('late'), by }),
  ).rejects.toMatchObject({ reason: 'wrong_state' })
  await expect(incidents.withdraw(site.env, { id, by })).rejects.toMatchObject({
    reason: 'wrong_state',
  })
  const again = await incidents.open(site.env, { caseId, scope: scope(['sex']), by })
  expect((await reaches(site.env, again, 'counted')).figures?.persons).toBe(3)
})

test('many are read at once as one by one', async () => {
  const [one] = await residents.findMany(site.env, [hanako.id, erased])
  expect(one).toEqual(await residents.find(site.env, hanako.id))
  expect(await residents.findMany(site.env, [erased])).toEqual([])
})

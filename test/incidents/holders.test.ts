/** Whose leak it is: what that company received, whoever runs the service now; and paper for those who are still here. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as incidents from '../../src/incidents/actions.ts'
import { PARTS, type Letter } from '../../src/incidents/model.ts'
import { words } from '../../src/locales/words.ts'
import { services } from '../../src/incidents/queries.ts'
import { approveHandOver, proposeHandOver } from '../../src/services/handing_over.ts'
import { issueSecret } from '../../src/services/keys.ts'
import { tokensFor, userinfo } from '../oidc/steps.ts'
import { Browser, hidden } from '../support/browser.ts'
import {
  makeResident,
  makeServiceVersion,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { makeCrowd } from '../support/crowd.ts'
import { makePair, type Pair } from '../support/duties.ts'
import { queueIsEmpty } from '../support/mailbox.ts'
import { signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { leak, reaches } from './steps.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

const letter = (mark: string): Letter => {
  const of = Object.fromEntries(PARTS.map((part) => [part, `${mark} ${part}`])) as Letter['ja']
  return { ja: of, en: of }
}

type Asked = { caseId: string; service: MadeService; items?: string[] }

/** A round of letters, counted and no further. */
async function counted({ officer }: Pair, { caseId, service, items = ['name', 'email'] }: Asked) {
  const scope = { services: [service.id], items, since: null, until: site.env.now() }
  const id = await incidents.open(site.env, { caseId, scope, by: officer.person })
  const { figures } = await reaches(site.env, id, 'counted')
  if (!figures) throw new Error('nothing was counted')
  return { id, figures }
}

async function sent({ officer, approver }: Pair, id: string, mark: string): Promise<void> {
  const by = officer.person
  const { hash } = await incidents.write(site.env, { id, hash: '', letter: letter(mark), by })
  await incidents.propose(site.env, { id, hash, by })
  await incidents.approve(site.env, { id, hash, by: approver.person })
  await reaches(site.env, id, 'sent')
}

const lettersOf = (id: string) =>
  site.env
    .db('incident_letters')
    .where({ incident_id: id })
    .orderBy('resident_id')
    .pluck<string[]>('resident_id')

const at = ({ officer }: Pair): Browser => {
  const browser = new Browser(site.issuer)
  signIn(browser, officer)
  return browser
}

const legalName = async (memberId: string): Promise<string> => {
  const { body } = await site.env.db('member_versions').where({ member_id: memberId }).first()
  return body.names.ja
}

describe('a service that was handed over', () => {
  let before: Pair
  let after: Pair
  let service: MadeService
  /** Whose data the company before received alone, both, and the company after alone. */
  let old: MadeResident
  let both: MadeResident
  let late: MadeResident
  const [OLD_NAME, NEW_NAME] = ['まえのサービス名', 'あとのサービス名']

  async function release(to: MadeService, resident: MadeResident, scope: string): Promise<void> {
    const browser = new Browser(site.issuer)
    const { access } = await tokensFor(site, browser, to, resident, { scope })
    expect((await userinfo(site, access)).status).toBe(200)
  }

  async function handOver(from: Pair, to: Pair): Promise<void> {
    const asked = {
      ...{ serviceIds: [service.id], note: '事業の譲渡のため' },
      ...{ toMemberId: to.memberId, contractId: to.service.contractId },
    }
    const { registrar, approver } = from
    const by = registrar.person
    const proposed = { fromMemberId: from.memberId, asked, by }
    const { id, hash } = await proposeHandOver(site.env, proposed)
    await approveHandOver(site.env, { id, hash, by: approver.person })
  }

  beforeAll(async () => {
    const { env } = site
    before = await makePair(env)
    after = await makePair(env)
    service = before.service
    ;[old, both, late] = [await makeResident(env), await makeResident(env), await makeResident(env)]
    await makeServiceVersion(env, service, 2, { name: OLD_NAME, optional: [] })
    for (const one of [old, both]) await release(service, one, 'openid name email')
    await handOver(before, after)
    await makeServiceVersion(env, service, 9, { name: NEW_NAME, required: ['name'], optional: [] })
    const author = { ...after.staff.person, memberId: after.memberId }
    const { secret } = await issueSecret(env, service.id, author)
    await env.db('services').where({ id: service.id }).update({ status: 'live' })
    // The company after never gets an address of theirs.
    const open = { ...service, clientSecret: secret }
    for (const one of [both, late]) await release(open, one, 'openid name')
    const received = await env
      .db('provision_records')
      .where({ service_id: service.id })
      .orderBy('at')
      .pluck('member_id')
    expect(new Set(received)).toEqual(new Set([before.memberId, after.memberId]))
  })

  test('a leak at the company before is about what that company received, by the names of then', async () => {
    const caseId = await leak(site.env, before.member)
    const desk = at(before)
    const form = await desk.open(`/admin/incidents/new?case=${caseId}`)
    expect(form.text).toContain(`value="${service.id}"`)
    expect(form.text).toContain(OLD_NAME)
    expect(form.text).not.toContain(NEW_NAME)
    const until = /name="until" type="date" value="([^"]+)"/.exec(form.text)?.[1] ?? ''
    const fields = { csrf: hidden(form)['csrf'] ?? '', case: caseId, until }
    const posted = { ...fields, services: service.id, items: 'name' }
    const page = await desk.post('/admin/incidents/new', posted)
    expect(page.status).toBe(303)
    const first = page.headers.get('location')?.split('/').at(-1) ?? ''
    await reaches(site.env, first, 'counted')
    await incidents.withdraw(site.env, { id: first, by: before.officer.person })

    const { id, figures } = await counted(before, { caseId, service })
    expect(figures).toMatchObject({
      ...{ persons: 2, reachable: 2, releases: 4 },
      byItem: [
        { id: 'email', persons: 2 },
        { id: 'name', persons: 2 },
      ],
      byService: [{ id: service.id, persons: 2 }],
    })
    const { rows } = await site.env.db.raw<{ rows: { last: Date }[] }>(
      'select max(at) as last from provision_records where service_id = ? and member_id = ?',
      [service.id, before.memberId],
    )
    expect(figures.last).toBe(rows[0]?.last.toISOString())
    // Who agreed anew agreed with the other company.
    expect(figures.ended).toBe(1)
    await sent(before, id, 'former')
    expect(await lettersOf(id)).toEqual([old.id, both.id].toSorted())
    const one = await desk.open(`/admin/incidents/${id}`)
    const file = await desk.open(`/admin/incidents/${id}/figures.csv`)
    const preview = await desk.open(`/admin/incidents/${id}/preview`)
    for (const { text } of [one, file, preview]) {
      expect(text).toContain(OLD_NAME)
      expect(text).not.toContain(NEW_NAME)
    }
    const own = await letterTo(both, id)
    expect(own).toContain(OLD_NAME)
    expect(own).not.toContain(NEW_NAME)
    expect(own).toContain(await legalName(before.memberId))
    expect(own).not.toContain(await legalName(after.memberId))
    expect(own.match(/<li class="item">/g)).toHaveLength(2)
  })

  test('a leak at the company after is about what that one received, and nobody else’s', async () => {
    const caseId = await leak(site.env, after.member)
    const { id, figures } = await counted(after, { caseId, service })
    expect(figures).toMatchObject({
      ...{ persons: 2, reachable: 2, releases: 2, ended: 0 },
      byItem: [{ id: 'name', persons: 2 }],
    })
    await sent(after, id, 'latter')
    expect(await lettersOf(id)).toEqual([both.id, late.id].toSorted())
    const own = await letterTo(both, id)
    expect(own).toContain(NEW_NAME)
    expect(own).not.toContain(OLD_NAME)
  })

  test('a leak at the consortium is about what both received', async () => {
    const { person } = before.officer
    const caseId = await leak(site.env, { side: 'consortium', person })
    const { figures } = await counted(before, { caseId, service })
    expect(figures).toMatchObject({ persons: 3, reachable: 3, releases: 6 })
  })

  test('who had it in between is no less asked about', async () => {
    await handOver(after, await makePair(site.env))
    await makeServiceVersion(site.env, service, 19, { name: '三つめのサービス名' })
    for (const [pair, name] of [
      [before, OLD_NAME],
      [after, NEW_NAME],
    ] as const) {
      const offered = await services(site.env.db, pair.memberId)
      const mine = offered.find(({ id }) => id === service.id)
      expect(mine?.names.ja).toBe(name)
      const { figures } = await counted(pair, {
        caseId: await leak(site.env, pair.member),
        service,
      })
      expect(figures.persons).toBe(2)
    }
    const strange = await makePair(site.env)
    expect((await services(site.env.db, strange.memberId)).map(({ id }) => id)).toEqual([
      strange.service.id,
    ])
  })

  test('each notice is told by company and day, and a letter keeps the name of when it went out', async () => {
    const posted = await site.env
      .db('incident_letters')
      .join('incidents', 'incidents.id', 'incident_id')
      .where({ resident_id: both.id })
      .select<{ member_id: string; at: Date }[]>('member_id', 'at')
    expect(posted).toHaveLength(2)
    const browser = await signedIn(both)
    const page = await browser.open('/account/notices')
    for (const one of posted)
      expect(page.text).toContain(
        `重要：${await legalName(one.member_id)}での、お客様の情報の漏えい等について（${words('ja').date(one.at)}のお知らせ）`,
      )
    const english = await browser.open('/account/notices?lang=en')
    expect(english.text).toMatch(/Important: a leak of your data at Company \d+ \(notice of .+\)/)
    await browser.open('/account/notices?lang=ja')

    const was = await legalName(before.memberId)
    const version = await site.env
      .db('member_versions')
      .where({ member_id: before.memberId })
      .first()
    await site.env.db('member_versions').insert({
      ...{ ...version, id: site.env.newId(), version: 2, created_at: new Date() },
      body: JSON.stringify({ ...version.body, names: { ja: '改名株式会社', en: 'Renamed Inc.' } }),
    })
    const [id] = await site.env
      .db('incidents')
      .where({ member_id: before.memberId, state: 'sent' })
      .pluck<string[]>('id')
    const own = await letterTo(both, id ?? '')
    expect(own).toContain(was)
    expect(own).not.toContain('改名株式会社')
  })
})

async function signedIn({ email }: MadeResident): Promise<Browser> {
  const browser = new Browser(site.issuer)
  await browser.signIn(await browser.open('/login'), { email, password: PASSWORD })
  return browser
}

async function letterTo(resident: MadeResident, id: string): Promise<string> {
  const { id: letterId } = await site.env
    .db('incident_letters')
    .where({ incident_id: id, resident_id: resident.id })
    .first<{ id: string }>()
  const page = await (await signedIn(resident)).open(`/account/letters/${letterId}`)
  expect(page.status).toBe(200)
  return page.text
}

test('paper is for whoever is still here, however many accounts were erased meanwhile', async () => {
  const { env } = site
  const pair = await makePair(env)
  const { residents: ids } = await makeCrowd(env, pair.service, { persons: 53, times: 1 })
  const caseId = await leak(site.env, pair.member)
  const { id } = await counted(pair, { caseId, service: pair.service, items: ['name'] })
  await sent(pair, id, 'paper')
  await queueIsEmpty(env)
  const late = new Date(Date.now() - 25 * 3600_000)
  await env.db('incident_letters').where({ incident_id: id }).update({ mailed_at: null, at: late })
  const sorted = ids.toSorted()
  const gone = { data_key: null, profile: null, email_index: null, closed_at: new Date() }
  await env.db('residents').whereIn('id', sorted.slice(0, 50)).update(gone)
  // One of those who are left waits for its mail since a minute ago.
  await env
    .db('incident_letters')
    .where({ incident_id: id, resident_id: sorted[52] })
    .update({ at: new Date(Date.now() - 60_000) })
  const desk = at(pair)
  const page = await desk.open(`/admin/incidents/${id}/print`)
  expect(page.text.match(/class="sheet part page"/g)).toHaveLength(2)
  expect(page.text).toContain('残り2通')
  const one = await desk.open(`/admin/incidents/${id}`)
  const told = (label: string) =>
    new RegExp(`<dt>${label}</dt><dd[^>]*>([^<]*)<`).exec(one.text)?.[1]
  expect(told('メールを送る順番を待つ手紙')).toBe('1通')
  expect(told('1日たってもメールを送れず、印刷もしていない手紙')).toBe('2通')
  expect(told('載せたあとに退会し、メールも印刷もしていない人')).toBe('50人')
})

test('the first record speaks for whoever received it, where no hand-over is kept', async () => {
  const { env } = site
  const [from, to] = [await makePair(env), await makePair(env)]
  await makeCrowd(env, from.service, { persons: 1, times: 1 })
  await env.db('services').where({ id: from.service.id }).update({ member_id: to.memberId })
  expect((await services(env.db, from.memberId)).map(({ id }) => id)).toEqual([from.service.id])
})

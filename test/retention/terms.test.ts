/** Every table has its term (E-06, M9): a new one is named with its rule, or as one that says nothing of any person. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { LANGUAGES, messages } from '../../src/locales/index.ts'
import { timetable as ofNotices } from '../../src/notices/jobs.ts'
import * as notices from '../../src/notices/actions.ts'
import { timetable as ofPeople } from '../../src/people/jobs.ts'
import * as retention from '../../src/retention/actions.ts'
import { timetable as ofRetention } from '../../src/retention/jobs.ts'
import { refusalsFrom, TERMS } from '../../src/retention/model.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD } from '../support/builders.ts'
import { makeOperator, signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

/** Keys, numbers and definitions: nobody is in them, nor can be found by them. */
const NOBODY = [
  ...['installation', 'secrets', 'items', 'purposes', 'phase_versions', 'template_versions'],
  ...['event_streams', 'event_receivers', 'rights_numbers', 'duty_numbers'],
  ...['knex_migrations', 'knex_migrations_lock'],
]
const DAY = 86_400_000
const run = (jobs: readonly { name: string; run: (env: Site['env']) => Promise<unknown> }[]) =>
  Promise.all(jobs.map((job) => job.run(site.env)))

describe('the list', () => {
  const named: string[] = TERMS.flatMap(({ tables }) => [...tables])

  test('names every table of the schema once, and no other', async () => {
    const { rows } = await site.owner.raw<{ rows: { name: string }[] }>(
      `select relname as name from pg_class where relnamespace = current_schema()::regnamespace
         and relkind in ('r', 'p') and not relispartition`,
    )
    const there = rows.map(({ name }) => name)
    expect(there.length).toBeGreaterThan(90)
    const listed = [...named.filter((name) => name !== 'jobs.job'), ...NOBODY]
    expect(listed.toSorted()).toEqual(there.toSorted())
  })

  test('no table without a term points at a person', async () => {
    const { rows } = await site.owner.raw<{ rows: object[] }>(
      `select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
       where c.relname = any(:names) and c.relnamespace = current_schema()::regnamespace
         and (a.attname ~ '(resident|operator|staff|holder|user|account|person|subject|recipient|email|session)'
           or exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f'
             and a.attnum = any(k.conkey) and k.confrelid in ('residents'::regclass, 'operators'::regclass, 'staff'::regclass)))`,
      { names: NOBODY },
    )
    expect(rows).toEqual([])
  })

  test('what may not be deleted by the product is not said to go by itself', async () => {
    const { rows } = await site.env.db.raw<{ rows: { name: string; may: boolean }[] }>(
      `select t as name, has_table_privilege(current_user, t, 'delete') as may
       from unnest(:named::text[]) t`,
      { named },
    )
    const may = new Map(rows.map((row) => [row.name, row.may]))
    for (const { tables, going } of TERMS)
      for (const table of tables)
        if (going === 'sweep' && table !== 'provision_refusals')
          expect([table, may.get(table)]).toEqual([table, true])
  })

  test('is on the page in words, with its article as a reader cites it and no name of a table', async () => {
    const browser = new Browser(site.issuer)
    signIn(browser, await makeOperator(site.env, ['privacy_officer']))
    const { text } = await browser.open('/admin/retention')
    for (const { id, tables } of TERMS) {
      for (const language of LANGUAGES)
        expect(messages[language].retention.terms[id].every(Boolean)).toBe(true)
      expect(text).toContain(messages.ja.retention.terms[id][1])
      for (const table of tables) if (table.includes('_')) expect(text).not.toContain(table)
    }
    expect(text).toContain('個人情報保護法29条2項、30条4項')
    expect(text).toContain('個人情報保護法32条から39条まで、76条から108条まで')
    expect(text).not.toContain('APPI')
  })
})

describe('what was asked for and not given', () => {
  const put = async (residentId: string, serviceId: string, at: Date) => {
    const id = site.env.newId()
    await site.env.db('provision_refusals').insert({
      ...{ id, resident_id: residentId, service_id: serviceId },
      ...{ day: at.toISOString().slice(0, 10), why: 'no_consent', at },
    })
    return id
  }
  const left = async (residentId: string) =>
    new Set(
      await site.env
        .db('provision_refusals')
        .where({ resident_id: residentId })
        .pluck<string[]>('id'),
    )

  test('goes three years from the end of its month, by the job alone, held months and open requests not', async () => {
    const [resident, asking] = [await makeResident(site.env), await makeResident(site.env)]
    const { id: service } = await makeService(site.env)
    const edge = refusalsFrom(new Date())
    const held = new Date(edge.getTime() - 100 * DAY)
    const old = await put(resident.id, service, new Date(edge.getTime() - 1))
    const young = await put(resident.id, service, edge)
    const inHold = await put(resident.id, service, held)
    const asked = await put(asking.id, service, new Date(edge.getTime() - 1))
    const officer = await makeOperator(site.env, ['privacy_officer'])
    const month = held.toISOString().slice(0, 7)
    await retention.hold(
      site.env,
      { from: month, until: month, reason: '裁判所の求め' },
      officer.person,
    )
    await openCase(asking.id)
    for (const id of [old, young])
      await expect(site.env.db('provision_refusals').where({ id }).delete()).rejects.toMatchObject({
        code: '42501',
      })
    await expect(
      site.owner('provision_refusals').where({ id: young }).delete(),
    ).rejects.toMatchObject({ code: '23000' })
    await run(ofRetention)
    expect(await left(resident.id)).toEqual(new Set([young, inHold]))
    expect(await left(asking.id)).toEqual(new Set([asked]))
    const [hold] = await retention.openHolds(site.env)
    await retention.release(site.env, hold?.id ?? '', officer.person)
    await run(ofRetention)
    expect(await left(resident.id)).toEqual(new Set([young]))
    const swept = await site.env.db('audit_events').where({ act: 'retention.swept' })
    expect(swept.map(({ details }) => (details as { entries: number }).entries)).toEqual([1, 1])
  })

  test('the history says from when on it is there', async () => {
    const resident = await makeResident(site.env)
    const created_at = new Date('2020-01-01T00:00:00Z')
    await site.env.db('residents').where({ id: resident.id }).update({ created_at })
    const browser = new Browser(site.issuer)
    const credentials = { email: resident.email, password: PASSWORD }
    await browser.signIn(await browser.open('/login'), credentials)
    const said = async () =>
      /渡さなかった[^<]*?(\d{4}年\d+月\d+日)/.exec(
        (await browser.open('/account/history')).text,
      )?.[1]
    const { rows } = await site.owner.raw<{ rows: { day: string }[] }>(
      `select to_char(migration_time at time zone 'Asia/Tokyo', 'FMYYYY年FMMM月FMDD日') as day
       from knex_migrations where name like '%T1240_history.sql'`,
    )
    expect(await said()).toBe(rows[0]?.day)
    await site.owner.raw(
      `update knex_migrations set migration_time = '2021-01-01' where name like '%T1240_history.sql'`,
    )
    const from = refusalsFrom(new Date())
    expect(await said()).toBe(`${from.getUTCFullYear()}年${from.getUTCMonth() + 1}月1日`)
  })

  async function openCase(residentId: string) {
    const id = site.env.newId()
    const at = site.env.now()
    await site.env.db('rights_cases').insert({
      ...{ id, number: 'R-2020-0001', year: 2020, running: 1, kind: 'report', subject: 'entry' },
      ...{ resident_id: residentId, language: 'ja', profile: 'private', rule: '{}' },
      ...{ once: site.env.newId(), received_at: at },
    })
    await site.env.db('rights_standing').insert({ case_id: id, state: 'received' })
  }
})

test('notices go three years after they were read, unread ones stay', async () => {
  const resident = await makeResident(site.env)
  for (const number of ['R-1', 'R-2', 'R-3'])
    await notices.post(site.env, resident.id, {
      ...{ kind: 'request_answered', mustRead: false, link: '/account/requests', once: number },
      values: { number, kind: 'report' },
    })
  const at = (days: number) => new Date(site.env.now().getTime() - days * DAY)
  const of = (once: string) =>
    site.env.db('resident_notices').where({ resident_id: resident.id, once })
  await of('R-1').update({ posted_at: at(4000), read_at: at(3 * 365 + 1) })
  await of('R-2').update({ posted_at: at(4000), read_at: at(3 * 365 - 1) })
  await of('R-3').update({ posted_at: at(4000) })
  await run(ofNotices)
  const kept = await site.env
    .db('resident_notices')
    .where({ resident_id: resident.id })
    .orderBy('once')
    .pluck<string[]>('once')
  expect(kept).toEqual(['R-2', 'R-3'])
})

test('sign-ins of operators go 45 days after they were last used', async () => {
  const { person } = await makeOperator(site.env, ['auditor'])
  const sessions = site.env.db('operator_sessions').where({ holder_id: person.id })
  expect(await sessions.clone()).toHaveLength(1)
  const seen = (days: number) =>
    sessions.clone().update({ seen_at: new Date(site.env.now().getTime() - days * DAY) })
  await seen(44)
  await run(ofPeople)
  expect(await sessions.clone()).toHaveLength(1)
  await seen(46)
  await run(ofPeople)
  expect(await sessions.clone()).toHaveLength(0)
})

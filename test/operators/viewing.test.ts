/** Why an operator looked at somebody: who reads it, and that it goes with the account (J10, M8). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as operators from '../../src/operators/actions.ts'
import { namesContact } from '../../src/operators/model.ts'
import { csrfOf, equip } from '../people/steps.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, type MadeResident } from '../support/builders.ts'
import { makeOperator, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

const REASON = '開示請求の本人確認のため、山田さんの登録を見ます'

let site: Site
let officer: SignedInPerson
let auditor: SignedInPerson
let administrator: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  officer = await makeOperator(site.env, ['privacy_officer'])
  auditor = await makeOperator(site.env, ['auditor'])
  administrator = await makeOperator(site.env, ['administrator'])
})
afterAll(() => site.close())

function as(person: SignedInPerson): Browser {
  const one = new Browser(site.issuer)
  signIn(one, person)
  return one
}

async function looked(): Promise<MadeResident> {
  const resident = await makeResident(site.env)
  const object = { kind: 'resident', id: resident.id }
  await operators.viewPerson(site.env, officer.person.id, { object, reason: REASON })
  return resident
}

const pagesOf = (id: string) => [`/admin/audit?q=${id}`, `/admin/audit.csv?q=${id}`]

describe('the reason of a view', () => {
  test('is read by auditors and privacy officers, by administrators nowhere', async () => {
    const { id } = await looked()
    for (const path of pagesOf(id)) {
      for (const [reader, reads] of [
        [auditor, true],
        [officer, true],
        [administrator, false],
      ] as const) {
        const page = await as(reader).request(path)
        expect([page.status, page.text.includes('operators.view_person')]).toEqual([200, true])
        expect([path, page.text.includes(REASON)]).toEqual([path, reads])
      }
    }
  })

  test('stands in no table in plain words, and goes with the key of the person', async () => {
    const { id } = await looked()
    const rows = await site.env
      .db('operator_views')
      .where({ object_id: id })
      .select<{ reason: string | null; reason_sealed: Buffer }[]>('reason', 'reason_sealed')
    expect(rows).toMatchObject([{ reason: null }])
    expect(rows[0]?.reason_sealed.includes('山田')).toBe(false)
    await site.env
      .db('residents')
      .where({ id })
      .update({ data_key: null, profile: null, email_index: null, closed_at: new Date() })
    for (const path of [...pagesOf(id), '/admin/residents/views']) {
      const page = await as(auditor).request(path)
      expect([path, page.status]).toEqual([path, 200])
      expect(page.text).toContain('登録をやめた方のため、読めません')
    }
    for (const path of pagesOf(id))
      expect((await as(auditor).request(path)).text).not.toContain(REASON)
  })

  test('written before reasons were sealed is read as long as the account is there', async () => {
    const { id } = await makeResident(site.env)
    const row = { id: site.env.newId(), operator_id: officer.person.id, object_kind: 'resident' }
    const reason = 'むかしの行に書かれた、見る理由'
    await site.env.db('operator_views').insert({ ...row, object_id: id, reason, at: new Date() })
    const read = async () => (await as(auditor).request('/admin/residents/views')).text
    expect(await read()).toContain(reason)
    const gone = { data_key: null, profile: null, email_index: null, closed_at: new Date() }
    await site.env.db('residents').where({ id }).update(gone)
    expect(await read()).not.toContain(reason)
  })

  test.each([
    'hanako@example.jpの方からの問い合わせ',
    '電話 090-1234-5678 の方からの問い合わせ',
    '電話（０３）１２３４－５６７８からの問い合わせ',
    '電話 +81 90 1234 5678 からの問い合わせ',
    '番号 09012345678 の方からの問い合わせ',
  ])('with an address or a number is refused at its field: %s', async (reason) => {
    const one = as(officer)
    const csrf = csrfOf(await one.open('/admin/residents'))
    const count = () => site.env.db('operator_views').count('* as n').first()
    const before = await count()
    const page = await one.post('/admin/residents', { csrf, email: 'a@example.jp', reason })
    expect(page.status).toBe(422)
    expect(page.text).toContain('見るわけだけを書いてください')
    expect(await count()).toEqual(before)
  })

  test.each([
    '開示請求R-0042の本人確認のため',
    '2026-11-21 10:00の請求 R05-2026-0012 のため',
    '請求 2026-0001-2345 の決定のため',
  ])('with numbers of other things is none of those: %s', (reason) => {
    expect(namesContact(reason)).toBe(false)
  })
})

describe('a field that no form has', () => {
  test.each(['rights', 'boxed', 'renew', 'end'])('is told on the page: %s', async (form) => {
    const { person } = await makeOperator(site.env, ['registrar'])
    await equip(site.env, 'operator', person.id)
    const one = as(administrator)
    const path = `/admin/operators/${person.id}`
    const csrf = csrfOf(await one.open(path))
    const fields = { csrf, roles: 'registrar', role: 'approver', ends: '2027-03-31' }
    const reason = '担当が変わったため'
    const page = await one.post(`${path}/${form}`, { ...fields, reason, approved_by: person.id })
    expect(page.status).toBe(422)
    expect(page.text).toContain(`<a href="#${form}">`)
  })

  test.each(['/admin/operators/new', '/admin/residents'])('and at %s', async (path) => {
    const one = as(await makeOperator(site.env, ['administrator', 'privacy_officer']))
    const csrf = csrfOf(await one.open(path))
    const page = await one.post(path, { csrf, approved_by: 'x' })
    expect(page.status).toBe(422)
  })
})

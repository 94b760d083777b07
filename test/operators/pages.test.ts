/** The administrators' pages and the one look-up of a resident (J1, J6, J10, J12). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { makeResident } from '../support/builders.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makeOperator, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { csrfOf, equip } from '../people/steps.ts'

let site: Site
let first: SignedInPerson
let second: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  first = await makeOperator(site.env, ['administrator', 'registrar'])
  second = await makeOperator(site.env, ['administrator', 'approver', 'privacy_officer'])
  for (const { person } of [first, second]) await equip(site.env, 'operator', person.id)
})
afterAll(() => site.close())

function as(person: SignedInPerson): Browser {
  const one = new Browser(site.issuer)
  signIn(one, person)
  return one
}
const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
const hashOf = ({ text }: Page) => /name="hash" value="([0-9a-f]{64})"/.exec(text)?.[1] ?? ''

describe('operators', () => {
  test('one appoints on a page, another approves what was seen', async () => {
    const [one, two] = [as(first), as(second)]
    const form = await one.open('/admin/operators/new')
    const fields = {
      csrf: csrfOf(form),
      name: '新任 みどり',
      email: 'midori@consortium.example',
      number: 'A-100',
      roles: 'registrar',
      ends: day(100),
    }
    const wrong = await one.post('/admin/operators/new', {
      ...fields,
      ends: '2020-01-01',
      email: 'x',
    })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('value="新任 みどり"')
    const odd = await one.post('/admin/operators/new', { ...fields, roles: 'king' })
    expect([odd.status, odd.text.includes('1つ以上選んでください')]).toEqual([422, true])
    const done = await one.post('/admin/operators/new', fields)
    const href = done.headers.get('location') ?? ''
    expect(href).toMatch(/^\/admin\/operators\/proposals\//)
    expect((await one.open(href)).text).not.toContain(`${href}/approve`)
    const page = await two.open(href)
    const stale = await two.post(`${href}/approve`, { csrf: csrfOf(page), hash: '0'.repeat(64) })
    expect(stale.status).toBe(409)
    const said = await two.post(`${href}/approve`, {
      csrf: csrfOf(page),
      hash: hashOf(page),
      note: '',
    })
    expect(said.status).toBe(303)
    expect((await two.open('/admin/operators?q=midori')).text).toContain('新任 みどり')
    const { body } = await site.env.db('proposal_revisions').orderBy('at', 'desc').first()
    expect(JSON.stringify(body)).not.toContain('A-100')
  })

  test('a second account of one person is told to who approves; only theirs', async () => {
    const [one, two] = [as(first), as(second)]
    const known = await makeOperator(site.env, ['auditor'], { name: '重野 一人' })
    const propose = async (name: string, email: string) => {
      const form = await one.open('/admin/operators/new')
      const asked = { csrf: csrfOf(form), number: '', roles: 'registrar', ends: day(100) }
      const done = await one.post('/admin/operators/new', { ...asked, name, email })
      return (await two.open(done.headers.get('location') ?? '')).text
    }
    const same = await propose('重野　一人', 'other.address@consortium.example')
    expect(same).toContain('同じ人でないか確かめてください')
    expect(same).toContain(known.email)
    const other = await propose('別野 二人', 'another.one@consortium.example')
    expect(other).not.toContain('同じ人でないか')
  })

  test('an old confirmation leads to the step-up page, and nothing is done', async () => {
    const person = await makeOperator(site.env, ['administrator'])
    const one = as(person)
    const page = await one.open(`/admin/operators/${first.person.id}`)
    await site.env
      .db('operator_sessions')
      .where({ holder_id: person.person.id })
      .update({ confirmed_at: new Date(Date.now() - 301_000) })
    const get = await one.request('/admin/operators/new')
    expect(get.headers.get('location')).toBe('/admin/confirm?to=%2Fadmin%2Foperators%2Fnew')
    const reason = '退職するため終えます'
    const fields = { csrf: csrfOf(page), reason }
    const posted = await one.post(`/admin/operators/${first.person.id}/end`, fields)
    expect(posted.status).toBe(403)
    expect(posted.text).toContain('/admin/confirm')
    expect((await as(first).request('/admin/operators')).status).toBe(200)
  })

  test('forged ids, foreign fields and other kinds are refused', async () => {
    const one = as(first)
    const page = await one.open('/admin/operators/new')
    const csrf = csrfOf(page)
    for (const id of ['x', '00000000-0000-4000-8000-000000000000'])
      for (const path of [`/admin/operators/${id}`, `/admin/operators/proposals/${id}`])
        expect((await one.request(path)).status).toBe(404)
    const more = {
      csrf,
      name: 'あ い',
      email: 'b@consortium.example',
      roles: 'registrar',
      ends: day(50),
    }
    const forged = await one.post('/admin/operators/new', {
      ...more,
      approved_by: second.person.id,
    })
    expect(forged.status).toBe(422)
    expect((await one.post('/admin/operators/new', { ...more, roles: 'root' })).status).toBe(422)
  })
})

describe('looking up a resident', () => {
  test('needs a privacy officer, a reason written first, and shows no values', async () => {
    const resident = await makeResident(site.env, { family_name: '秘密山', given_name: '見太郎' })
    expect((await as(first).request('/admin/residents')).status).toBe(403)
    const one = as(second)
    const page = await one.open('/admin/residents')
    const fields = { csrf: csrfOf(page), email: resident.email }
    const views = () => site.env.db('operator_views').where({ object_id: resident.id })
    const short = await one.post('/admin/residents', { ...fields, reason: '見たい' })
    expect(short.status).toBe(422)
    expect(await views()).toHaveLength(0)
    const reason = '開示請求R-0042の本人確認のため'
    const seen = await one.post('/admin/residents', { ...fields, reason })
    expect(seen.status).toBe(200)
    expect(await views()).toMatchObject([{ reason: null, operator_id: second.person.id }])
    const shown = seen.text.replace(/<form[\s\S]*<\/form>/g, '')
    for (const secret of ['秘密山', '見太郎', resident.userId, resident.email])
      expect(shown).not.toContain(secret)
    expect(shown).not.toMatch(/(?<![\w-])1988(?![\w-])/)
    const auditor = as(await makeOperator(site.env, ['auditor']))
    const name = encodeURIComponent(second.name)
    expect((await auditor.open(`/admin/residents/views?q=${name}`)).text).toContain(reason)
    expect((await auditor.open('/admin/residents/views?q=100%25')).text).not.toContain(reason)
    expect((await as(first).request('/admin/residents/views')).status).toBe(403)
    const events = await site.env.db('audit_events').where({ act: 'operators.view_person' })
    expect(events).toHaveLength(1)
    expect(JSON.stringify(events)).not.toContain(reason)
    await expect(site.env.db('operator_views').delete()).rejects.toThrow()
  })

  test('says so where there is nobody, and writes that down too', async () => {
    const one = as(second)
    const page = await one.open('/admin/residents')
    const reason = '問い合わせのあった方を確かめるため'
    const fields = { csrf: csrfOf(page), email: 'nobody@example.jp', reason }
    expect((await one.post('/admin/residents', fields)).text).toContain('利用者はいません')
    expect(await site.env.db('operator_views').where({ object_id: 'nobody' })).toHaveLength(1)
  })
})

/** The first pages of console and portal, and the list of reviews (A1, J2, J4). */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { OperatorRole, Person } from '../../src/persons.ts'
import * as reviews from '../../src/reviews/actions.ts'
import { Browser } from '../support/browser.ts'
import { makeService, type MadeService } from '../support/builders.ts'
import { makeOperator, makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let service: MadeService
let registrar: SignedInPerson
let approver: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  const soon = new Date(Date.now() + 20 * 86_400_000)
  service = await makeService(site.env, { endsAt: soon })
  registrar = await makeOperator(site.env, ['registrar', 'approver'])
  approver = await makeOperator(site.env, ['approver'])
})
afterAll(() => site.close())

const as = (person: SignedInPerson) => {
  const one = new Browser(site.issuer)
  signIn(one, person)
  return one
}
const open = async (person: SignedInPerson, path: string) => (await as(person).open(path)).text
const made = async (roles: OperatorRole[], asked?: { email?: string; name?: string }) =>
  makeOperator(site.env, roles, asked)

/** A contract as its second person meets it, and its address. */
async function proposeContract(by: Person, number: string) {
  const subjectId = randomUUID()
  const { memberId } = service
  const body = { number }
  const { id, hash } = await reviews.draft(site.env, {
    kind: 'contract',
    subjectId,
    memberId,
    body,
    by,
  })
  await reviews.propose(site.env, { id, hash, by })
  return `/admin/contracts/${subjectId}`
}

describe('the operator’s first page', () => {
  test('shows a proposal to the second person, and not to its author', async () => {
    const href = await proposeContract(registrar.person, 'K-FOUR-EYES')
    expect(await open(approver, '/admin')).toContain(href)
    expect(await open(registrar, '/admin')).not.toContain(href)
  })

  test('nor to the author’s other account, nor to somebody who may not approve', async () => {
    const one = await made(['registrar'], { email: 'ito@consortium.example' })
    const same = await made(['approver'], { email: 'ito+2@consortium.example' })
    const href = await proposeContract(one.person, 'K-SAME')
    expect(await open(same, '/admin')).not.toContain(href)
    expect(await open(await made(['auditor']), '/admin')).not.toContain(href)
    expect(await open(approver, '/admin')).toContain(href)
  })

  test('sorts by deadline', async () => {
    const text = await open(approver, '/admin')
    const href = `/admin/contracts/${service.contractId}`
    expect(text).toContain(href)
    expect(text.indexOf(href)).toBeLessThan(text.indexOf('K-FOUR-EYES'))
    expect(text).toContain('あと19日')
  })

  test('shows what the queue gave up', async () => {
    const { db } = site.env
    expect(await open(approver, '/admin')).toContain('届いていない通知はありません')
    await db.raw(
      `insert into jobs.job (name, data, source_name, state) values ('dead', '{}', 'notices.mail', 'created')`,
    )
    const text = await open(approver, '/admin')
    expect(text).toContain('お知らせのメール')
    expect(text).not.toContain('届いていない通知はありません')
    await db.raw(`delete from jobs.job where name = 'dead'`)
  })

  test('is calm when nothing waits', async () => {
    const other = await openSite()
    const quiet = await makeOperator(other.env, ['approver'])
    const one = new Browser(other.issuer)
    signIn(one, quiet)
    const { text } = await one.open('/admin')
    expect(text).toContain('いま、あなたの対応を待つものはありません')
    expect(text).toContain('期限を過ぎたものも、7日以内のものもありません')
    await other.close()
  })
})

describe('the list of reviews', () => {
  test('searches, filters, sorts and pages on the server', async () => {
    for (let n = 0; n < 30; n++) await proposeContract(registrar.person, `K-LIST-${100 + n}`)
    const rows = (text: string) => [...text.matchAll(/>(K-LIST-\d+)</g)].map(([, number]) => number)
    const first = await open(approver, '/admin/proposals?q=k-list&sort=title')
    expect(rows(first)).toHaveLength(25)
    expect(rows(first)[0]).toBe('K-LIST-100')
    expect(first).toContain('aria-sort="ascending"')
    const second = await open(approver, '/admin/proposals?q=k-list&sort=title&page=2')
    expect(rows(second)).toEqual(Array.from({ length: 5 }, (_, n) => `K-LIST-${125 + n}`))
    expect(rows(await open(approver, '/admin/proposals?q=K-LIST-1_0'))).toEqual([])
    expect(rows(await open(approver, '/admin/proposals?q=K-LIST&filter=approved'))).toEqual([])
    expect(rows(await open(approver, '/admin/proposals?q=K-LIST-129'))).toEqual(['K-LIST-129'])
  })

  test.each(["'", '%', '_', "sort=id;--&q='", 'sort=body', 'page=-1', 'filter=x', 'q=%00'])(
    'takes %s for nothing special',
    async (query) => {
      const page = await as(approver).open(`/admin/proposals?${query}`)
      expect(page.status).toBe(200)
    },
  )

  test('marks what waits for the reader', async () => {
    await proposeContract(registrar.person, 'K-MARK')
    expect(await open(approver, '/admin/proposals?q=K-MARK')).toContain('あなたの対応待ち')
    expect(await open(registrar, '/admin/proposals?q=K-MARK')).not.toContain('あなたの対応待ち')
  })

  test('leaves the drafts of a company to the company', async () => {
    const staff = await makeStaff(site.env, service.memberId)
    const body = { asked: { names: { ja: 'まだ秘密のサービス', en: 'Secret' } } }
    const { memberId } = service
    const drafted = await reviews.draft(site.env, {
      kind: 'service',
      subjectId: randomUUID(),
      memberId,
      body,
      by: staff.person,
    })
    expect(await open(approver, '/admin/proposals')).not.toContain('まだ秘密のサービス')
    await reviews.submit(site.env, { id: drafted.id, hash: drafted.hash, by: staff.person })
    expect(await open(approver, '/admin/proposals')).toContain('まだ秘密のサービス')
  })
})

describe('the first page of staff', () => {
  test('shows their company, and nothing of another', async () => {
    const other = await makeService(site.env)
    const staff = await makeStaff(site.env, service.memberId, 'developer')
    const text = await open(staff, '/company')
    expect(text).toContain(`/company/services/${service.id}`)
    expect(text).toContain(`/company/contracts/${service.contractId}`)
    expect(text).not.toContain(other.id)
    expect(text).not.toContain(other.contractId)
  })

  test('says what is to be corrected, and nothing of what operators prepare', async () => {
    const { memberId } = service
    const staff = await makeStaff(site.env, memberId)
    const by = staff.person
    const subjectId = randomUUID()
    const body = { asked: { names: { ja: 'まちの予約', en: 'Booking' } } }
    const drafted = await reviews.draft(site.env, {
      kind: 'service',
      subjectId,
      memberId,
      body,
      by,
    })
    const { id, hash } = await reviews.submit(site.env, { id: drafted.id, hash: drafted.hash, by })
    const note = '利用規約の版を書いてください'
    await reviews.giveBack(site.env, { id, hash, by: registrar.person, note })
    await reviews.draft(site.env, {
      kind: 'stop_member',
      subjectId: memberId,
      memberId,
      body: { text: '停止の準備' },
      by: registrar.person,
    })
    const text = await open(staff, '/company')
    expect(text).toContain(note)
    expect(text).toContain(`/company/services/${subjectId}`)
    expect(text).not.toContain('停止の準備')
  })
})
